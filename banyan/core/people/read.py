"""read: who a customer is. What is personal is opened here: callers write down who looked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from banyan.core.people import models
from banyan.core.people.contacts import Kind, stand_in
from banyan.core.people.erasing import erased_among
from banyan.core.people.masks import mask_email, mask_name, mask_phone
from banyan.core.people.profiles import KINDS, contact_context, opened_traits
from banyan.kernel.database import is_postgres
from banyan.kernel.errors import Problem
from banyan.kernel.sealing import unseal


class MergedAway(Problem):
    """A user id for which another one speaks."""

    status = 409
    code = "merged_away"

    def __init__(self, user_id: str, into: str) -> None:
        super().__init__(f"Customer {user_id!r} was merged into {into!r}; name that one.")
        self.into = into


@dataclass(frozen=True)
class ContactRow:
    """A contact as the customer gave it, and its stand-in in the log."""

    kind: Kind
    value: str
    token: str
    first_position: int


@dataclass(frozen=True)
class CustomerRow:
    """One customer, opened. `merged_from` are the user ids this one speaks for."""

    user_id: str
    first_position: int
    first_seen_at: datetime
    last_seen_at: datetime
    erased_at: datetime | None
    merged_into: str | None
    merged_from: tuple[str, ...]
    locale: str
    traits: dict[str, object]
    contacts: tuple[ContactRow, ...]


@dataclass(frozen=True)
class Whole:
    """Everything a person is known by: user ids, visitors' ids, stand-ins of contacts."""

    is_known: bool
    user_ids: tuple[str, ...]
    visitors: tuple[str, ...]
    tokens: tuple[str, ...]


@dataclass(frozen=True)
class ConsentRow:
    """One yes or no; a no with an empty purpose is a no to everything."""

    position: int
    purpose: str
    is_given: bool
    text_version: str
    channel: str
    occurred_at: datetime


@dataclass(frozen=True)
class IdentityRow:
    """A visitor's id, and from which position on it belongs to the customer."""

    anonymous_id: str
    first_position: int


def customer(user_id: str) -> CustomerRow | None:
    """One customer with traits and contacts in clear; None for an unknown user id.

    Contacts are those of the ids it speaks for too; traits are its own.
    """
    row = models.Customer.objects.filter(user_id=user_id).first()
    if row is None:
        return None
    profile = models.Profile.objects.filter(customer=user_id).first()
    erasure = models.Erasure.objects.filter(customer=user_id).order_by("position").last()
    merged = models.Customer.objects.filter(merged_into=user_id).order_by("user_id")
    merged_from = tuple(merged.values_list("user_id", flat=True))
    return CustomerRow(
        user_id=user_id,
        first_position=row.first_position,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        erased_at=erasure.erased_at if erasure else None,
        merged_into=row.merged_into,
        merged_from=merged_from,
        locale=profile.locale if profile else "",
        traits=opened_traits(user_id, bytes(profile.sealed)) if profile else {},
        contacts=tuple(contacts([user_id, *merged_from])),
    )


def contacts(user_ids: Sequence[str]) -> list[ContactRow]:
    """Contacts of these customers in clear, in the order they were given."""
    rows = models.Contact.objects.filter(customer__in=user_ids).order_by("first_position", "kind")
    return [_contact(row) for row in rows]


def by_contact(kind: Kind, value: str) -> list[str]:
    """User ids of the customers who gave this contact, however it was written; of merged ones the
    id that speaks for them."""
    token = stand_in(kind, value)
    owners = models.Contact.objects.filter(kind=kind, token=token).values("customer")
    rows = models.Customer.objects.filter(user_id__in=owners).order_by("user_id")
    return sorted({row.merged_into or row.user_id for row in rows})


def search(text: str, *, after: str = "", limit: int = 50) -> list[str]:
    """User ids that begin with a text, or whose contact it is, in order; `after` is the one to go
    on from. An empty text finds everybody."""
    found = _begins_with(text)
    if text:
        tokens = [token for kind in KINDS if (token := stand_in(kind, text))]
        owners = models.Contact.objects.filter(token__in=tokens).values("customer")
        found |= Q(user_id__in=owners)
    rows: QuerySet[models.Customer] = models.Customer.objects.filter(found, user_id__gt=after)
    return list(rows.order_by("user_id").values_list("user_id", flat=True)[:limit])


def whole(user_id: str) -> Whole:
    """The ids under which a person is known: itself and those it speaks for. Raises MergedAway."""
    row = models.Customer.objects.filter(user_id=user_id).first()
    if row is not None and row.merged_into is not None:
        raise MergedAway(user_id, row.merged_into)
    former = models.Customer.objects.filter(merged_into=user_id).order_by("user_id")
    ids = (user_id, *former.values_list("user_id", flat=True))
    visitors = models.Identity.objects.filter(customer__in=ids).order_by("first_position", "pk")
    tokens = models.Contact.objects.filter(customer__in=ids).order_by("token")
    return Whole(
        is_known=row is not None,
        user_ids=ids,
        visitors=tuple(dict.fromkeys(visitors.values_list("anonymous_id", flat=True))),
        tokens=tuple(dict.fromkeys(tokens.values_list("token", flat=True))),
    )


def identities(user_id: str) -> list[IdentityRow]:
    """A customer's visitor ids, the first ones first."""
    rows = models.Identity.objects.filter(customer=user_id).order_by("first_position", "pk")
    return [IdentityRow(row.anonymous_id, row.first_position) for row in rows]


def invitations(tokens: Iterable[str]) -> list[int]:
    """Positions of the events in which somebody else gave one of these contacts (stand-ins)."""
    rows = models.Invitation.objects.filter(token__in=set(tokens)).order_by("position")
    return list(dict.fromkeys(rows.values_list("position", flat=True)))


def consents(user_id: str) -> list[ConsentRow]:
    """Everything a customer said about being written to, shown and the like, in order."""
    rows = models.Consent.objects.filter(customer=user_id).order_by("position")
    return [
        ConsentRow(
            row.position,
            row.purpose,
            row.is_given,
            row.text_version,
            row.channel,
            row.occurred_at,
        )
        for row in rows
    ]


def consenting(user_ids: Iterable[str], purpose: str) -> frozenset[str]:
    """Of these customers those whose last word on the purpose is yes; who said nothing did not."""
    said = models.Consent.objects.filter(customer__in=set(user_ids), purpose__in=("", purpose))
    last = {row.customer: row.is_given for row in said.order_by("position")}
    return frozenset(customer for customer, is_given in last.items() if is_given)


def erased_at(user_id: str) -> datetime | None:
    """When the customer was erased; None for who was not, or has consented to something anew."""
    erased = erased_among([user_id]).get(user_id)
    if erased is None or erased.back_from is not None:
        return None
    return models.Erasure.objects.get(position=erased.position).erased_at


def erased_between(after: int, upto: int) -> list[str]:
    """User ids that were erased by events above one position up to another."""
    rows = models.Erasure.objects.filter(position__gt=after, position__lte=upto)
    return list(rows.order_by("position").values_list("customer", flat=True))


def erased_contacts(tokens: Iterable[str]) -> frozenset[str]:
    """Of these contacts (stand-ins) those whose owner had them erased."""
    rows = models.ErasedContact.objects.filter(token__in=set(tokens))
    return frozenset(rows.values_list("token", flat=True))


def masked_names(user_ids: Iterable[str]) -> dict[str, str]:
    """How each customer may be shown to others: by a masked name, else e-mail address, else phone
    number; empty when nothing is known."""
    asked = list(dict.fromkeys(user_ids))
    names = {
        row.customer: mask_name(_full_name(opened_traits(row.customer, bytes(row.sealed))))
        for row in models.Profile.objects.filter(customer__in=asked)
    }
    shown: dict[str, str] = {}
    rows = models.Contact.objects.filter(customer__in=asked).order_by("kind", "-first_position")
    for row in rows:
        if not names.get(row.customer) and row.customer not in shown:
            contact = _contact(row)
            mask = mask_email if contact.kind == "email" else mask_phone
            shown[row.customer] = mask(contact.value)
    return {user_id: names.get(user_id) or shown.get(user_id, "") for user_id in asked}


def _begins_with(text: str) -> Q:
    """On SQLite `startswith` does not tell `U1` from `u1`, and a range of texts is one of bytes."""
    if is_postgres():
        return Q(user_id__startswith=text)
    return Q(user_id__gte=text, user_id__lt=text + "\U0010ffff")


def _full_name(traits: dict[str, object]) -> str:
    """`name`, else given and family name: Chinese ones without a space, the family first."""
    whole, first, last = (
        value.strip() if isinstance(value := traits.get(name), str) else ""
        for name in ("name", "firstName", "lastName")
    )
    if whole:
        return whole
    if (first + last).isascii() or not (first and last):
        return f"{first} {last}".strip()
    return last + first


def _contact(row: models.Contact) -> ContactRow:
    kind: Kind = "email" if row.kind == "email" else "phone"
    value = unseal(bytes(row.sealed), context=contact_context(row.customer, kind)).decode()
    return ContactRow(kind, value, row.token, row.first_position)
