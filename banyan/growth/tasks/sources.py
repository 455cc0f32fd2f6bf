"""sources: the registry of people who could refer: what they are, how close, when last asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from banyan.growth.tasks.models import Source
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.kernel.sealing import seal, unseal

NAMES: Mapping[str, Promise] = {
    "customer": gettext_lazy("Current customer"),
    "former": gettext_lazy("Former customer"),
    "lead": gettext_lazy("Lead"),
    "leader": gettext_lazy("Leader of the trade"),
    "supplier": gettext_lazy("Supplier"),
}
"""In the order in which they are offered."""

LONGEST = 1_000


class BadSource(Problem):
    """Somebody who cannot be noted like this, or is not there."""

    status = 422
    code = "source_refused"


class _Said(msgspec.Struct):
    name: str
    note: str = ""


@dataclass(frozen=True)
class SourceRow:
    """Somebody who could refer. `relation` from 1 (distant) to 5 (close)."""

    number: int
    what: str
    relation: int
    customer: str
    name: str
    note: str
    owner: str
    asked_at: datetime | None


def add(
    actor: str,
    *,
    what: str,
    name: str,
    relation: int,
    note: str = "",
    customer: str = "",
    now: datetime,
) -> int:
    """Note somebody; name and note are sealed. The number. Raises BadSource."""
    said = _Said(name.strip()[:LONGEST], note.strip()[:LONGEST])
    if what not in NAMES:
        raise BadSource(_("Choose what they are to you."))
    if not said.name:
        raise BadSource(_("Write the name."))
    if not 1 <= relation <= 5:
        raise BadSource(_("Write a relation from 1 to 5."))
    with one_transaction():
        row = Source.objects.create(
            what=what, relation=relation, customer=customer, sealed=b"", owner=actor, added_at=now
        )
        row.sealed = seal(msgspec.json.encode(said), context=_context(row.pk))
        row.save()
    return row.pk


def asked(number: int, *, now: datetime) -> None:
    """They were asked for a referral now. Raises BadSource."""
    _change(number, asked_at=now)


def take_off(number: int) -> None:
    """They are on the list no more, and their name is destroyed. Raises BadSource."""
    if not Source.objects.filter(pk=number).delete()[0]:
        raise BadSource(_("There is nobody by this number on the list."))


def sources(*, what: str = "", offset: int = 0, limit: int = 50) -> list[SourceRow]:
    """The closest first, among them whom one asked longest ago or never."""
    rows = Source.objects.filter(what=what) if what else Source.objects.all()
    rows = rows.order_by("-relation", "asked_at", "pk")[offset : offset + limit]
    return [_row(row) for row in rows]


def forget(user_ids: Sequence[str]) -> int:
    """Destroy what is noted of an erased customer; how many."""
    return Source.objects.filter(customer__in=user_ids).delete()[0]


def _change(number: int, **values: object) -> None:
    if not Source.objects.filter(pk=number).update(**values):
        raise BadSource(_("There is nobody by this number on the list."))


def _context(number: int) -> str:
    return f"source:{number}"


def _row(row: Source) -> SourceRow:
    said = msgspec.json.decode(unseal(bytes(row.sealed), context=_context(row.pk)), type=_Said)
    return SourceRow(
        row.pk, row.what, row.relation, row.customer, said.name, said.note, row.owner, row.asked_at
    )
