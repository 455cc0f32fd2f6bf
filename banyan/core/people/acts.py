"""acts: what is done to what is known of a person, beside what events say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from banyan.core.people.erasing import drop_personal
from banyan.core.people.models import Customer, ErasedContact, Erasure, Invitation
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem


class NoSuchCustomer(Problem):
    """A user id of which nothing is known here."""

    status = 404
    code = "no_such_customer"

    def __init__(self, user_id: str) -> None:
        super().__init__(f"There is no customer {user_id!r}; no decided event names this user id.")


class CannotMerge(Problem):
    """Two user ids that cannot become one person."""

    status = 409
    code = "cannot_merge"


@dataclass(frozen=True)
class Dropped:
    """How much of a person was deleted here."""

    profiles: int
    contacts: int


def erase(user_id: str, *, position: int, now: datetime) -> Dropped:
    """Delete what is personal of a customer, seen before or not, up to a position of the log: that
    of the event which says so, appended in the same transaction."""
    with one_transaction():
        # The customer's row first: `save` takes it first too, so that neither waits for the other
        # for ever.
        Customer.objects.select_for_update().filter(user_id=user_id).first()
        Erasure.objects.create(position=position, customer=user_id, erased_at=now)
        return Dropped(*drop_personal(user_id, position=position))


def erase_contacts(tokens: Iterable[str], *, position: int) -> list[int]:
    """From now on no invitation up to a position keeps these contacts (stand-ins); the positions of
    those known so far, whose sealed part the caller destroys."""
    known: list[int] = []
    for token in sorted(set(tokens)):
        ErasedContact.objects.update_or_create(token=token, defaults={"position": position})
        known += Invitation.objects.filter(token=token, position__lte=position).values_list(
            "position", flat=True
        )
    return sorted(set(known))


def expire_invitations(*, given_before: datetime, limit: int) -> list[int]:
    """Note no longer where contacts stand that others gave before a moment, at most `limit` of
    them; their positions, whose sealed part the caller destroys."""
    old = Invitation.objects.filter(given_at__lt=given_before).order_by("given_at")[:limit]
    rows = list(old.values_list("pk", "position"))
    Invitation.objects.filter(pk__in=[pk for pk, _ in rows]).delete()
    return sorted({position for _, position in rows})


def check_merge(former: str, into: str) -> None:
    """Whether `former` may become `into`. Raises NoSuchCustomer, CannotMerge."""
    if former == into:
        raise CannotMerge(f"Customer {former!r} cannot be merged with itself; name two user ids.")
    for user_id in (former, into):
        found = Customer.objects.filter(user_id=user_id).first()
        if found is None:
            raise NoSuchCustomer(user_id)
        if found.merged_into is not None:
            raise CannotMerge(
                f"Customer {user_id!r} was merged into {found.merged_into!r} before; name that one."
            )
        if Erasure.objects.filter(customer=user_id).exists():
            raise CannotMerge(f"Customer {user_id!r} was erased; there is nothing to merge.")


def merge(former: str, into: str) -> None:
    """Let `into` speak for `former` and for whom that spoke for. Raises what `check_merge` does.

    Nothing moves: referrals, money and events stay under the id they were decided for.
    """
    with one_transaction():
        both = Customer.objects.select_for_update().filter(user_id__in=(former, into))
        list(
            both.order_by("user_id")
        )  # held until the end, in the order in which `save` takes them
        check_merge(former, into)
        Customer.objects.filter(user_id=former).update(merged_into=into)
        Customer.objects.filter(merged_into=former).update(merged_into=into)
