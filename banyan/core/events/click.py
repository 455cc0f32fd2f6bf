"""click: the event of a followed referral link.

It is ours from the first letter, so it is written as it stands in the log instead of being read and
taken apart by the intake: links are followed thousands of times a second.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

import msgspec

from banyan.core.events.incoming import Incoming
from banyan.kernel.sealing import token

NAME = "Referral Link Clicked"

_encoder = msgspec.json.Encoder()


def clicked(
    properties: Mapping[str, str], visitor: str, *, ip: str, agent: str, now: datetime
) -> Incoming:
    """A click by that visitor (an `anonymousId`), now (UTC); `properties` hold the link's `code`.

    `ip` and `agent` may be empty: then the log is told nothing of them. The address itself never
    enters it, only its token.
    """
    message_id = new_id()
    event: dict[str, object] = {
        "type": "track",
        "event": NAME,
        "messageId": message_id,
        "anonymousId": visitor,
        "timestamp": now.isoformat(),
        "properties": properties,
    }
    context = {"ip": masked_ip(ip), "userAgent": agent}
    if told := {name: value for name, value in context.items() if value}:
        event["context"] = told
    body = _encoder.encode(event).decode()
    return Incoming(message_id, "track", NAME, "", visitor, now, now, "click", body)


def new_id() -> str:
    """A new UUID of version 7: its time comes first, so that the log's indexes grow at one end.

    Rows at random places of them cost the database almost twice as much.
    """
    ms, chance = time.time_ns() // 1_000_000, os.urandom(9).hex()
    return f"{ms >> 16:08x}-{ms & 0xFFFF:04x}-7{chance[:3]}-8{chance[3:6]}-{chance[6:]}"


@lru_cache(maxsize=20_000)  # offices and carriers show one address for many people
def masked_ip(address: str) -> str:
    """The token that stands for an IP address in the log; empty for none."""
    plain = address.strip().lower()
    return token(plain, purpose="ip") if plain else ""
