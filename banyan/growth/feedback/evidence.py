"""evidence: what a customer may dispute, and what was known of it when the dispute began."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from banyan.core.events.person import events_at
from banyan.core.people.read import whole
from banyan.core.programs.read import versions
from banyan.core.referrals.read import (
    DecisionRow,
    ReferralRow,
    TouchLostRow,
    decision,
    referrals,
    touches_lost,
)
from banyan.core.referrals.why import why
from banyan.engine.language.explain import Language, explain_lost

LANGUAGES: tuple[Language, ...] = ("en", "zh-hans")
_MOST_LOST = 10_000
"""Of one advocate's invitations in vain so many are searched, the newest first."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Evidence:
    """The program, and the facts as plain JSON values: `why` in each language; of a referral the
    `stages` it reached."""

    program: str
    facts: dict[str, Any]


def evidence(user_id: str, about: str) -> Evidence | None:
    """What there is of a thing that this customer may dispute; None for anything else.

    `about` is the id of a decision for this customer, or `PROGRAM/FRIEND`: of a friend whom the
    customer referred or invited in vain, or of the customer's own coming as a friend. What is other
    people's is told from what is not there by nothing.
    """
    mine = whole(user_id).user_ids
    found = decision(about)
    if found is not None:
        return _of_decision(found) if found.beneficiary in mine else None
    program, _, friend = about.partition("/")
    return _of_referral(program, friend, mine) if friend else None


def _of_decision(row: DecisionRow) -> Evidence:
    return Evidence(row.program, {"why": {lang: why(row, lang) for lang in LANGUAGES}})


def _of_referral(program: str, friend: str, mine: Sequence[str]) -> Evidence | None:
    rows = referrals(program=program, friend=friend, limit=1)
    own = [row for row in rows if row.advocate in mine or friend in mine]
    lost = _lost(program, friend, mine)
    if not own and not lost:
        return None
    return Evidence(program, {"why": _reasons(lost), "stages": _stages(own)})


def _lost(program: str, friend: str, mine: Sequence[str]) -> list[TouchLostRow]:
    """Invitations by this customer that met the friend in vain."""
    rows = [
        row
        for each in mine
        for row in touches_lost(advocate=each, limit=_MOST_LOST)
        if row.program == program
    ]
    joins = {event["position"]: event["user_id"] for event in _events(rows)}
    return [row for row in rows if joins.get(row.join_position) == friend]


def _events(rows: Sequence[TouchLostRow]) -> list[dict[str, Any]]:
    positions = sorted({row.join_position for row in rows})
    return events_at(positions) if positions else []


def _reasons(lost: Sequence[TouchLostRow]) -> dict[str, str]:
    return {
        lang: " ".join(
            explain_lost(_engine_row(row), timezone=_timezone(row.program), lang=lang)
            for row in lost
        )
        for lang in LANGUAGES
    }


def _stages(rows: Sequence[ReferralRow]) -> list[dict[str, Any]]:
    return [
        {
            "stage": one.stage,
            "position": one.position,
            "at": one.at.isoformat(),
            "reason": one.reason,
        }
        for row in rows
        for one in row.stages
    ]


def _timezone(program: str) -> str:
    """Of the newest published version: the one that judged an invitation is not on record."""
    return next((v.terms.timezone for v in versions(program) if v.status == "published"), "UTC")


def _engine_row(row: TouchLostRow) -> dict[str, Any]:
    """As the engine speaks of it: times as microseconds."""
    return asdict(row) | {"touched_at": (row.touched_at - _EPOCH) // timedelta(microseconds=1)}
