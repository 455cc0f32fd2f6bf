"""Payouts from wallet to account: what leaves the ledger, once, whoever dies meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Event

import pytest
from django.db import IntegrityError
from django.test import override_settings

from banyan.core.ledger.read import balance, balances
from banyan.core.ledger.totals import totals
from banyan.growth.payouts import acts, payees, read, rules
from banyan.growth.payouts.acts import Said
from banyan.growth.payouts.differences import differences
from banyan.growth.payouts.models import Batch
from banyan.growth.payouts.providers import provider
from banyan.growth.payouts.read import BatchRow
from banyan.growth.tasks.acts import open_task
from banyan.growth.tasks.read import tasks
from banyan.kernel.errors import Problem
from banyan.pipeline import paying
from banyan.trust.audit.read import entries
from tests.installation import Installation
from tests.rooms.pipeline.line import PROGRAM, Line
from tests.rooms.pipeline.stripe_stand_in import StandIn

PROMPT = PROGRAM.replace(", hold: 14d", "").replace("count: 2", "count: 9")
BANK = {"holder": "Ann Example", "account": "DE89370400440532013000", "bank": "Example Bank"}
FIN, FAY = "user:1", "user:2"


@pytest.fixture
def line(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Line:
    """Ann earned 40 dollars by two friends, bob 20 by one; both said where to pay."""
    monkeypatch.setattr(paying, "PATIENCE_S", 0.0)
    line = Line()
    line.publish(PROMPT)
    for advocate, friends in (("ann", ("ben", "cid")), ("bob", ("dan",))):
        line.say("Referral Link Created", advocate, code=advocate.upper(), program="spring")
        for friend in friends:
            line.say("Signed Up", friend, referral_code=advocate.upper())
            line.say("Order Completed", friend, order_id=friend, total=60, currency="USD")
    line.say("identify", "ann", traits={"name": "Ann"})
    line.work()
    return line


def pays(line: Line, customer: str, *, method: str = "bank", **given: str) -> None:
    """Somebody says where to pay, and somebody verifies it."""
    payees.set_payee("customer", customer, method=method, given=BANK | given, now=line.now)
    payees.verify(FIN, customer, now=line.now)


def prepared(line: Line, method: str = "bank") -> BatchRow:
    """A batch of everybody who is due."""
    return acts.prepare(FIN, unit="cash USD", method=method, now=line.now)  # type: ignore[arg-type]


def approved(line: Line, method: str = "bank") -> int:
    """A batch whose spends the engine has decided."""
    number = prepared(line, method).number
    paying.approve(FAY, number, now=line.now)
    line.work()
    paying.note(number, now=line.now)
    return number


def held(user_id: str) -> int:
    """What of the cash can be spent."""
    return balance(f"wallet:{user_id}:available", "cash USD")


def states(number: int) -> list[tuple[str, int, str]]:
    """User, amount and state of each line."""
    return [(one.user_id, one.amount, one.state) for one in read.lines(number)]


def refused(act: Callable[[], object]) -> str:
    """The name of the problem."""
    with pytest.raises(Problem) as caught:
        act()
    return type(caught.value).__name__


def test_only_verified_accounts_with_enough_are_paid(line: Line) -> None:
    assert refused(lambda: prepared(line)) == "NothingToPay"
    payees.set_payee("customer", "ann", method="bank", given=BANK, now=line.now)
    assert acts.due("cash USD", "bank").without == 2
    payees.verify(FIN, "ann", now=line.now)
    pays(line, "bob")
    rules.set_rule(FIN, "cash USD", least=2001, every="", day=1, now=line.now)
    due = acts.due("cash USD", "bank")
    assert (due.amounts, due.without, due.total) == ({"ann": 4000}, 0, 4000)
    rules.set_rule(FIN, "cash USD", least=2000, every="", day=1, now=line.now)
    assert acts.due("cash USD", "bank").amounts == {"ann": 4000, "bob": 2000}


def test_who_entered_an_account_does_not_verify_it(line: Line) -> None:
    payees.set_payee(FIN, "ann", method="bank", given=BANK, now=line.now)
    assert refused(lambda: payees.verify(FIN, "ann", now=line.now)) == "SamePerson"
    assert payees.verify(FAY, "ann", now=line.now).state == "verified"
    row = payees.payee("ann")
    assert row is not None
    assert row.shown == "A*** E*** ····3000"


def test_a_batch_needs_four_eyes_and_moves_nothing_before(line: Line) -> None:
    pays(line, "ann")
    number = prepared(line).number
    assert refused(lambda: paying.approve(FIN, number, now=line.now)) == "SamePerson"
    line.work()
    assert (held("ann"), states(number)) == (4000, [("ann", 4000, "planned")])
    with pytest.raises(IntegrityError):
        Batch.objects.filter(pk=number).update(
            state="approved", approved_by=FIN, approved_at=line.now, position=1
        )


def test_what_is_approved_leaves_the_wallet_once(line: Line) -> None:
    pays(line, "ann")
    pays(line, "bob")
    number = approved(line)
    assert states(number) == [("ann", 4000, "spent"), ("bob", 2000, "spent")]
    assert (held("ann"), held("bob")) == (0, 0)
    assert refused(lambda: paying.approve(FAY, number, now=line.now)) == "WrongState"
    assert refused(lambda: prepared(line)) == "NothingToPay"
    paying.note(number, now=line.now)
    line.work()
    assert (held("ann"), held("bob")) == (0, 0)
    [mine] = [one for one in totals(["ann"]) if one.unit == "cash USD"]
    assert (mine.earned, mine.spent, mine.available) == (4000, 4000, 0)
    [entry] = [one for one in entries(limit=50) if one.verb == "payout.approved"]
    assert entry.actor == FAY


def test_nobody_is_in_two_batches_at_once(line: Line) -> None:
    pays(line, "ann")
    number = prepared(line).number
    assert refused(lambda: prepared(line)) == "NothingToPay"
    paying.cancel(FIN, number, reason="too early", now=line.now)
    assert [one.amount for one in read.lines(prepared(line).number)] == [4000]


def test_who_spent_meanwhile_is_left_out(line: Line) -> None:
    pays(line, "ann")
    number = prepared(line).number
    line.say("Wallet Spent", "ann", unit="cash USD", amount=1, reference="elsewhere")
    paying.approve(FAY, number, now=line.now)
    line.work()
    paying.note(number, now=line.now)
    assert states(number) == [("ann", 4000, "refused")]
    assert held("ann") == 3999
    assert read.batch(number).state == "done"  # type: ignore[union-attr]


def test_a_reference_taken_by_somebody_else_pays_nothing(line: Line) -> None:
    pays(line, "ann")
    number = prepared(line).number
    line.say("Wallet Spent", "ann", unit="cash USD", amount=1, reference=f"payout/{number}/1")
    line.say("Wallet Returned", "ann", reference=f"payout/{number}/1")
    paying.approve(FAY, number, now=line.now)
    line.work()
    paying.note(number, now=line.now)
    assert (states(number), held("ann")) == ([("ann", 4000, "refused")], 4000)


def test_results_pay_or_return_and_come_again_without_effect(line: Line) -> None:
    pays(line, "ann")
    pays(line, "bob")
    number = approved(line)
    acts.hand_over(FIN, number, now=line.now)
    said = [
        Said(f"payout/{number}/1", "failed", amount=4000, reason="account closed"),
        Said(f"payout/{number}/2", "paid", amount=2000, provider_id="T1"),
    ]
    failed = paying.hear(FIN, said, source="bank.csv", now=line.now)
    assert [one.user_id for one in failed] == ["ann"]
    assert states(number) == [("ann", 4000, "failed"), ("bob", 2000, "paid")]
    assert paying.hear(FIN, said, source="bank.csv", now=line.now) == []
    line.work()
    paying.note(number, now=line.now)
    assert states(number) == [("ann", 4000, "returned"), ("bob", 2000, "paid")]
    assert (held("ann"), held("bob")) == (4000, 0)
    assert read.batch(number).state == "done"  # type: ignore[union-attr]
    row = payees.payee("ann")
    assert row is not None
    assert (row.state, row.why) == ("failed", "account closed")
    assert refused(lambda: prepared(line)) == "NothingToPay"
    payees.verify(FIN, "ann", now=line.now)
    assert [one.amount for one in read.lines(prepared(line).number)] == [4000]
    assert differences(now=line.now) == []


def test_a_transfer_that_bounces_later_goes_back_too(line: Line) -> None:
    pays(line, "bob")
    number = approved(line)
    acts.hand_over(FIN, number, now=line.now)
    reference = f"payout/{number}/1"
    paying.hear(FIN, [Said(reference, "paid")], source="a.csv", now=line.now)
    assert read.batch(number).state == "done"  # type: ignore[union-attr]
    paying.hear(FIN, [Said(reference, "failed", reason="bounced")], source="b.csv", now=line.now)
    line.work()
    paying.note(number, now=line.now)
    assert (states(number), held("bob")) == ([("bob", 2000, "returned")], 2000)
    assert read.batch(number).state == "done"  # type: ignore[union-attr]
    assert differences(now=line.now) == []


def test_a_result_that_is_said_again_rightly_counts(line: Line) -> None:
    pays(line, "ann")
    number = approved(line)
    reference = f"payout/{number}/1"
    paying.hear(FIN, [Said(reference, "paid", amount=4000)], source="early.csv", now=line.now)
    assert states(number) == [("ann", 4000, "spent")]
    assert [one.what for one in differences(now=line.now)] == ["paid_before_handed"]
    acts.hand_over(FIN, number, now=line.now)
    paying.hear(FIN, [Said(reference, "paid", amount=3999)], source="wrong.csv", now=line.now)
    assert states(number) == [("ann", 4000, "sent")]
    assert [one.what for one in differences(now=line.now)] == ["other_amount"]
    paying.hear(FIN, [Said(reference, "paid", amount=4000)], source="right.csv", now=line.now)
    assert states(number) == [("ann", 4000, "paid")]
    assert differences(now=line.now) == []


def test_each_failed_account_keeps_its_own_reason(line: Line) -> None:
    pays(line, "ann")
    pays(line, "bob")
    number = approved(line)
    acts.hand_over(FIN, number, now=line.now)
    said = [
        Said(f"payout/{number}/1", "failed", reason="account closed"),
        Said(f"payout/{number}/2", "failed", reason="name differs"),
    ]
    paying.hear(FIN, said, source="r.csv", now=line.now)
    whys = {one.customer: one.why for one in payees.payees(state="failed")}
    assert whys == {"ann": "account closed", "bob": "name differs"}


def test_what_does_not_fit_is_a_difference(line: Line) -> None:
    pays(line, "ann")
    pays(line, "bob")
    number = approved(line)
    acts.hand_over(FIN, number, now=line.now)
    said = [
        Said(f"payout/{number}/1", "paid", amount=3999),
        Said("payout/99/1", "paid", amount=5),
        Said("INV-7", "failed"),
    ]
    paying.hear(FIN, said, source="bank.csv", now=line.now)
    line.say("Wallet Credited", "bob", unit="cash USD", amount=7, reference="x")
    line.say("Wallet Spent", "bob", unit="cash USD", amount=7, reference="payout/98/1")
    line.work()
    found = [(one.what, one.reference, one.ours, one.theirs) for one in differences(now=line.now)]
    assert sorted(found, key=str) == [
        ("only_in_ledger", "payout/98/1", None, 7),
        ("other_amount", f"payout/{number}/1", 4000, 3999),
        ("unknown_reference", "INV-7", None, None),
        ("unknown_reference", "payout/99/1", None, 5),
    ]
    [wrong] = [one for one in differences(now=line.now) if one.what == "other_amount"]
    assert wrong.result is not None
    acts.settle_difference(FIN, wrong.result, reason="a fee of theirs", now=line.now)
    assert "other_amount" not in {one.what for one in differences(now=line.now)}
    late = differences(now=line.now + timedelta(days=4))
    assert [one.reference for one in late if one.what == "no_result"] == [
        f"payout/{number}/1",
        f"payout/{number}/2",
    ]


def test_the_second_pair_of_eyes_has_a_task(line: Line) -> None:
    pays(line, "ann")
    due = "due:cash USD:2026-03-02"
    open_task("payout", due, owner_role="finance", due_at=line.now, now=line.now)
    row = prepared(line)
    paying.prepared(FIN, row, now=line.now)
    assert tasks(kinds=["payout"]) == []
    assert [one.about for one in tasks(kinds=["approval"])] == [f"payout:{row.number}"]
    paying.approve(FAY, row.number, now=line.now)
    assert tasks(kinds=["approval"]) == []


def test_erased_people_leave_no_account_behind(line: Line) -> None:
    pays(line, "ann")
    number = approved(line)
    payees.forget(["ann"])
    assert payees.payee("ann") is None
    assert read.opened(number, states=["spent"]) == []
    assert [(one.shown, one.amount) for one in read.lines(number)] == [("", 4000)]


# --- by a provider


@pytest.fixture
def stripe() -> Iterator[StandIn]:
    """Something that speaks as Stripe does, on this machine."""
    with StandIn() as made:
        yield made


def test_stripe_pays_each_once(line: Line, stripe: StandIn) -> None:
    pays(line, "ann", method="stripe", account="acct_1AnnExample")
    pays(line, "bob", method="stripe", account="acct_1Closed99")
    with override_settings(PAYOUT_PROVIDER=provider(stripe.url)):
        number = approved(line, "stripe")
        paying.advance(line.now, Event())
        line.work()
        paying.advance(line.now, Event())
    assert states(number) == [("ann", 4000, "paid"), ("bob", 2000, "returned")]
    assert (held("ann"), held("bob")) == (0, 2000)
    assert [(t["destination"], t["amount"], t["currency"]) for t in stripe.transfers] == [
        ("acct_1AnnExample", "4000", "usd")
    ]
    [lines_of_ann] = read.lines_of(["ann"])
    assert lines_of_ann.provider_id == stripe.transfers[0]["id"]
    assert stripe.keys == {"sk_test_stand_in"}


def test_an_attempt_without_an_answer_is_asked_for_before_it_is_repeated(
    line: Line, stripe: StandIn
) -> None:
    pays(line, "ann", method="stripe", account="acct_1AnnExample")
    with override_settings(PAYOUT_PROVIDER=provider(stripe.url)):
        number = approved(line, "stripe")
        stripe.loses_answers = True
        paying.advance(line.now, Event())
        assert states(number) == [("ann", 4000, "sent")]
        # A day later Stripe has forgotten the key of the request.
        stripe.loses_answers = False
        stripe.forget_keys()
        paying.advance(line.now + timedelta(days=2), Event())
    assert states(number) == [("ann", 4000, "paid")]
    assert len(stripe.transfers) == 1


def test_a_batch_that_nobody_would_send_is_not_approved(line: Line) -> None:
    pays(line, "ann", method="stripe", account="acct_1AnnExample")
    number = prepared(line, "stripe").number
    with override_settings(PAYOUT_PROVIDER=None):
        assert refused(lambda: paying.approve(FAY, number, now=line.now)) == "NoProvider"


KILLED = """
import os, signal, sys, threading
import django
django.setup()
from datetime import UTC, datetime
from threading import Event
from django.conf import settings
from banyan.growth.payouts import stripe
from banyan.growth.payouts.providers import provider
from banyan.pipeline import paying
settings.PAYOUT_PROVIDER = provider(sys.argv[1])
real, number, when = stripe.pay, int(sys.argv[2]), sys.argv[3]
now = datetime.fromisoformat(sys.argv[4])
def pay(to, one):
    if when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    said = real(to, one)
    os.kill(os.getpid(), signal.SIGKILL)
stripe.pay = pay
if when == "approving":
    paying.wait.decided = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
    paying.approve("user:2", number, now=now)
paying.advance(now, Event())
"""


@pytest.mark.parametrize("when", ["approving", "before", "after"])
def test_a_killed_process_pays_nobody_twice(
    line: Line, installation: Installation, stripe: StandIn, when: str
) -> None:
    pays(line, "ann", method="stripe", account="acct_1AnnExample")
    pays(line, "bob", method="stripe", account="acct_1BobExample")
    with override_settings(PAYOUT_PROVIDER=provider(stripe.url)):
        number = (
            prepared(line, "stripe").number if when == "approving" else approved(line, "stripe")
        )
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, stripe.url, str(number), when, line.now.isoformat()],
            env=dict(installation.environment)
            | {"DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"]},
            timeout=60,
            check=False,
            capture_output=True,
        )
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert len(stripe.transfers) == (1 if when == "after" else 0)
        for minutes in (3, 6):
            line.work()
            paying.advance(line.now + timedelta(minutes=minutes), Event())
    assert states(number) == [("ann", 4000, "paid"), ("bob", 2000, "paid")]
    assert (held("ann"), held("bob")) == (0, 0)
    assert sorted(t["destination"] for t in stripe.transfers) == [
        "acct_1AnnExample",
        "acct_1BobExample",
    ]
    assert balances("ann")[0].available == 0
    assert differences(now=line.now) == []
