"""optout: the link in each message that one can be spared, by which its reader says so."""

from __future__ import annotations

import base64
import binascii

import msgspec
from django.conf import settings

from banyan.growth.journeys.kinds import Channel
from banyan.kernel.errors import Problem
from banyan.kernel.sealing import CannotOpen, seal, unseal

_CONTEXT = "notice opt-out"


class BadLink(Problem):
    """A link that is none of ours, or was cut off on its way."""

    status = 404
    code = "not_found"


class Reader(msgspec.Struct, frozen=True):
    """Who is spared what: a customer, or a contact of nobody's we know, by its stand-in."""

    channel: Channel
    user_id: str = ""
    token: str = ""


def link(reader: Reader) -> str:
    """The address that a message carries. It names nobody, and does not run out: an old message
    must still work."""
    data = seal(msgspec.json.encode(reader), context=_CONTEXT)
    return f"{settings.BASE_URL}/n/{base64.urlsafe_b64encode(data).decode().rstrip('=')}"


def reader_of(text: str) -> Reader:
    """Whose link that is, by its last part. Raises BadLink."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(unseal(data, context=_CONTEXT), type=Reader)
    except (binascii.Error, ValueError, CannotOpen, msgspec.MsgspecError):
        raise BadLink("This link is not whole; open it from the message again.") from None
