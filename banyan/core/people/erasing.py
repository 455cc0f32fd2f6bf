"""erasing: what of a person goes, and what of later events no longer comes in.

A person was erased at a position of the log. What stood at or below it is gone for good, and what
comes later is not kept either (a shop's nightly copy must not bring it all back), until the person
consents to something anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from banyan.core.people.models import Consent, Contact, Profile
from banyan.kernel.database import among, read

ERASED = "Customer Erased"


@dataclass(frozen=True)
class Erased:
    """Since which position a person is erased, and from which on they are welcome again."""

    position: int
    back_from: int | None

    def bars(self, position: int) -> bool:
        """Whether personal data of an event at that position may not be kept."""
        return self.back_from is None or position < self.back_from


def erased_among(customers: Sequence[str]) -> dict[str, Erased]:
    """Of these customers those who were erased, by user id."""
    where, parameters = among("customer", customers)
    rows = read(
        f"SELECT customer, max(position) FROM people_erasure WHERE {where} GROUP BY customer",
        parameters,
        {"customer": pl.String(), "position": pl.Int64()},
    )
    return {customer: Erased(at, _back_from(customer, at)) for customer, at in rows.iter_rows()}


def drop_personal(customer: str, *, position: int) -> tuple[int, int]:
    """Delete a customer's profile and contacts taken from events up to a position; how many of
    each. The order, profile before contacts, is that of `save`, so that neither waits for the
    other."""
    profiles, _ = Profile.objects.filter(customer=customer, position__lte=position).delete()
    contacts, _ = Contact.objects.filter(customer=customer, first_position__lte=position).delete()
    return profiles, contacts


def _back_from(customer: str, erased: int) -> int | None:
    given = Consent.objects.filter(customer=customer, is_given=True, position__gt=erased)
    return given.order_by("position").values_list("position", flat=True).first()
