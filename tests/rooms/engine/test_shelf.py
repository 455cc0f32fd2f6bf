"""Live work over a shelf: the rows for the keys in a batch are enough, whatever the batch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from banyan.engine import Outcomes, Program, compile_book, empty, step
from banyan.engine.language.book import Book
from banyan.engine.raw import from_frame, from_lines
from banyan.engine.state import ASKED, State
from banyan.engine.values import moment
from tests.golden.books import outcome_text
from tests.golden.scenario import read_scenario
from tests.laws.engine import is_accepted
from tests.laws.law import EXAMPLES, Files, hold
from tests.laws.strategies import SEEDS, logs, programs, untils
from tests.rooms.engine.shelf import MemoryShelf, live
from tests.rooms.engine.shop import FLAT, SHARE, frame, program

SCENARIOS = sorted((Path(__file__).parents[2] / "golden" / "scenarios").glob("*.txt"))

MOST = 30
"""Questions that one event may ask: each is a query of a database."""


def typed(lines: list[bytes], book: Book, closing: int | None) -> pl.DataFrame:
    raw = from_lines(b"\n".join(lines), book.wanted)
    if closing is None:
        return raw
    return raw.with_columns(left_out=(pl.col("timestamp") > closing).fill_null(False))


def joined(parts: list[Outcomes]) -> Outcomes:
    return Outcomes(*map(pl.concat, zip(*parts, strict=True)))


def assert_same_tables(found: Outcomes, expected: Outcomes) -> None:
    for name, table in expected._asdict().items():
        assert getattr(found, name).schema == table.schema, name
        assert getattr(found, name).rows() == table.rows(), name


def assert_same_rows(shelf: MemoryShelf, state: State) -> None:
    """What many batches left on a shelf is what one batch leaves in hand."""
    whole = state.changes().rows
    for name, kept in shelf.frames.items():
        assert rows_of(kept) == rows_of(whole.get(name, kept.clear())), name


def rows_of(frame: pl.DataFrame) -> list[tuple[object, ...]]:
    """Rows in an order of their own, without those that say that nothing became of a grant, or that
    nothing is used of a cap."""
    nothing = [(0, False, None, None, 0, 0, 0, 0), (0,)]
    return sorted((row for row in frame.rows() if row[1:] not in nothing), key=repr)


# Fewer examples than a law has: each decides every event in a batch of its own.
@settings(
    max_examples=max(EXAMPLES // 10, 10),
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(st.data())
def test_any_batches_over_a_shelf_give_the_tables_of_a_replay(data: st.DataObject) -> None:
    files = data.draw(programs(), label="programs")
    assume(all(is_accepted(file) for file in files))
    lines = data.draw(logs(files), label="log")
    until = data.draw(untils(lines), label="until")
    seed = data.draw(st.integers(0, 2**16))

    def check(files: Files, lines: list[bytes]) -> None:
        book = compile_book([Program.parse(json.dumps(f, default=str)) for f in files], seeds=SEEDS)
        closing = moment(until) if until else None
        raw = typed(lines, book, closing)
        expected, state = step(book, empty(), raw, closing=closing)
        chance = Random(seed)
        some = chance.sample(range(raw.height + 1), min(raw.height, chance.choice([1, 3, 9])))
        for cuts in (range(raw.height), some):
            shelf = MemoryShelf()
            assert_same_tables(joined(list(live(book, shelf, raw, cuts, closing))), expected)
            assert_same_rows(shelf, state)

    hold(check, files, lines)


def play(path: Path, shelf: MemoryShelf) -> Iterator[Outcomes]:
    """Decide the events of a scenario one by one."""
    scenario = read_scenario(path.read_text("utf-8"))
    book = compile_book(scenario.programs, seeds=scenario.seeds)
    closing = moment(scenario.until.isoformat()) if scenario.until else None
    raw = typed(scenario.log, book, closing)
    return live(book, shelf, raw, range(raw.height), closing)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_scenario_event_by_event(path: Path) -> None:
    scenario = read_scenario(path.read_text("utf-8"))
    shelf = MemoryShelf()
    parts = []
    for outcomes in play(path, shelf):
        parts.append(outcomes)
        assert len(shelf.questions) <= MOST, shelf.questions
        shelf.questions.clear()
    names_program = len(scenario.programs) > 1
    found = outcome_text(joined(parts), scenario.zone, names_program=names_program)
    assert found == scenario.expected


def test_every_index_is_asked_for() -> None:
    questions = set()
    for name in (
        "b2b-share-of-the-deal",
        "b2b-software-trial-ladder-honour",
        "risk-who-is-rejected",
        "wallet-credited-from-outside",
        "wallet-returned-after-expiry",
    ):
        shelf = MemoryShelf()
        list(play(SCENARIOS[0].with_name(f"{name}.txt"), shelf))
        questions |= set(shelf.questions)
    expected = {(name, on) for name, ways in ASKED.items() for on in ways}
    assert questions == expected | {("timers", ("due",))}


def after(words: pl.DataFrame, *programs: Program) -> tuple[Book, pl.DataFrame, MemoryShelf]:
    """The shelf after all events but the last, each decided by itself; the last one."""
    book = compile_book(programs)
    raw = from_frame(words, book.wanted)
    shelf = MemoryShelf()
    list(live(book, shelf, raw[:-1], range(raw.height), None))
    shelf.questions.clear()
    shelf.loaded = 0
    return book, raw[-1:], shelf


def test_what_an_order_asks_and_leaves() -> None:
    book, order, shelf = after(frame()[:5], program(FLAT), program(SHARE))
    _, state = step(book, shelf.state(), order)
    assert shelf.questions == [
        ("seen", ("key",)),
        ("history", ("user_key",)),
        ("waiting", ("user_key",)),
        ("referrals", ("friend_key",)),
        ("progress", ("user_key",)),
        ("ordinals", ("beneficiary_key",)),
        ("used", ("bucket",)),
        ("timers", ("due",)),
        ("grants", ("grant",)),
    ]
    assert shelf.loaded == 1
    changes = state.changes()
    assert {name: rows.height for name, rows in changes.rows.items()} == dict.fromkeys(
        ("seen", "history", "orders", "progress", "ordinals", "grants", "timers", "used"), 1
    )
    assert changes.gone == {}


def test_a_key_of_a_thousand_users_costs_what_twenty_cost() -> None:
    """A till or a server that sends its own `anonymousId` for everybody."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    visits = [
        {"type": "page", "userId": f"user-{n}", "anonymousId": "till", "timestamp": at}
        for n in range(1001)
    ]
    words = pl.DataFrame(visits).with_columns(pl.col("timestamp").dt.to_string("iso:strict"))
    book = compile_book([program(FLAT)])
    raw = from_frame(words, book.wanted)
    shelf = MemoryShelf()
    list(live(book, shelf, raw[:-1], [500], None))
    assert (shelf.frames["pairs"].height, shelf.frames["pairs"]["belongs"].sum()) == (1000, 20)
    shelf.loaded = 0
    step(book, shelf.state(), raw[-1:])
    assert shelf.loaded == 20


JANUARY = FLAT.replace(
    "attribution: {window: 30d}",
    "runs: {until: 2026-02-01}\nattribution: {joins_on: [Order Completed]}",
)
FEBRUARY = FLAT.replace("version: 1", "version: 2").replace(
    "attribution: {window: 30d}",
    "runs: {from: 2026-02-01}\nattribution: {joins_on: [Signed Up]}",
)


@pytest.mark.parametrize(("newer", "judged"), [(99, ["already_referred"]), (100, [])])
def test_touches_are_counted_that_met_long_ago(newer: int, judged: list[str]) -> None:
    """January's click waits for an order; those of February met at the sign-up before it."""

    def event(name: str, day: int, **fields: object) -> dict[str, object]:
        at = datetime(2026, 1, 30, tzinfo=UTC) + timedelta(days=day)
        return {"type": "track", "event": name, "timestamp": at.isoformat(), **fields}

    click = {"anonymousId": "web-1", "properties": {"code": "ANN"}}
    events = [
        event("Referral Link Created", 0, userId="ann", properties={"code": "ANN"}),
        event("Referral Link Clicked", 0, **click),
        *[event("Referral Link Clicked", 3, **click)] * newer,
        event("Signed Up", 4, userId="bob", anonymousId="web-1"),
        event("Order Completed", 5, userId="bob", properties={"order_id": "o1", "total": 50}),
    ]
    book = compile_book([program(JANUARY), program(FEBRUARY)])
    raw = from_lines("\n".join(map(json.dumps, events)).encode(), book.wanted)
    tables = joined(list(live(book, MemoryShelf(), raw, range(raw.height), None)))
    assert tables.referrals["version"].to_list() == [2]
    lost = tables.touches_lost.filter(pl.col("touch_position") == 2)
    assert lost["reason"].to_list() == judged
    assert_same_tables(tables, step(book, empty(), raw)[0])


KNOWN = FLAT + 'friends: {where: "tenure_days >= 0 AND is_known"}\n'


def test_facts_that_do_not_change_are_kept_once() -> None:
    visits = [
        {"type": "page", "userId": "ann", "timestamp": f"2026-01-0{n}T00:00:00Z"} for n in (1, 2, 3)
    ]
    _, _, shelf = after(pl.DataFrame([*visits, visits[0]]), program(KNOWN))
    assert shelf.position == 3
    assert shelf.frames["history"]["position"].to_list() == [1]
