"""wallet: what a customer earned, what is still to come and when, and every movement."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from banyan.core.ledger.read import Movement, statement
from banyan.core.ledger.totals import totals
from banyan.core.referrals.friends import details, friends
from banyan.core.referrals.missing import missing_each
from banyan.core.referrals.outcomes import coming
from banyan.core.referrals.read import DecisionRow
from banyan.doors.console.customers import reasons, saying
from banyan.doors.console.customers.subject import Subject
from banyan.doors.console.customers.who import people
from banyan.doors.console.number import number_of
from banyan.doors.console.queues.words import LINE_STATES, badge
from banyan.growth.payouts.read import lines_of

PAGE = 30

_MOVES = {
    "grant": gettext_noop("Granted"),
    "available": gettext_noop("Became available"),
    "reversal": gettext_noop("Taken back"),
    "expiry": gettext_noop("Expired"),
    "spend": gettext_noop("Spent"),
    "return": gettext_noop("Returned"),
    "topup": gettext_noop("Credited"),
}


def wallet(subject: Subject) -> dict[str, Any]:
    """Each unit's statement, what is on its way, and a page of movements."""
    moved, following = _movements(subject)
    pending = coming(subject.ids, now=subject.now, limit=100)
    known = people(row.friend for row in pending)
    return {
        "units": [
            [
                (one.unit, saying.amount(one.unit, one.available)),
                *(
                    (words, saying.amount(one.unit, number))
                    for words, number in (
                        (_("Earned"), one.earned),
                        (_("Credited"), one.credited),
                        (_("Pending"), one.pending),
                        (_("Spent or paid out"), one.spent),
                        (_("Taken back"), one.taken_back),
                        (_("Expired"), one.expired),
                    )
                    if number
                ),
            ]
            for one in totals(subject.ids)
        ],
        "pending": [_pending(row, known.get(row.friend or "")) for row in pending],
        "missing": _missing(subject),
        "paid": [
            {
                "row": one,
                "amount": saying.amount(one.unit, one.amount),
                "state": badge(LINE_STATES, one.state),
                "at": saying.moment(one.ended_at or one.attempted_at),
            }
            for one in (lines_of(subject.ids) if subject.me.may("payouts.read") else [])
        ],
        "moves": [_move(one) for one in moved],
        "before": following,
    }


def _missing(subject: Subject) -> list[dict[str, Any]]:
    """What the newest friends have still to do until the next reward comes."""
    rows = details(friends(subject.ids, limit=PAGE))
    needed = missing_each({(row.program, row.friend) for row in rows}, now=subject.now)
    known = people(row.friend for row in rows)
    return [
        {
            "friend": known[row.friend],
            "program": row.program,
            "sentence": reasons.of_waiting(row, needed[row.program, row.friend]),
        }
        for row in rows
        if (row.program, row.friend) in needed
    ]


def _movements(subject: Subject) -> tuple[list[Movement], str | None]:
    position, _dash, place = subject.asked.get("before", "").partition("-")
    at, nth = number_of(position), number_of(place)
    before = None if at is None or nth is None else (at, nth)
    rows = [
        one for user_id in subject.ids for one in statement(user_id, before=before, limit=PAGE + 1)
    ]
    rows.sort(key=lambda one: (one.position, one.place), reverse=True)
    if len(rows) <= PAGE:
        return rows, None
    last = rows[PAGE - 1]
    return rows[:PAGE], f"{last.position}-{last.place}"


def _pending(row: DecisionRow, friend: object) -> dict[str, Any]:
    """What has been decided and cannot be spent yet, with what it waits for."""
    if row.waits_for_ruling:
        waits = _("Somebody must release it. {reason}").format(reason=reasons.of_decision(row))
    else:
        waits = _("It becomes available on {moment}.").format(
            moment=saying.moment(row.available_at)
        )
    return {
        "row": row,
        "amount": saying.amount(row.unit, row.amount - row.reversed_amount),
        "friend": friend,
        "waits": waits,
    }


def _move(one: Movement) -> dict[str, Any]:
    parts = one.transfer_id.split("/")
    head = parts[0] if parts[0] in _MOVES else ""
    kind = head or next(part for part in reversed(parts) if part in _MOVES)
    decision_id = "" if head else one.transfer_id.rpartition(f"/{kind}")[0]
    return {
        "what": _(_MOVES[kind]),
        "amount": saying.amount(one.unit, abs(one.amount)),
        "sign": "+" if one.amount > 0 else "−",
        "at": saying.moment(one.occurred_at),
        "reference": one.reference,
        "decision_id": decision_id,
        "is_pending": one.account.endswith(":pending"),
    }
