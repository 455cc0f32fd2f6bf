"""brought: what came of a script or channel, and how many people were rewarded: numbers alone."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from banyan.core.referrals.models import Referral


@dataclass(frozen=True)
class Brought:
    """Friends who joined by some way, and how many of them bought."""

    joined: int
    bought: int


def brought(*, script: str | None = None, channel: str | None = None) -> Brought:
    """Referrals whose winning touch named this script, channel, or both; of every program."""
    asked = {"script": script, "channel": channel}
    rows = Referral.objects.filter(**{k: v for k, v in asked.items() if v is not None})
    # A referral is its program and friend; a join in SQL would need a composite foreign key.
    bought = rows.extra(
        where=[
            "EXISTS (SELECT 1 FROM referrals_stagechange s WHERE s.program = "
            "referrals_referral.program AND s.friend = referrals_referral.friend "
            "AND s.stage = 'purchased')"
        ]
    )
    return Brought(rows.count(), bought.count())


def rewarded_people(program: str) -> int:
    """How many customers got something for a referral in a program, or for themselves, and still
    have it: granted or released, not taken back whole. Gifts to charities are nobody's."""
    with connection.cursor() as cursor:
        cursor.execute(_REWARDED, [program])
        return int(cursor.fetchone()[0])


_REWARDED = """
SELECT COUNT(DISTINCT d.beneficiary) FROM referrals_decision d
WHERE d.program = %s AND d."to" IN ('advocate', 'self') AND d.amount > 0
AND (d.outcome = 'granted' OR (d.outcome = 'held' AND (
    SELECT r.verdict FROM referrals_ruling r WHERE r.decision_id = d.decision_id
    ORDER BY r.position LIMIT 1) = 'released'))
AND d.amount > (SELECT COALESCE(SUM(v.amount), 0) FROM referrals_reversal v
    WHERE v.decision_id = d.decision_id)
"""
