"""sources: what the rooms below keep of customers, as frames of a row a person.

Ids that were merged count for the one that speaks for them. Read by column, never opened: nothing
personal is needed to say who belongs to a segment.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from banyan.kernel.database import read

KEPT = (
    "d.amount > 0 AND (d.outcome = 'granted' OR (d.outcome = 'held' AND EXISTS (SELECT 1 FROM "
    "referrals_ruling r WHERE r.decision_id = d.decision_id AND r.verdict = 'released' "
    "AND r.position > d.position)))"
)
"""SQL that holds for a decision `d` that gave something; a word before it released nothing."""

_TIME = pl.Datetime("us", "UTC")
_PEOPLE: dict[str, Any] = {
    "customer": pl.String(),
    "speaker": pl.String(),
    "first_seen_at": _TIME,
    "last_seen_at": _TIME,
}
_NUMBERS = {"customer": pl.String(), "n": pl.Int64()}


def people() -> pl.DataFrame:
    """Everybody whose data was not erased for good, merged ids as rows of their own.

    Columns: customer, speaker (the id that speaks for it), first_seen_at, last_seen_at.
    """
    everybody = read(
        "SELECT user_id, COALESCE(merged_into, user_id), first_seen_at, last_seen_at "
        "FROM people_customer",
        [],
        _PEOPLE,
    )
    gone = read(
        "SELECT DISTINCT e.customer FROM people_erasure e WHERE NOT EXISTS ("
        "SELECT 1 FROM people_consent c WHERE c.customer = e.customer AND c.is_given "
        "AND c.position > e.position)",
        [],
        {"customer": pl.String()},
    )
    return everybody.join(gone, left_on="speaker", right_on="customer", how="anti")


def spending() -> pl.DataFrame:
    """Of everybody who ordered, by currency: customer, currency, orders, amount, refunded (minor
    units), first_at, last_at."""
    return read(
        "SELECT customer, currency, orders, amount, refunded, first_at, last_at "
        "FROM segments_spending",
        [],
        {
            "customer": pl.String(),
            "currency": pl.String(),
            "orders": pl.Int64(),
            "amount": pl.Int64(),
            "refunded": pl.Int64(),
            "first_at": _TIME,
            "last_at": _TIME,
        },
    )


def portraits() -> pl.DataFrame:
    """customer, tier, tags (`,vip,new,`)."""
    return read(
        "SELECT customer, tier, tags FROM segments_portrait",
        [],
        {"customer": pl.String(), "tier": pl.String(), "tags": pl.String()},
    )


def locales() -> pl.DataFrame:
    """customer, locale; of those who said one."""
    return read(
        "SELECT customer, locale FROM people_profile WHERE locale <> ''",
        [],
        {"customer": pl.String(), "locale": pl.String()},
    )


def said(purpose: str) -> pl.DataFrame:
    """customer, position, is_given (0, 1): every word on a purpose, or on all of them at once."""
    return read(
        "SELECT customer, position, CASE WHEN is_given THEN 1 ELSE 0 END FROM people_consent "
        "WHERE purpose IN ('', %s)",
        [purpose],
        {"customer": pl.String(), "position": pl.Int64(), "is_given": pl.Int64()},
    )


def enrolled(program: str) -> pl.DataFrame:
    """customer: those who have a link of the program, or of every one."""
    return read(
        "SELECT DISTINCT advocate FROM programs_link WHERE program = %s OR program = ''",
        [program],
        {"customer": pl.String()},
    )


def friends(program: str) -> pl.DataFrame:
    """customer, n: how many friends each brought to a program, or to all without a name."""
    where, parameters = _of(program)
    return read(
        f"SELECT advocate, COUNT(*) FROM referrals_referral r WHERE {where} GROUP BY advocate",
        parameters,
        _NUMBERS,
    )


def buyers(program: str) -> pl.DataFrame:
    """customer, n: how many of those friends bought."""
    where, parameters = _of(program)
    return read(
        "SELECT r.advocate, COUNT(*) FROM referrals_referral r "
        "JOIN referrals_stagechange s ON s.program = r.program AND s.friend = r.friend "
        f"AND s.stage = 'purchased' WHERE {where} GROUP BY r.advocate",
        parameters,
        _NUMBERS,
    )


def referred(program: str) -> pl.DataFrame:
    """customer, advocate: who is a friend in a program, or in any without a name, and whose."""
    where, parameters = _of(program)
    return read(
        f"SELECT friend, advocate FROM referrals_referral r WHERE {where}",
        parameters,
        {"customer": pl.String(), "advocate": pl.String()},
    )


def _of(program: str) -> tuple[str, list[object]]:
    return ("r.program = %s", [program]) if program else ("1 = 1", [])
