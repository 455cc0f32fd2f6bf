"""A company with something in every queue."""

from __future__ import annotations

from datetime import datetime, timedelta

from banyan.core.events import clock
from banyan.core.ledger.read import balance
from banyan.core.referrals.read import decisions
from banyan.growth.feedback.acts import raise_dispute
from banyan.growth.payouts import acts, payees
from tests.rooms.pipeline.line import PROGRAM, Line

PROMPT = PROGRAM.replace(", hold: 14d", "").replace("count: 2", "count: 1")
CAREFUL = (
    PROMPT.replace("program: spring", "program: careful").replace("count: 1", "count: 9")
    + "risk:\n  - {id: many, when: 'friends_total > 0', then: hold, for: advocate}\n"
)
BANK = {"holder": "Ann Example", "account": "DE89370400440532013000", "bank": "Example Bank"}


class Shop(Line):
    """Ann earned 20 dollars and was refused 20 more; cora's two rewards are held, one of them over
    a friend with whom she shares a device. Three friends have not gone on to buy."""

    def __init__(self) -> None:
        super().__init__()
        self.now = clock.now() - timedelta(hours=6)

    def open(self) -> None:
        """Let it happen."""
        self.publish(PROMPT)
        self.publish(CAREFUL)
        self.say("Referral Link Created", "ann", code="ANN", program="spring")
        for friend in ("ben", "cid"):
            self.say("Signed Up", friend, referral_code="ANN")
            self.say("Order Completed", friend, order_id=friend, total=60, currency="USD")
        self.say("Referral Link Created", "cora", code="CORA", program="careful")
        self.say("Signed Up", "cora", anonymousId="web-7")
        for friend, browser in (("dora", "web-7"), ("emil", "web-8")):
            self.say("Signed Up", friend, anonymousId=browser, referral_code="CORA")
            self.say("Order Completed", friend, order_id=friend, total=60, currency="USD")
        for friend in ("finn", "gina", "hugo"):
            self.say("Signed Up", friend, referral_code="ANN")
        self.say("identify", "ann", traits={"name": "Ann Example"})
        self.work()

    def held(self, user_id: str) -> int:
        """What of the cash can be spent."""
        return balance(f"wallet:{user_id}:available", "cash USD")

    def dispute(self, *, at: datetime | None = None) -> int:
        """Ann disputes what she was refused; its number."""
        [row] = decisions(beneficiary="ann", outcome="rejected")
        text = "Ben bought for 60 dollars, not for 40."
        return raise_dispute("ann", about=row.decision_id, text=text, now=at or clock.now()).number

    def dispute_each(self) -> list[int]:
        """Ann disputes two referrals that have not counted; their numbers."""
        abouts = ("spring/finn", "spring/gina")
        return [
            raise_dispute("ann", about=about, text="So!", now=clock.now()).number
            for about in abouts
        ]

    def account(self, user_id: str) -> None:
        """Somebody says where to pay, and it is verified."""
        payees.set_payee("customer", user_id, method="bank", given=BANK, now=clock.now())
        payees.verify("user:99", user_id, now=clock.now())

    def fill_payouts(self) -> None:
        """A batch that waits for approval."""
        self.account("ann")
        acts.prepare("user:99", unit="cash USD", method="bank", now=clock.now())
