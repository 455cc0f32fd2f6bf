"""The funnel by script, version and segment is what queries of the exported log and tables say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from django.test import override_settings

from banyan.insight.segments import acts as segments
from banyan.insight.segments.rules import Condition, Group, Rules
from tests.installation import Installation
from tests.rooms.doors.console.analytics.test_pages import DAYS, ZONE, exported, table
from tests.rooms.doors.console.conftest import Staff
from tests.rooms.insight.metrics.busy import NOW, busy
from tests.rooms.pipeline.line import Line

FIRST, LAST = date(2026, 2, 1), date(2026, 3, 31)
SCRIPTS = ("family", "gift", "")
STAGES = ("accepted", "activated", "purchased", "repurchased")
USELESS = ("number_too_large", "bad_timestamp", "no_id", "bad_type", "no_event", "bad_json")
SECOND_FROM = datetime(2026, 3, 15, 7, tzinfo=UTC)
"""Midnight in Los Angeles, from which on the second version of `friends` stands."""
NAMES = {"script": {"family", "gift", "own words", "(none)"}, "version": {"1", "2", "(none)"}}
"""Some codes serve every program: whom they reach stands under no version."""
SAID = pl.Struct(
    dict.fromkeys(("program", "code", "script", "advocate", "total", "currency"), pl.String)
)


@pytest.fixture(autouse=True)
def zone() -> Iterator[None]:
    """Days of a zone that is not UTC."""
    with override_settings(OPERATOR_TIME_ZONE=ZONE):
        yield


@pytest.fixture
def shop(installation: Installation) -> None:
    """A busy shop, and advocates in it who say what we wrote for them."""
    busy()
    line = Line()
    for number in range(6):
        advocate, code = f"teller-{number}", f"TELL-{number}"
        line.say("Order Completed", advocate, order_id=code, total=90, currency="USD")
        script = {"script": SCRIPTS[number % 3]} if number % 3 < 2 else {}
        line.say("Referral Link Created", advocate, code=code, program="friends")
        line.say("Referral Submitted", advocate, program="friends", email="x@y.example", **script)
        for friend in range(number + 1):
            line.now += timedelta(hours=20)
            name = f"told-{number}-{friend}"
            # Every third was told something else, and every second clicks twice.
            words = {"script": "own words"} if friend % 3 == 2 else script
            for _ in range(1 + friend % 2):
                line.say("Referral Link Clicked", anonymousId=f"web-{name}", code=code, **words)
            line.say("Signed Up", name, anonymousId=f"web-{name}")
            for order in range(friend % 4):
                paid = {"currency": "USD"} if order % 2 else {}
                line.say("Order Completed", name, order_id=f"{name}/{order}", total=25.5, **paid)
    line.work()


def test_groups_are_those_of_the_exported_log(shop: None, staff: Staff) -> None:
    for slug, op, n in (("one-or-two", "at_most", "2"), ("many", "at_least", "3")):
        condition = Condition("friends", op, n, of="friends")
        rules = Rules("all", (Group("all", (condition,)),))
        segments.make("user:1", slug, name=slug, rules=rules, now=NOW)
    client, friends = staff("analyst"), brought()
    sent = initiated()
    for by in ("script", "version"):
        rows = table(client, f"analytics/funnel/?{DAYS}", f"funnel-by-{by}")
        nameless = "" if by == "script" else "0"
        wanted = funnels(friends, sent, by).with_columns(pl.col("name").replace(nameless, "(none)"))
        found = [(row[0], *map(int, row[1:6]), round(100 * float(row[-1]))) for row in rows]
        assert sorted(found) == wanted.sort("name").rows()
        assert {row[0] for row in found} == NAMES[by]
    rows = table(client, f"analytics/funnel/?{DAYS}", "funnel-by-segment")
    found = [(row[0], *map(int, row[1:5])) for row in rows]
    assert sorted(found) == by_segment(friends).rows()


def events() -> pl.DataFrame:
    """position, event, user, visitor, at, day and what was said, of events that count."""
    whole = exported("events").with_row_index("position", offset=1)
    useless = exported("rejects").filter(pl.col("code").is_in(USELESS))
    counting = whole.with_columns(pl.col("position").cast(pl.Int64)).join(
        useless, on="position", how="anti"
    )
    at = pl.col("timestamp").str.to_datetime(time_zone="UTC")
    return counting.select(
        "position",
        "event",
        user=pl.col("userId").fill_null(""),
        visitor=pl.coalesce("anonymousId", "userId"),
        at=at,
        day=at.dt.convert_time_zone(ZONE).dt.date(),
        said=pl.col("properties").fill_null("{}").str.json_decode(SAID),
    ).unnest("said")


def brought() -> pl.DataFrame:
    """Friends of the program with the day of each stage and what they ordered in the period."""
    friends = exported("referrals").filter(pl.col("program") == "friends")
    done = events().join(
        friends.select("friend", "join_position"), left_on="user", right_on="friend"
    )
    done = done.filter(pl.col("position") >= pl.col("join_position"))
    orders = done.filter(pl.col("event") == "Order Completed").sort("position")
    active = done.filter(
        pl.col("event").is_in(["Signed Up", "Account Created", "Order Completed"])
    ).sort("position")
    minor = (pl.col("total").cast(pl.Decimal(18, 2)) * 100).cast(pl.Int64)
    paid = orders.filter(
        pl.col("day").is_between(FIRST, LAST), pl.col("currency").fill_null("").is_in(["", "USD"])
    )
    return (
        friends.with_columns(
            accepted=pl.col("started_at").dt.convert_time_zone(ZONE).dt.date(),
            script=pl.col("script").fill_null(""),
            version=pl.col("version").cast(pl.String),
        )
        .join(
            active.group_by(friend="user").agg(activated=pl.col("day").first()),
            on="friend",
            how="left",
        )
        .join(
            orders.group_by(friend="user").agg(purchased=pl.col("day").first()),
            on="friend",
            how="left",
        )
        .join(
            orders.group_by(friend="user").agg(repurchased=pl.col("day").get(1, null_on_oob=True)),
            on="friend",
            how="left",
        )
        .join(paid.group_by(friend="user").agg(revenue=minor.sum()), on="friend", how="left")
    )


def initiated() -> pl.DataFrame:
    """Whoever was reached for the first time: day, script, version."""
    said = events()
    unknown = exported("rejects").filter(pl.col("code") == "unknown_code")
    links = exported("links").select("code", of="program")
    clicks = said.filter(pl.col("event") == "Referral Link Clicked").join(
        unknown, on="position", how="anti"
    )
    clicks = clicks.with_columns(
        pl.col("code").fill_null("").str.strip_chars().str.to_uppercase()
    ).join(links, on="code", how="left")
    target = pl.when(pl.col("code") != "").then("code").otherwise("advocate")
    first = clicks.with_columns(target=target).sort("position")
    first = first.unique(["visitor", "target"], keep="first", maintain_order=True).with_columns(
        program=pl.coalesce("program", "of")
    )
    invited = said.filter(pl.col("event") == "Referral Submitted", pl.col("user") != "")
    lost = exported("touches_lost").filter(pl.col("kind") != "code")
    words = (
        exported("referrals")
        .filter(pl.col("kind") == "code", pl.col("program") == "friends")
        .join(lost, on=["program", "advocate", "join_position"], how="anti")
        .with_columns(day=pl.col("touched_at").dt.convert_time_zone(ZONE).dt.date())
    )
    columns = ("day", "script", "program")
    second = pl.col("at") >= SECOND_FROM
    in_force = pl.when(pl.col("program") == "friends").then(
        pl.when(second).then(pl.lit("2")).otherwise(pl.lit("1"))
    )
    reached = pl.concat(
        [
            *(one.select(*columns, version=in_force) for one in (first, invited)),
            words.select(*columns, version=pl.col("version").cast(pl.String)),
        ]
    )
    ours = pl.col("program").fill_null("").is_in(["", "friends"])
    return reached.filter(ours, pl.col("day").is_between(FIRST, LAST)).with_columns(
        pl.col("script").fill_null(""), pl.col("version").fill_null("0")
    )


def funnels(friends: pl.DataFrame, sent: pl.DataFrame, by: str) -> pl.DataFrame:
    """name, then initiated and each stage as often as it was reached in the period; revenue."""
    inside = [pl.col(one).is_between(FIRST, LAST).sum() for one in STAGES]
    reached = friends.group_by(name=by).agg(*inside, pl.col("revenue").sum())
    whole = (
        sent.group_by(name=by)
        .agg(initiated=pl.len())
        .join(reached, on="name", how="full", coalesce=True)
    )
    return whole.select("name", pl.col("initiated", *STAGES, "revenue").fill_null(0))


def by_segment(friends: pl.DataFrame) -> pl.DataFrame:
    """Those who joined in the period, by how many friends their advocate has ever brought: how
    many came to each stage at all."""
    size = pl.len().over("advocate")
    name = pl.when(size > 2).then(pl.lit("many")).otherwise(pl.lit("one-or-two"))
    rows = friends.with_columns(name=name).filter(pl.col("accepted").is_between(FIRST, LAST))
    return rows.group_by("name").agg(pl.col(one).count() for one in STAGES).sort("name")
