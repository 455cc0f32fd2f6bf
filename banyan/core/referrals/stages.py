"""stages: the one state machine of a referral, and what of it an advocate sees.

referred → invited → accepted → activated → purchased → rewarded, then repurchased; `lost` ends it.
The public states and the funnel are views of it. Reaching a stage is a row; which row came last in
this order is where the referral stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Stage = Literal[
    "referred", "invited", "accepted", "activated", "purchased", "rewarded", "repurchased", "lost"
]
PublicState = Literal["submitted", "contacted", "closed", "lost"]

STAGES: tuple[Stage, ...] = (
    "referred",
    "invited",
    "accepted",
    "activated",
    "purchased",
    "rewarded",
    "repurchased",
    "lost",
)
"""In their order."""

PUBLIC_STATES: Mapping[Stage, PublicState] = {
    "referred": "submitted",
    "invited": "submitted",
    "accepted": "contacted",
    "activated": "contacted",
    "purchased": "closed",
    "rewarded": "closed",
    "repurchased": "closed",
    "lost": "lost",
}
"""What an advocate is shown: 已提交, 已联系, 已成交; or lost, with the reason."""

ACTIVATING = ("Signed Up", "Account Created")
PURCHASE = "Order Completed"
ACCEPT = "Referral Accepted"
DECLINE = "Referral Declined"
"""Events of the friend that move a referral on. The two last are about the program that their
`program` names; without one, about each."""


def current(reached: Mapping[Stage, object]) -> Stage:
    """Where a referral stands that has reached these stages."""
    return max(reached, key=STAGES.index)
