"""The engine called as the oracle is: programs as mappings, a log as JSON Lines, rows as dicts."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any

import polars as pl

from banyan.engine import Outcomes, Program, ProgramError, compile_book, replay_batches
from banyan.engine.language.book import Book
from banyan.engine.raw import from_lines
from banyan.engine.replay import EPOCH
from banyan.engine.values import moment
from tests.laws.strategies import SEEDS

Tables = dict[str, list[dict[str, Any]]]
NAMES = Outcomes._fields


def decided(
    files: list[dict[str, Any]],
    lines: Sequence[bytes],
    *,
    until: str | None = None,
    cuts: Sequence[int] = (),
) -> Tables:
    """The six tables, without the sentences of rejects; `cuts` are rows at which batches begin."""
    book = _book(tuple(map(_text, files)))
    raw = from_lines(b"\n".join(lines), book.wanted)
    edges = [0, *cuts, raw.height]
    batches = [raw[start:stop] for start, stop in pairwise(edges)]
    parts = list(replay_batches(book, batches, until=_time(until)))
    return {name: _rows(pl.concat([getattr(part, name) for part in parts])) for name in NAMES}


def is_accepted(file: dict[str, Any]) -> bool:
    """Whether the language takes the program; all it may refuse is an amount without bound."""
    try:
        _program(_text(file))
    except ProgramError as refused:
        if all("could become larger" in finding.sentence for finding in refused.findings):
            return False
        raise
    return True


# A law asks several times about the same files; what they mean is a function of them alone.
@lru_cache(maxsize=8)
def _program(text: str) -> Program:
    return Program.parse(text)


@lru_cache(maxsize=1)
def _book(texts: tuple[str, ...]) -> Book:
    return compile_book([_program(text) for text in texts], seeds=SEEDS)


def _text(file: dict[str, Any]) -> str:
    return json.dumps(file, default=str)


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    found = moment(text)
    assert found is not None
    return EPOCH + timedelta(microseconds=found)


def _rows(table: pl.DataFrame) -> list[dict[str, Any]]:
    table = table.drop("sentence", strict=False)
    return [{name: _plain(value) for name, value in row.items()} for row in table.to_dicts()]


def _plain(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    text = value.replace(tzinfo=None).isoformat(timespec="seconds")
    fraction = f".{value.microsecond:06d}" if value.microsecond else ""
    return f"{text}{fraction}Z"
