"""acts: consent, merging, export and erasure: what a person may ask for, done on the record.

What changes something is one transaction that takes the log's lock first and the audit's last.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from banyan.core.events.acts import append_one, locked_head
from banyan.core.events.incoming import Receipt
from banyan.core.events.person import events_of, forget, forget_at
from banyan.core.people import acts as people
from banyan.core.people.acts import NoSuchCustomer
from banyan.core.people.contacts import Kind, stand_in
from banyan.core.people.erasing import ERASED
from banyan.core.people.profiles import plain_text
from banyan.core.people.read import MergedAway, by_contact, erased_at, whole
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.kernel.sealing import seal
from banyan.trust.audit.acts import record
from banyan.trust.privacy.due import due_at
from banyan.trust.privacy.export import gather
from banyan.trust.privacy.models import Request
from banyan.trust.privacy.read import text_context

RequestKind = Literal["access", "export", "correct", "erase", "object"]

INVITATION_DAYS = 90
"""How long a friend's contact is kept that only an advocate gave."""

LONGEST_TEXT = 2_000
"""Of what a person says with a request."""

_CHUNK = 1_000
_PURPOSE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_LONGEST_WORD = 64


class _Tokens(msgspec.Struct):
    email: str | None = None
    phone: str | None = None


class _OfSelf(msgspec.Struct):
    """What of the public body of an `identify` or `alias` event matters here."""

    traits: _Tokens = msgspec.field(default_factory=_Tokens)
    former: msgspec.Raw = msgspec.field(default=msgspec.Raw(b'""'), name="previousId")


class BadConsent(Problem):
    """A consent that does not say to what."""

    status = 422
    code = "bad_consent"


class AlreadyErased(Problem):
    """A second erasure of somebody who has not come back since."""

    status = 409
    code = "already_erased"

    def __init__(self, user_id: str, at: datetime) -> None:
        super().__init__(
            f"Customer {user_id!r} was erased on {at:%Y-%m-%d}; nothing personal was kept since."
        )


class ContactOfCustomer(Problem):
    """A contact that cannot be erased alone, since a customer gave it as their own."""

    status = 409
    code = "contact_of_customer"


class NotAContact(Problem):
    """A text that is no contact."""

    status = 422
    code = "not_a_contact"


class NoReason(Problem):
    """An act that must be explained and was not."""

    status = 422
    code = "no_reason"


class BadRequestText(Problem):
    """Words with a request that cannot be kept as they are."""

    status = 422
    code = "request_text_refused"


class NotOpen(Problem):
    """A request that is not there, or was answered before."""

    status = 409
    code = "request_not_open"


@dataclass(frozen=True)
class Erased:
    """What an erasure destroyed: of how many events the sealed part, how many profiles and
    contacts, of how many invitations by others the contact; of which user ids, and at which
    position the log says so last."""

    user_ids: tuple[str, ...]
    position: int
    events: int
    profiles: int
    contacts: int
    invitations: int


def give_consent(
    actor: str,
    user_id: str,
    purpose: str,
    *,
    text_version: str = "",
    channel: str = "",
    now: datetime,
) -> Receipt:
    """Write to the log that a person agrees to a purpose, such as `marketing`, having read that
    version of the text. Raises BadConsent."""
    _check_purpose(purpose)
    properties = {"purpose": purpose, "text_version": text_version, "channel": channel}
    return _say_consent(actor, user_id, "Given", properties, now=now)


def withdraw_consent(
    actor: str, user_id: str, purpose: str = "", *, channel: str = "", now: datetime
) -> Receipt:
    """Write to the log that a person no longer agrees to a purpose; without one, to any.

    Raises BadConsent.
    """
    if purpose:
        _check_purpose(purpose)
    properties = {"purpose": purpose, "channel": channel}
    return _say_consent(actor, user_id, "Withdrawn", properties, now=now)


def merge_customers(actor: str, former: str, into: str, *, reason: str, now: datetime) -> Receipt:
    """Let the customer `into` speak for `former`, which is the same person.

    Referrals and money stay under the id they were decided for. Raises NoSuchCustomer, CannotMerge,
    NoReason.
    """
    _check_reason(reason, "merged")
    people.check_merge(former, into)
    with one_transaction():
        said = append_one(actor, {"type": "alias", "userId": into, "previousId": former}, now=now)
        people.merge(former, into)
        record(
            actor,
            "customer.merged",
            _of(former),
            now=now,
            after={"into": into, "position": said.position},
            reason=reason,
        )
    return said


def export_customer(actor: str, user_id: str, *, reason: str, now: datetime) -> dict[str, object]:
    """Everything held of a person, as plain JSON values (`banyan.trust.privacy.export`).

    Raises NoSuchCustomer, MergedAway, NoReason.
    """
    _check_reason(reason, "exported")
    if not whole(user_id).is_known:
        raise NoSuchCustomer(user_id)
    # On record before anything is opened, and outside the long reading that follows.
    record(actor, "customer.exported", _of(user_id), now=now, reason=reason)
    return gather(user_id, now=now)


def erase_customer(
    actor: str, user_id: str, *, reason: str, now: datetime, request_id: int | None = None
) -> Erased:
    """Destroy what is personal of a customer, for ever; ids and books stay as they are.

    Raises NoSuchCustomer, MergedAway, AlreadyErased, NoReason; NotOpen when `request_id` is not
    that of an open request of this person to be erased.
    """
    _check_reason(reason, "erased")
    with one_transaction():
        # From here on nothing enters the log, and nobody else erases, before this is done.
        locked_head()
        _check_erasable(user_id)
        done = _erase(actor, user_id, now=now)
        numbers = asdict(done)
        request = _to_erase(actor, user_id, request_id, now=now)
        _close(request, actor, Request.State.DONE, reason=reason, outcome=numbers, now=now)
        record(actor, "customer.erased", _of(user_id), now=now, after=numbers, reason=reason)
    return done


def erase_contact(actor: str, kind: Kind, value: str, *, reason: str, now: datetime) -> int:
    """Destroy a contact that others gave of somebody who is no customer; in how many events.

    Raises NotAContact, NoReason; ContactOfCustomer when customers gave it as their own.
    """
    _check_reason(reason, "erased")
    token = stand_in(kind, value)
    if token is None:
        raise NotAContact(f"This is no {kind}; write it as it was given.")
    owners = by_contact(kind, value)
    if owners:
        raise ContactOfCustomer(f"This {kind} is that of customer {owners[0]!r}; erase that one.")
    with one_transaction():
        emptied = forget_at(people.erase_contacts([token], position=locked_head()))
        outcome = {"invitations": emptied}
        request = _new(Request.Kind.ERASE, actor, token=token, now=now)
        _close(request, actor, Request.State.DONE, reason=reason, outcome=outcome, now=now)
        record(actor, "contact.erased", f"contact:{token}", now=now, after=outcome, reason=reason)
    return emptied


def expire_invitations(*, now: datetime) -> int:
    """Destroy contacts of friends that advocates gave longer ago than an invitation is good for; in
    how many events. For the nightly work; friends who joined gave their contact themselves."""
    emptied = 0
    before = now - timedelta(days=INVITATION_DAYS)
    while True:
        with one_transaction():
            positions = people.expire_invitations(given_before=before, limit=_CHUNK)
            emptied += forget_at(positions)
        if not positions:
            break
    if emptied:
        record("schedule", "invitations.expired", "log", now=now, after={"events": emptied})
    return emptied


def open_request(
    actor: str, kind: RequestKind, user_id: str, *, text: str = "", now: datetime
) -> int:
    """Note what a person asks for, in their own words if they said any; the request's number.

    It is due within 15 working days. The words are sealed, and go with an erasure. Raises
    NoSuchCustomer, BadRequestText.
    """
    said = _checked_text(text)
    if not whole(user_id).is_known:
        raise NoSuchCustomer(user_id)
    with one_transaction():
        number = _opened(_new(kind, actor, user_id=user_id, now=now), _of(user_id))
        if said:
            sealed = seal(said.encode(), context=text_context(number))
            Request.objects.filter(pk=number).update(sealed=sealed)
    return number


def note_request(actor: str, kind: RequestKind, user_id: str, *, now: datetime) -> int | None:
    """As `open_request`, for a system that passes on what a person asked of it and says so until it
    is answered: None when nothing is known of that person, or the same is open already."""
    try:
        is_known = whole(user_id).is_known
    except MergedAway as merged:
        return note_request(actor, kind, merged.into, now=now)
    if not is_known:
        return None
    request = _new(kind, actor, user_id=user_id, now=now)
    return _noted(request, _of(user_id), kind=kind, user_id=user_id)


def note_shop_request(actor: str, shop: str, *, now: datetime) -> int | None:
    """Note that everything of a shop is to be erased; None when that is open already.

    Which customers are its own a person has to say, since an id may be known from elsewhere too:
    they erase those, and then close the request.
    """
    request = _new(Request.Kind.ERASE, actor, about=shop, now=now)
    return _noted(request, f"shop:{shop}", kind=Request.Kind.ERASE, about=shop)


def _noted(request: Request, what: str, **same: str) -> int | None:
    with one_transaction():
        # Two messages that say the same must not both find it new.
        locked_head()
        if Request.objects.filter(state=Request.State.OPEN, **same).exists():
            return None
        return _opened(request, what)


def _opened(request: Request, what: str) -> int:
    request.save()
    record(request.opened_by, "request.opened", what, now=request.received_at, after=_said(request))
    return request.pk


def close_request(
    actor: str, request_id: int, *, is_refused: bool, reason: str, now: datetime
) -> None:
    """Note that a request was answered, or refused for a reason the person can be told.

    One to erase a customer is closed by `erase_customer`, or refused here. Raises NotOpen,
    NoReason.
    """
    _check_reason(reason, "closed")
    with one_transaction():
        request = _still_open(request_id)
        if request.kind == Request.Kind.ERASE and not request.about and not is_refused:
            raise NotOpen(f"Request {request_id} is to erase; it is done when that is done.")
        state = Request.State.REFUSED if is_refused else Request.State.DONE
        _close(request, actor, state, reason=reason, outcome={}, now=now)
        verb = "request.refused" if is_refused else "request.done"
        about = f"shop:{request.about}" if request.about else _of(request.user_id)
        record(actor, verb, about, now=now, after=_said(request), reason=reason)


def _check_erasable(user_id: str) -> None:
    # Somebody whose first events the worker has not reached yet is known to the log alone.
    if not whole(user_id).is_known and next(events_of([user_id], []), None) is None:
        raise NoSuchCustomer(user_id)
    before = erased_at(user_id)
    if before is not None:
        raise AlreadyErased(user_id, before)


def _erase(actor: str, user_id: str, *, now: datetime) -> Erased:
    known = whole(user_id)
    tokens, visitors = _said_of_self(known.user_ids)
    dropped = []
    for each in known.user_ids:
        said = {"type": "track", "event": ERASED, "userId": each}
        position = append_one(actor, said, now=now).position
        dropped.append(people.erase(each, position=position, now=now))
    Request.objects.filter(user_id__in=known.user_ids).update(sealed=None)
    # People before events, as the worker does, so that neither waits for the other for ever.
    invited = people.erase_contacts(tokens | {*known.tokens}, position=position)
    return Erased(
        user_ids=known.user_ids,
        position=position,
        events=forget(known.user_ids, sorted(visitors | {*known.visitors})),
        profiles=sum(each.profiles for each in dropped),
        contacts=sum(each.contacts for each in dropped),
        invitations=forget_at(invited),
    )


def _said_of_self(user_ids: Sequence[str]) -> tuple[set[str], set[str]]:
    """Stand-ins of contacts, and visitors' ids, in a person's own events: those that the worker has
    not reached yet among them."""
    tokens, visitors = set(), set()
    for event in events_of(user_ids, []):
        visitors.add(event["anonymous_id"])
        if event["kind"] in ("identify", "alias"):
            told = msgspec.json.decode(event["body"], type=_OfSelf)
            tokens |= {told.traits.email, told.traits.phone}
            if event["kind"] == "alias":
                visitors.add(plain_text(told.former))
    return {token for token in tokens if token}, {visitor for visitor in visitors if visitor}


def _say_consent(
    actor: str,
    user_id: str,
    said: Literal["Given", "Withdrawn"],
    properties: Mapping[str, str],
    *,
    now: datetime,
) -> Receipt:
    for name, value in properties.items():
        if len(value) > _LONGEST_WORD:
            raise BadConsent(f"`{name}` may have at most {_LONGEST_WORD} characters.")
    told = {name: value for name, value in properties.items() if value}
    event = {
        "type": "track",
        "event": f"Consent {said}",
        "userId": user_id,
        "properties": told,
    }
    with one_transaction():
        receipt = append_one(actor, event, now=now)
        record(actor, f"consent.{said.lower()}", _of(user_id), now=now, after=told)
    return receipt


def _check_purpose(purpose: str) -> None:
    if not _PURPOSE.fullmatch(purpose):
        raise BadConsent(
            "`purpose` names what a person agrees to, such as `marketing` or `public_ranking`: "
            "lower-case letters, digits, `_`, `-` and `.`, at most 64."
        )


def _check_reason(reason: str, done: str) -> None:
    if not reason.strip():
        raise NoReason(f"Say in `reason` why this is {done}; it is kept on record.")


def _checked_text(text: str) -> str:
    said = text.strip()
    if len(said) > LONGEST_TEXT:
        raise BadRequestText(f"text: at most {LONGEST_TEXT} characters, not {len(said)}.")
    if any("\ud800" <= sign <= "\udfff" for sign in said):
        raise BadRequestText("text: it holds a broken character; write it again.")
    return said


def _new(
    kind: str, actor: str, *, user_id: str = "", token: str = "", about: str = "", now: datetime
) -> Request:
    return Request(
        kind=kind,
        user_id=user_id,
        token=token,
        about=about,
        received_at=now,
        due_at=due_at(now),
        opened_by=actor,
    )


def _to_erase(actor: str, user_id: str, request_id: int | None, *, now: datetime) -> Request:
    """The open request that is being fulfilled, or one made now."""
    if request_id is None:
        return _new(Request.Kind.ERASE, actor, user_id=user_id, now=now)
    request = _still_open(request_id)
    if request.kind != Request.Kind.ERASE or request.user_id != user_id:
        raise NotOpen(f"Request {request_id} does not ask to erase customer {user_id!r}.")
    return request


def _still_open(request_id: int) -> Request:
    request = Request.objects.select_for_update().filter(pk=request_id).first()
    if request is None:
        raise NotOpen(f"There is no request {request_id}.")
    if request.state != Request.State.OPEN:
        raise NotOpen(f"Request {request_id} was answered before: it is {request.state}.")
    return request


def _close(
    request: Request,
    actor: str,
    state: str,
    *,
    reason: str,
    outcome: Mapping[str, object],
    now: datetime,
) -> None:
    request.state, request.reason = state, reason
    request.closed_at, request.closed_by = now, actor
    request.outcome = msgspec.json.encode(outcome).decode()
    request.save()


def _said(request: Request) -> dict[str, object]:
    return {"request": request.pk, "kind": request.kind, "due_at": request.due_at}


def _of(user_id: str) -> str:
    return f"customer:{user_id}"
