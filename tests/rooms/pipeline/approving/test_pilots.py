"""A pilot: a version for customers with a tag, and from it the next for everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from banyan.core.people.read import customer
from banyan.core.programs.acts import save_draft
from banyan.core.programs.read import version, versions
from banyan.core.referrals.read import referrals_of
from banyan.pipeline.approving.pilots import MOST_CUSTOMERS, BadPilot, begin, promote, suggest
from banyan.pipeline.approving.read import PilotRow, pilots
from banyan.trust.audit.read import entries
from tests.installation import Installation
from tests.rooms.pipeline.line import PROGRAM, Line

LIMIT = "tags LIKE '%,trial,%'"


@pytest.fixture
def line(installation: Installation) -> Line:
    """A draft; nothing runs."""
    line = Line()
    save_draft("user:1", PROGRAM, now=line.now)
    return line


def begun(
    line: Line, number: int = 1, *, tag: str = "trial", user_ids: tuple[str, ...] = ("eva",)
) -> PilotRow:
    return begin(
        "user:1", "spring", number, tag=tag, user_ids=user_ids, targets=" 30 ", now=line.now
    )


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(BadPilot) as bad:
        act()
    return bad.value.sentence


def where(number: int) -> str:
    row = version("spring", number)
    assert row is not None
    return row.terms.advocates.where


def tags(line: Line, user_id: str) -> object:
    line.work()
    row = customer(user_id)
    assert row is not None
    return row.traits["tags"]


def test_it_limits_the_draft_and_gives_the_tag_beside_those_they_have(line: Line) -> None:
    line.say("identify", "eva", traits={"tags": ["east"]})
    line.say("identify", "wim", traits={"tags": ["west"]})
    row = begun(line, user_ids=("eva", "new", "eva"))
    assert (row.number, row.tag, row.targets, row.by) == (1, "trial", "30", "user:1")
    assert where(1) == LIMIT
    assert [tags(line, one) for one in ("eva", "new", "wim")] == [
        ["east", "trial"],
        ["trial"],
        ["west"],
    ]
    [entry] = [one for one in entries(limit=9) if one.verb == "program.pilot_begun"]
    assert entry.about == "program:spring"


def test_only_who_has_the_tag_may_refer(line: Line) -> None:
    begun(line)
    row = version("spring", 1)
    assert row is not None
    line.publish(row.source)
    for user, code in (("eva", "EVA"), ("bob", "BOB")):
        line.say("Referral Link Created", user, code=code, program="spring")
    line.say("Signed Up", "cid", referral_code="EVA")
    line.say("Signed Up", "dan", referral_code="BOB")
    line.work()
    assert [(one.advocate, one.friend) for one in referrals_of(["cid", "dan"])] == [("eva", "cid")]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"tag": "Trial!"}, "A tag is 1 to 32 of the characters"),
        ({"tag": ""}, "A tag is 1 to 32 of the characters"),
        ({"user_ids": ("eva",) * (MOST_CUSTOMERS + 1)}, "At most 500 customers at once"),
        ({"number": 2}, "Only a draft can become a pilot."),
    ],
)
def test_what_cannot_be_a_pilot(line: Line, options: dict[str, Any], why: str) -> None:
    assert why in refused(lambda: begun(line, **options))
    assert (pilots("spring"), where(1)) == ([], "TRUE")
    assert customer("eva") is None


def test_a_version_is_a_pilot_once(line: Line) -> None:
    begun(line)
    assert refused(lambda: begun(line, tag="other")) == "This version is a pilot already."
    assert [one.tag for one in pilots("spring")] == ["trial"]


def test_it_shuts_nobody_out_who_takes_part(line: Line) -> None:
    line.publish()
    save_draft("user:1", PROGRAM.replace("version: 1", "version: 2"), now=line.now)
    assert "Version 1 is for everybody" in refused(lambda: begun(line, 2))
    assert (pilots("spring"), where(2)) == ([], "TRUE")


def test_the_version_for_everybody_has_the_condition_from_before(line: Line) -> None:
    vip = "tags LIKE '%,vip,%'"
    save_draft("user:1", f'{PROGRAM}advocates: {{where: "{vip}"}}\n', now=line.now)
    number = begun(line).id
    assert where(1) == f"({vip}) AND {LIMIT}"
    assert "once it is published" in refused(lambda: promote("user:1", number, now=line.now))
    row = version("spring", 1)
    assert row is not None
    line.publish(row.source)
    draft = promote("user:1", number, now=line.now)
    assert (draft.number, draft.status, where(2)) == (2, "draft", vip)
    assert "already" in refused(lambda: promote("user:1", number, now=line.now))
    assert [one.number for one in versions("spring")] == [2, 1]
    [pilot] = pilots("spring")
    assert (pilot.promoted_number, pilot.promoted_at) == (2, line.now)


def test_suggestions_are_kept_beside_it(line: Line) -> None:
    number = begun(line).id
    suggest("user:2", number, text=" Shorter. ", now=line.now)
    assert refused(lambda: suggest("user:2", number, text=" ", now=line.now)) == (
        "Write the suggestion."
    )
    assert "no such pilot" in refused(lambda: suggest("user:2", 99, text="x", now=line.now))
    [pilot] = pilots("spring")
    assert [(one.text, one.by, one.at) for one in pilot.suggestions] == [
        ("Shorter.", "user:2", line.now)
    ]
