"""story: what somebody got and why not more: every reward, every refusal, every friend who does
not count yet, as sentences, the newest first."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.urls import reverse
from django.utils.translation import gettext as _

from banyan.core.referrals.missing import missing_each
from banyan.core.referrals.outcomes import Missed, decided, missed, missed_by_others, unrewarded
from banyan.core.referrals.read import DecisionRow, ReferralRow
from banyan.doors.console.customers import reasons, saying
from banyan.doors.console.customers.who import Who, people

PAGE = 20
_ENOUGH = PAGE + 30
"""So many are looked up of each kind: a page, and what may stand at its last position."""

Tone = Literal["good", "wait", "bad"]


@dataclass(frozen=True)
class Item:
    """One thing that became of what somebody did. `more` leads to everything about it, and `why`
    to the whole reason as a part of a page."""

    position: int
    at: datetime
    tone: Tone
    badge: str
    title: str
    sentence: str
    program: str
    about: Who | None
    more: str
    why: str = ""

    @property
    def when(self) -> str:
        """As it is shown."""
        return saying.moment(self.at)


@dataclass(frozen=True)
class Story:
    """A page of it; `before` is the position to go on from, None at the end."""

    items: list[Item]
    before: int | None


def story(
    user_ids: Collection[str], *, before: int | None = None, only_less: bool = False, now: datetime
) -> Story:
    """What became of somebody's referrals and purchases. `only_less` leaves out what was granted
    whole."""
    found = _items(user_ids, before, only_less, now)
    found.sort(key=lambda one: (one.position, one.at), reverse=True)
    page = found[:PAGE]
    # What stands at one position stands together, so that the next page can begin below it.
    page += [one for one in found[PAGE:] if one.position == page[-1].position]
    return Story(page, page[-1].position if len(found) > len(page) else None)


def _items(
    user_ids: Collection[str], before: int | None, only_less: bool, now: datetime
) -> list[Item]:
    decisions = decided(user_ids, before=before, only_less=only_less, limit=_ENOUGH)
    own = missed(user_ids, before=before, limit=_ENOUGH)
    others = missed_by_others(user_ids, before=before, limit=_ENOUGH)
    waiting = unrewarded(user_ids, before=before, limit=_ENOUGH)
    lost = {(one.touch.touch_position, one.touch.join_position): one for one in [*own, *others]}
    known = people(
        [
            *(_other(row) for row in decisions),
            *(one.friend for one in lost.values()),
            *(one.touch.advocate for one in lost.values()),
            *(row.friend for row in waiting),
        ]
    )
    return [
        *(_of_decision(row, known, now) for row in decisions),
        *(_of_missed(one, user_ids, known) for one in lost.values()),
        *_of_waiting(waiting, known, now),
    ]


def _of_decision(row: DecisionRow, known: dict[str, Who], now: datetime) -> Item:
    tone, badge = standing(row, now)
    milestone = _("milestone “{name}”").format(name=row.milestone)
    return Item(
        position=row.position,
        at=row.occurred_at,
        tone=tone,
        badge=badge,
        title=f"{_granted(row)} · {row.reward}",
        sentence=" ".join(filter(None, (reasons.of_decision(row), _fate(row, now)))),
        program=f"{row.program} · {milestone}",
        about=known.get(_other(row) or ""),
        more=reverse("admin:decision", args=[row.decision_id]),
        why=reverse("admin:decision_why", args=[row.decision_id]),
    )


def _other(row: DecisionRow) -> str | None:
    """The friend of a referral or, if it is theirs, the advocate."""
    return row.advocate if row.to == "friend" else row.friend


def standing(row: DecisionRow, now: datetime) -> tuple[Tone, str]:
    """How a decision stands, as a colour and a word."""
    if row.waits_for_ruling:
        return "wait", _("Held")
    if row.outcome == "rejected" or row.amount == 0:
        return "bad", _("Refused")
    if row.ruling == "denied":
        return "bad", _("Denied")
    if row.reversed_amount >= row.amount:
        return "bad", _("Taken back")
    if row.amount < row.raw_amount or row.reversed_amount:
        return "wait", _("Granted in part")
    if row.available_at and row.available_at > now:
        return "wait", _("Pending")
    return "good", _("Granted")


def _granted(row: DecisionRow) -> str:
    left = row.amount - row.reversed_amount
    if row.outcome == "rejected" or left < row.raw_amount:
        return _("{amount} of {whole}").format(
            amount=saying.size(row.unit, left), whole=saying.amount(row.unit, row.raw_amount)
        )
    return saying.amount(row.unit, left)


def _fate(row: DecisionRow, now: datetime) -> str:
    told = []
    if row.waits_for_ruling:
        told.append(_("It waits until somebody releases or denies it."))
    elif row.ruling == "denied":
        told.append(_("Somebody of the staff denied it."))
    elif row.reversed_amount:
        told.append(
            _("{amount} was taken back after a refund.").format(
                amount=saying.amount(row.unit, row.reversed_amount)
            )
        )
    if row.available_at and row.reversed_amount < row.amount and not row.waits_for_ruling:
        when = saying.moment(row.available_at)
        if row.available_at > now:
            told.append(_("It becomes available on {moment}.").format(moment=when))
        else:
            told.append(_("Available since {moment}.").format(moment=when))
    return " ".join(told)


def _of_missed(one: Missed, user_ids: Collection[str], known: dict[str, Who]) -> Item:
    row = one.touch
    is_own = row.advocate in user_ids
    about = known[one.friend] if is_own else known[row.advocate]
    title = (
        _("Invitation of {person} did not count")
        if is_own
        else _("Invitation by {person} did not count")
    )
    return Item(
        position=row.join_position,
        at=row.touched_at,
        tone="bad",
        badge=_("Does not count"),
        title=title.format(person=about),
        sentence=reasons.of_lost(row),
        program=row.program,
        about=about,
        more=reverse("admin:referral", args=[row.program, one.friend]),
    )


def _of_waiting(
    rows: Collection[ReferralRow], known: dict[str, Who], now: datetime
) -> Iterable[Item]:
    missing = missing_each({(row.program, row.friend) for row in rows}, now=now)
    for row in rows:
        needed = missing.get((row.program, row.friend))
        is_over = row.stage == "lost" or needed is None
        yield Item(
            position=row.join_position,
            at=row.started_at,
            tone="bad" if is_over else "wait",
            badge=_("Nothing came of it") if is_over else _("Not yet"),
            title=_("No reward yet for {person} ({stage})").format(
                person=known[row.friend], stage=saying.stage(row.stage)
            ),
            sentence=reasons.of_waiting(row, needed),
            program=row.program,
            about=known[row.friend],
            more=reverse("admin:referral", args=[row.program, row.friend]),
        )
