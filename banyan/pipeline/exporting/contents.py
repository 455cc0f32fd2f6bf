"""contents: what can be exported, each as frames in its order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import polars as pl

from banyan.core.events import export as log
from banyan.core.ledger import export as ledger
from banyan.core.people import export as people
from banyan.core.programs import export as programs
from banyan.core.referrals import export as referrals
from banyan.engine.tables import SCHEMAS

Schema = Mapping[str, Any]
Frames = Iterator[pl.DataFrame]

EVENTS: dict[str, Any] = dict.fromkeys(
    (
        "type",
        "event",
        "messageId",
        "userId",
        "anonymousId",
        "previousId",
        "groupId",
        "timestamp",
        "properties",
        "traits",
        "context",
    ),
    pl.String,
)
"""Fields of events in tables; the last three are JSON texts."""

_event = msgspec.json.Decoder(dict[str, msgspec.Raw])
_text = msgspec.json.Decoder(str)


@dataclass(frozen=True)
class Content:
    """One thing that can be exported. `frames` is told the last position decided."""

    schema: Schema
    frames: Callable[[int], Frames]
    is_for_people: bool = False
    """Whether people open it in spreadsheets and it holds what customers wrote: then a text that a
    spreadsheet would run as a formula is made harmless. Tables that programs read stay as they are,
    byte for byte what a replay writes."""


def _decided(name: str) -> Content:
    return Content(SCHEMAS[name], lambda upto: referrals.rows(name, upto=upto))


CONTENTS: Mapping[str, Content] = {
    "events": Content(EVENTS, lambda upto: _events()),
    **{name: _decided(name) for name in ("referrals", "touches_lost", "decisions", "reversals")},
    "postings": Content(SCHEMAS["postings"], lambda upto: ledger.postings(upto=upto)),
    "rejects": _decided("rejects"),
    "transfers": Content(ledger.TRANSFERS, lambda upto: ledger.transfers(upto=upto)),
    "balances": Content(ledger.BALANCES, lambda upto: iter([ledger.balances()])),
    "customers": Content(people.CUSTOMERS, lambda upto: people.customers(), is_for_people=True),
    "links": Content(programs.LINKS, lambda upto: iter([programs.links()]), is_for_people=True),
}


def _events() -> Frames:
    for _, bodies in log.bodies():
        columns: dict[str, list[str | None]] = {name: [] for name in EVENTS}
        for body in bodies:
            fields = _event.decode(body)
            for name, column in columns.items():
                column.append(_cell(fields.get(name)))
        yield pl.DataFrame(columns, schema=EVENTS)


def _cell(written: msgspec.Raw | None) -> str | None:
    """A JSON text as its content, anything else as it is written; null as nothing."""
    if written is None:
        return None
    data = bytes(written)
    if data[:1] == b'"':
        return _text.decode(data)
    return None if data == b"null" else data.decode()
