"""why: one decision in words, from the live tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet, Sum

from banyan.core.ledger.read import TransferRow, transfers_of_decision
from banyan.core.programs.read import published_program
from banyan.core.referrals.models import Decision, Reversal
from banyan.core.referrals.read import DecisionRow, referrals, reversals, touches_lost
from banyan.engine.language.explain import Language, explain_decision
from banyan.engine.language.explain.allowance import Allowance, bounds_of, size_of
from banyan.engine.language.program import Cap, Limit, Program

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def why(row: DecisionRow, lang: Language) -> str:
    """One paragraph: which invitation, which milestone, how often, how much, what cut it, what
    became of it."""
    program = published_program(row.program, row.version)
    referral = None
    if row.friend:
        [referral] = referrals(program=row.program, friend=row.friend)
    lost = touches_lost(join_position=referral.join_position) if referral else []
    return explain_decision(
        program,
        _told(row),
        referral=_told(referral) if referral else None,
        lost=[_told(one) for one in reversed(lost) if one.program == row.program],
        reversals=[_told(one) for one in reversals(row.decision_id)],
        postings=[
            posting for one in transfers_of_decision(row.decision_id) for posting in _postings(one)
        ],
        room=lambda cap: _room(program, cap, row),
        lang=lang,
    )


def _told(row: Any) -> dict[str, Any]:
    """A row as the engine speaks of it: times as microseconds."""
    return {name: _us(v) if isinstance(v, datetime) else v for name, v in asdict(row).items()}


def _us(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _postings(row: TransferRow) -> list[Mapping[str, Any]]:
    both = {
        "transfer_id": row.transfer_id,
        "position": row.position,
        "occurred_at": _us(row.occurred_at),
        "unit": row.unit,
    }
    return [
        both | {"account": row.source, "amount": -row.amount},
        both | {"account": row.target, "amount": row.amount},
    ]


def _room(program: Program, cap: Cap, row: DecisionRow) -> Allowance | None:
    """What the cap had when the decision was made; None when grants of another version share it,
    since those count in periods of their own version's cap."""
    sharing = _sharing(program, cap, row)
    if sharing.exclude(version=row.version).exists():
        return None
    taken = Reversal.objects.filter(
        position__lt=row.position, decision_id__in=sharing.values("decision_id")
    )
    if cap.count is None:
        given = sharing.aggregate(n=Sum("amount"))["n"] or 0
        used = given - (taken.aggregate(n=Sum("amount"))["n"] or 0)
    else:
        back = dict(taken.values_list("decision_id").annotate(n=Sum("amount")))
        whole = sum(
            back[one] >= amount
            for one, amount in sharing.filter(decision_id__in=back).values_list(
                "decision_id", "amount"
            )
        )
        used = sharing.count() - whole
    return Allowance(size=size_of(program, cap, row.unit), used=used)


def _sharing(program: Program, cap: Cap, row: DecisionRow) -> QuerySet[Decision]:
    """Earlier decisions that used up the same cap."""
    rows = Decision.objects.filter(
        Q(position__lt=row.position) | Q(position=row.position, place__lt=row.place),
        program=row.program,
        amount__gt=0,
        outcome__in=("granted", "held"),
    )
    if isinstance(cap, Limit):
        rows = rows.filter(unit=program.unit(cap.give))
    else:
        rows = rows.filter(reward=row.reward)
    if cap.per != "program":
        rows = rows.filter(**{cap.per: getattr(row, cap.per)})
    if cap.period is not None:
        first, after = bounds_of(_us(row.occurred_at), cap.period, program.timezone)
        rows = rows.filter(
            occurred_at__gte=_EPOCH + timedelta(microseconds=first),
            occurred_at__lt=_EPOCH + timedelta(microseconds=after),
        )
    return rows
