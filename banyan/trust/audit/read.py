"""read: what was done, and whether the record of it is whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec

from banyan.kernel.database import one_transaction
from banyan.trust.audit.chain import START, Content, link
from banyan.trust.audit.models import Chain, Entry

_CHUNK = 5_000


@dataclass(frozen=True)
class EntryRow:
    """One entry; `before` and `after` as plain values."""

    number: int
    at: datetime
    actor: str
    verb: str
    about: str
    before: dict[str, object] | None
    after: dict[str, object] | None
    reason: str
    hash: str


@dataclass(frozen=True)
class ChainReport:
    """How many entries were checked, the last one's hash, and the first fault: where and what.

    Whoever keeps `hash` elsewhere can later prove that nothing up to it was rewritten.
    """

    entries: int
    hash: str
    fault_at: int | None = None
    fault: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether no fault was found."""
        return self.fault_at is None


def entries(
    *,
    actor: str | None = None,
    verb: str | None = None,
    about: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[EntryRow]:
    """Entries, the newest first; `before` is the `number` to go on from.

    `verb` may name a whole noun, as `customer.`; times are half-open: `since` <= at < `until`.
    """
    rows = Entry.objects.all()
    if actor is not None:
        rows = rows.filter(actor=actor)
    if verb is not None:
        rows = rows.filter(verb__startswith=verb) if verb.endswith(".") else rows.filter(verb=verb)
    if about is not None:
        rows = rows.filter(about=about)
    if since is not None:
        rows = rows.filter(at__gte=since)
    if until is not None:
        rows = rows.filter(at__lt=until)
    if before is not None:
        rows = rows.filter(number__lt=before)
    return [_row(row) for row in rows.order_by("-number")[:limit]]


def verify_chain() -> ChainReport:
    """Every hash computed again from the first entry on, up to the end as it is now."""
    with one_transaction():
        end = Chain.objects.select_for_update().get()
        last = Entry.objects.order_by("-number").first()
    number, reached = 0, START
    for row in _up_to(max(end.number, last.number if last else 0)):
        if row.number != number + 1:
            return ChainReport(number, reached, number + 1, f"entry {number + 1} is missing")
        expected = link(reached, _content(row))
        if row.hash != expected:
            return ChainReport(number, reached, row.number, f"entry {row.number} was changed")
        number, reached = row.number, expected
    if (number, reached) != (end.number, end.hash):
        return ChainReport(number, reached, number + 1, f"the chain does not end at entry {number}")
    return ChainReport(number, reached)


def _up_to(end: int) -> Iterator[Entry]:
    return Entry.objects.filter(number__lte=end).order_by("number").iterator(chunk_size=_CHUNK)


def _content(row: Entry) -> Content:
    return Content(
        row.number, row.at, row.actor, row.verb, row.about, row.before, row.after, row.reason
    )


def _row(row: Entry) -> EntryRow:
    return EntryRow(
        row.number,
        row.at,
        row.actor,
        row.verb,
        row.about,
        _value(row.before),
        _value(row.after),
        row.reason,
        row.hash,
    )


def _value(text: str | None) -> dict[str, object] | None:
    return None if text is None else msgspec.json.decode(text, type=dict[str, object])
