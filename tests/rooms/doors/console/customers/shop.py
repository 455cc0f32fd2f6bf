"""A company whose customers the console's pages tell of: Ms Wang brought friends, not all count."""

from __future__ import annotations

from datetime import timedelta

from banyan.core.events import clock
from banyan.core.programs.acts import make_link
from tests.rooms.pipeline.line import Line

PROGRAM = """
program: friends
version: 1
currency: CNY
friends: {where: "NOT is_known"}
attribution: {window: 30d, joins_on: [Signed Up]}
milestones:
  bought: {on: Order Completed, where: "total >= 50", within: 60d}
rewards:
  thanks:
    {to: advocate, on: bought, give: credit, amount: 20.00, hold: 7d,
     caps: [{per: advocate, count: 1}]}
  welcome: {to: friend, on: joined, give: points, amount: 10}
risk:
  - {id: same-device, when: "same_device", then: hold, for: advocate}
"""


class Shop(Line):
    """Its clock is the installation's, so that pages see what it says."""

    def __init__(self) -> None:
        super().__init__()
        self.now = clock.now() - timedelta(days=1)

    def open(self) -> None:
        """wang brought li, who bought; zhao, whom the cap refused; qian, who bought too little; she
        also invited sun, who was known before."""
        self.publish(PROGRAM)
        self.say("identify", "wang", traits={"name": "王小明", "phone": "13812341234"},
                 context={"device": {"id": "phone-1"}})  # fmt: skip
        self.link("wang", "WANG")
        self.say("Signed Up", "li", referral_code="WANG")
        self.order("li", "o1", 80)
        self.say("Signed Up", "zhao", referral_code="WANG")
        self.order("zhao", "o2", 90)
        self.say("Signed Up", "qian", referral_code="WANG")
        self.order("qian", "o3", 10)
        self.order("sun", "o4", 10)
        self.say("Signed Up", "sun", referral_code="WANG")
        self.work()

    def link(self, user_id: str, code: str) -> None:
        """A code, in the table and in the log."""
        make_link("tester", program="friends", advocate=user_id, code=code, now=self.now)
        self.say("Referral Link Created", user_id, code=code, program="friends")

    def order(self, user_id: str, order_id: str, total: object) -> None:
        """One order."""
        self.say("Order Completed", user_id, order_id=order_id, total=total, currency="CNY")
