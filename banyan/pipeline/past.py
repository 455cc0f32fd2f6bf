"""past: the log replayed apart from the live tables, and the differences to them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from banyan.core.events import read as log
from banyan.core.ledger.save import transfers_of
from banyan.engine.language.book import Book
from banyan.engine.raw import from_lines
from banyan.engine.state import State, empty
from banyan.engine.step import Outcomes, step
from banyan.kernel.database import quoted, read

CHUNK = 200_000


@dataclass(frozen=True)
class Difference:
    """One row of a live table that is not what the log says."""

    table: str
    key: str
    column: str
    expected: str | None
    found: str | None

    def __str__(self) -> str:
        if self.column == "":
            what = "is missing" if self.found is None else "should not be there"
            return f"{self.table} {self.key}: {what}"
        return f"{self.table} {self.key}: {self.column} is {self.found}, should be {self.expected}"


@dataclass(frozen=True)
class _Live:
    """How a live table is compared: by which columns a row is known, which tell its position."""

    table: str
    key: tuple[str, ...]
    position: str
    columns: tuple[str, ...]


_LIVE: Mapping[str, _Live] = {
    "referrals": _Live(
        "referrals_referral",
        ("program", "friend"),
        "join_position",
        (
            "version",
            "advocate",
            "kind",
            "channel",
            "script",
            "touch_position",
            "touched_at",
            "join_position",
            "started_at",
        ),
    ),
    "touches_lost": _Live(
        "referrals_touchlost",
        ("program", "touch_position", "join_position", "advocate", "kind"),
        "join_position",
        ("visitor", "touched_at", "reason"),
    ),
    "decisions": _Live(
        "referrals_decision",
        ("decision_id",),
        "position",
        (
            "program",
            "version",
            "reward",
            "to",
            "beneficiary",
            "advocate",
            "friend",
            "milestone",
            "ordinal",
            "position",
            "occurred_at",
            "unit",
            "raw_amount",
            "amount",
            "outcome",
            "reason",
            "available_at",
            "expires_at",
        ),
    ),
    "reversals": _Live(
        "referrals_reversal", ("decision_id", "position"), "position", ("occurred_at", "amount")
    ),
    "transfers": _Live(
        "ledger_transfer",
        ("transfer_id",),
        "position",
        ("position", "place", "occurred_at", "unit", "amount", "source", "target"),
    ),
    "rejects": _Live("referrals_reject", ("position",), "position", ("message_id", "code")),
}

TABLES = tuple(_LIVE)
"""The live tables that the log alone explains."""


def replayed(book: Book, *, upto: int, chunk: int = CHUNK) -> Iterator[tuple[int, Outcomes, State]]:
    """The log up to a position, chunk by chunk from an empty state.

    Each: the position before the chunk, what it decides, and the state after it.
    """
    state = empty()
    while state.position < upto:
        before = state.position
        events = log.after(before, min(chunk, upto - before))
        outcomes, state = step(book, state, typed(book, events["body"]))
        yield before, outcomes, state


def typed(book: Book, bodies: pl.Series) -> pl.DataFrame:
    """Events of the log as the engine reads them."""
    raw = from_lines("\n".join(bodies).encode(), book.wanted)
    # A body is one line by construction; a row less would shift every position behind it.
    assert raw.height == len(bodies)
    return raw


def differences(
    outcomes: Outcomes, *, after: int, upto: int, tables: Collection[str] = TABLES
) -> Iterator[Difference]:
    """Where live tables are not what was replayed for the positions in (after, upto]."""
    for name, expected in expected_tables(outcomes).items():
        if name not in tables:
            continue
        live = _LIVE[name]
        columns = list(dict.fromkeys((*live.key, *live.columns)))
        inside = pl.col(live.position).is_between(after + 1, upto)
        should = expected.filter(inside).select(columns)
        yield from _compared(name, live, should, _found(live, after, upto, should.schema))


def expected_tables(outcomes: Outcomes) -> dict[str, pl.DataFrame]:
    """Outcomes as the live tables hold them."""
    return {
        "referrals": outcomes.referrals,
        "touches_lost": outcomes.touches_lost,
        "decisions": outcomes.decisions,
        "reversals": outcomes.reversals,
        "transfers": transfers_of(outcomes.postings),
        "rejects": outcomes.rejects,
    }


def _found(live: _Live, after: int, upto: int, schema: Mapping[str, Any]) -> pl.DataFrame:
    names = ", ".join(map(quoted, schema))
    position = quoted(live.position)
    sql = f"SELECT {names} FROM {live.table} WHERE {position} > %s AND {position} <= %s"
    return read(sql, [after, upto], schema)


def _compared(
    name: str, live: _Live, expected: pl.DataFrame, found: pl.DataFrame
) -> list[Difference]:
    columns = expected.columns
    expected, found = expected.sort(columns), found.sort(columns)
    if expected.equals(found):
        return []
    # Rows that are the same on both sides, as often on one as on the other, are left out.
    number = pl.int_range(pl.len()).over(columns).alias("copy")
    expected, found = expected.with_columns(number), found.with_columns(number)
    on = [*columns, "copy"]
    should = expected.join(found, on=on, how="anti", nulls_equal=True)
    stands = found.join(expected, on=on, how="anti", nulls_equal=True)
    return list(_told(name, live, should, stands))


def _told(
    name: str, live: _Live, should: pl.DataFrame, stands: pl.DataFrame
) -> Iterator[Difference]:
    """Pair rows by their key; what has no partner is missing or should not be there."""
    left: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in stands.iter_rows(named=True):
        left.setdefault(_key(live, row), []).append(row)
    for row in should.iter_rows(named=True):
        key = _key(live, row)
        partners = left.get(key, [])
        if not partners:
            yield Difference(name, " ".join(key), "", " ".join(key), None)
            continue
        other = partners.pop(0)
        for column in live.columns:
            if row[column] != other[column]:
                yield Difference(
                    name, " ".join(key), column, _text(row[column]), _text(other[column])
                )
    for key, rows in left.items():
        for _ in rows:
            yield Difference(name, " ".join(key), "", None, " ".join(key))


def _key(live: _Live, row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(row[column]) for column in live.key)


def _text(value: object) -> str:
    return "nothing" if value is None else str(value)
