"""joining: a friend whose contact is proven becomes a customer, in one transaction of the log.

Everything that could be sent twice (a double click, two tabs, the back button) ends in the same
events: the user id is made from the contact, and the sign-up's `messageId` from the user id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from banyan.core.events.acts import append_one, locked_head
from banyan.core.events.incoming import Receipt
from banyan.core.people.contacts import Kind, stand_in
from banyan.core.people.read import erased_at
from banyan.core.referrals.stages import ACCEPT, DECLINE
from banyan.doors.portal.consents import Consented
from banyan.engine.language.explain import Language
from banyan.kernel.database import one_transaction
from banyan.kernel.sealing import token
from banyan.trust.access.owners import owners, spellings
from banyan.trust.privacy.acts import give_consent

ACTOR = "portal"
CONSENT_CHANNEL = "portal"
TAKEN = "Code Taken"
"""A customer gave a code of somebody else; like every event with a `referral_code` it invites."""

_LOCALES: Mapping[Language, str] = {"en": "en", "zh-hans": "zh-CN"}


@dataclass(frozen=True)
class Friend:
    """Somebody who has shown that a contact is theirs, and what they said of themselves."""

    kind: Kind
    value: str
    name: str
    consents: Sequence[Consented]
    language: Language
    visitor: str = ""
    ip: str = ""


@dataclass(frozen=True)
class Source:
    """What brought them."""

    program: str
    code: str = ""
    channel: str = ""
    script: str = ""


def user_id_of(kind: Kind, value: str) -> str:
    """The user id of whoever registers here with a contact: always the same one, telling nothing of
    it."""
    plain = spellings(kind, value)[0]
    return "p_" + token(stand_in(kind, plain) or "", purpose="friend")[:20]


def known_as(kind: Kind, value: str) -> str | None:
    """The customer whose contact it is; None for a stranger. Only for who has proven it.

    Of several the one who registered here comes first.
    """
    users, own = owners(kind, value), user_id_of(kind, value)
    return own if own in users else users[0] if users else None


def join_by_code(friend: Friend, source: Source, *, now: datetime) -> int:
    """Sign a stranger up who came by a link or code; the position of the sign-up in the log.

    It is the friend's first event: a program may ask that nothing was known of them before.
    """
    user_id = user_id_of(friend.kind, friend.value)
    with one_transaction():
        # What a person was erased of is behind them: they sign up anew.
        since = erased_at(user_id)
        message = f"join:{user_id}" + (f":{since.isoformat()}" if since else "")
        words = {"referral_code": source.code, **_words(source)}
        signed_up = _signed_up(friend, user_id, message, words, now=now)
        if not signed_up.is_duplicate:
            # Whoever was erased before is kept nothing of until they consent to something.
            _consent(friend, user_id, now=now)
            _identify(friend, user_id, now=now)
            _accept(friend, user_id, source, now=now)
    return signed_up.position


def join_by_nomination(
    friend: Friend, source: Source, *, number: int, advocate: str, named: str, now: datetime
) -> int:
    """Sign a stranger up whose contact the advocate had given, now that the friend has confirmed;
    the position of the sign-up in the log.

    Only here does the advocate's invitation enter the log. An invitation meets who has given that
    contact, so the contact comes before the sign-up.
    """
    user_id = user_id_of(friend.kind, friend.value)
    submitted = {"program": source.program, friend.kind: friend.value, **_words(source)}
    submitted |= {"name": named} if named else {}
    with one_transaction():
        locked_head()
        append_one(
            ACTOR,
            _track("Referral Submitted", advocate, submitted)
            | {"messageId": f"nomination:{number}"},
            now=now,
        )
        _consent(friend, user_id, now=now)
        _identify(friend, user_id, now=now)
        signed_up = _signed_up(friend, user_id, joined_by(number), _words(source), now=now)
        _accept(friend, user_id, source, now=now)
    return signed_up.position


def joined_by(number: int) -> str:
    """The `messageId` of the sign-up of a friend who confirmed that nomination."""
    return f"nomination:{number}:join"


def take_code(user_id: str, source: Source, visitor: str, *, now: datetime) -> int:
    """Write down that a customer of old takes an invitation up; the position of that in the log.

    Whoever signed up long ago signs up no more, but the code counts with the next event by which
    the program lets people join.
    """
    message = f"code:{source.program}:{source.code}:{user_id}"
    words = {"referral_code": source.code, **_words(source)}
    event = _track(TAKEN, user_id, words) | {"messageId": message} | _seen(visitor)
    with one_transaction():
        taken = append_one(ACTOR, event, now=now)
        if not taken.is_duplicate:
            accepted = _track(ACCEPT, user_id, {"program": source.program, "code": source.code})
            append_one(ACTOR, accepted, now=now)
    return taken.position


def decline(source: Source, *, user_id: str | None, visitor: str, now: datetime) -> None:
    """Write down that somebody does not want an invitation: of a customer who they are, of anybody
    else what a click left in the browser, if anything."""
    said = {"program": source.program, **_words(source)}
    said |= {"code": source.code} if source.code else {}
    who = {"userId": user_id} if user_id else {"anonymousId": visitor or str(uuid4())}
    event: dict[str, object] = {"type": "track", "event": DECLINE, **who, "properties": said}
    if user_id or visitor:
        event["messageId"] = f"declined:{source.program}:{source.code}:{user_id or visitor}"
    append_one(ACTOR, event, now=now)


def _signed_up(
    friend: Friend, user_id: str, message: str, words: Mapping[str, str], *, now: datetime
) -> Receipt:
    event = _track("Signed Up", user_id, words) | {"messageId": message} | _seen(friend.visitor)
    return append_one(ACTOR, event | {"context": _context(friend)}, now=now)


def _identify(friend: Friend, user_id: str, *, now: datetime) -> None:
    traits = {friend.kind: friend.value} | ({"name": friend.name} if friend.name else {})
    event = {"type": "identify", "userId": user_id, "traits": traits, **_seen(friend.visitor)}
    append_one(ACTOR, event | {"context": _context(friend)}, now=now)


def _accept(friend: Friend, user_id: str, source: Source, *, now: datetime) -> None:
    said = {"program": source.program} | ({"code": source.code} if source.code else {})
    append_one(ACTOR, _track(ACCEPT, user_id, said), now=now)


def _consent(friend: Friend, user_id: str, *, now: datetime) -> None:
    for one in friend.consents:
        give_consent(
            ACTOR,
            user_id,
            one.purpose,
            text_version=one.text_version,
            channel=CONSENT_CHANNEL,
            now=now,
        )


def _track(name: str, user_id: str, properties: Mapping[str, str]) -> dict[str, object]:
    return {"type": "track", "event": name, "userId": user_id, "properties": dict(properties)}


def _words(source: Source) -> dict[str, str]:
    words = {"channel": source.channel, "script": source.script}
    return {name: word for name, word in words.items() if word}


def _seen(visitor: str) -> dict[str, object]:
    return {"anonymousId": visitor} if visitor else {}


def _context(friend: Friend) -> dict[str, str]:
    context = {"locale": _LOCALES[friend.language]}
    return context | ({"ip": friend.ip} if friend.ip else {})
