"""links: where people, referrals and decisions have their own pages; empty where they have none."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse


def to(name: str, *arguments: object) -> str:
    """The address of a page of the console, or nothing for one that is not there."""
    try:
        return reverse(f"admin:{name}", args=arguments)
    except NoReverseMatch:
        return ""


def of_customer(user_id: str) -> str:
    """Somebody's page."""
    return to("customer", user_id) if user_id else ""


def of_about(about: str) -> str:
    """The page of what a task, a dispute or an entry is about, such as `dispute:7`."""
    kind, _, rest = about.partition(":")
    if kind == "dispute" and rest.isdigit():
        return to("dispute", int(rest))
    if kind == "payout" and rest.isdigit():
        return to("payout", int(rest))
    if kind == "amend" and rest.isdigit():
        return to("amend", int(rest))
    if kind == "task" and rest.isdigit():
        return to("task", int(rest))
    if kind == "customer":
        return of_customer(rest)
    if kind == "due":
        return to("payouts_new")
    if kind == "referral":
        program, _, friend = rest.partition("/")
        return to("referral", program, friend.removesuffix("@accepted").removesuffix("@activated"))
    return ""
