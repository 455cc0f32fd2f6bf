"""kinds: everything the staff can be asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Kind = Literal[
    "follow_up",
    "stuck",
    "ask",
    "consult",
    "approval",
    "dispute",
    "thanks",
    "review",
    "exception",
    "payout",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

NAMES: Mapping[Kind, Promise] = {
    "follow_up": _("Follow up"),
    "stuck": _("Stuck referral"),
    "ask": _("Ask for a referral"),
    "consult": _("Refer for a customer"),
    "approval": _("Approval"),
    "dispute": _("Dispute"),
    "thanks": _("Say thanks"),
    "review": _("Review"),
    "exception": _("Exception"),
    "payout": _("Payout"),
}
"""In the order in which they are offered."""

BY_HAND: tuple[Kind, ...] = ("follow_up", "ask", "consult", "thanks", "review", "exception")
"""What somebody may set by hand; all others come from what they are about."""

UNREACHED = "unreached"
"""The system's note with a task about a friend whom no message reached."""
