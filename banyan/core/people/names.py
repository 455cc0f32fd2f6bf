"""names: how people are shown to one another. Without their yes, never by a whole name."""

from __future__ import annotations

from collections.abc import Collection

from banyan.core.people.models import Customer, Profile
from banyan.core.people.profiles import opened_traits
from banyan.core.people.read import consenting, masked_names

NAME_SHOWN = "name_shown"
"""The consent by which a friend lets those who recommended them see the whole name."""

CHOSEN = "shownName"
"""The trait by which an advocate says how their name appears to friends."""

LONGEST_CHOSEN = 40


def speaker(user_id: str) -> str:
    """The user id that speaks for this one: itself, unless it was merged into another."""
    into = Customer.objects.filter(user_id=user_id).values_list("merged_into", flat=True).first()
    return into or user_id


def ids_of(user_id: str) -> tuple[str, ...]:
    """A user id and those for which it speaks."""
    former = Customer.objects.filter(merged_into=user_id).order_by("user_id")
    return (user_id, *former.values_list("user_id", flat=True))


def friends_names(user_ids: Collection[str]) -> dict[str, str]:
    """How friends are shown to who recommended them: masked, whole for who agreed; empty for
    somebody of whom nothing is known."""
    wanted = sorted({user_id for user_id in user_ids if user_id})
    names = masked_names(wanted)
    agreeing = consenting(wanted, NAME_SHOWN)
    for row in Profile.objects.filter(customer__in=agreeing):
        name = opened_traits(row.customer, bytes(row.sealed)).get("name")
        if isinstance(name, str) and name.strip():
            names[row.customer] = name.strip()
    return names


def advocates_name(user_id: str) -> str:
    """How one advocate is shown to friends."""
    return advocates_names([user_id])[user_id]


def advocates_names(user_ids: Collection[str]) -> dict[str, str]:
    """How advocates are shown to friends: as they chose, else masked; empty for somebody of whom
    nothing is known."""
    names = masked_names(user_ids)
    for row in Profile.objects.filter(customer__in=user_ids):
        chosen = opened_traits(row.customer, bytes(row.sealed)).get(CHOSEN)
        if isinstance(chosen, str) and chosen.strip():
            names[row.customer] = chosen.strip()[:LONGEST_CHOSEN]
    return names
