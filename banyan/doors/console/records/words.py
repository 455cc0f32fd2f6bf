"""words: values of fields as people say them; what is no word of ours stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from banyan.doors.console.messages.texts import KIND_NAMES
from banyan.doors.console.queues import words as queues
from banyan.growth.amends import kinds as amend_kinds
from banyan.growth.payouts import methods
from banyan.growth.tasks import kinds as task_kinds

_WORDS: dict[str, str | Promise] = {
    "yes": _("yes"),
    "no": _("no"),
    "draft": _("draft"),
    "live": _("live"),
    "paused": _("paused"),
    "closed": _("closed"),
    "ordered": _("ordered"),
    "published": _("published"),
    "refused": _("refused"),
    "granted": _("granted"),
    "held": _("held"),
    "rejected": _("rejected"),
    "released": _("released"),
    "denied": _("denied"),
    "waiting": _("waiting"),
    "sent": _("sent"),
    "delivered": _("delivered"),
    "bounced": _("bounced"),
    "failed": _("failed"),
    "suppressed": _("not sent on purpose"),
    "none": _("inbox alone"),
    "dead": _("given up"),
    "active": _("active"),
    "disabled": _("disabled"),
    "open": _("open"),
    "done": _("answered"),
    "accepted": _("taken up"),
    "solved": _("solved"),
    "appealed": _("appealed"),
    "upheld": _("upheld"),
    "corrected": _("put right"),
    "withdrawn": _("withdrawn"),
    "confirmed": _("confirmed"),
    "declined": _("declined"),
    "erased": _("erased"),
    "expired": _("expired"),
    "email": _("e-mail"),
    "phone": _("phone"),
    "sms": _("text message"),
    "wechat": _("WeChat"),
    "site": _("inbox"),
    "click": _("click"),
    "code": _("code"),
    "invite": _("invitation"),
}
_SPOKEN = frozenset({"status", "state", "outcome", "verdict", "kind", "channel"})


def _names(states: Mapping[str, tuple[Promise, str]]) -> Mapping[str, Promise]:
    return {state: name for state, (name, _look) in states.items()}


def _texts(names: Mapping[Any, Promise]) -> Mapping[str, Promise]:
    """Names by a closed set of texts, as names by any text."""
    return dict(names)


OF_LIST: Mapping[tuple[str, str], Mapping[str, str | Promise]] = {
    ("amends", "kind"): _texts(amend_kinds.NAMES),
    ("amends", "state"): _names(queues.AMEND_STATES),
    ("comparisons", "status"): {
        "waiting": _("waiting"),
        "running": _("running"),
        "done": _("done"),
        "failed": _("failed"),
        "cancelled": _("cancelled"),
    },
    ("decisions", "standing"): {
        "granted": _("Granted"),
        "pending": _("Pending"),
        "part": _("Granted in part"),
        "held": _("Held"),
        "refused": _("Refused"),
        "denied": _("Denied"),
        "taken_back": _("Taken back"),
    },
    ("decisions", "reason"): {
        "risk": _("a check of the program"),
        "cap": _("a cap of the reward"),
        "limit": _("a limit of the program"),
        "zero_amount": _("nothing by the rule"),
        "stopped": _("the program was stopped"),
    },
    ("notices", "kind"): _texts(KIND_NAMES),
    ("payees", "method"): _texts(methods.NAMES),
    ("payees", "state"): _names(queues.PAYEE_STATES),
    ("payout-batches", "method"): _texts(methods.NAMES),
    ("payout-batches", "state"): _names(queues.BATCH_STATES),
    ("payout-lines", "state"): _names(queues.LINE_STATES),
    ("payout-results", "status"): {"paid": _("paid"), "failed": _("failed")},
    ("privacy-requests", "kind"): {
        "access": _("See their data"),
        "export": _("Take their data along"),
        "correct": _("Correct their data"),
        "erase": _("Erase their data"),
        "object": _("Object to a use of their data"),
    },
    ("reviews", "status"): {
        "open": _("open"),
        "returned": _("returned"),
        "withdrawn": _("withdrawn"),
        "void": _("replaced by a newer text"),
        "published": _("published"),
    },
    ("stages", "stage"): {
        "referred": _("Recommended"),
        "invited": _("Invited"),
        "accepted": _("Accepted"),
        "activated": _("Signed up"),
        "purchased": _("Bought"),
        "rewarded": _("Rewarded"),
        "repurchased": _("Bought again"),
        "lost": _("Lost"),
    },
    ("tasks", "kind"): _texts(task_kinds.NAMES),
    ("tasks", "role"): queues.ROLE_NAMES,
    ("tasks", "state"): {"open": _("open"), "done": _("done"), "dropped": _("dropped")},
    ("touches-lost", "reason"): {
        "already_referred": _("referred already"),
        "self_referral": _("referred themselves"),
        "outside_run": _("outside the program's time"),
        "outside_window": _("joined too late"),
        "advocate_not_eligible": _("the advocate could not take part"),
        "not_new": _("the friend could not take part"),
        "lost_to_other_touch": _("another invitation went before"),
    },
    ("touchpoints", "stage"): {
        "before": _("before the purchase"),
        "at": _("at the purchase"),
        "after": _("after the purchase"),
    },
    ("verdicts", "side"): queues.ROLE_NAMES,
}
"""Words of one list: what is done with a payout is not what is done with a request."""


def value_in_words(field: str, value: str, of: str = "") -> str:
    """A value of a field of that name, in the list named `of`, in words."""
    own = OF_LIST.get((of, field), {})
    if value in own:
        return str(own[value])
    if field == "unit":
        return queues.unit_name(value)
    return str(_WORDS.get(value, value)) if field in _SPOKEN or value in ("yes", "no") else value
