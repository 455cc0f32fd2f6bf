"""rules: whether, by which way and when a person may be written to. Each no has a code.

Who takes part in a program (consent `program.SLUG`), took an invitation up (`terms`) or wants
notices at all (`notices`) may be written to. A no to `notices`, `notices.CHANNEL`,
`notices.PURPOSE` or `notices.CHANNEL.PURPOSE` goes before, and so does a no to everything, until
they say yes anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from banyan.core.people.read import ConsentRow, CustomerRow, consents, customer, erased_at
from banyan.growth.journeys.addresses import BadAddress, checked, token_of
from banyan.growth.journeys.kinds import Channel, Kind
from banyan.growth.journeys.models import StoppedContact
from banyan.growth.journeys.read import PreferenceRow
from banyan.kernel.times import zone_names

TERMS = "terms"
"""The consent by which a friend takes an invitation up."""
WECHAT_TRAIT = "wechat_openid"
ORDER: tuple[Channel, ...] = ("wechat", "email", "sms")
"""Which way is tried first: the ones that cost nothing go before."""
_KINDS = {"email": "email", "phone": "sms"}


@dataclass(frozen=True)
class Person:
    """Somebody who may be written to."""

    row: CustomerRow
    said: tuple[ConsentRow, ...]
    wants: PreferenceRow

    @property
    def name(self) -> str:
        """As they are called in a greeting: `firstName`, else `name`; empty when unknown."""
        for trait in ("firstName", "name"):
            value = self.row.traits.get(trait)
            if isinstance(value, str) and value.strip():
                return " ".join(value.split())[:100]
        return ""

    @property
    def timezone(self) -> str:
        """Their own, else the installation's."""
        for name in (self.wants.timezone, self.row.traits.get("timezone")):
            if isinstance(name, str) and name in zone_names():
                return name
        return str(settings.OPERATOR_TIME_ZONE)

    def address(self, channel: Channel) -> str:
        """The contact they gave last for a channel; empty when there is none to write to."""
        if channel == "wechat":
            given = [self.row.traits.get(WECHAT_TRAIT)]
        else:
            given = [one.value for one in self.row.contacts if _KINDS[one.kind] == channel]
        for value in reversed(given):
            try:
                return checked(channel, value) if isinstance(value, str) else ""
            except BadAddress:
                continue
        return ""


def person(user_id: str, wants: PreferenceRow) -> Person | None:
    """Who a user id is, the one that speaks for it if it was merged; None for somebody of whom
    nothing is known, or who was erased and has not come back."""
    row = customer(user_id)
    if row is not None and row.merged_into is not None:
        row = customer(row.merged_into)
    if row is None:
        return None
    if erased_at(row.user_id) is not None:
        return None
    return Person(row, tuple(consents(row.user_id)), wants)


def refusal(
    who: Person,
    known: Kind,
    program: str,
    channel: Channel,
    stopped: Mapping[tuple[str, str], str],
) -> str:
    """Why this person is not written to by this channel; empty when nothing is against it.

    `stopped`: why contacts (stand-in and channel) are not written to any more.
    """
    if not who.wants.is_on(channel):
        return "off"
    no = _unwanted(who.said, known, program, channel)
    if no:
        return no
    address = who.address(channel)
    if not address:
        return "no_address"
    return stopped.get((token_of(channel, address), channel), "")


def welcome(program: str) -> tuple[str, ...]:
    """The consents of which each lets a person be written to about a program."""
    return ("notices", TERMS, *((f"program.{program}",) if program else ()))


def stopped_among(tokens: Iterable[str]) -> dict[tuple[str, str], str]:
    """Of these contacts those that are not written to, by stand-in and channel, with the reason."""
    rows = StoppedContact.objects.filter(token__in=set(tokens))
    return {(row.token, row.channel): row.reason for row in rows}


def quiet_until(who: Person | None, now: datetime) -> datetime | None:
    """The end of the quiet hours that now lies in; None outside of them."""
    start, end = settings.QUIET_HOURS
    zone = ZoneInfo(who.timezone if who else settings.OPERATOR_TIME_ZONE)
    if who and who.wants.quiet_from is not None and who.wants.quiet_until is not None:
        start, end = who.wants.quiet_from, who.wants.quiet_until
    return quiet_end(now, start, end, zone)


def quiet_end(now: datetime, start: time, end: time, zone: ZoneInfo) -> datetime | None:
    """The next `end` by the clock of `zone` if now is from `start` to before it; hours may pass
    midnight, and equal ones mean none."""
    local = now.astimezone(zone)
    clock = local.time()
    if start == end:
        return None
    is_quiet = start <= clock < end if start < end else clock >= start or clock < end
    if not is_quiet:
        return None
    day = local.date() + timedelta(days=1 if clock >= end else 0)
    until = datetime.combine(day, end, tzinfo=zone).astimezone(UTC)
    # Where a clock change skips or repeats the end, this is never before now.
    return max(until, now + timedelta(minutes=1))


def _unwanted(said: tuple[ConsentRow, ...], known: Kind, program: str, channel: Channel) -> str:
    words: dict[str, bool] = {}
    is_over = False
    for one in said:
        if one.purpose:
            words[one.purpose] = one.is_given
        else:
            words, is_over = {}, True
    asked = (
        "notices",
        f"notices.{channel}",
        f"notices.{known.purpose}",
        f"notices.{channel}.{known.purpose}",
    )
    if any(words.get(purpose) is False for purpose in asked):
        return "opted_out"
    if any(words.get(purpose) for purpose in welcome(program)):
        return ""
    if not program and any(yes for name, yes in words.items() if name.startswith("program.")):
        return ""
    return "opted_out" if is_over else "no_consent"
