"""What other ways of giving credit say is what the engine decides under those terms."""

from __future__ import annotations

from fractions import Fraction

import polars as pl
import pytest

from banyan.core.events.export import bodies
from banyan.core.referrals.credit import Rival, Way, credited, rivals
from banyan.core.referrals.read import referrals, touches_lost
from banyan.engine.language.program import Program
from banyan.engine.replay import replay
from tests.installation import Installation
from tests.rooms.pipeline.line import Line

PROGRAM = """
program: spring
version: 1
currency: USD
attribution: {{window: 30d, prefer: [{prefer}], credit: {credit}, joins_on: [Signed Up]}}
milestones:
  bought: {{on: Order Completed}}
rewards:
  welcome: {{to: friend, on: joined, give: points, amount: 100}}
"""
ALL = PROGRAM.format(prefer="code, invite, click", credit="last_touch")


def invited(line: Line) -> None:
    """dan clicks ann's link, then ben's, gives cid's code as he signs up; eve's is his own late
    one, which meets him after."""
    for name in ("ann", "ben", "cid", "eve"):
        line.say("Referral Link Created", name, code=name, program="spring")
    line.say("Referral Link Clicked", anonymousId="web-1", code="ann")
    line.say("Referral Link Clicked", anonymousId="web-1", code="ben")
    line.say("Signed Up", "dan", anonymousId="web-1", referral_code="cid")
    line.say("Signed Up", "dan", referral_code="eve")
    line.work()


def rivals_of_dan() -> list[Rival]:
    """As the pages ask."""
    [row] = referrals(friend="dan")
    return rivals(row, touches_lost(join_position=row.join_position))


def test_each_way_names_an_invitation_that_counted(installation: Installation) -> None:
    line = Line()
    line.publish(ALL)
    invited(line)
    found = rivals_of_dan()
    assert [(one.advocate, one.kind) for one in found] == [
        ("ann", "click"),
        ("ben", "click"),
        ("cid", "code"),
    ]
    told = {way: credited(way, found) for way in ("last_touch", "first_touch", "code_only")}
    assert told == {
        "last_touch": {"cid": Fraction(1)},
        "first_touch": {"ann": Fraction(1)},
        "code_only": {"cid": Fraction(1)},
    }
    assert credited("click_only", found) == {"ben": Fraction(1)}
    assert credited("invite_only", found) == {}
    third = Fraction(1, 3)
    assert credited("equal_shares", found) == {"ann": third, "ben": third, "cid": third}


def test_one_who_invited_twice_has_two_shares() -> None:
    found = [Rival("ann", "click", 1), Rival("ben", "click", 2), Rival("ann", "code", 3)]
    assert credited("equal_shares", found) == {"ann": Fraction(2, 3), "ben": Fraction(1, 3)}


@pytest.mark.parametrize(
    ("way", "prefer", "credit"),
    [
        ("code_only", "code", "last_touch"),
        ("click_only", "click", "last_touch"),
        ("invite_only", "invite", "last_touch"),
    ],
)
def test_a_way_says_what_the_engine_decides_under_it(
    installation: Installation, way: Way, prefer: str, credit: str
) -> None:
    line = Line()
    line.publish(ALL)
    invited(line)
    log = [text for _, piece in bodies() for text in piece]
    changed = Program.parse(PROGRAM.format(prefer=prefer, credit=credit), "spring.yaml")
    events = pl.read_ndjson("\n".join(log).encode(), infer_schema_length=None)
    outcome = replay([changed], events).referrals.filter(pl.col("friend") == "dan")
    first_join = referrals(friend="dan")[0].join_position
    there = outcome.filter(pl.col("join_position") == first_join)["advocate"].to_list()
    assert list(credited(way, rivals_of_dan())) == there
