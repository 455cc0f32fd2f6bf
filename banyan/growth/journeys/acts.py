"""acts: somebody is told something; somebody says how they want to be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from banyan.core.people.names import ids_of
from banyan.core.people.read import erased_contacts
from banyan.engine.language.explain import Language
from banyan.growth.journeys import addresses, facts, templates
from banyan.growth.journeys.addresses import checked, token_of
from banyan.growth.journeys.facts import Content, Facts
from banyan.growth.journeys.kinds import CHANNELS, Channel, Kind, kind
from banyan.growth.journeys.models import Notice, Place, Preference, StoppedContact
from banyan.growth.journeys.read import NoSuchNotice, PreferenceRow, preferences
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.kernel.times import zone_names

_LONGEST_KEY = 500
_MOST_DELETED = 1_000

WORDS_KEPT = timedelta(days=7)
"""Of what could not be sent: so long can one try again by hand."""
ALL_KEPT = timedelta(days=365)


class BadValue(Problem):
    """A value for a variable that the notice has not."""

    status = 422
    code = "template_refused"


class BadPreference(Problem):
    """Preferences that cannot be followed."""

    status = 422
    code = "preference_refused"


class NotRetriable(Problem):
    """A notice that did not fail, or whose words are gone."""

    status = 409
    code = "notice_not_failed"


@dataclass(frozen=True)
class Happening:
    """One thing to tell one person. The same `key` is told once for each kind and person."""

    user_id: str
    kind: str
    key: str
    program: str = ""
    facts: Facts | None = None
    values: Mapping[str, str] | None = None
    is_quiet: bool = False
    """In the inbox alone, since another message tells of the same moment."""


def send_now(
    kind_name: str,
    *,
    channel: Channel,
    to: str,
    lang: Language,
    values: Mapping[str, str],
    key: str,
    now: datetime,
) -> int:
    """Send a message to an address, by the sender's next round; its number. Once for each `key`.

    Of transactional kinds neither caps nor quiet hours hold it back. Raises UnknownKind,
    BadAddress, BadValue.
    """
    return _to_address(
        kind(kind_name), channel, to, lang, Content(values=dict(values)), key=key, now=now
    )


def send_sample(
    kind_name: str, *, channel: Channel, to: str, lang: Language, key: str, now: datetime
) -> int:
    """Send the text that holds now, with sample values; the message's number. Raises UnknownKind,
    BadAddress."""
    known = kind(kind_name)
    content = Content(values=templates.sample(known, channel, lang), is_sample=True)
    return _to_address(known, channel, to, lang, content, key=f"sample/{key}", now=now)


def notify(
    user_id: str,
    kind_name: str,
    *,
    values: Mapping[str, str],
    key: str,
    program: str = "",
    now: datetime,
) -> int:
    """Tell a person something: in the inbox, and by the best way that they allow; its number.

    Once for each `key`. Raises UnknownKind, BadValue.
    """
    happening = Happening(user_id, kind_name, key, program, values=values)
    announce([happening], now=now)
    return Notice.objects.values_list("pk", flat=True).get(key=key_of(happening))


def announce(happenings: Sequence[Happening], *, now: datetime) -> None:
    """Tell many things, in bulk; those that were told before are left out. Raises UnknownKind,
    BadValue."""
    Notice.objects.bulk_create([_notice(one, now) for one in happenings], ignore_conflicts=True)


def mark_read(user_id: str, numbers: Iterable[int] | None = None, *, now: datetime) -> int:
    """Note that a person has read these of their notices, or all; how many were new."""
    rows = Notice.objects.filter(user_id__in=ids_of(user_id), is_listed=True, read_at=None)
    if numbers is not None:
        rows = rows.filter(pk__in=list(numbers))
    return rows.update(read_at=now)


def set_preferences(
    user_id: str,
    *,
    channels: Mapping[Channel, bool] | None = None,
    quiet_hours: tuple[time, time] | None = None,
    timezone: str | None = None,
    now: datetime,
) -> PreferenceRow:
    """Say how a person wants to be told; what is left out stays as it is.

    `quiet_hours` may pass midnight; equal ends mean none. Raises BadPreference.
    """
    if timezone and timezone not in zone_names():
        raise BadPreference(f"timezone: {timezone[:64]!r} is none; write one such as Asia/Shanghai")
    changes: dict[str, object] = {"changed_at": now}
    changes |= {f"is_{channel}_on": is_on for channel, is_on in (channels or {}).items()}
    if quiet_hours is not None:
        changes |= {"quiet_from": quiet_hours[0], "quiet_until": quiet_hours[1]}
    if timezone is not None:
        changes["timezone"] = timezone
    Preference.objects.update_or_create(user_id=user_id, defaults=changes)
    return preferences(user_id)


def opt_out(user_id: str, channel: Channel, *, now: datetime) -> None:
    """Turn a channel off at once; the caller writes the withdrawal to the log."""
    set_preferences(user_id, channels={channel: False}, now=now)


def stop_contact(token: str, channel: Channel, reason: str, *, now: datetime) -> None:
    """Write no more to a contact (a stand-in). `reason`: bounced, complained or opted_out."""
    StoppedContact.objects.get_or_create(
        token=token, channel=channel, defaults={"reason": reason, "at": now}
    )


def allow_contact(token: str, channel: Channel) -> bool:
    """Write to a contact again; False when it was not stopped."""
    return StoppedContact.objects.filter(token=token, channel=channel).delete()[0] > 0


def retry(number: int, *, now: datetime) -> None:
    """Send a notice again that failed, as if it were new. Raises NoSuchNotice, NotRetriable."""
    with one_transaction():
        row = Notice.objects.select_for_update().filter(pk=number).first()
        if row is None:
            raise NoSuchNotice(number)
        if row.status not in (Notice.Status.FAILED, Notice.Status.BOUNCED) or row.sealed is None:
            raise NotRetriable(
                f"Notice {number} is {row.status}; one can send again what failed, while its words "
                f"are kept ({WORDS_KEPT.days} days)."
            )
        row.status, row.attempts, row.since, row.next_at = Notice.Status.WAITING, 0, now, now
        row.reason, row.refusals, row.sent_at = "", "{}", None
        row.save()


def forget(user_ids: Iterable[str]) -> int:
    """Remove everything that was told to these people, and how they wanted it; how many notices.

    What tells others of them says no more than a user id.
    """
    ids = list(user_ids)
    with one_transaction():
        removed, _rows = Notice.objects.filter(user_id__in=ids).delete()
        Preference.objects.filter(user_id__in=ids).delete()
    return removed


def forget_erased_contacts() -> int:
    """Remove messages to contacts whose owner had them erased, who is no customer; how many."""
    mine = Notice.objects.filter(user_id="").exclude(token="")
    tokens = mine.exclude(sealed=None, address_sealed=None).values_list("token", flat=True)
    return mine.filter(token__in=erased_contacts(tokens.distinct())).delete()[0]


def clean(*, now: datetime) -> tuple[int, int]:
    """Forget the words of what was given up, and notices of long ago; how many of each."""
    ended = Q(status__in=(Notice.Status.FAILED, Notice.Status.BOUNCED, Notice.Status.SUPPRESSED))
    given_up = Notice.objects.filter(ended, since__lt=now - WORDS_KEPT)
    emptied = given_up.exclude(address_sealed=None).update(address_sealed=None)
    emptied += given_up.filter(is_listed=False).exclude(sealed=None).update(sealed=None)
    old = Notice.objects.filter(created_at__lt=now - ALL_KEPT).exclude(status="waiting")
    removed = 0
    while numbers := list(old.order_by("pk").values_list("pk", flat=True)[:_MOST_DELETED]):
        removed += Notice.objects.filter(pk__in=numbers).delete()[0]
    return emptied, removed


def place() -> int:
    """The last position of the log whose happenings were told."""
    return Place.objects.values_list("position", flat=True).get(id=1)


def move(before: int, after: int) -> bool:
    """Note that happenings up to `after` were told; False when somebody else has told some of them
    since the place was `before`."""
    return Place.objects.filter(id=1, position=before).update(position=after) == 1


def announce_lead(
    *, program: str, advocate: str, lead_link: str = "", key: str, now: datetime
) -> int | None:
    """Tell the company that a friend's contact was submitted; None while no address for that is
    set. `advocate`: how the one who did it is called."""
    to = settings.OWNER_EMAIL
    if not to:
        return None
    lang: Language = "zh-hans" if settings.LANGUAGE_CODE.startswith("zh") else "en"
    values = {"advocate": advocate or _somebody(lang), "lead_link": lead_link, "program": program}
    return send_now(
        "lead_submitted", channel="email", to=to, lang=lang, values=values, key=key, now=now
    )


def head_of(kind_name: str, key: str) -> str:
    """What the keys of all notices of one thing begin with, whoever reads them."""
    return f"{kind_name}/{key}/"


def key_of(one: Happening) -> str:
    """The key of the notice of a happening."""
    # User ids and keys may be long; what is cut off is at the end of the user id.
    head = head_of(one.kind, one.key)
    return (head + one.user_id)[: max(_LONGEST_KEY, len(head))]


def _somebody(lang: Language) -> str:
    with translation.override(lang):
        return _("A customer")


def _to_address(
    known: Kind,
    channel: Channel,
    to: str,
    lang: Language,
    content: Content,
    *,
    key: str,
    now: datetime,
) -> int:
    if channel not in CHANNELS:
        raise BadValue(f"channel: expected one of {', '.join(CHANNELS)}, found {channel!r}.")
    address = checked(channel, to)
    _check_values(known, content.values)
    name = f"{known.name}/to/{key}"[:_LONGEST_KEY]
    row, _is_new = Notice.objects.get_or_create(
        key=name,
        defaults={
            "kind": known.name,
            "language": lang,
            "sealed": facts.sealed(content, key=name),
            "created_at": now,
            "is_listed": False,
            "status": Notice.Status.WAITING,
            "wanted": channel,
            "priority": known.priority,
            "is_capped": not known.is_transactional and not content.is_sample,
            "address_sealed": addresses.sealed(address, key=name),
            "token": token_of(channel, address),
            "since": now,
            "next_at": now,
        },
    )
    return row.pk


def _notice(one: Happening, now: datetime) -> Notice:
    known = kind(one.kind)
    values = dict(one.values or {})
    _check_values(known, values)
    key = key_of(one)
    return Notice(
        key=key,
        kind=known.name,
        user_id=one.user_id,
        program=one.program,
        sealed=facts.sealed(Content(values, one.facts), key=key),
        created_at=now,
        is_listed=True,
        status=Notice.Status.SUPPRESSED if one.is_quiet else Notice.Status.WAITING,
        reason="told_together" if one.is_quiet else "",
        priority=known.priority,
        is_capped=not known.is_transactional,
        since=now,
        next_at=now,
    )


def _check_values(known: Kind, values: Mapping[str, str]) -> None:
    for name in values:
        if name not in known.variables and name != "optout_link":
            raise BadValue(
                f"{name}: notice {known.name} has no such variable; it has "
                f"{', '.join(known.variables)}."
            )
