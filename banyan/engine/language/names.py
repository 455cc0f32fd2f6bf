"""Which names an expression may use, where, and what each stands for."""

from collections.abc import Mapping
from typing import Literal

from banyan.engine.language.terms import Kind, Terms

__all__ = ["Kind", "Place", "columns", "facts_of", "reserved", "sizes"]

Place = Literal["advocates", "friends", "milestone", "reward", "risk"]
"""Where an expression stands; `milestone` and `reward` also in self programs."""

FACTS: Mapping[str, Kind] = {
    "orders": "number",
    "spend": "number",
    "is_new": "boolean",
    "is_known": "boolean",
    "tenure_days": "number",
    "tier": "text",
    "tags": "text",
}
"""What is known of a person as of a position."""

RISK_FACTS: Mapping[str, Kind] = {
    "same_device": "boolean",
    "same_ip": "boolean",
    "same_contact": "boolean",
    "disposable_email": "boolean",
    "friends_24h": "number",
    "friends_total": "number",
    "device_friends": "number",
}
"""What is known of a join."""

ALWAYS_KNOWN: Mapping[str, Kind] = {
    "order_id": "text",
    "currency": "text",
    "coupon": "text",
    "total": "number",
}
"""Properties that need no declaration."""

SIDES = ("advocate", "friend")


def columns(program: Terms, place: Place) -> dict[str, Kind]:
    """Every name an expression at this place may use, with its kind."""
    if place in ("advocates", "friends"):
        return {**FACTS, **_experiments(program)}
    names = {**facts_of(program), **_experiments(program), **ALWAYS_KNOWN, **program.properties}
    if place == "reward":
        return {"nth": "number", **names}
    return {**RISK_FACTS, **names} if place == "risk" else names


def facts_of(program: Terms) -> dict[str, Kind]:
    """The facts an event's expressions know: of both sides, or of the customer."""
    if program.is_self:
        return dict(FACTS)
    return {f"{side}_{name}": kind for side in SIDES for name, kind in FACTS.items()}


def reserved() -> frozenset[str]:
    """Names no property or experiment may take."""
    sided = {f"{side}_{name}" for side in SIDES for name in FACTS}
    return frozenset({"nth", *FACTS, *sided, *RISK_FACTS})


_COUNTED = frozenset(
    {
        "nth",
        *(name for name, kind in RISK_FACTS.items() if kind == "number"),
        *(
            prefix + name
            for prefix in ("", "advocate_", "friend_")
            for name in ("orders", "tenure_days")
        ),
    }
)
_SUMMED = frozenset({"spend", "advocate_spend", "friend_spend"})


def sizes(name: str) -> tuple[int, int, bool]:
    """The least and the greatest value a number of this name can have, and whether it is whole.

    A reject keeps properties within 10^12; counts are never negative; spend is a sum of totals.
    """
    if name in _COUNTED:
        return 0, 10**12, True
    size = 10**18 if name in _SUMMED else 10**12
    return -size, size, False


def _experiments(program: Terms) -> dict[str, Kind]:
    return dict.fromkeys(program.experiments, "text")
