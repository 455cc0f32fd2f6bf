"""acts: who works here and what they may do; each change is written down in the audit log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from banyan.kernel.errors import Problem
from banyan.trust.audit.acts import record
from banyan.trust.staff import sessions
from banyan.trust.staff.models import Role
from banyan.trust.staff.read import Member, member
from banyan.trust.staff.rights import ROLES


class BadMember(Problem):
    """Somebody who cannot be added or changed like this."""


class LastAdmin(Problem):
    """Nobody would be left who may give roles."""


def add(
    actor: str,
    email: str,
    *,
    roles: Iterable[str],
    password: str | None,
    now: datetime,
    name: str = "",
) -> Member:
    """Somebody new. Without a password they cannot sign in until they set one by a link.

    Raises BadMember.
    """
    email, wanted = address_of(email), _roles(roles)
    if get_user_model().objects.filter(username=email).exists():
        raise BadMember(f"email: {email} works here already")
    if password is not None:
        check_password(password)
    with transaction.atomic():
        user = get_user_model().objects.create_user(
            username=email, email=email, password=password, first_name=name, is_staff=True
        )
        _give(actor, user.pk, wanted, now=now)
        record(actor, "staff.added", f"user:{user.pk}", now=now, after={"roles": wanted})
    return _member(user.pk)


def set_roles(actor: str, user_id: int, *, roles: Iterable[str], now: datetime) -> Member:
    """These roles and no others. Raises BadMember, LastAdmin."""
    wanted = _roles(roles)
    with transaction.atomic():
        before = _member(user_id)
        if "admin" in before.roles and "admin" not in wanted:
            _refuse_last_admin(user_id)
        Role.objects.filter(user=user_id).exclude(role__in=wanted).delete()
        _give(actor, user_id, [role for role in wanted if role not in before.roles], now=now)
        record(
            actor,
            "staff.roles_changed",
            f"user:{user_id}",
            now=now,
            before={"roles": list(before.roles)},
            after={"roles": wanted},
        )
    return _member(user_id)


def set_active(actor: str, user_id: int, *, is_active: bool, now: datetime) -> Member:
    """Let somebody in no more, which ends their sessions, or again. Raises BadMember, LastAdmin."""
    with transaction.atomic():
        before = _member(user_id)
        if before.is_active == is_active:
            return before
        if "admin" in before.roles and not is_active:
            _refuse_last_admin(user_id)
        get_user_model().objects.filter(pk=user_id).update(is_active=is_active)
        if not is_active:
            sessions.end_all(user_id, now=now)
        verb = "staff.let_in" if is_active else "staff.shut_out"
        record(actor, verb, f"user:{user_id}", now=now)
    return _member(user_id)


def _give(actor: str, user_id: int, roles: list[str], *, now: datetime) -> None:
    Role.objects.bulk_create(
        Role(user_id=user_id, role=role, given_at=now, given_by=actor) for role in roles
    )


def _refuse_last_admin(user_id: int) -> None:
    # Locked, so that two admins cannot take each other's role at once.
    others = Role.objects.select_for_update().filter(role="admin", user__is_active=True)
    others = others.exclude(user=user_id).select_related("user")
    # Who was invited and has not come yet cannot sign in: they could give nobody a role.
    if not any(one.user.has_usable_password() for one in others):
        raise LastAdmin("roles: somebody must remain who may give roles; make another admin first")


def address_of(email: str) -> str:
    """An e-mail address as it is kept. Raises BadMember."""
    found = email.strip().lower()
    try:
        validate_email(found)
    except ValidationError:
        raise BadMember(f"email: {email!r} is no e-mail address") from None
    return found


def _roles(roles: Iterable[str]) -> list[str]:
    wanted = set(roles)
    if unknown := wanted - ROLES.keys():
        raise BadMember(f"roles: there is no role {min(unknown)!r}; there are {', '.join(ROLES)}")
    if not wanted:
        raise BadMember("roles: give one role at least")
    return [role for role in ROLES if role in wanted]


def check_password(password: str, user_id: int | None = None) -> None:
    """Whether a password is good enough. Raises BadMember."""
    user = None if user_id is None else get_user_model().objects.get(pk=user_id)
    try:
        validate_password(password, user)
    except ValidationError as wrong:
        raise BadMember("password: " + " ".join(wrong.messages)) from None


def _member(user_id: int) -> Member:
    found = member(user_id)
    if found is None:
        raise BadMember(f"user: nobody has the number {user_id}")
    return found
