"""A thin, typed client of Banyan.

with Banyan("https://refer.example.com", "sk_live_…") as banyan:
    link = banyan.links.make("meundies", advocate="ann")
    with banyan.events() as events:
        events.track("Order Completed", user_id="ben", properties={"order_id": "1001"})
    for decision in banyan.decisions.list(beneficiary="ann"):
        print(decision.why)
"""

from banyan_client.client import Banyan
from banyan_client.decisions import Decision
from banyan_client.events import Events, Refused
from banyan_client.links import Link
from banyan_client.referrals import Referral
from banyan_client.requests import Fault, Refusal, Unreachable
from banyan_client.wallets import Balance, Moved, Movement

__all__ = [
    "Balance",
    "Banyan",
    "Decision",
    "Events",
    "Fault",
    "Link",
    "Moved",
    "Movement",
    "Referral",
    "Refusal",
    "Refused",
    "Unreachable",
]
