"""contacts: e-mail addresses and phone numbers, and the stand-ins under which the log knows them.

The log never holds a contact, only its stand-in: a keyed hash in the form of an address or a
number, so that the engine compares stand-ins as it would compare contacts. Equal contacts have
equal stand-ins for as long as the installation keeps its secret.
"""

from __future__ import annotations

import re
from typing import Literal

from banyan.kernel.sealing import token

Kind = Literal["email", "phone"]

# What Unicode calls white space, as the engine trims it; Python's own strip takes more.
_SPACES = "\t\n\x0b\x0c\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B)))
_SPACES += "\u2028\u2029\u202f\u205f\u3000"
_NO_PHONE = re.compile(r"[^0-9+]")
# What follows the last @ stays readable, so it must be nothing but the name of a host.
_DOMAIN = re.compile(r"[\w.-]{1,253}")


def stand_in(kind: Kind, value: str) -> str | None:
    """What stands for a contact in the log and in look-ups; None when the text holds none.

    An e-mail address becomes `HASH@DOMAIN` (the domain stays, rules about throw-away addresses ask
    for it), a phone number `+DIGITS` that nobody can call.
    """
    return email_stand_in(value) if kind == "email" else phone_stand_in(value)


def email_stand_in(value: str) -> str | None:
    """`HASH@DOMAIN` of an e-mail address as it is compared, `HASH` where no host's name ends it;
    None for an empty one."""
    address = comparable_email(value)
    if not address:
        return None
    _, at, domain = address.rpartition("@")
    mark = token(address, purpose="email")
    return f"{mark}@{domain}" if at and _DOMAIN.fullmatch(domain) else mark


def phone_stand_in(value: str) -> str | None:
    """`+` and the hash as a decimal number of a phone number as it is compared; None without any
    digit."""
    number = comparable_phone(value)
    if not number:
        return None
    return f"+{int(token(number, purpose='phone'), 16)}"


def comparable_email(value: str) -> str:
    """Trimmed and in lower case; empty when nothing is left."""
    return value.strip(_SPACES).lower()


def comparable_phone(value: str) -> str:
    """Digits and a leading +, 00 becoming +; empty when there is no digit."""
    kept = _NO_PHONE.sub("", value)
    digits = kept.replace("+", "")
    if not digits:
        return ""
    if kept.startswith("+"):
        return "+" + digits
    return "+" + digits[2:] if digits.startswith("00") else digits
