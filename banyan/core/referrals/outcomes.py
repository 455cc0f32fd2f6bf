"""outcomes: everything that became of what somebody did for others, the good and what came to
nothing, by its place in the log."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from django.db.models import F, Q

from banyan.core.referrals.models import Decision, Referral, Reversal
from banyan.core.referrals.read import (
    DecisionRow,
    ReferralRow,
    TouchLostRow,
    decisions_of,
    referrals_of,
)
from banyan.kernel.database import among, read

_TIME = pl.Datetime("us", "UTC")
_MET = {
    "program": pl.String(),
    "advocate": pl.String(),
    "visitor": pl.String(),
    "kind": pl.String(),
    "touch_position": pl.Int64(),
    "touched_at": _TIME,
    "join_position": pl.Int64(),
    "reason": pl.String(),
    "friend": pl.String(),
}


@dataclass(frozen=True)
class Missed:
    """An invitation that met a friend and did not count; `friend` is whom it met."""

    touch: TouchLostRow
    friend: str

    @property
    def at(self) -> datetime:
        """When the invitation happened."""
        return self.touch.touched_at


def decided(
    user_ids: Collection[str], *, before: int | None = None, only_less: bool = False, limit: int
) -> list[DecisionRow]:
    """What was decided for somebody below a position, the newest first.

    `only_less`: only what gave less than its rule: refused, held, cut by a cap, or taken back.
    """
    rows = Decision.objects.filter(beneficiary__in=user_ids)
    if before is not None:
        rows = rows.filter(position__lt=before)
    if only_less:
        back = Reversal.objects.filter(decision_id__in=rows.values("decision_id"))
        rows = rows.filter(
            ~Q(outcome="granted")
            | Q(amount__lt=F("raw_amount"))
            | Q(decision_id__in=back.values("decision_id"))
        )
    ids = rows.order_by("-position", "-place").values_list("decision_id", flat=True)[:limit]
    return decisions_of(list(ids))[::-1]


def coming(user_ids: Collection[str], *, now: datetime, limit: int) -> list[DecisionRow]:
    """What was decided for somebody and cannot be used yet: held and not ruled on, or granted or
    released and not due, the soonest first."""
    held = Q(outcome="held")
    not_due = Q(outcome="granted", amount__gt=0, available_at__gt=now)
    rows = Decision.objects.filter(held | not_due, beneficiary__in=user_ids)
    rows = rows.order_by("available_at", "position")
    # Those ruled on or taken back are few, and fall out below.
    ids = list(rows.values_list("decision_id", flat=True)[: 2 * limit])
    order = {decision_id: number for number, decision_id in enumerate(ids)}
    found = sorted(decisions_of(ids), key=lambda row: order[row.decision_id])
    return [row for row in found if _is_coming(row, now)][:limit]


def _is_coming(row: DecisionRow, now: datetime) -> bool:
    if row.reversed_amount >= row.amount:
        return False
    is_later = row.available_at is not None and row.available_at > now
    return row.waits_for_ruling or (is_later and row.ruling != "denied")


def missed(user_ids: Collection[str], *, before: int | None = None, limit: int) -> list[Missed]:
    """Invitations by somebody that met a friend below a position and did not count, the newest
    first."""
    where, parameters = among("t.advocate", sorted(user_ids))
    return _met(where, parameters, before=before, limit=limit)


def missed_by_others(
    user_ids: Collection[str], *, before: int | None = None, limit: int
) -> list[Missed]:
    """Invitations by others that met this person below a position and did not count."""
    where, parameters = among("e.user_id", sorted(user_ids))
    return _met(where, parameters, before=before, limit=limit)


def unrewarded(
    user_ids: Collection[str], *, before: int | None = None, limit: int
) -> list[ReferralRow]:
    """Referrals of somebody that joined below a position and for which nothing was decided for
    them, the newest first."""
    rows = Referral.objects.filter(advocate__in=user_ids)
    if before is not None:
        rows = rows.filter(join_position__lt=before)
    # A referral is its program and friend; a join in SQL would need a composite foreign key.
    rows = rows.extra(
        where=[
            "NOT EXISTS (SELECT 1 FROM referrals_decision d WHERE d.friend = "
            "referrals_referral.friend AND d.program = referrals_referral.program "
            "AND d.beneficiary = referrals_referral.advocate)"
        ]
    )
    found = list(rows.order_by("-join_position")[:limit])
    order = {(row.program, row.friend): number for number, row in enumerate(found)}
    told = [
        row
        for row in referrals_of({row.friend for row in found})
        if (row.program, row.friend) in order
    ]
    return sorted(told, key=lambda row: order[row.program, row.friend])


def _met(where: str, parameters: list[object], *, before: int | None, limit: int) -> list[Missed]:
    # Whose join it was stands in the log alone, which lies in this room's database too.
    below, upto = ("", []) if before is None else ("AND t.join_position < %s", [before])
    names = ", ".join(f"t.{name}" for name in list(_MET)[:-1])
    found = read(
        f"SELECT {names}, e.user_id FROM referrals_touchlost t "
        f"JOIN events_event e ON e.position = t.join_position WHERE {where} {below} "
        "ORDER BY t.join_position DESC, t.touch_position DESC LIMIT %s",
        [*parameters, *upto, limit],
        _MET,
    )
    return [Missed(TouchLostRow(*row[:-1]), row[-1]) for row in found.iter_rows()]
