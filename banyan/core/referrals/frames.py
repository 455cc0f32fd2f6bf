"""frames: what lies in these tables between two positions, as frames, for whoever counts it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from banyan.core.referrals.stages import STAGES
from banyan.engine.tables import SCHEMAS
from banyan.kernel.database import among, quoted, read

_WHEN = pl.Datetime("us", "UTC")
_STAGE = {
    "program": pl.String,
    "friend": pl.String,
    "stage": pl.String,
    "position": pl.Int64,
    "at": _WHEN,
    "reason": pl.String,
}
_GIVEN = {"program": pl.String, "friend": pl.String, "unit": pl.String, "amount": pl.Int64}
_OF_JOIN = STAGES[:3]
"""Stages that a referral's join writes, though they stand at positions before it."""


def referrals_between(after: int, upto: int) -> pl.DataFrame:
    """Referrals that joined in (after, upto], in that order; columns as published."""
    return _rows("referrals", "referrals_referral", "join_position", after, upto)


def lost_between(after: int, upto: int) -> pl.DataFrame:
    """Touches that were lost at joins in (after, upto]; columns as published."""
    return _rows("touches_lost", "referrals_touchlost", "join_position", after, upto)


def decisions_between(after: int, upto: int) -> pl.DataFrame:
    """Decisions made in (after, upto]; columns as published."""
    return _rows("decisions", "referrals_decision", "position", after, upto)


def rejects_between(after: int, upto: int) -> pl.DataFrame:
    """Events in (after, upto] that could not be used; columns as published."""
    return _rows("rejects", "referrals_reject", "position", after, upto)


def stages_between(after: int, upto: int, people: Sequence[str]) -> pl.DataFrame:
    """Stages that events in (after, upto] brought: (program, friend, stage, position, at, reason).

    `people` are those who did something in it or about whom something was decided: there is no
    index by position. What a join writes belongs to the join, though a touch stands before it.
    """
    marks = ", ".join(["%s"] * len(_OF_JOIN))
    columns = ", ".join(f"s.{quoted(name)}" for name in _STAGE)
    of_join = read(
        f"SELECT {columns} FROM referrals_referral r JOIN referrals_stagechange s "
        f"ON s.program = r.program AND s.friend = r.friend AND s.stage IN ({marks}) "
        "WHERE r.join_position > %s AND r.join_position <= %s",
        [*_OF_JOIN, after, upto],
        _STAGE,
    )
    where, friends = among("s.friend", people)
    later = read(
        f"SELECT {columns} FROM referrals_stagechange s WHERE {where} AND s.stage NOT IN ({marks}) "
        "AND s.position > %s AND s.position <= %s",
        [*friends, *_OF_JOIN, after, upto],
        _STAGE,
    )
    return pl.concat([of_join, later])


def given_during(programs: Sequence[str], first: datetime, until: datetime) -> pl.DataFrame:
    """What programs granted or hold, decided in [first, until), and what was taken back of it:
    columns as published, and `taken`, `ruling` (null: none)."""
    where, parameters = among("d.program", programs)
    columns = ", ".join(f"d.{quoted(name)}" for name in SCHEMAS["decisions"])
    return read(
        f"SELECT {columns}, (SELECT COALESCE(SUM(r.amount), 0) FROM referrals_reversal r "
        "WHERE r.decision_id = d.decision_id), (SELECT u.verdict FROM referrals_ruling u "
        "WHERE u.decision_id = d.decision_id AND u.position > d.position "
        "ORDER BY u.position LIMIT 1) "
        f"FROM referrals_decision d WHERE {where} AND d.outcome <> 'rejected' "
        "AND d.occurred_at >= %s AND d.occurred_at < %s ORDER BY d.position",
        [*parameters, first, until],
        {**SCHEMAS["decisions"], "taken": pl.Int64, "ruling": pl.String},
    )


def freed_between(after: int, upto: int) -> pl.DataFrame:
    """What releases in (after, upto] gave for referrals, and what was taken back in it of what had
    been given: (program, friend, unit, amount). A word that stands in the log before the decision
    it is about gives nothing."""
    parts = (
        # Released: what had not been taken back by then.
        "SELECT {columns}, d.amount - COALESCE((SELECT SUM(b.amount) FROM referrals_reversal b "
        "WHERE b.decision_id = d.decision_id AND b.position <= r.position), 0) "
        "FROM referrals_ruling r JOIN referrals_decision d ON d.decision_id = r.decision_id "
        "WHERE r.position > %s AND r.position <= %s AND r.verdict = 'released' "
        "AND d.outcome = 'held' AND d.position < r.position AND NOT EXISTS ("
        "SELECT 1 FROM referrals_ruling e WHERE e.decision_id = r.decision_id "
        "AND e.verdict = 'released' AND e.position > d.position AND e.position < r.position)",
        "SELECT {columns}, -b.amount FROM referrals_reversal b "
        "JOIN referrals_decision d ON d.decision_id = b.decision_id "
        "WHERE b.position > %s AND b.position <= %s "
        "AND (d.outcome = 'granted' OR (d.outcome = 'held' "
        "AND EXISTS (SELECT 1 FROM referrals_ruling r WHERE r.decision_id = d.decision_id "
        "AND r.verdict = 'released' AND r.position > d.position AND r.position < b.position)))",
    )
    columns = "d.program, d.friend, d.unit"
    rows = read(
        " UNION ALL ".join(part.format(columns=columns) for part in parts),
        [after, upto] * len(parts),
        _GIVEN,
    )
    return rows.filter(pl.col("friend").is_not_null())


def given_until(upto: int, program: str, units: Sequence[str]) -> pl.DataFrame:
    """What a program gave in these units up to a position, granted or released, less what was taken
    back of it: a row a friend (program, friend, amount)."""
    where, parameters = among("d.unit", units)
    return read(
        "SELECT d.program, d.friend, CAST(SUM(d.amount - COALESCE((SELECT SUM(b.amount) "
        "FROM referrals_reversal b WHERE b.decision_id = d.decision_id AND b.position <= %s), 0)) "
        "AS BIGINT) FROM referrals_decision d "
        f"WHERE d.program = %s AND d.position <= %s AND d.friend IS NOT NULL AND {where} "
        "AND (d.outcome = 'granted' OR (d.outcome = 'held' "
        "AND EXISTS (SELECT 1 FROM referrals_ruling r WHERE r.decision_id = d.decision_id "
        "AND r.verdict = 'released' AND r.position > d.position AND r.position <= %s))) "
        "GROUP BY d.program, d.friend",
        [upto, program, upto, *parameters, upto],
        {"program": pl.String, "friend": pl.String, "amount": pl.Int64},
    )


def rewarded_friends(programs: Sequence[str], friends: Sequence[str]) -> pl.DataFrame:
    """Those of the friends about whom something was decided: (program, friend)."""
    of_programs, slugs = among("program", programs)
    of_friends, people = among("friend", friends)
    return read(
        f"SELECT DISTINCT program, friend FROM referrals_decision "
        f"WHERE {of_programs} AND {of_friends}",
        [*slugs, *people],
        {"program": pl.String, "friend": pl.String},
    )


def achieved_between(names: Sequence[str], *, after: int, upto: int) -> pl.DataFrame:
    """Decisions about friends' milestones of these names in (after, upto], in order: (program,
    friend, milestone, position)."""
    where, parameters = among("milestone", names)
    return read(
        "SELECT program, friend, milestone, position FROM referrals_decision "
        f"WHERE position > %s AND position <= %s AND friend IS NOT NULL AND {where} "
        "ORDER BY position, place",
        [after, upto, *parameters],
        {
            "program": pl.String,
            "friend": pl.String,
            "milestone": pl.String,
            "position": pl.Int64,
        },
    )


def rejected_among(positions: Sequence[int]) -> pl.DataFrame:
    """Those of the positions whose events could not be used: (position)."""
    where, parameters = among("position", positions)
    return read(
        f"SELECT position FROM referrals_reject WHERE {where}", parameters, {"position": pl.Int64}
    )


def terms_of(decision_ids: Sequence[str]) -> pl.DataFrame:
    """Under which version decisions stand and for whom: (decision_id, version, friend)."""
    where, parameters = among("decision_id", decision_ids)
    return read(
        f"SELECT decision_id, version, friend FROM referrals_decision WHERE {where}",
        parameters,
        {"decision_id": pl.String, "version": pl.Int64, "friend": pl.String},
    )


def _rows(name: str, table: str, position: str, after: int, upto: int) -> pl.DataFrame:
    columns = ", ".join(map(quoted, SCHEMAS[name]))
    return read(
        f"SELECT {columns} FROM {table} WHERE {position} > %s AND {position} <= %s "
        f"ORDER BY {position}",
        [after, upto],
        SCHEMAS[name],
    )
