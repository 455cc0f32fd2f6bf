"""Whatever intake takes, the line digests and every page shows: nobody can stop either by sending
something odd."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from threading import Event
from typing import Any
from urllib.parse import quote

import pytest

from banyan.core.events import read as log
from banyan.core.events.acts import append
from banyan.core.events.incoming import Incoming
from banyan.core.events.intake import accept
from banyan.core.referrals.read import decisions, referrals
from banyan.doors.console.records.kinds import KINDS
from banyan.pipeline.schedule.works import WORKS
from banyan.pipeline.verify import run
from banyan.pipeline.wait import cursor_position
from tests.installation import Installation
from tests.rooms.doors.console.conftest import Staff
from tests.rooms.pipeline.line import Line

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
PROGRAM = """
program: spring
version: 1
currency: USD
properties: {plan: text, seats: number, gift: boolean}
attribution: {window: 30d, prefer: [code, click, invite]}
milestones:
  bought: {on: Order Completed, within: 60d}
  big: {on: Order Completed, within: 60d, where: "plan <> 'x' OR seats > 3 OR gift"}
rewards:
  thanks: {to: advocate, on: bought, give: cash, amount: {percent: 10, of: total, max: 50.00}}
  more: {to: advocate, on: big, give: points, amount: {by: plan, table: {pro: 500}, else: 5}}
  welcome: {to: friend, on: joined, give: "coupon:WELCOME", amount: 1}
limits:
  - {give: cash, per: program, amount: 1000.00}
risk:
  - {id: same, when: "same_device OR same_ip", then: hold, for: advocate}
"""
NAMES = (
    *("Referral Link Created", "Referral Link Clicked", "Referral Submitted", "Referral Shared"),
    *("Referral Accepted", "Referral Declined", "Referral Recorded", "Signed Up"),
    *("Order Completed", "Order Refunded", "NPS Answered", "Coupon Redeemed", "Clock Ticked"),
    *("Decision Released", "Decision Denied", "Wallet Credited", "Wallet Spent"),
    *("Wallet Returned", "Program Paused", "Something Else", "😀\u202e"),
)
PROPERTIES = (
    *("code", "referral_code", "coupon", "advocate", "friend", "program", "channel", "script"),
    *("order_id", "total", "currency", "score", "comment", "source", "unit", "amount", "reference"),
    *("decision_id", "actor", "reason", "plan", "seats", "gift", "email", "phone", "name", "items"),
    *("expires_at", "hold", "evidence", "version", "url", "products", "$", "a.b", ""),
)
PEOPLE = (
    "ann",
    "ben",
    "cid",
    "dan",
    "0",
    " ",
    "ann ",
    "%",
    "../x",
    "a/b?c#d",
    "王 女士",
    "<b>",
    "'\"",
    "e\u0301",
    "\u202e",
)
ODD: tuple[Any, ...] = (
    *(
        "ANN",
        "ann",
        "ben",
        "spring",
        "o1",
        "o2",
        "points",
        "cash USD",
        "USD",
        "usd",
        "pro",
        "",
        " ",
    ),
    *(0, 1, 9, 50, -1, 0.1, 1e12, -1e12, 1e-13, 10**11, 99999999999.99, 1e300, "1e5", "NaN", "-0"),
    *("12.50", "1,000", "٣", "true", True, False, None, [], {}, [1, [2]], {"a": {"b": None}}),
    *("a\x00b", "\x01\x1f\x7f", "\u2028\n\r\t", "\ufeff", "\ud83d\ude00", "%s %d {0} {x}", "'; --"),
    *(
        "2026-01-01T00:00:00Z",
        "x" * 512,
        "é" * 500,
        "😀" * 250,
        "\\",
        '"',
        "=1+1",
        "@here",
        "a@b.co",
    ),
)


TRAITS = ("email", "phone", "name", "tier", "tags", "birthday", "plan", "")
TIMES = ("2026-05-01T08:00:00Z", "2026-05-02T08:00:00+14:00", "1900-01-01T00:00:00Z", None)


def wild(chance: random.Random) -> dict[str, Any]:
    """An event of any kind, with anything in it."""

    def some(names: Sequence[str], most: int) -> dict[str, Any]:
        return {name: chance.choice(ODD) for name in chance.sample(names, chance.randint(0, most))}

    event: dict[str, Any] = {
        "type": chance.choice(["track"] * 9 + ["identify", "page", "alias", "group"]),
        "event": chance.choice(NAMES),
        "timestamp": chance.choice(TIMES),
        "messageId": chance.choice([*ODD, *(str(chance.random()) for _ in ODD)]),
        "properties": some(PROPERTIES, 8),
        "traits": some(TRAITS, 4),
        "context": chance.choice([None, some(("ip", "device"), 2), {"device": some(("id",), 1)}]),
    }
    for field in ("userId", "anonymousId", "previousId"):
        if chance.random() < 0.7:
            event[field] = chance.choice(PEOPLE)
    return event


@pytest.mark.parametrize("seed", range(4))
def test_nothing_that_is_taken_stops_the_line_or_a_page(
    staff: Staff, installation: Installation, seed: int
) -> None:
    chance = random.Random(seed)
    line = Line()
    line.publish(PROGRAM)
    taken = 0
    for _ in range(600):
        data = json.dumps(wild(chance), ensure_ascii=chance.random() < 0.5, allow_nan=False)
        found = accept(data.encode("utf-8", "surrogatepass"), now=NOW, source="test", role="secret")
        if isinstance(found, Incoming):
            append([found])
            taken += 1
    assert taken > 200
    line.work(chance.choice([7, 50, 1000]))
    assert cursor_position() == log.head()
    assert run().differences == ()
    for work in WORKS:
        work.do(NOW, Event())
    admin = staff("admin")
    brought = referrals(program="spring")
    assert brought
    advocates = {row.advocate for row in brought}
    for path in (
        *("", "customers/", "chains/?program=spring", "held/", "stuck/", "sources/", "analytics/"),
        *(f"records/{kind.slug}/" for kind in KINDS),
        *(f"chains/of/{quote(one, safe='')}" for one in advocates),
        *(f"referral/spring/{quote(row.friend, safe='')}" for row in brought),
        *(f"decision/one/{quote(row.decision_id, safe='')}" for row in decisions(program="spring")),
    ):
        assert admin.get(f"/console/{path}").status_code == 200, path
    # Somebody who was only named by others is no customer yet.
    for one in advocates.union(PEOPLE):
        answer = admin.get(f"/console/customers/one/{quote(one, safe='')}")
        assert answer.status_code in (200, 404), one
