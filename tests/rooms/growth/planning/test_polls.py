"""Customers are asked which reward they would like; each has one vote, and nobody sees whose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from banyan.growth.planning import polls
from banyan.growth.planning.models import Vote
from banyan.growth.planning.polls import BadPoll, NoSuchPoll, PollRow
from tests.installation import Installation

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def asked(**more: Any) -> PollRow:
    ask = partial(
        polls.ask,
        "user:1",
        program="p",
        reward="credit",
        questions={"en": "What would  you like?", "zh-hans": "您想要什么？"},
        choices={"en": "Cash\n\nPoints", "zh-hans": "现金\n积分"},
        now=NOW,
    )
    return ask(**more)


def test_each_has_one_vote_and_may_change_it(installation: Installation) -> None:
    row = asked()
    assert row.question("en") == "What would you like?"
    assert polls.chosen("ann", row.id) is None
    polls.vote("ann", row.id, 0, now=NOW)
    polls.vote("ben", row.id, 0, now=NOW)
    polls.vote("ann", row.id, 1, now=LATER)
    assert polls.chosen("ann", row.id) == 1
    [found] = polls.polls("p")
    assert (found.votes, found.asked, found.reward) == ((1, 1), 2, "credit")
    assert [(one.text, one.votes, one.share_percent) for one in found.answers("zh-hans")] == [
        ("现金", 1, 50),
        ("积分", 1, 50),
    ]
    assert polls.polls("q") == []
    assert all("ann" not in voter for voter in Vote.objects.values_list("voter", flat=True))


def test_who_answered_is_asked_the_next_and_nobody_what_is_closed(
    installation: Installation,
) -> None:
    first, second = asked(), asked(now=LATER)
    found = polls.open_for("ann")
    assert found is not None
    assert found.id == first.id
    polls.vote("ann", first.id, 1, now=LATER)
    found = polls.open_for("ann")
    assert found is not None
    assert found.id == second.id
    polls.close("user:1", second.id, now=LATER)
    assert polls.open_for("ann") is None
    assert polls.poll(second.id) is None
    with pytest.raises(NoSuchPoll):
        polls.vote("ben", second.id, 0, now=LATER)
    with pytest.raises(NoSuchPoll):
        polls.close("user:1", second.id, now=LATER)
    polls.vote("ben", first.id, 1, now=LATER)
    assert [one.votes for one in polls.polls("p")] == [(0, 0), (0, 2)]


@pytest.mark.parametrize("choice", [-1, 2, 99])
def test_what_is_no_choice_is_refused(installation: Installation, choice: int) -> None:
    with pytest.raises(BadPoll, match="Choose one"):
        polls.vote("ann", asked().id, choice, now=NOW)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"questions": {}, "choices": {}}, "in at least one language"),
        ({"questions": {"en": "What?"}}, "in each language that has answers"),
        ({"choices": {"en": "Cash\nPoints", "zh-hans": "现金\n积分\n礼品"}}, "as many in one"),
        ({"choices": {"en": "Cash", "zh-hans": "现金"}}, "between 2 and 8"),
        ({"choices": {"en": "Cash\nCash", "zh-hans": "现金\n积分"}}, "stands there twice"),
        ({"choices": {"en": "Cash\n" + "x" * 101, "zh-hans": "现金\n积分"}}, "at most 100"),
        ({"questions": {"en": "x" * 201, "zh-hans": "什么"}}, "at most 200"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    installation: Installation, wrong: dict[str, object], sentence: str
) -> None:
    with pytest.raises(BadPoll, match=sentence):
        asked(**wrong)
    assert polls.polls("p") == []


def test_one_language_is_enough(installation: Installation) -> None:
    row = asked(questions={"zh-hans": "您想要什么？"}, choices={"zh-hans": "现金\n积分"})
    assert row.question("en") == "您想要什么？"
