"""read: batches of payouts as plain values."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

import msgspec
from django.db.models import Count, Q, QuerySet, Sum

from banyan.growth.payouts.methods import Account, Method
from banyan.growth.payouts.models import Batch, Line
from banyan.kernel.sealing import unseal

LineState = Literal["planned", "refused", "spent", "sent", "paid", "failed", "returned", "dropped"]
BatchState = Literal["prepared", "approved", "done", "cancelled"]


@dataclass(frozen=True)
class BatchRow:
    """A batch, and of its lines how many stand where and what they come to, in minor units.

    `total` leaves out what was refused, dropped or returned.
    """

    number: int
    unit: str
    method: Method
    state: BatchState
    prepared_at: datetime
    prepared_by: str
    approved_at: datetime | None
    approved_by: str
    position: int | None
    handed_at: datetime | None
    handed_by: str
    ended_at: datetime | None
    reason: str
    count: int
    total: int
    counts: dict[str, int]
    sums: dict[str, int]

    @property
    def currency(self) -> str:
        """Of its unit."""
        return self.unit.partition(" ")[2]


@dataclass(frozen=True)
class LineRow:
    """One person's payout; the account is masked."""

    batch: int
    number: int
    user_id: str
    customer: str
    unit: str
    amount: int
    state: LineState
    shown: str
    provider_id: str
    reason: str
    attempts: int
    attempted_at: datetime | None
    spend_position: int | None
    return_position: int | None
    ended_at: datetime | None

    @property
    def reference(self) -> str:
        """By which the ledger and the provider know it."""
        return reference_of(self.batch, self.number)


@dataclass(frozen=True)
class OpenedLine:
    """A payout with its account in clear, for the file or the provider."""

    line: LineRow
    account: Account


def reference_of(batch: int, number: int) -> str:
    """`payout/3/7`."""
    return f"payout/{batch}/{number}"


def line_of_reference(reference: str) -> tuple[int, int] | None:
    """Batch and number of `payout/3/7`, or of its digits in files: `0000000300000007`."""
    head, _, rest = reference.strip().partition("/")
    batch, _, number = rest.partition("/")
    if head != "payout":
        text = reference.strip()
        if len(text) != _BATCH_DIGITS + _LINE_DIGITS:
            return None
        batch, number = text[:_BATCH_DIGITS], text[_BATCH_DIGITS:]
    if all(part.isascii() and part.isdigit() and len(part) < 10 for part in (batch, number)):
        return int(batch), int(number)
    return None


def plain_reference(reference: str) -> str:
    """A reference as results keep it, in whichever form somebody wrote it."""
    place = line_of_reference(reference)
    return reference_of(*place) if place else reference.strip()[:200]


def digits_of(batch: int, number: int) -> str:
    """The reference in files: 16 digits, which every provider takes (Alipay 22 signs at most)."""
    return f"{batch:0{_BATCH_DIGITS}}{number:0{_LINE_DIGITS}}"


_BATCH_DIGITS, _LINE_DIGITS = 8, 8


def batch(number: int) -> BatchRow | None:
    """One batch."""
    found = _batches(Batch.objects.filter(pk=number))
    return found[0] if found else None


def batches(*, state: str = "", offset: int = 0, limit: int = 50) -> list[BatchRow]:
    """Batches, the newest first."""
    rows = Batch.objects.filter(state=state) if state else Batch.objects.all()
    return _batches(rows.order_by("-pk")[offset : offset + limit])


def unfinished() -> list[BatchRow]:
    """Approved batches that are not done, the oldest first."""
    return _batches(Batch.objects.filter(state=Batch.State.APPROVED).order_by("pk"))


def to_approve() -> int:
    """How many batches wait for a second person."""
    return Batch.objects.filter(state=Batch.State.PREPARED).count()


def lines(
    number: int, *, states: Collection[str] = (), offset: int = 0, limit: int = 50
) -> list[LineRow]:
    """Lines of a batch, in order."""
    rows = Line.objects.filter(batch=number)
    rows = rows.filter(state__in=list(states)) if states else rows
    return [line_row(row) for row in rows.order_by("number")[offset : offset + limit]]


def line(batch_number: int, number: int) -> LineRow | None:
    """One line."""
    row = Line.objects.filter(batch=batch_number, number=number).first()
    return line_row(row) if row else None


def of_references(references: Collection[str]) -> dict[tuple[int, int], LineRow]:
    """The lines that these references name, by batch and number; unknown ones are left out."""
    places = {place for one in references if (place := line_of_reference(one))}
    rows = Line.objects.filter(batch__in={batch_number for batch_number, _number in places})
    return {
        (row.batch_id, row.number): line_row(row)
        for row in rows
        if (row.batch_id, row.number) in places
    }


def opened(batch_number: int, *, states: Collection[str]) -> list[OpenedLine]:
    """Lines with their accounts in clear: callers write down who looked. Those of erased people are
    left out."""
    rows = Line.objects.filter(batch=batch_number, state__in=list(states), sealed__isnull=False)
    return [open_line(row) for row in rows.order_by("number")]


def erased(batch_number: int) -> list[LineRow]:
    """Lines that left the wallet and whose account was destroyed before they were on their way."""
    rows = Line.objects.filter(batch=batch_number, state=Line.State.SPENT, sealed=None)
    return [line_row(row) for row in rows.order_by("number")]


def open_line(row: Line) -> OpenedLine:
    """A line with its account in clear."""
    assert row.sealed is not None
    plain = unseal(bytes(row.sealed), context=reference_of(row.batch_id, row.number))
    return OpenedLine(line_row(row), msgspec.json.decode(plain, type=Account))


def lines_of(customers: Sequence[str], *, limit: int = 50) -> list[LineRow]:
    """Payouts of these user ids (of one person), the newest first."""
    rows = Line.objects.filter(Q(customer__in=customers) | Q(user_id__in=customers))
    return [line_row(row) for row in rows.order_by("-pk")[:limit]]


def in_flight(unit: str) -> frozenset[str]:
    """User ids of whom a payout of the unit is under way."""
    rows = Line.objects.filter(unit=unit, state__in=["planned", "spent", "sent", "failed"])
    return frozenset(rows.values_list("user_id", flat=True))


def line_row(row: Line) -> LineRow:
    """A line as a plain value."""
    return LineRow(
        batch=row.batch_id,
        number=row.number,
        user_id=row.user_id,
        customer=row.customer,
        unit=row.unit,
        amount=row.amount,
        state=cast(LineState, row.state),
        shown=row.shown,
        provider_id=row.provider_id,
        reason=row.reason,
        attempts=row.attempts,
        attempted_at=row.attempted_at,
        spend_position=row.spend_position,
        return_position=row.return_position,
        ended_at=row.ended_at,
    )


def _batches(rows: QuerySet[Batch]) -> list[BatchRow]:
    found = list(rows)
    told = (
        Line.objects.filter(batch__in=[row.pk for row in found])
        .values_list("batch", "state")
        .annotate(n=Count("pk"), total=Sum("amount"))
        .order_by()
    )
    counts: dict[int, dict[str, int]] = {}
    sums: dict[int, dict[str, int]] = {}
    for number, state, count, total in told:
        counts.setdefault(number, {})[state] = count
        sums.setdefault(number, {})[state] = total
    return [_batch(row, counts.get(row.pk, {}), sums.get(row.pk, {})) for row in found]


_GONE = ("refused", "dropped", "returned")


def _batch(row: Batch, counts: dict[str, int], sums: dict[str, int]) -> BatchRow:
    return BatchRow(
        number=row.pk,
        unit=row.unit,
        method=cast(Method, row.method),
        state=cast(BatchState, row.state),
        prepared_at=row.prepared_at,
        prepared_by=row.prepared_by,
        approved_at=row.approved_at,
        approved_by=row.approved_by,
        position=row.position,
        handed_at=row.handed_at,
        handed_by=row.handed_by,
        ended_at=row.ended_at,
        reason=row.reason,
        count=sum(counts.values()),
        total=sum(n for state, n in sums.items() if state not in _GONE),
        counts=counts,
        sums=sums,
    )
