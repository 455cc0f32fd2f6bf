"""Where a customer wants earned cash: entered, agreed to, checked by somebody, removed."""

from __future__ import annotations

import pytest

from banyan.growth.payouts import payees
from banyan.trust.audit.read import entries
from tests.installation import Installation
from tests.rooms.doors.portal.me import PROGRAM, Company, signed_in, text_of

CASH = (
    PROGRAM.replace("give: credit, amount: 20.00, hold: 7d", "give: cash, amount: 20.00")
    .replace(
        "{give: credit, per: advocate, amount: 30.00}", "{give: cash, per: program, amount: 9}"
    )
    .replace("amount: 9}", "amount: 900.00}")
)
FORM = {"method": "alipay", "holder": "安娜", "account": "13812345678"}


@pytest.fixture
def company(installation: Installation) -> Company:
    """Ann earned 20 yuan in cash."""
    company = Company()
    company.publish(CASH)
    company.member("ann", "ANN")
    company.friend("ben", "ANN", 60)
    company.work()
    return company


def test_an_account_is_entered_with_agreement_and_shown_masked(company: Company) -> None:
    ann = signed_in(company, "ann")
    assert "Payout" in text_of(ann.get("/me/rewards/"))
    page = text_of(ann.get("/me/payout/"))
    assert "You can have CN¥20.00 paid out. We pay from CN¥10.00 on" in page
    reply = ann.post("/me/payout/", FORM)
    assert reply.status_code == 422
    assert "Tick the box" in text_of(reply)
    assert b"13812345678" in reply.content  # nothing typed is lost
    reply = ann.post("/me/payout/", FORM | {"agreed": "1", "account": "12"})
    assert (reply.status_code, payees.payee("ann")) == (422, None)
    assert ann.post("/me/payout/", FORM | {"agreed": "1"}).status_code == 302
    page = text_of(ann.get("/me/payout/"))
    assert "安* 138****5678" in page
    assert "We check this account before we pay to it." in page
    assert "13812345678" not in page
    [entry] = entries(verb="payee.set")
    assert (entry.actor, entry.after) == (
        "customer:ann",
        {"method": "alipay", "shown": "安* 138****5678"},
    )


def test_a_checked_account_says_so_and_can_be_removed(company: Company) -> None:
    ann = signed_in(company, "ann")
    ann.post("/me/payout/", FORM | {"agreed": "1"})
    payees.verify("user:1", "ann", now=company.now)
    assert "Checked. We pay to this account." in text_of(ann.get("/me/payout/"))
    ann.post("/me/payout/remove")
    assert payees.payee("ann") is None
    assert ann.post("/me/payout/remove").status_code == 302


def test_nobody_else_sees_it(company: Company) -> None:
    payees.set_payee("customer", "ann", method="alipay", given=FORM, now=company.now)
    assert "138****5678" not in text_of(signed_in(company, "ben").get("/me/payout/"))
