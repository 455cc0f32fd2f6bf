"""Who attempts what, whether it may go out at all, and what came of it.

A notice is claimed before it is attempted, by one process, for two minutes. If that process dies
the claim runs out and somebody else attempts it under the same key: at least once, and never twice
at the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import uniform
from uuid import uuid4

import msgspec
import structlog
from django.conf import settings
from django.db.models import Q

from banyan.engine.language.explain import Language
from banyan.growth.journeys import addresses, facts, links, optout, rules, words
from banyan.growth.journeys.channels import configured
from banyan.growth.journeys.facts import Content
from banyan.growth.journeys.kinds import Channel, Kind, kind
from banyan.growth.journeys.letter import Letter, Outcome
from banyan.growth.journeys.models import Notice, Place, StoppedContact
from banyan.growth.journeys.read import (
    names_in,
    preferences_of,
    rendered,
    spoken,
    values_of,
)
from banyan.growth.journeys.rules import Person
from banyan.growth.journeys.texts import filled
from banyan.kernel import counters
from banyan.kernel.database import one_transaction

CLAIMED_FOR = timedelta(minutes=2)
"""Longer than an attempt can take."""
FIRST_WAIT = timedelta(seconds=10)
GROWTH = 4
LONGEST_WAIT = timedelta(hours=6)
JITTER = 0.2
"""Of each wait, either way: what failed together is not tried again together."""

_TRIED = ("gave_up", "failed")
"""Why a channel is not tried again for the same notice."""

log = structlog.get_logger("banyan.notices")


@dataclass(frozen=True)
class Attempt:
    """A notice that was claimed, and what it says."""

    number: int
    claim: str
    letter: Letter


@dataclass(frozen=True)
class _Plan:
    """What is to become of a notice that is due. With a letter: send it."""

    number: int
    letter: Letter | None = None
    reason: str = ""
    refusals: Mapping[str, str] | None = None
    until: datetime | None = None
    """Not before."""
    is_capped: bool = False
    user_id: str = ""
    token: str = ""
    template_version: int = 0
    has_failed: bool = False


@dataclass(frozen=True)
class Failure:
    """A notice that will not reach anybody any more; without an address, which is personal."""

    number: int
    kind: str
    user_id: str
    channel: str
    reason: str


Failed = Callable[[Failure], None]
"""Hears of each failure, in the transaction that writes it down."""


def unheard(failure: Failure) -> None:
    """For who has nobody to tell."""


def claim(now: datetime, most: int, *, failed: Failed = unheard) -> list[Attempt]:
    """Claim at most `most` notices that are due, the most important first; what the rules hold back
    is put off or suppressed, with its reason.

    How often people were written to is counted under a lock that all processes share, so that two
    of them do not both send somebody's last message of the day.
    """
    if most <= 0:
        return []
    rows = list(Notice.objects.filter(_due(now)).order_by("priority", "next_at", "pk")[:most])
    if not rows:
        return []
    plans = _Planner(rows, now).plans()
    attempts = []
    with one_transaction():
        list(Place.objects.select_for_update().filter(id=1))
        free = Notice.objects.select_for_update().filter(_due(now), pk__in=[r.pk for r in rows])
        still = set(free.values_list("pk", flat=True))
        for plan in plans:
            if plan.number not in still:
                continue  # another process was faster
            attempt = _take(plan, now, failed)
            if attempt is not None:
                attempts.append(attempt)
    return attempts


def finish(
    ended: Sequence[tuple[Attempt, Outcome]], now: datetime, *, failed: Failed = unheard
) -> None:
    """Write down how attempts ended. One whose claim was lost meanwhile changes nothing."""
    for attempt, outcome in ended:
        with one_transaction():
            row = (
                Notice.objects.select_for_update()
                .filter(pk=attempt.number, claim=attempt.claim)
                .first()
            )
            if row is None:
                continue
            _end(row, attempt.letter, outcome, now)
            row.save()
            if row.status == Notice.Status.FAILED:
                failed(_failure(row))
            counters.notified(row.channel, outcome.result)
            log.info(
                "notice_attempted",
                notice=row.pk,
                kind=row.kind,
                channel=row.channel,
                attempt=row.attempts,
                outcome=outcome.result,
                status=str(row.status),
            )


def next_attempt(
    attempts: int, *, now: datetime, give_up_at: datetime, retry_after_s: float | None = None
) -> datetime | None:
    """When to try again after `attempts` failures; None: give up.

    10 s, 40 s, 160 s … 6 h, each a fifth shorter or longer by chance; a provider that names a later
    time is believed, up to 6 hours.
    """
    wait = min(FIRST_WAIT * GROWTH ** min(attempts - 1, 10), LONGEST_WAIT)
    wait *= uniform(1 - JITTER, 1 + JITTER)
    if retry_after_s is not None:
        wait = max(wait, min(timedelta(seconds=retry_after_s), LONGEST_WAIT))
    return now + wait if now + wait <= give_up_at else None


def _due(now: datetime) -> Q:
    return Q(status=Notice.Status.WAITING, next_at__lte=now) & (
        Q(claimed_until=None) | Q(claimed_until__lt=now)
    )


class _Planner:
    """Plans for some notices, for which everything is looked up before the lock is taken."""

    def __init__(self, rows: Sequence[Notice], now: datetime) -> None:
        self.rows = rows
        self.now = now
        ids = {row.user_id for row in rows if row.user_id}
        wants = preferences_of(ids)
        self.people = {one: rules.person(one, wants[one]) for one in ids}
        self.ways = configured()
        self.contents = {
            row.pk: facts.opened(bytes(row.sealed), key=row.key)
            for row in rows
            if row.sealed is not None
        }
        self.names = names_in(list(self.contents.values()))
        self.stopped = rules.stopped_among(self._tokens())

    def plans(self) -> list[_Plan]:
        """One for each notice, in their order."""
        return [self._plan(row) for row in self.rows]

    def _tokens(self) -> list[str]:
        found = [row.token for row in self.rows if row.token]
        for who in self.people.values():
            if who is not None:
                found += [
                    addresses.token_of(way, address)
                    for way in self.ways
                    if (address := who.address(way))
                ]
        return found

    def _plan(self, row: Notice) -> _Plan:
        content = self.contents.get(row.pk)
        known = kind(row.kind)
        if content is None:
            return _Plan(row.pk, reason="words_gone")
        if self.now > row.since + known.give_up_after and not row.reason:
            return _Plan(row.pk, reason="too_late")
        if row.address_sealed is not None:
            return self._to_address(row, known, content)
        who = self.people.get(row.user_id)
        if who is None:
            return _Plan(row.pk, reason="unknown_person")
        return self._to_person(row, known, content, who)

    def _to_address(self, row: Notice, known: Kind, content: Content) -> _Plan:
        channel = _channel(row.wanted)
        if channel not in self.ways:
            return _Plan(row.pk, reason="channel_not_set_up", has_failed=True)
        held = not (known.is_transactional or content.is_sample)
        if held and (reason := self.stopped.get((row.token, channel))):
            return _Plan(row.pk, reason=reason)
        if held and (until := rules.quiet_until(None, self.now)):
            return _Plan(row.pk, reason="quiet_hours", until=until)
        address = addresses.opened(bytes(row.address_sealed or b""), key=row.key)
        language = spoken(row.language)
        reader = optout.Reader(channel, token=row.token)
        own = {"name": "", "greeting": words.greeting("", language)}
        return self._letter(row, known, content, channel, address, language, own, reader)

    def _to_person(self, row: Notice, known: Kind, content: Content, who: Person) -> _Plan:
        known_no = msgspec.json.decode(row.refusals, type=dict[str, str])
        refusals = {way: why for way, why in known_no.items() if why in _TRIED}
        chosen = None
        for way in rules.ORDER:
            if way not in self.ways or way in refusals or row.wanted not in ("", way):
                continue
            no = rules.refusal(who, known, row.program, way, self.stopped)
            if not no:
                chosen = way
                break
            refusals[way] = no
        if chosen is None:
            has_failed = row.attempted_at is not None
            return _Plan(row.pk, reason="no_channel", refusals=refusals, has_failed=has_failed)
        if not known.is_transactional and (until := rules.quiet_until(who, self.now)):
            return _Plan(row.pk, reason="quiet_hours", until=until)
        language = spoken(row.language or who.row.locale)
        own = {
            "name": who.name,
            "greeting": words.greeting(who.name, language),
            "share_link": links.share(who.row.user_id, row.program),
        }
        reader = optout.Reader(chosen, user_id=who.row.user_id)
        address = who.address(chosen)
        plan = self._letter(row, known, content, chosen, address, language, own, reader)
        return replace(plan, refusals=refusals, user_id=row.user_id)

    def _letter(
        self,
        row: Notice,
        known: Kind,
        content: Content,
        channel: Channel,
        address: str,
        language: Language,
        own: Mapping[str, str],
        reader: optout.Reader,
    ) -> _Plan:
        link = "" if known.is_transactional else optout.link(reader)
        values = dict(own) | values_of(content, row.program, language, self.names, self.now)
        values["optout_link"] = link
        found, title, text = rendered(row.kind, channel, language, values)
        letter = Letter(
            key=row.key,
            kind=row.kind,
            channel=channel,
            language=language,
            to=address,
            title=title,
            text=text,
            provider_template=found.provider_template,
            fields={name: filled(one, values, language) for name, one in found.fields.items()},
            optout_link=link,
            link=values.get("confirm_link") or values["program_link"],
        )
        return _Plan(
            row.pk,
            letter,
            is_capped=row.is_capped,
            token=addresses.token_of(channel, address),
            template_version=found.version,
        )


def _take(plan: _Plan, now: datetime, failed: Failed) -> Attempt | None:
    """Claim a notice, or write down why it is not sent now."""
    rows = Notice.objects.filter(pk=plan.number)
    kept = {}
    if plan.refusals is not None:
        kept["refusals"] = msgspec.json.encode(plan.refusals).decode()
    if plan.until is not None:
        rows.update(next_at=plan.until, reason=plan.reason)
        return None
    reason = plan.reason
    if plan.letter is not None and plan.is_capped:
        reason = _over(plan, now)
    if plan.letter is None or reason:
        status = Notice.Status.FAILED if plan.has_failed else Notice.Status.SUPPRESSED
        rows.update(status=status, reason=reason, **kept)
        if plan.has_failed:
            failed(_failure(rows.get()))
        counters.notified("none", str(status))
        return None
    token = uuid4().hex
    rows.update(
        claim=token,
        claimed_until=now + CLAIMED_FOR,
        channel=plan.letter.channel,
        token=plan.token,
        template_version=plan.template_version,
        reason="",
        **kept,
    )
    return Attempt(plan.number, token, plan.letter)


def _failure(row: Notice) -> Failure:
    return Failure(row.pk, row.kind, row.user_id, row.channel, row.reason)


def _over(plan: _Plan, now: datetime) -> str:
    """Which cap another message would exceed; empty for none."""
    whose = Q(user_id=plan.user_id) if plan.user_id else Q(user_id="", token=plan.token)
    mine = Notice.objects.filter(whose, is_capped=True).exclude(pk=plan.number)
    under_way = mine.filter(claimed_until__gte=now).count()
    for reason, most, span in (
        ("cap_day", settings.NOTICES_A_DAY, timedelta(days=1)),
        ("cap_week", settings.NOTICES_A_WEEK, timedelta(days=7)),
    ):
        if mine.filter(sent_at__gt=now - span).count() + under_way >= most:
            return reason
    return ""


def _end(row: Notice, letter: Letter, outcome: Outcome, now: datetime) -> None:
    row.attempts += 1
    row.attempted_at = now
    row.answer = outcome.answer
    row.claim, row.claimed_until = "", None
    if outcome.result == "sent":
        row.status, row.sent_at, row.provider_id = Notice.Status.SENT, now, outcome.provider_id
        row.provider = configured().get(letter.channel, "")
        row.address_sealed = None
        if not row.is_listed:
            row.sealed = None  # nobody reads it again
        return
    if outcome.result == "later":
        again = next_attempt(
            row.attempts,
            now=now,
            give_up_at=row.since + kind(row.kind).give_up_after,
            retry_after_s=outcome.retry_after_s,
        )
        if again is not None:
            row.next_at = again
            return
    _give_up(row, letter, outcome, now)


def _give_up(row: Notice, letter: Letter, outcome: Outcome, now: datetime) -> None:
    """By this channel; a person who has another is tried there."""
    if outcome.result == "stopped":
        StoppedContact.objects.get_or_create(
            token=row.token,
            channel=letter.channel,
            defaults={"reason": outcome.reason, "at": now},
        )
    why = {"later": "gave_up", "failed": "failed", "stopped": outcome.reason}[outcome.result]
    refusals = msgspec.json.decode(row.refusals, type=dict[str, str])
    row.refusals = msgspec.json.encode({**refusals, letter.channel: why}).decode()
    if row.user_id and not row.wanted:
        row.since, row.next_at, row.attempts = now, now, 0
        return
    row.status, row.reason = Notice.Status.FAILED, why


def _channel(name: str) -> Channel:
    return "email" if name == "email" else "sms" if name == "sms" else "wechat"
