"""friends: an advocate's referrals as a whole, for many thousands as for one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from banyan.core.referrals.models import Referral, TouchLost
from banyan.core.referrals.read import ReferralRow, referrals_of
from banyan.core.referrals.stages import PUBLIC_STATES, STAGES, PublicState
from banyan.kernel.database import among, read

# Where a referral stands, as the number of its stage; a join of two columns needs no foreign key.
_STAGE = (
    "max(CASE s.stage "
    + " ".join(f"WHEN '{stage}' THEN {number}" for number, stage in enumerate(STAGES))
    + " END) AS stage FROM referrals_referral r JOIN referrals_stagechange s "
    "ON s.program = r.program AND s.friend = r.friend WHERE "
)
_STANDING = f"SELECT r.id, r.program, r.friend, {_STAGE}"
_COLUMNS = {"id": pl.Int64(), "program": pl.String(), "friend": pl.String(), "stage": pl.Int64()}


@dataclass(frozen=True)
class Friend:
    """A referral by its number, and where it stands."""

    number: int
    program: str
    friend: str
    state: PublicState


def counts(advocates: Collection[str], *, program: str = "") -> dict[PublicState, int]:
    """How many friends of these user ids (of one person) stand where."""
    where, parameters = _theirs(advocates, program)
    # Without the names, which SQLite would sort along.
    rows = read(
        f"SELECT stage, count(*) AS n FROM (SELECT {_STAGE}{where} GROUP BY r.id) AS t "
        "GROUP BY stage",
        parameters,
        {"stage": pl.Int64(), "n": pl.Int64()},
    )
    found: dict[PublicState, int] = {}
    for stage, number in rows.iter_rows():
        state = PUBLIC_STATES[STAGES[stage]]
        found[state] = found.get(state, 0) + number
    return found


def friends(
    advocates: Collection[str],
    *,
    program: str = "",
    state: PublicState | None = None,
    offset: int = 0,
    limit: int = 50,
) -> list[Friend]:
    """Friends of these user ids (of one person), the newest first."""
    if state is None:
        # The page first: then the stages of all others need not be looked at.
        rows = Referral.objects.filter(advocate__in=advocates)
        rows = rows.filter(program=program) if program else rows
        numbers = list(rows.order_by("-pk").values_list("pk", flat=True)[offset : offset + limit])
        where, parameters = among("r.id", numbers)
        sql = f"{_STANDING}{where} GROUP BY r.id, r.program, r.friend ORDER BY r.id DESC"
    else:
        theirs, parameters = _theirs(advocates, program)
        stages = [n for n, stage in enumerate(STAGES) if state == PUBLIC_STATES[stage]]
        where, chosen = among("stage", stages)
        sql = (
            "SELECT id, program, friend, stage FROM "
            f"({_STANDING}{theirs} GROUP BY r.id, r.program, r.friend) AS t WHERE {where} "
            "ORDER BY id DESC LIMIT %s OFFSET %s"
        )
        parameters = [*parameters, *chosen, limit, offset]
    return [
        Friend(number, slug, friend, PUBLIC_STATES[STAGES[stage]])
        for number, slug, friend, stage in read(sql, parameters, _COLUMNS).iter_rows()
    ]


def programs_of(advocates: Collection[str]) -> list[str]:
    """The programs in which these user ids have friends, by name."""
    rows = Referral.objects.filter(advocate__in=advocates).order_by("program")
    return list(rows.values_list("program", flat=True).distinct())


def _theirs(advocates: Collection[str], program: str) -> tuple[str, list[object]]:
    """A condition that holds for referrals of these user ids, in one program where it is named."""
    where, parameters = among("r.advocate", sorted(advocates))
    if program:
        where, parameters = f"{where} AND r.program = %s", [*parameters, program]
    return where, parameters


def details(friends: Sequence[Friend]) -> list[ReferralRow]:
    """The referrals of a page of friends, in its order."""
    found = {row.number: row for row in referrals_of({one.friend for one in friends})}
    return [found[one.number] for one in friends]


def referral(number: int, *, advocates: Collection[str]) -> ReferralRow | None:
    """One referral by its number; None when it is not theirs."""
    row = Referral.objects.filter(pk=number, advocate__in=advocates).first()
    if row is None:
        return None
    return next(one for one in referrals_of([row.friend]) if one.number == number)


@dataclass(frozen=True)
class Lost:
    """An invitation that did not count, by a number of its own."""

    number: int
    program: str
    kind: str
    reason: str
    touched_at: datetime
    join_position: int


def lost(advocates: Collection[str], *, limit: int = 200) -> list[Lost]:
    """Invitations of these user ids that met a friend and did not count, the newest first."""
    rows = TouchLost.objects.filter(advocate__in=advocates).order_by("-join_position", "-pk")
    return [
        Lost(row.pk, row.program, row.kind, row.reason, row.touched_at, row.join_position)
        for row in rows[:limit]
    ]
