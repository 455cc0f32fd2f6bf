"""why: one decision in words, from the live tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from banyan.core.ledger.read import TransferRow, transfers_of_decisions
from banyan.core.programs.read import published_program
from banyan.core.referrals.models import Decision, Referral, Reversal
from banyan.core.referrals.read import (
    DecisionRow,
    ReversalRow,
    TouchLostRow,
    referrals_of,
    reversals_of,
    touches_lost_at,
)
from banyan.core.referrals.tallies import Shared, Used, granted_before, taken_back_before
from banyan.engine.language.explain import Language, explain_decision
from banyan.engine.language.explain.allowance import Allowance, bounds_of, size_of
from banyan.engine.language.program import Cap, Limit, Program

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


Naming = Callable[[str], str]
"""How somebody is called before who reads, by user id or visitor's id."""


def why(row: DecisionRow, lang: Language, *, naming: Naming = str) -> str:
    """One paragraph: which invitation, which milestone, how often, how much, what cut it, what
    became of it. People are called by their ids unless `naming` calls them otherwise."""
    return why_each([row], lang, naming=naming)[0]


def why_each(rows: Sequence[DecisionRow], lang: Language, *, naming: Naming = str) -> list[str]:
    """The same for a page of decisions, for which everything but the caps is looked up at once."""
    around = _Around(rows)
    return [_told_of(row, around, lang, naming) for row in rows]


class _Around:
    """What is told beside some decisions, by what it is found by."""

    def __init__(self, rows: Sequence[DecisionRow]) -> None:
        ids = [row.decision_id for row in rows]
        friends = {row.friend for row in rows if row.friend}
        found = referrals_of(friends)
        self.referrals = {(one.program, one.friend): one for one in found}
        self.lost: dict[tuple[str, int], list[TouchLostRow]] = {}
        for lost in touches_lost_at({one.join_position for one in found}):
            self.lost.setdefault((lost.program, lost.join_position), []).append(lost)
        self.reversals: dict[str, list[ReversalRow]] = {}
        for reversal in reversals_of(ids):
            self.reversals.setdefault(reversal.decision_id, []).append(reversal)
        self.transfers: dict[str | None, list[TransferRow]] = {}
        for transfer in transfers_of_decisions(ids):
            self.transfers.setdefault(transfer.decision_id, []).append(transfer)


def _told_of(row: DecisionRow, around: _Around, lang: Language, naming: Naming) -> str:
    program = published_program(row.program, row.version)
    referral = around.referrals.get((row.program, row.friend or ""))
    lost = around.lost.get((row.program, referral.join_position), []) if referral else []
    return explain_decision(
        program,
        _told(row, naming),
        referral=_told(referral, naming) if referral else None,
        lost=[_told(one, naming) for one in lost],
        reversals=[_told(one, naming) for one in around.reversals.get(row.decision_id, [])],
        postings=[
            posting
            for one in around.transfers.get(row.decision_id, [])
            for posting in _postings(one)
        ],
        room=lambda cap: _room(program, cap, row),
        lang=lang,
    )


def _told(row: Any, naming: Naming) -> dict[str, Any]:
    """A row as the engine speaks of it: times as microseconds; people as they are called."""
    told: dict[str, Any] = {
        name: _us(v) if isinstance(v, datetime) else v for name, v in asdict(row).items()
    }
    return told | {name: naming(told[name]) for name in _PEOPLE if told.get(name)}


_PEOPLE = ("advocate", "beneficiary", "friend", "visitor")


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
    size = size_of(program, cap, row.unit)
    granted, back = (
        _of_all(program, cap, row) if cap.per == "program" else _of_few(program, cap, row)
    )
    if granted.versions not in (None, (row.version, row.version)):
        return None
    if cap.count is None:
        return Allowance(size=size, used=granted.amount - back.amount)
    return Allowance(size=size, used=granted.number - back.number)


def _of_all(program: Program, cap: Cap, row: DecisionRow) -> tuple[Used, Used]:
    """What earlier decisions used up of a cap that all share, and what was taken back of it."""
    period = _period(program, cap, row) or (None, None)
    unit = program.unit(cap.give) if isinstance(cap, Limit) else None
    shared = Shared(
        row.program,
        reward=row.reward if unit is None else None,
        unit=unit,
        from_at=period[0],
        until_at=period[1],
    )
    return (
        granted_before(shared, position=row.position, place=row.place),
        taken_back_before(shared, position=row.position),
    )


def _of_few(program: Program, cap: Cap, row: DecisionRow) -> tuple[Used, Used]:
    """The same for a cap that one person's decisions share."""
    sharing = _sharing(program, cap, row)
    told = sharing.aggregate(
        given=Sum("amount"), number=Count("pk"), first=Min("version"), last=Max("version")
    )
    taken = Reversal.objects.filter(
        decision_id__in=sharing.values("decision_id"), position__lt=row.position
    )
    back = dict(taken.values_list("decision_id").annotate(n=Sum("amount")))
    amounts = sharing.filter(decision_id__in=back).values_list("decision_id", "amount")
    gone = sum(back[one] >= amount for one, amount in amounts)
    versions = (told["first"], told["last"]) if told["number"] else None
    return (
        Used(told["given"] or 0, told["number"], versions),
        Used(sum(back.values()), gone, versions),
    )


def _sharing(program: Program, cap: Cap, row: DecisionRow) -> QuerySet[Decision]:
    """Earlier decisions that used up the same cap of one person."""
    rows = Decision.objects.filter(
        Q(position__lt=row.position) | Q(position=row.position, place__lt=row.place),
        program=row.program,
        amount__gt=0,
        outcome__in=("granted", "held"),
        **{cap.per: getattr(row, cap.per)},
    )
    if cap.per == "advocate":
        # Decisions are found by their friends; whose friends they are never changes.
        theirs = Referral.objects.filter(program=row.program, advocate=row.advocate)
        rows = rows.filter(friend__in=theirs.values("friend"))
    if isinstance(cap, Limit):
        rows = rows.filter(unit=program.unit(cap.give))
    else:
        rows = rows.filter(reward=row.reward)
    period = _period(program, cap, row)
    return (
        rows
        if period is None
        else rows.filter(occurred_at__gte=period[0], occurred_at__lt=period[1])
    )


def _period(program: Program, cap: Cap, row: DecisionRow) -> tuple[datetime, datetime] | None:
    """The calendar period in which the cap counts the decision."""
    if cap.period is None:
        return None
    first, after = bounds_of(_us(row.occurred_at), cap.period, program.timezone)
    return _EPOCH + timedelta(microseconds=first), _EPOCH + timedelta(microseconds=after)
