"""What is put right by hand: what the engine makes of it, and who has to agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError

from banyan.core.ledger.read import balance
from banyan.core.referrals.read import referrals
from banyan.growth.amends import acts, read
from banyan.growth.amends.models import Amend
from banyan.growth.amends.read import AmendRow
from banyan.growth.tasks.read import tasks
from banyan.kernel.errors import Problem
from banyan.pipeline import amending, verify
from tests.installation import Installation
from tests.rooms.pipeline.line import PROGRAM, Line

PROMPT = PROGRAM.replace(", hold: 14d", "")
ONE, TWO = "user:1", "user:2"


@pytest.fixture
def line(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Line:
    """Ann brought ben and has 20 dollars; bob has nothing."""
    monkeypatch.setattr(amending, "PATIENCE_S", 0.0)
    line = Line()
    line.publish(PROMPT)
    line.say("Referral Link Created", "ann", code="ANN", program="spring")
    line.say("Signed Up", "ben", referral_code="ANN")
    line.say("Order Completed", "ben", order_id="o1", total=60, currency="USD")
    line.say("identify", "ann", traits={"plan": "a"})
    line.say("identify", "bob", traits={"plan": "a"})
    line.say("identify", "dan", traits={"plan": "a"})
    line.work()
    return line


def ask(line: Line, kind: str, **what: Any) -> AmendRow:
    """Somebody of support asks."""
    given: dict[str, Any] = {"roles": ("support",), "reason": "a letter of May 2"}
    return amending.ask(ONE, kind, now=line.now, **(given | what))  # type: ignore[arg-type]


def settled(line: Line, number: int) -> AmendRow:
    """After the engine decided, twice: a move has two halves."""
    for _half in range(2):
        line.work()
        amending.advance(line.now)
    found = read.amend(number)
    assert found is not None
    return found


def held(user_id: str) -> int:
    """What of the cash can be spent."""
    return balance(f"wallet:{user_id}:available", "cash USD")


def refused(act: Callable[[], object]) -> str:
    """The name of the problem."""
    with pytest.raises(Problem) as caught:
        act()
    return type(caught.value).__name__


def test_without_a_limit_every_reward_needs_a_second_person(line: Line) -> None:
    row = ask(line, "reward", customer="bob", unit="cash USD", amount=500)
    assert (row.state, row.is_within_limits) == ("waiting", False)
    assert [one.about for one in tasks(kinds=["approval"])] == [f"amend:{row.number}"]
    assert refused(lambda: amending.approve(ONE, row.number, now=line.now)) == "SamePerson"
    line.work()
    assert held("bob") == 0
    amending.approve(TWO, row.number, now=line.now)
    assert (settled(line, row.number).state, held("bob")) == ("done", 500)
    assert tasks(kinds=["approval"]) == []
    assert refused(lambda: amending.approve(TWO, row.number, now=line.now)) == "AmendDecided"
    with pytest.raises(IntegrityError):
        Amend.objects.filter(pk=row.number).update(decided_by=ONE)


def test_limits_count_by_giver_person_unit_and_month(line: Line) -> None:
    acts.set_limit(TWO, "support", "cash USD", amount=1000, now=line.now)

    def within(**what: Any) -> bool:
        given = {"customer": "bob", "unit": "cash USD", "amount": 600}
        return ask(line, "reward", **(given | what)).is_within_limits

    assert within()
    assert not within()
    assert within(amount=400, customer="ann")
    assert not within(unit="points", amount=1)
    line.now = line.now.replace(month=4)
    assert within()


def test_what_was_paid_to_the_wrong_advocate_is_moved(line: Line) -> None:
    row = ask(
        line, "move", customer="bob", wrong="ann", other="ben", program="spring",
        unit="cash USD", amount=2000,
    )  # fmt: skip
    amending.approve(TWO, row.number, now=line.now)
    assert (settled(line, row.number).state, held("ann"), held("bob")) == ("done", 0, 2000)
    assert verify.run().is_sound


def test_a_move_gives_nothing_that_could_not_be_taken(line: Line) -> None:
    row = ask(
        line, "move", customer="bob", wrong="ann", other="ben", program="spring",
        unit="cash USD", amount=2001,
    )  # fmt: skip
    amending.approve(TWO, row.number, now=line.now)
    done = settled(line, row.number)
    assert (done.state, done.outcome) == ("failed", "insufficient_balance")
    assert (held("ann"), held("bob")) == (2000, 0)


def test_a_referral_recorded_by_hand_counts_when_the_friend_joins(line: Line) -> None:
    row = ask(line, "record", customer="bob", other="dan", program="spring")
    assert settled(line, row.number).state == "done"
    assert referrals(friend="dan") == []
    line.say("Signed Up", "dan")
    line.say("Order Completed", "dan", order_id="d1", total=60, currency="USD")
    line.work()
    [found] = referrals(friend="dan")
    assert (found.advocate, found.kind, held("bob")) == ("bob", "code", 2000)
    assert refused(lambda: ask(line, "record", customer="ann", other="dan", program="spring")) == (
        "BadAmend"
    )


def test_a_withdrawn_referral_is_lost(line: Line) -> None:
    row = ask(line, "withdraw", customer="ann", other="ben", program="spring")
    assert settled(line, row.number).state == "done"
    [found] = referrals(friend="ben")
    assert (found.stage, held("ann")) == ("lost", 2000)


def test_what_cannot_be_is_said(line: Line) -> None:
    for kind, what in (
        ("reward", {"customer": "nobody", "unit": "cash USD", "amount": 1}),
        ("reward", {"customer": "bob", "unit": "cash USD", "amount": 0}),
        ("reward", {"customer": "bob", "unit": "cash USD", "amount": 5, "reason": " "}),
        ("move", {"customer": "bob", "other": "dan", "wrong": "ann", "program": "spring"}),
        ("withdraw", {"customer": "ann", "other": "dan", "program": "spring"}),
        ("record", {"customer": "dan", "other": "dan", "program": "spring"}),
    ):
        assert refused(lambda k=kind, w=what: ask(line, k, **w)) == "BadAmend"  # type: ignore[misc]
    assert read.amends() == []


def test_reason_and_evidence_are_sealed_and_destroyed(line: Line) -> None:
    row = ask(
        line, "reward", customer="bob", unit="cash USD", amount=5, evidence="ticket 7, +49 170 555"
    )
    [kept] = Amend.objects.all()
    assert b"555" not in bytes(kept.sealed or b"")
    assert row.said is not None
    assert row.said.evidence == "ticket 7, +49 170 555"
    assert acts.forget(["bob"]) == 1
    assert read.amend(row.number).said is None  # type: ignore[union-attr]
