"""masks: personal data as it is shown to those who need only recognise it.

A mask keeps what a person who knows the value recognises it by and hides the rest; it never shows
a short value whole.
"""

from __future__ import annotations

import re

_WESTERN = re.compile(r"[^\W\d_]", re.UNICODE)
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_HIDDEN_DIGITS = 4
_HIDDEN = "***"


def mask_name(name: str) -> str:
    """`张三` as `张*`, `欧阳娜娜` as `欧***`, `Mary Ann Smith` as `M*** A*** S***`."""
    words = name.split()
    return " ".join(_masked_word(word) for word in words)


def mask_email(address: str) -> str:
    """`anna@example.com` as `a***@example.com`; of a one-letter box nothing is shown."""
    box, at, domain = address.strip().rpartition("@")
    if not at:
        return _HIDDEN
    return (box[0] if len(box) > 1 else "") + _HIDDEN + at + domain


def mask_phone(number: str) -> str:
    """`13812341234` as `138****1234`: four digits hidden, more of a number too short for that."""
    plus = "+" if number.strip().startswith("+") else ""
    digits = re.sub(r"\D", "", number)
    if len(digits) < 2 * _HIDDEN_DIGITS:
        return plus + "*" * max(len(digits) - 2, _HIDDEN_DIGITS) + digits[-2:] * (len(digits) > 4)
    head = digits[: len(digits) - 2 * _HIDDEN_DIGITS]
    return f"{plus}{head}{'*' * _HIDDEN_DIGITS}{digits[-_HIDDEN_DIGITS:]}"


def _masked_word(word: str) -> str:
    if _HAN.match(word):
        return word[0] + "*" * max(len(word) - 1, 1)
    return (word[0] if _WESTERN.match(word) and len(word) > 1 else "") + _HIDDEN
