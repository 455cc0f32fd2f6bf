"""Competitors' offers beside ours, and what customers said they would like."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from banyan.core.programs.presets import preset
from banyan.growth.planning import rivals, wishes
from banyan.growth.planning.rivals import BadRival, NoSuchRival, Ours, RivalRow
from banyan.growth.planning.wishes import BadWish, NoSuchWish
from tests.installation import Installation

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


def noted(**more: object) -> RivalRow:
    given: dict[str, object] = {
        "company": "Acme",
        "program": "p",
        "amount_minor": 2500,
        "percent": None,
        "seen_on": date(2026, 5, 1),
        "source": "their site",
        "now": NOW,
    }
    return rivals.note("user:1", **(given | more))  # type: ignore[arg-type]


def test_offers_are_kept_the_latest_first_and_answered(installation: Installation) -> None:
    first = noted()
    second = noted(
        company="Best", amount_minor=None, percent=Decimal("12.5"), seen_on=date(2026, 5, 2)
    )
    noted(program="other")
    assert [one.company for one in rivals.rivals("p")] == ["Best", "Acme"]
    assert (second.percent, second.amount_minor) == (Decimal("12.5"), None)
    assert rivals.answer("user:1", first.id, " version 2 ", now=NOW).answer == "version 2"
    assert rivals.answer("user:1", first.id, "", now=NOW).answer == ""
    linked = rivals.answer("user:1", first.id, "", response="draft:12", now=NOW)
    assert (linked.answer, linked.response) == ("", "draft:12")
    with pytest.raises(BadRival, match="response: choose"):
        rivals.answer("user:1", first.id, "", response="rumour:1", now=NOW)
    with pytest.raises(NoSuchRival):
        rivals.answer("user:1", 99_999, "x", now=NOW)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"company": " "}, "company: say whose offer it is"),
        ({"percent": Decimal(5)}, "amount: give either a sum or a percentage"),
        ({"amount_minor": -1}, "amount: cannot be below 0"),
        ({"amount_minor": 10**15}, "amount: is too large to be true"),
        ({"seen_on": date(2026, 5, 5)}, "date: lies in the future"),
    ],
)
def test_what_is_no_offer_is_refused(
    installation: Installation, wrong: dict[str, object], sentence: str
) -> None:
    with pytest.raises(BadRival, match=sentence):
        noted(**wrong)
    assert rivals.rivals() == []


def row(amount_minor: int | None, percent: Decimal | None) -> RivalRow:
    return RivalRow(1, "Acme", "p", amount_minor, percent, date(2026, 5, 1), "", "", "")


def test_only_what_can_be_compared_is() -> None:
    ours = Ours(Decimal(20), None)
    assert rivals.beats(row(2001, None), ours, minor_digits=2) is True
    assert rivals.beats(row(2000, None), ours, minor_digits=2) is False
    assert rivals.beats(row(None, Decimal(5)), ours, minor_digits=2) is None
    assert rivals.beats(row(None, Decimal(5)), Ours(None, Decimal(4)), minor_digits=2) is True


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("meundies", Ours(Decimal("20.00"), None)),
        ("b2b", Ours(Decimal("20000.00"), Decimal(8))),
        ("count-ladder", Ours(None, None)),
    ],
)
def test_what_ours_gives_at_most(name: str, wanted: Ours) -> None:
    found = preset(name)
    assert found is not None
    assert rivals.ours(found.terms) == wanted


def test_what_beats_ours_is_watched_until_it_is_answered(installation: Installation) -> None:
    found = preset("meundies")
    assert found is not None
    terms = found.terms
    more = noted(program="meundies", amount_minor=2500)
    noted(program="meundies", amount_minor=1500, company="Best")
    assert [one.company for one in rivals.better(terms)] == ["Acme"]
    assert rivals.watched() == ["meundies"]
    rivals.answer("user:1", more.id, "", response="version:2", now=NOW)
    assert rivals.better(terms) == []
    rivals.answer("user:1", more.id, "", now=NOW)
    assert [one.id for one in rivals.better(terms)] == [more.id]


def kept(lines: str) -> wishes.WishRow:
    return wishes.keep(
        "user:1",
        program="p",
        reward="credit",
        question="What would move you?",
        lines=lines,
        asked_on=date(2026, 5, 1),
        now=NOW,
    )


def test_answers_are_kept_with_their_share(installation: Installation) -> None:
    found = kept("Points: 10\n\n现金：30\n")
    assert [(one.text, one.votes, one.share_percent) for one in found.answers] == [
        ("现金", 30, 75),
        ("Points", 10, 25),
    ]
    assert (found.asked, found.reward) == (40, "credit")
    assert wishes.wishes("p") == [found]
    assert wishes.wishes("q") == []
    wishes.forget("user:1", found.id)
    assert wishes.wishes("p") == []
    with pytest.raises(NoSuchWish):
        wishes.forget("user:1", found.id)


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("", "give at least one line"),
        ("Cash: 0", "give at least one line"),
        ("Cash: 3\nPoints", "answers, line 2: write"),
        ("\n".join(f"a{n}: 1" for n in range(21)), "at most 20 fit"),
    ],
)
def test_answers_that_cannot_be_read_are_refused(
    installation: Installation, lines: str, sentence: str
) -> None:
    with pytest.raises(BadWish, match=sentence):
        kept(lines)
    assert wishes.wishes("p") == []
