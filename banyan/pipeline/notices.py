"""notices: what the line decided becomes what people are told.

It follows the line by a place of its own, after the line's transactions: what is told late costs
nothing that is decided. Only what is fresh is told, so that an import of old events tells nobody
anything, and only to people who may be written to; the sender sees to the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Literal

import msgspec
import structlog
from django.db import Error, connection

from banyan.core.events import clock
from banyan.core.events.person import events_at
from banyan.core.ledger.read import TransferRow, transfer_positions, transfers_between
from banyan.core.people.names import advocates_name
from banyan.core.people.read import consenting, erased_between
from banyan.core.programs.read import published, published_program
from banyan.core.referrals.happened import Happened, cut, happened
from banyan.core.referrals.missing import Missing, missing_each
from banyan.core.referrals.read import DecisionRow, ReferralRow, decisions_of, referrals_of
from banyan.growth.journeys import acts, links, sender
from banyan.growth.journeys.acts import Happening
from banyan.growth.journeys.claims import Failure
from banyan.growth.journeys.facts import Facts, Lacking
from banyan.growth.journeys.kinds import KINDS, Channel
from banyan.growth.journeys.reminders import Invitation, Reminded, ReminderClosed, remind_friend
from banyan.growth.journeys.rules import welcome
from banyan.growth.leads.read import reminding
from banyan.kernel.database import one_transaction
from banyan.pipeline import news, shelf
from banyan.pipeline.wait import cursor_position

FRESH = timedelta(hours=72)
WIDEST = 20_000
"""Positions looked at together; most of them have nothing to tell."""
MOST = 500
"""Rows of a kind told in one transaction."""
TRANSFERS = ("/available", "/grant")
EXPIRY_NOTICES = (timedelta(days=7), timedelta(days=1))
IDLE_S = 1.0
AFTER_TROUBLE_S = 2.0

_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SILENT_LOSSES = ("already_referred",)
"""Each later visit of a friend who has a referral is such a loss; nobody needs to hear of it."""

log = structlog.get_logger("banyan.notices")

Told = tuple[int, Happening]
"""A position and what is told of it."""


def run(stop: Event) -> None:
    """Turn what happens into notices until `stop` is set. For a thread of the worker process."""
    while not stop.is_set():
        try:
            moved = catch_up(clock.now())
        except Error:
            log.warning("database_failed", exc_info=True)
            connection.close()
            stop.wait(AFTER_TROUBLE_S)
            continue
        if not moved:
            stop.wait(IDLE_S)


def send(stop: Event) -> None:
    """Send notices until `stop` is set. For a thread of the worker process."""
    sender.run(stop, now=clock.now, failed=_tell_of)


def _tell_of(failure: Failure) -> None:
    news.of_failure(failure, position=cursor_position(), now=clock.now())


def catch_up(now: datetime) -> int:
    """Tell what happened since the place; how many positions that were. 0: all is told.

    Notices are written first, a few hundred at a time so that nobody waits long for the database,
    then the place moves. Each has a key of its own: what was written by who died in between, or by
    another process at the same time, is not written again.
    """
    start = acts.place()
    upto = min(cursor_position(), start + WIDEST)
    if upto <= start:
        return 0
    since = now - FRESH
    positions = transfer_positions(
        after=start, upto=upto, since=since, names=TRANSFERS, most=MOST + 1
    )
    found = happened(after=start, upto=cut(positions, upto, MOST), since=since, most=MOST)
    moved = transfers_between(after=start, upto=found.upto, since=since, names=TRANSFERS)
    told = _Telling(found, moved, now).happenings()
    for first in range(0, len(told), MOST):
        acts.announce(told[first : first + MOST], now=now)
    gone = erased_between(start, found.upto)
    with one_transaction():
        if not acts.move(start, found.upto):
            return 0
        acts.forget(gone)
    if told:
        log.info("notices_made", position=found.upto, count=len(told))
    return found.upto - start


def tell_of_expiry(now: datetime) -> int:
    """Tell who has something that ends within a week or a day, once of each; of how many things.

    For the daily work. What is left of each grant is the engine's own figure.
    """
    told = []
    for span in EXPIRY_NOTICES:
        # A day wide, as the work is done once a day.
        until = now + span
        rows = shelf.expiring(after_us=_us(until - timedelta(days=1)), upto_us=_us(until))
        decided = {one.decision_id: one for one in decisions_of([row.decision_id for row in rows])}
        for row in rows:
            decision = decided[row.decision_id]
            if row.left <= 0 or decision.to.startswith("charity:"):
                continue
            facts = Facts(
                version=decision.version,
                unit=decision.unit,
                amount=row.left,
                expires=_EPOCH + row.due_us * _MICROSECOND,
            )
            told.append(
                Happening(
                    decision.beneficiary,
                    "reward_expiring",
                    f"{decision.decision_id}/{span.days}d",
                    decision.program,
                    facts,
                )
            )
        told += _lapsing_topups(until, span)
    allowed = _only_welcome(told)
    acts.announce(allowed, now=now)
    return len(allowed)


def _lapsing_topups(until: datetime, span: timedelta) -> Iterator[Happening]:
    """What was put in from outside and ends on the day before `until`; it is of no program."""
    for row in shelf.lapsing(after_us=_us(until - timedelta(days=1)), upto_us=_us(until)):
        if row.left > 0:
            ends = _EPOCH + row.due_us * _MICROSECOND
            yield Happening(
                row.user_id,
                "reward_expiring",
                f"topup/{row.position}/{span.days}d",
                facts=Facts(unit=row.unit, amount=row.left, expires=ends),
            )


def remind(advocate: str, nomination: int, *, now: datetime) -> Reminded:
    """Let an advocate remind the friend of a lead, from day 3 on, twice at most; how it stands.

    Raises ReminderClosed: too early (it says from when on), too often, answered, or not theirs.
    """
    found = reminding(nomination, now=now)
    if found is None or found.advocate != advocate:
        raise ReminderClosed("There is nobody to remind: the friend has answered, or time is up.")
    kind, to = (found.contact.kind, found.contact.value) if found.contact else ("email", "")
    channel: Channel = "email" if kind == "email" else "sms"
    invitation = Invitation(
        id=f"nomination/{nomination}",
        program=found.program,
        advocate=advocate,
        channel=channel,
        to=to,
        language="zh-hans" if found.language.startswith("zh") else "en",
        link=links.confirmation(found.link),
        invited_at=found.created_at,
    )
    return remind_friend(invitation, advocate_name=advocates_name(advocate), now=now)


class _Telling:
    """Who is told what of a stretch of the log."""

    def __init__(self, found: Happened, moved: list[TransferRow], now: datetime) -> None:
        self.found = found
        self.moved = moved
        self.now = now
        pairs = {(one.program, one.friend) for one in found.joined}
        pairs |= {(one.program, one.friend) for one in found.moved}
        self.referrals = {
            (one.program, one.friend): one for one in referrals_of({f for _, f in pairs})
        }
        self.missing: Mapping[Literal["advocate", "friend"], Mapping[tuple[str, str], Missing]]
        self.missing = {
            "advocate": missing_each(pairs, to="advocate", now=now),
            "friend": missing_each(pairs, to="friend", now=now),
        }
        ids = {one.decision_id for one in moved if one.decision_id}
        ids |= {one.decision_id for one in found.taken_back}
        known = {one.decision_id: one for one in found.decided}
        known |= {one.decision_id: one for one in decisions_of(ids - set(known))}
        self.decisions = known
        self.arrived = {(one.decision_id, one.position) for one in moved if _is(one, "/available")}

    def happenings(self) -> list[Happening]:
        """Everything, in order; of several things at one moment a person gets the most important
        by message, and all in the inbox."""
        told = [
            *self._joins(),
            *self._steps(),
            *self._losses(),
            *self._decided(),
            *self._moves(),
            *self._taken_back(),
        ]
        allowed = set(map(id, _only_welcome([one for _, one in told])))
        return _one_loud([(at, one) for at, one in told if id(one) in allowed])

    def _joins(self) -> Iterator[Told]:
        for row in self.found.joined:
            key = f"{row.program}/{row.friend}"
            facts = Facts(
                version=row.version, friend=row.friend, lacking=self._lacking(row, "advocate")
            )
            yield (
                row.join_position,
                Happening(row.advocate, "friend_joined", key, row.program, facts),
            )
            facts = Facts(
                version=row.version, advocate=row.advocate, lacking=self._lacking(row, "friend")
            )
            yield (
                row.join_position,
                Happening(row.friend, "welcome_friend", key, row.program, facts),
            )

    def _steps(self) -> Iterator[Told]:
        for one in self.found.moved:
            row = self.referrals[one.program, one.friend]
            key = f"{one.program}/{one.friend}/{one.stage}"
            if one.stage == "lost":
                # Of a check against abuse the decision tells.
                if not one.reason.startswith("risk:"):
                    facts = Facts(version=row.version, friend=one.friend, reason=one.reason)
                    yield (
                        one.position,
                        Happening(row.advocate, "refused", key, one.program, facts),
                    )
            elif one.stage == "purchased" or one.position > row.join_position:
                facts = Facts(
                    version=row.version,
                    friend=one.friend,
                    step="" if one.stage == "purchased" else one.stage,
                    lacking=self._lacking(row, "advocate"),
                )
                kind = "thanks_advocate" if one.stage == "purchased" else "step_reached"
                yield one.position, Happening(row.advocate, kind, key, one.program, facts)

    def _losses(self) -> Iterator[Told]:
        rows = [one for one in self.found.lost if one.reason not in _SILENT_LOSSES]
        joins = {
            event["position"]: event["occurred_at"]
            for event in events_at(sorted({one.join_position for one in rows}))
        }
        for one in rows:
            if joins[one.join_position] < self.now - FRESH:
                continue
            key = f"touch/{one.program}/{one.join_position}"
            facts = Facts(reason=one.reason)
            yield one.join_position, Happening(one.advocate, "refused", key, one.program, facts)

    def _decided(self) -> Iterator[Told]:
        for one in self.found.decided:
            if not _is_person(one):
                continue
            if one.outcome == "rejected" or one.amount == 0:
                reason = (one.reason or "").partition(":")[0]
                if reason in ("risk", "cap", "limit"):
                    facts = msgspec.structs.replace(_facts(one), reason=reason)
                    yield (
                        one.position,
                        Happening(one.beneficiary, "refused", one.decision_id, one.program, facts),
                    )
            elif one.outcome == "held":
                facts = msgspec.structs.replace(_facts(one), is_held=True)
                yield one.position, _of(one, "reward_pending", "held", facts)
            elif (one.decision_id, one.position) not in self.arrived:
                facts = msgspec.structs.replace(_facts(one), release=one.available_at)
                yield one.position, _of(one, "reward_pending", "pending", facts)

    def _moves(self) -> Iterator[Told]:
        for one in self.moved:
            decision = self.decisions[one.decision_id or ""]
            if not _is_person(decision):
                continue
            if _is(one, "/available"):
                expires = _expiry(decision, one.occurred_at)
                facts = msgspec.structs.replace(
                    _facts(decision), amount=one.amount, expires=expires
                )
                yield one.position, _of(decision, "reward_arrived", "arrived", facts)
            elif (
                one.position > decision.position
                and (one.decision_id, one.position) not in self.arrived
            ):
                # A held one that a person has released.
                release = max(decision.available_at or one.occurred_at, one.occurred_at)
                facts = msgspec.structs.replace(
                    _facts(decision), amount=one.amount, release=release
                )
                yield one.position, _of(decision, "reward_pending", "released", facts)

    def _taken_back(self) -> Iterator[Told]:
        for one in self.found.taken_back:
            decision = self.decisions[one.decision_id]
            if not _is_person(decision):
                continue
            key = f"{one.decision_id}/{one.position}"
            if decision.outcome == "held" and decision.ruling != "released":
                reason = "denied" if decision.ruling == "denied" else "refund"
                facts = msgspec.structs.replace(_facts(decision), reason=reason)
                yield (
                    one.position,
                    Happening(decision.beneficiary, "refused", key, decision.program, facts),
                )
                continue
            left = decision.amount - decision.reversed_amount
            facts = msgspec.structs.replace(
                _facts(decision), amount=one.amount, left=left or None, reason="refund"
            )
            yield (
                one.position,
                Happening(decision.beneficiary, "reversed", key, decision.program, facts),
            )

    def _lacking(self, row: ReferralRow, to: Literal["advocate", "friend"]) -> Lacking | None:
        return Lacking.of(self.missing[to].get((row.program, row.friend)))


def _facts(one: DecisionRow) -> Facts:
    return Facts(
        version=one.version,
        friend=one.friend or "",
        to=one.to,
        milestone=one.milestone,
        unit=one.unit,
        amount=one.amount,
    )


def _of(one: DecisionRow, kind: str, what: str, facts: Facts) -> Happening:
    key = f"{one.decision_id}/{what}"
    return Happening(one.beneficiary, kind, key, one.program, facts)


def _is(one: TransferRow, end: str) -> bool:
    return one.transfer_id.endswith(end)


def _is_person(one: DecisionRow) -> bool:
    return not one.to.startswith("charity:")


def _expiry(one: DecisionRow, available_at: datetime) -> datetime | None:
    """Counted from when it became available really, which a release may have put off."""
    terms = published_program(one.program, one.version)
    span = terms.rewards[one.reward].expires
    return None if span is None else available_at + span * _MICROSECOND


def _only_welcome(told: Collection[Happening]) -> list[Happening]:
    """What is told to people who may be written to about that program. What is of none is told to
    who takes part in any."""
    people: dict[str, set[str]] = {}
    for one in told:
        people.setdefault(one.program, set()).add(one.user_id)
    open_to = {
        program: frozenset().union(*(consenting(ids, purpose) for purpose in _consents(program)))
        for program, ids in people.items()
    }
    return [one for one in told if one.user_id in open_to[one.program]]


def _consents(program: str) -> set[str]:
    slugs = [program] if program else {row.program for row in published()}
    return {*welcome(""), *(purpose for slug in slugs for purpose in welcome(slug))}


def _one_loud(told: list[Told]) -> list[Happening]:
    """Of what one person is told of one position, all but the most important in the inbox alone."""
    first: dict[tuple[int, str], Happening] = {}
    for position, one in told:
        place = (position, one.user_id)
        other = first.get(place)
        if other is None or KINDS[one.kind].priority < KINDS[other.kind].priority:
            first[place] = one
    return [
        one if first[position, one.user_id] is one else replace(one, is_quiet=True)
        for position, one in sorted(told, key=lambda each: each[0])
    ]


def _us(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND
