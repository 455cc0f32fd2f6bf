"""numbers: telephone numbers as providers write them."""

from __future__ import annotations


def international(number: str, country: str) -> str:
    """`+8613812345678`; a number without + is one of `country`."""
    if number.startswith("+"):
        return number
    return f"+{country}{number.lstrip('0')}"


def domestic(number: str, country: str) -> str:
    """Without + and, for numbers of `country`, without its code: as Alibaba Cloud wants them."""
    whole = international(number, country).removeprefix("+")
    return whole.removeprefix(country) if whole.startswith(country) else whole
