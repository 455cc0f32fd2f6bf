"""read: who works here, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth import get_user_model

from banyan.trust.staff.models import Role
from banyan.trust.staff.rights import ROLES, rights_of


@dataclass(frozen=True)
class Member:
    """Somebody of the staff."""

    id: int
    email: str
    name: str
    roles: tuple[str, ...]
    is_active: bool

    @property
    def actor(self) -> str:
        """How acts and the audit log name them."""
        return f"user:{self.id}"

    @property
    def rights(self) -> frozenset[str]:
        """What their roles may do together."""
        return rights_of(self.roles)

    def may(self, right: str) -> bool:
        """Whether one of their roles may do it."""
        return right in self.rights


def member(user_id: int) -> Member | None:
    """Somebody by number; None for one who was never here."""
    return next(iter(_members(pk=user_id)), None)


def by_email(email: str) -> Member | None:
    """Somebody by address, written as it is kept."""
    return next(iter(_members(username=email)), None)


def members() -> list[Member]:
    """Everybody, those who left included, by address."""
    return _members()


def by_role(role: str) -> list[Member]:
    """Who may be asked: active members with the role."""
    return [one for one in _members(is_active=True) if role in one.roles]


def _members(**conditions: object) -> list[Member]:
    users = list(get_user_model().objects.filter(**conditions).order_by("username"))
    roles: dict[int, set[str]] = {user.pk: set() for user in users}
    for user_id, role in Role.objects.filter(user__in=users).values_list("user_id", "role"):
        roles[user_id].add(role)
    return [
        Member(
            user.pk,
            user.get_username(),
            user.get_full_name() or user.get_username().partition("@")[0],
            tuple(role for role in ROLES if role in roles[user.pk]),
            user.is_active,
        )
        for user in users
    ]
