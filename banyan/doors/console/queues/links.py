"""links: where people, referrals and decisions have their own pages; empty where they have none."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse

from banyan.trust.staff.read import Member


def to(name: str, *arguments: object) -> str:
    """The address of a page of the console, or nothing for one that is not there."""
    try:
        return reverse(f"admin:{name}", args=arguments)
    except NoReverseMatch:
        return ""


def of_customer(user_id: str) -> str:
    """Somebody's page."""
    return to("customer", user_id) if user_id else ""


_OPENED_BY = {
    "dispute": ("disputes.handle",),
    "payout": ("payouts.read", "payouts.prepare", "payouts.approve"),
    "amend": ("wallets.credit", "referrals.edit", "payouts.approve"),
    "due": ("payouts.prepare",),
    "verdict": ("programs.review_legal", "programs.review_finance"),
    "check": ("programs.review_legal",),
    "privacy": ("customers.privacy",),
}
"""Rights of which one opens the page; the others are open to whoever reads tasks."""
_NUMBERED = ("dispute", "payout", "amend", "task")
"""Things with a page of that name for each number."""
_QUEUES = {
    "verdict": "approvals",
    "check": "approvals",
    "privacy": "privacy",
    "due": "payouts_new",
}
"""Things that are settled on a page of all of them."""


def of_about(about: str, me: Member) -> str:
    """The page of what a task, a dispute or an entry is about, such as `dispute:7`; nothing for who
    may not open it."""
    kind, _, rest = about.partition(":")
    if kind in _OPENED_BY and not any(me.may(right) for right in _OPENED_BY[kind]):
        return ""
    if kind in _NUMBERED:
        return to(kind, int(rest)) if rest.isdigit() else ""
    if kind in _QUEUES:
        return to(_QUEUES[kind])
    if kind == "customer":
        return of_customer(rest)
    if kind == "budget":
        return to("program_budget", rest)
    if kind == "preparation":
        return to("program_checklist", rest.partition("/")[0])
    if kind == "referral":
        program, _, friend = rest.partition("/")
        return to("referral", program, friend.removesuffix("@accepted").removesuffix("@activated"))
    return ""
