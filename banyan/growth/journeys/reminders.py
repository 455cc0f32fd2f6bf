"""reminders: an advocate lets a friend be reminded of an open invitation; from day 3 on, twice at
most, never after a yes or a no."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import IntegrityError

from banyan.engine.language.explain import Language
from banyan.growth.journeys.acts import send_now
from banyan.growth.journeys.addresses import token_of
from banyan.growth.journeys.kinds import Channel
from banyan.growth.journeys.models import Reminder
from banyan.growth.journeys.rules import stopped_among
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem

OPENS_AFTER = timedelta(days=3)
"""From the invitation to the first reminder, and from the first to the second."""
MOST = 2


class ReminderClosed(Problem):
    """A reminder that cannot be sent, or not yet; `opens_at` says from when on, None: never."""

    status = 409
    code = "reminder_closed"

    def __init__(self, sentence: str, opens_at: datetime | None = None) -> None:
        super().__init__(sentence)
        self.opens_at = opens_at


@dataclass(frozen=True)
class Invitation:
    """An invitation whose friend has not answered, with all that a reminder needs."""

    id: str
    """The same for ever, such as `nomination/31`."""
    program: str
    advocate: str
    channel: Channel
    to: str = field(repr=False)
    """Empty: nobody is written to, and nobody else shall learn that."""
    language: Language
    link: str = field(repr=False)
    """Where the friend says yes or no."""
    invited_at: datetime


@dataclass(frozen=True)
class Reminded:
    """How often a friend was reminded, and whether one can do it again."""

    count: int
    opens_at: datetime | None
    """From then on; None: never again."""

    def is_open(self, now: datetime) -> bool:
        """Whether the button can be pressed."""
        return self.opens_at is not None and now >= self.opens_at


def reminded(invitation: str, *, invited_at: datetime) -> Reminded:
    """How it stands with the reminders of an invitation that is open."""
    return reminded_each({invitation: invited_at})[invitation]


def reminded_each(invited_at: dict[str, datetime]) -> dict[str, Reminded]:
    """The same for many, by the invitation's id."""
    sent = _sent(invited_at)
    return {one: _standing(sent.get(one, []), at) for one, at in invited_at.items()}


def remind_friend(invitation: Invitation, *, advocate_name: str, now: datetime) -> Reminded:
    """Send the friend a reminder, once for each press however often it is repeated; how it stands
    then. The caller has seen to it that the friend has neither joined nor refused.

    Raises ReminderClosed.
    """
    standing = reminded(invitation.id, invited_at=invitation.invited_at)
    if standing.opens_at is None:
        raise ReminderClosed(f"This friend was reminded {MOST} times; that is enough.")
    if not standing.is_open(now):
        raise ReminderClosed(
            f"A reminder can be sent from {standing.opens_at:%Y-%m-%d %H:%M} UTC on.",
            standing.opens_at,
        )
    if invitation.to:
        token = token_of(invitation.channel, invitation.to)
        if (token, invitation.channel) in stopped_among([token]):
            raise ReminderClosed("This friend does not want to be written to.")
    number = standing.count + 1
    try:
        with one_transaction():
            Reminder.objects.create(
                invitation=invitation.id,
                number=number,
                program=invitation.program,
                advocate=invitation.advocate,
                at=now,
            )
            if invitation.to:
                send_now(
                    "friend_reminder",
                    channel=invitation.channel,
                    to=invitation.to,
                    lang=invitation.language,
                    values={"advocate": advocate_name, "confirm_link": invitation.link},
                    key=f"{invitation.id}/{number}",
                    now=now,
                )
    except IntegrityError:
        # Pressed twice at the same time: the other press sends it.
        return reminded(invitation.id, invited_at=invitation.invited_at)
    return reminded(invitation.id, invited_at=invitation.invited_at)


def _sent(invitations: Collection[str]) -> dict[str, list[datetime]]:
    found: dict[str, list[datetime]] = {}
    for row in Reminder.objects.filter(invitation__in=list(invitations)).order_by("number"):
        found.setdefault(row.invitation, []).append(row.at)
    return found


def _standing(sent: list[datetime], invited_at: datetime) -> Reminded:
    if len(sent) >= MOST:
        return Reminded(len(sent), None)
    return Reminded(len(sent), max([invited_at, *sent]) + OPENS_AFTER)
