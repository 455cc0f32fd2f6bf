"""A draft beside the running version over the demo's baskets: each figure of the comparison is that
of two replays apart from it, added up here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from threading import Event
from typing import Any

import polars as pl
import pytest

from banyan.core.events.acts import append
from banyan.core.events.incoming import Incoming
from banyan.core.events.intake import accept
from banyan.core.programs.acts import save_draft
from banyan.core.programs.read import versions
from banyan.engine.language import Program
from banyan.engine.replay import replay
from banyan.engine.step import Outcomes
from banyan.growth.planning.journey import journey_events, journey_programs, with_invitations
from banyan.pipeline.comparing import acts, runner, sides
from banyan.pipeline.comparing.read import comparison, report_of
from banyan.pipeline.comparing.report import MOST, Report
from banyan.pipeline.publish import publish, settled
from tests.installation import Installation

SLUG, UNIT = "grocer-referral", "credit USD"
UNTIL_LOG = datetime(2017, 3, 25, tzinfo=UTC)
"""The demo's log is read so far, which is a quarter of it, and further than what is compared."""
FROM, UNTIL = datetime(2017, 1, 20, tzinfo=UTC), datetime(2017, 3, 17, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
GROUP = 10_000
CHANGES = (
    ("version: 1", "version: 2"),
    # Another amount for both sides.
    ("ladder: {first: 10, grow: 10%, steps: 10}", "ladder: {first: 14, grow: 10%, steps: 10}"),
    ("amount: 10.00\n    hold: 14d", "amount: 6.50\n    hold: 30d"),
    # Another cap, hold and milestone.
    ("{per: advocate, period: year, amount: 150.00}", "{per: advocate, period: year, count: 2}"),
    ("where: \"total >= 20\"\n    within: 60d", "where: \"total >= 32\"\n    within: 60d"),
    ("count: 5", "count: 3"),
    ('when: "friends_24h > 20", then: hold', 'when: "friends_24h > 1", then: hold'),
)  # fmt: skip


def running() -> str:
    """The demo's program without the dates of its year."""
    whole = journey_programs()["referral"].splitlines(keepends=True)
    return "".join(line for line in whole if not line.startswith("runs:"))


def draft() -> str:
    """The same with other terms."""
    text = running()
    for old, new in CHANGES:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


@cache
def told() -> pl.DataFrame:
    """The demo's events of some months. In that year nothing was brought back, so that every tenth
    basket is here, after five days or after three weeks."""
    events = with_invitations(journey_events()).filter(pl.col("timestamp") < UNTIL_LOG)
    tenth = events.filter(pl.col("event") == "Order Completed").gather_every(10)
    later = pl.Series("later", [timedelta(days=5), timedelta(days=21)] * tenth.height)
    refunds = tenth.with_columns(
        event=pl.lit("Order Refunded"),
        messageId="back-" + pl.col("messageId"),
        timestamp=pl.col("timestamp") + later.head(tenth.height),
    )
    whole = pl.concat([events, refunds.filter(pl.col("timestamp") < UNTIL_LOG)])
    return whole.sort("timestamp", maintain_order=True)


@cache
def incoming() -> list[Incoming]:
    """The same as a door takes it in."""
    lines = BytesIO()
    told().write_ndjson(lines)
    found = [
        accept(line, now=NOW, source="demo", role="secret")
        for line in lines.getvalue().splitlines()
    ]
    return [one for one in found if isinstance(one, Incoming)]


@pytest.fixture
def log(installation: Installation) -> int:
    """How many events an installation has; it runs the demo's program, and a draft waits."""
    row = publish("user:1", running(), starts_at=None, now=NOW)
    assert settled(row.program, row.number, timeout_s=20).status == "published"
    save_draft("user:1", draft(), now=NOW)
    events = incoming()
    for start in range(0, len(events), GROUP):
        append(events[start : start + GROUP])
    return len(events)


def test_a_comparison_over_the_demo_is_two_replays(
    log: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sides, "CHUNK", 17_000)
    base, other = sorted(versions(SLUG), key=lambda one: one.number)
    number = acts.ask(
        "user:1",
        SLUG,
        name="draft",
        source=other.source,
        base_name="version 1",
        base_source=base.source,
        from_at=FROM,
        until_at=UNTIL,
        now=NOW,
    )
    assert runner.turn(Event())
    row, made = comparison(number), report_of(number)
    assert row is not None
    assert made is not None
    assert (row.status, row.done, row.reason) == ("done", 2 * log, "")
    assert made.events == log == told().height
    a, b = (decided(text) for text in (running(), draft()))
    check_cost(made, a, b)
    check_people(made, a, b)
    check_days(made, a, b)
    check_liability(made, a, b)


def decided(text: str) -> Outcomes:
    """What a text decides on the log apart from any installation."""
    return replay([Program.parse(text)], told(), until=UNTIL - timedelta(microseconds=1))


def mine(side: Outcomes) -> pl.DataFrame:
    """What was decided in the period, with what came back of it."""
    back = side.reversals.group_by("decision_id").agg(back=pl.col("amount").sum())
    inside = (pl.col("occurred_at") >= FROM) & (pl.col("occurred_at") < UNTIL)
    rows = side.decisions.filter(inside).join(back, on="decision_id", how="left")
    return rows.with_columns(pl.col("back").fill_null(0))


def check_cost(made: Report, a: Outcomes, b: Outcomes) -> None:
    """What both cost, and for how many referrals."""
    wanted: dict[str, Any] = {"unit": UNIT}
    for name, rows in (("a", mine(a)), ("b", mine(b))):
        given = rows.filter(pl.col("amount") > 0)
        amount, back = int(rows["amount"].sum()), int(rows["back"].sum())
        wanted |= {
            f"decisions_{name}": rows.height,
            f"granted_{name}": given.height,
            f"beneficiaries_{name}": given["beneficiary"].n_unique(),
            f"amount_{name}": amount,
            f"reversed_{name}": back,
            f"net_{name}": amount - back,
        }
    wanted["difference"] = wanted["net_b"] - wanted["net_a"]
    assert list(made.totals) == [wanted]
    assert wanted["net_a"] > wanted["reversed_a"] > 0
    assert wanted["net_b"] != wanted["net_a"]
    assert wanted["reversed_b"] > 0
    assert made.referrals == {
        name: side.referrals.filter(pl.col("started_at") >= FROM).height
        for name, side in (("a", a), ("b", b))
    }
    assert made.referrals["a"] > 100


def check_people(made: Report, a: Outcomes, b: Outcomes) -> None:
    """Who gets more and who less, by name and how many."""
    net: dict[str, list[int]] = {}
    for number, side in enumerate((a, b)):
        for who, amount, back in mine(side).select("beneficiary", "amount", "back").iter_rows():
            net.setdefault(who, [0, 0])[number] += amount - back
    people: list[dict[str, Any]] = [
        {"beneficiary": who, "unit": UNIT, "net_a": x, "net_b": y, "difference": y - x}
        for who, (x, y) in net.items()
    ]
    moved = sorted(people, key=lambda one: (-one["difference"], one["beneficiary"]))
    winners = [one for one in moved if one["difference"] > 0]
    losers = [one for one in moved if one["difference"] < 0][::-1]
    same = len(moved) - len(winners) - len(losers)
    assert list(made.moved) == [
        {"unit": UNIT, "gain": len(winners), "lose": len(losers), "same": same}
    ]
    assert list(made.winners) == winners[:MOST]
    assert list(made.losers) == losers[:MOST]
    assert len(winners) > 50
    assert len(losers) > 50


def check_days(made: Report, a: Outcomes, b: Outcomes) -> None:
    """What every day takes of the budget, and how far it has run up."""
    days: dict[str, list[int]] = {}
    for number, side in enumerate((a, b)):
        for day, amount in by_day(side):
            days.setdefault(day, [0, 0])[number] += amount
    wanted, total = [], [0, 0]
    for day, (x, y) in sorted(days.items()):
        total = [total[0] + x, total[1] + y]
        wanted.append(
            {"day": day, "unit": UNIT, "net_a": x, "net_b": y}
            | {"total_a": total[0], "total_b": total[1]}
        )
    assert list(made.burn) == wanted
    assert len(wanted) > 50
    assert total == [made.totals[0]["net_a"], made.totals[0]["net_b"]]


def by_day(side: Outcomes) -> Iterator[tuple[str, int]]:
    ours = mine(side)
    back = side.reversals.join(ours, on="decision_id", how="semi")
    for rows, sign in ((ours, 1), (back, -1)):
        for at, amount in rows.select("occurred_at", "amount").iter_rows():
            yield at.date().isoformat(), sign * amount


def check_liability(made: Report, a: Outcomes, b: Outcomes) -> None:
    """What is owed at the end and cannot be spent yet, by the wallets; what waits for a word."""
    wanted: dict[str, Any] = {"unit": UNIT}
    for name, side in (("a", a), ("b", b)):
        ours = mine(side)
        wallets = side.postings.with_columns(
            decision_id=pl.col("transfer_id").str.extract(r"^([^/]+/[^/]+/[^/]+/[^/]+)")
        ).filter(pl.col("account").str.ends_with(":pending"))
        owed = wallets.join(ours, on="decision_id", how="semi")["amount"].sum()
        held = ours.filter(pl.col("outcome") == "held")
        wanted |= {
            f"pending_{name}": owed,
            f"held_{name}": int((held["amount"] - held["back"]).sum()),
        }
    assert list(made.pending) == [wanted]
    assert wanted["pending_b"] != wanted["pending_a"] > 0
    assert wanted["held_b"] > wanted["held_a"] == 0
