"""wishes: what people ask of a shop about their data, passed on by it, as requests of privacy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from banyan.trust.privacy.acts import note_request, note_shop_request
from banyan.trust.sources.news import Buyer
from banyan.trust.sources.read import Source
from banyan.trust.sources.receive import user_id


@dataclass(frozen=True)
class Wish:
    """To see or to erase what is held of a buyer; without one, of everybody of the shop."""

    kind: Literal["access", "erase"]
    shop: str
    buyer: Buyer | None


def note(source: Source, wish: Wish, *, now: datetime) -> int:
    """Open requests that a person will answer; how many are new.

    A buyer may have ordered with an account and as a guest, so both are looked for. Of whom nothing
    is known there is nothing to see or to erase.
    """
    if wish.buyer is None:
        return int(note_shop_request(source.actor, f"{source.id} {wish.shop}", now=now) is not None)
    guest = Buyer(email=wish.buyer.email, phone=wish.buyer.phone)
    ids = dict.fromkeys(user_id(source, each) for each in (wish.buyer, guest))
    opened = [note_request(source.actor, wish.kind, each, now=now) for each in ids if each]
    return sum(number is not None for number in opened)
