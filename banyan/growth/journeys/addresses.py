"""addresses: contacts as each channel writes them, and the stand-ins they are known by."""

from __future__ import annotations

import re

from banyan.core.people.contacts import comparable_phone, email_stand_in, phone_stand_in
from banyan.growth.journeys.kinds import Channel
from banyan.kernel.errors import Problem
from banyan.kernel.sealing import seal, token, unseal

_EMAIL = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+\.[^\s@<>,;:\"]+")
_OPENID = re.compile(r"[A-Za-z0-9_-]{6,64}")
LEAST_DIGITS = 5
MOST_DIGITS = 15


class BadAddress(Problem):
    """A text that a channel cannot write to."""

    status = 422
    code = "not_a_contact"


def checked(channel: Channel, address: str) -> str:
    """The address as the channel writes it. Raises BadAddress."""
    text = address.strip()
    if channel == "email" and len(text) <= 254 and _EMAIL.fullmatch(text):
        return text
    if channel == "sms":
        number = comparable_phone(text)
        if LEAST_DIGITS <= len(number.lstrip("+")) <= MOST_DIGITS:
            return number
    if channel == "wechat" and _OPENID.fullmatch(text):
        return text
    raise BadAddress(f"This is no address that {channel} could be sent to; write another one.")


def token_of(channel: Channel, address: str) -> str:
    """What an address is known by, the same as in the log."""
    if channel == "email":
        return email_stand_in(address) or ""
    if channel == "sms":
        return phone_stand_in(address) or ""
    return token(address, purpose="wechat")


def sealed(address: str, *, key: str) -> bytes:
    """Encrypted, for the notice with that key alone."""
    return seal(address.encode(), context=f"notice address:{key}")


def opened(data: bytes, *, key: str) -> str:
    """What `sealed` closed. Raises CannotOpen."""
    return unseal(data, context=f"notice address:{key}").decode()
