"""Law 4: the log replayed is the live ledger; what was damaged by hand is named."""

import pytest
from django.db import connection, transaction

from banyan.pipeline.verify import run
from tests.installation import Installation
from tests.rooms.pipeline.line import PROGRAM, Line


def story() -> None:
    line = Line()
    line.say("Signed Up", "old")
    line.publish()
    line.story()
    line.say("Referral Link Clicked", anonymousId="web-9", code="nobody")
    line.work(3)
    line.publish(PROGRAM.replace("version: 1", "version: 2").replace("20.00", "5.00"))
    line.say("Wallet Spent", "ben", unit="points", amount=60, reference="r1")
    line.say("Signed Up", "dan", referral_code="ANN")
    line.say("Order Completed", "dan", order_id="o9", total=50, currency="USD")
    line.work(1)


def test_a_live_ledger_is_what_its_log_says(installation: Installation) -> None:
    story()
    report = run()
    assert report.differences == ()
    assert (report.position, report.versions, report.count) == (13, 2, 0)
    assert (report.decisions, report.transfers) == (6, 11)
    assert installation.banyan("verify").stdout == (
        "13 positions, 2 published versions, 6 decisions, 11 transfers: no difference.\n"
    )


DAMAGES = [
    (
        "UPDATE ledger_transfer SET amount = 1999 WHERE transfer_id = 'spring/thanks/ann/7/grant'",
        "transfers spring/thanks/ann/7/grant: amount is 1999, should be 2000",
    ),
    (
        "DELETE FROM referrals_decision WHERE decision_id = 'spring/welcome/cid/5'",
        "decisions spring/welcome/cid/5: is missing",
    ),
    (
        "UPDATE ledger_balance SET amount = amount + 1 WHERE account = 'wallet:ann:pending'",
        "balances wallet:ann:pending cash USD: amount is 2501, should be 2500",
    ),
    (
        "UPDATE referrals_referral SET advocate = 'eve' WHERE friend = 'ben'",
        "referrals spring ben: advocate is eve, should be ann",
    ),
    (
        "INSERT INTO referrals_reject (position, code, sentence) VALUES (2, 'no_id', '')",
        "rejects 2: should not be there",
    ),
    (
        "UPDATE referrals_reversal SET amount = 1",
        "reversals spring/thanks/ann/6 9: amount is 1, should be 2000",
    ),
]


def test_a_row_damaged_by_hand_is_named(
    installation: Installation, subtests: pytest.Subtests
) -> None:
    story()
    for damage, named in DAMAGES:
        with subtests.test(named), transaction.atomic():
            damaged(damage)
            assert [str(one) for one in run().differences] == [named]
            transaction.set_rollback(True)
    assert run().differences == ()
    damage, named = DAMAGES[0]
    damaged(damage)
    done = installation.banyan("verify")
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == named


def damaged(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        assert cursor.rowcount == 1
