"""invitations: how somebody gets their first password, or a new one: by a link that works once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import get_user_model

from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.trust.audit.acts import record
from banyan.trust.staff import acts, sessions
from banyan.trust.staff.acts import BadMember, address_of, check_password
from banyan.trust.staff.models import Link
from banyan.trust.staff.read import Member, by_email, member

INVITATION_GOOD_FOR = timedelta(days=7)
RESET_GOOD_FOR = timedelta(hours=24)
"""Of a link that somebody else made."""
FORGOTTEN_GOOD_FOR = timedelta(hours=2)
"""Of a link that anybody may ask for who knows the address."""


class LinkGone(Problem):
    """A link that was used, withdrawn or is too old, or never was."""

    status = 410

    def __init__(self) -> None:
        super().__init__("This link was used, replaced by a newer one, or is too old; ask again.")


class WrongPassword(Problem):
    """Not the password of now."""


@dataclass(frozen=True)
class Made:
    """A link for a member. `url` holds its secret and can be read here alone."""

    member: Member
    url: str
    expires_at: datetime


@dataclass(frozen=True)
class Open:
    """Whom a link lets set their password."""

    member: Member
    is_invitation: bool


@dataclass(frozen=True)
class Invited:
    """Somebody who has not set a password yet; `expires_at` is None once no link is open."""

    member: Member
    expires_at: datetime | None


def invite(actor: str, email: str, *, roles: Iterable[str], name: str = "", now: datetime) -> Made:
    """Somebody new, and the link by which they set their password. Raises BadMember.

    Who was invited before and never came in is invited anew, with these roles.
    """
    with one_transaction():
        known = by_email(address_of(email))
        if known is None:
            known = acts.add(actor, email, roles=roles, password=None, name=name, now=now)
        elif has_password(known.id):
            raise BadMember(f"email: {known.email} works here already")
        else:
            acts.set_roles(actor, known.id, roles=roles, now=now)
            acts.set_active(actor, known.id, is_active=True, now=now)
        return _made(actor, known.id, "staff.invited", INVITATION_GOOD_FOR, now)


def invite_again(actor: str, user_id: int, *, now: datetime) -> Made:
    """A new link for who has not come in yet; the older one works no more. Raises BadMember."""
    with one_transaction():
        _check_never_came(user_id)
        acts.set_active(actor, user_id, is_active=True, now=now)
        return _made(actor, user_id, "staff.invited", INVITATION_GOOD_FOR, now)


def withdraw(actor: str, user_id: int, *, now: datetime) -> None:
    """Take back the invitation of who has not come in yet. Raises BadMember."""
    with one_transaction():
        _check_never_came(user_id)
        _close_links(user_id, now)
        acts.set_active(actor, user_id, is_active=False, now=now)
        record(actor, "staff.invitation_withdrawn", f"user:{user_id}", now=now)


def reset(actor: str, user_id: int, *, now: datetime) -> Made:
    """A link by which a member sets a new password; the old one works until then. Raises
    BadMember."""
    with one_transaction():
        return _made(actor, user_id, "staff.password_link", RESET_GOOD_FOR, now)


def forgotten(email: str, *, now: datetime) -> Made | None:
    """The same for who asks by themselves; None when the address is nobody's who may sign in."""
    known = by_email(email.strip().lower())
    if known is None or not known.is_active or not known.roles:
        return None
    with one_transaction():
        return _made(known.actor, known.id, "staff.password_link", FORGOTTEN_GOOD_FOR, now)


def opened(token: str, *, now: datetime) -> Open:
    """Whom a link is for, without using it up. Raises LinkGone."""
    row = Link.objects.filter(
        token_sha256=_sha256(token), used_at=None, withdrawn_at=None, expires_at__gt=now
    ).first()
    found = member(row.user_id) if row else None
    if row is None or found is None or not found.is_active:
        raise LinkGone
    return Open(found, row.purpose == Link.Purpose.INVITATION)


def choose_password(token: str, password: str, *, now: datetime) -> Member:
    """Set the password by a link, which is used up; ends every session of theirs. Raises LinkGone,
    BadMember."""
    with one_transaction():
        mine = opened(token, now=now).member
        check_password(password, mine.id)
        used = Link.objects.filter(token_sha256=_sha256(token), used_at=None).update(used_at=now)
        if not used:
            raise LinkGone
        _set(mine.id, password)
        sessions.end_all(mine.id, now=now)
        record(mine.actor, "staff.password_set", mine.actor, now=now)
    return mine


def change_password(
    user_id: int, *, old: str, new: str, session: int | None, now: datetime
) -> None:
    """Their own password, by who knows the old one; ends every other session of theirs. Raises
    WrongPassword, BadMember."""
    user = get_user_model().objects.get(pk=user_id)
    if not user.check_password(old):
        raise WrongPassword("old: this is not your password of now")
    check_password(new, user_id)
    with one_transaction():
        _set(user_id, new)
        _close_links(user_id, now)
        sessions.end_all(user_id, now=now, but=session)
        record(f"user:{user_id}", "staff.password_set", f"user:{user_id}", now=now)


def invited(*, now: datetime) -> list[Invited]:
    """Who was invited and has not come in, by address."""
    open_until = dict(
        Link.objects.filter(
            purpose=Link.Purpose.INVITATION, used_at=None, withdrawn_at=None, expires_at__gt=now
        ).values_list("user", "expires_at")
    )
    users = get_user_model().objects.filter(is_staff=True, is_active=True).order_by("username")
    waiting = [user.pk for user in users if not user.has_usable_password()]
    found = [one for pk in waiting if (one := member(pk))]
    return [Invited(one, open_until.get(one.id)) for one in found]


def has_password(user_id: int) -> bool:
    """Whether they have ever set one."""
    return bool(get_user_model().objects.get(pk=user_id).has_usable_password())


def forget(*, now: datetime) -> int:
    """Delete links that are over; how many."""
    deleted, _rows = Link.objects.filter(expires_at__lt=now - INVITATION_GOOD_FOR).delete()
    return deleted


def _made(actor: str, user_id: int, verb: str, good_for: timedelta, now: datetime) -> Made:
    found = member(user_id)
    if found is None or not found.is_active:
        raise BadMember("user: who is shut out gets no link; let them in again first")
    _close_links(user_id, now)
    token = secrets.token_urlsafe(32)
    is_invitation = verb == "staff.invited"
    Link.objects.create(
        user_id=user_id,
        purpose=Link.Purpose.INVITATION if is_invitation else Link.Purpose.PASSWORD,
        token_sha256=_sha256(token),
        made_at=now,
        made_by=actor,
        expires_at=now + good_for,
    )
    record(actor, verb, found.actor, now=now, after={"roles": list(found.roles)})
    return Made(found, f"{settings.BASE_URL}/console/password/{token}/", now + good_for)


def _check_never_came(user_id: int) -> None:
    found = member(user_id)
    if found is None or has_password(user_id):
        raise BadMember("user: only who has not come in yet can be invited again or uninvited")


def _close_links(user_id: int, now: datetime) -> None:
    Link.objects.filter(user=user_id, used_at=None, withdrawn_at=None).update(withdrawn_at=now)


def _set(user_id: int, password: str) -> None:
    user = get_user_model().objects.get(pk=user_id)
    user.set_password(password)
    user.save(update_fields=["password"])


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
