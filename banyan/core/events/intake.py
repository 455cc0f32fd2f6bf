"""intake: a public event as somebody sent it becomes a row of the log, or a refusal.

Nothing personal enters `body`. What the engine compares (contacts, IP addresses) is masked; all
traits but `tier` and `tags` move into `sealed`. Everything else stays as it was written, to the
last digit, but for NUL characters: values that are not looked at are copied as text, never read and
written again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

import msgspec

from banyan.core.events.click import masked_ip
from banyan.core.events.incoming import Incoming, Refusal
from banyan.core.people.contacts import email_stand_in, phone_stand_in
from banyan.engine.stages.read import SENTENCES, TYPES
from banyan.engine.values import moment, token_value
from banyan.kernel.sealing import seal

Role = Literal["write", "secret", "publishable"]

LARGEST_EVENT_BYTES = 32 * 1024
LONGEST_ID = 512
LONGEST_ID_BYTES = 1_000
"""In UTF-8. An index of PostgreSQL takes 2,704 bytes a row, and two ids stand in some."""
DEEPEST = 64
FARTHEST_AHEAD = timedelta(hours=1)
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
"""No zone knows the first hours of the year 1, with which libraries write a time that is unset."""

SECRET_NAMES = frozenset({"Referral Link Created", "Clock Ticked", "Order Refunded"})
SECRET_PREFIXES = ("Decision ", "Wallet ", "Program ")
BROWSER_NAMES = frozenset(
    {
        "Referral Link Clicked",
        "Referral Submitted",
        "Referral Shared",
        "Signed Up",
        "NPS Answered",
    }
)
BROWSER_TYPES = frozenset({"track", "page", "identify"})
KEPT_TRAITS = ("tier", "tags")
REFERENCES = frozenset(
    {
        *("advocate", "friend", "code", "referral_code", "coupon", "program"),
        *("decision_id", "unit", "reference"),
    }
)
"""Properties that name people, codes, programs, decisions and wallets: they stand in indexes of the
database, as ids do."""
_STAND_INS: Mapping[str, Callable[[str], str | None]] = {
    "email": email_stand_in,
    "phone": phone_stand_in,
}

# No table of PostgreSQL keeps a NUL, so the log has none. JSON has it only as this escape.
_NUL = "\\u0000"
_escape = re.compile(r"\\(?:u0000|.)", re.DOTALL)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Written(msgspec.Struct):
    """The fields the door looks at. Their exact readings are `_Exact`'s."""

    type: str | None = None
    event: str | None = None
    userId: str | None = None  # noqa: N815  (its public name)
    anonymousId: str | None = None  # noqa: N815  (its public name)
    messageId: str | None = None  # noqa: N815  (its public name)
    timestamp: str | None = None


class _Exact(msgspec.Struct):
    """The same fields as tokens: ids may be numbers, and anything may be anything."""

    type: msgspec.Raw = msgspec.Raw(b"null")
    event: msgspec.Raw = msgspec.Raw(b"null")
    userId: msgspec.Raw = msgspec.Raw(b"null")  # noqa: N815  (its public name)
    anonymousId: msgspec.Raw = msgspec.Raw(b"null")  # noqa: N815  (its public name)
    messageId: msgspec.Raw = msgspec.Raw(b"null")  # noqa: N815  (its public name)
    timestamp: msgspec.Raw = msgspec.Raw(b"null")


_written = msgspec.json.Decoder(_Written)
_exact = msgspec.json.Decoder(_Exact)
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encoder = msgspec.json.Encoder(decimal_format="number")


class _Bad(Exception):
    """Ends the reading of one event with its refusal."""

    def __init__(self, code: str, sentence: str = "") -> None:
        self.refusal = Refusal(code, sentence or SENTENCES[code])


def accept(
    raw: Mapping[str, Any] | bytes, *, now: datetime, source: str, role: Role, ip: str = ""
) -> Incoming | Refusal:
    """Check one event and take its personal data out of its body.

    `raw` is the event in the public format, as JSON (UTF-8) or a mapping. `ip` is the sender's
    address where the sender is a browser; it stands in when the event names none. A missing
    `messageId` is made, a missing `timestamp` is `now`.
    """
    try:
        data = raw if isinstance(raw, bytes) else _encoder.encode(raw)
        return _accepted(data, now, source, role, ip)
    except UnicodeEncodeError:  # half a surrogate pair, which no UTF-8 holds
        return _Bad("bad_json").refusal
    except _Bad as bad:
        return bad.refusal


def _accepted(data: bytes, now: datetime, source: str, role: Role, ip: str) -> Incoming:
    if len(data) > LARGEST_EVENT_BYTES:
        raise _Bad("too_large", "An event may have at most 32 KB; leave out what no program uses.")
    text = _text(data)
    written = _read(data)
    kind = written.type or ""
    name = (written.event or "") if kind == "track" else ""
    occurred_at = _moment(written.timestamp, now)
    user, anonymous = _id(written.userId, "userId"), _id(written.anonymousId, "anonymousId")
    if not user and not anonymous:
        raise _Bad("no_id")
    if kind not in TYPES:
        raise _Bad("bad_type")
    if kind == "track":
        _check_name(name)
    _check_role(role, kind, name)
    if _NUL in text:
        text = _escape.sub(lambda found: "" if found[0] == _NUL else found[0], text)
        data = text.encode()
    if kind == "alias":
        _id(_value(_fields.decode(data), "previousId"), "previousId")
    # Most events are shorter altogether than any of these values may be; a number may be 1e600.
    if kind == "track" and (len(data) > LONGEST_ID or name.startswith("Wallet ")):
        _check_references(data)
    message_id = _id(written.messageId, "messageId") or str(uuid4())
    sealed: bytes | None = None
    if ip or not written.messageId or not written.timestamp or _needs_masks(text, name):
        fields = _fields.decode(data)
        fields.pop("writeKey", None)
        fields["messageId"] = _token(message_id)
        fields["timestamp"] = fields["timestamp"] if written.timestamp else _token(_iso(now))
        hidden = _hide(fields, name, role, ip)
        text = _one_line(_encoder.encode(fields)).decode()
        if hidden:
            sealed = seal(_encoder.encode(hidden), context=f"event:{message_id}")
    return Incoming(message_id, kind, name, user, anonymous, occurred_at, now, source, text, sealed)


def _text(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise _Bad("bad_json", "The event is not UTF-8.") from None
    if text.count("{") + text.count("[") > DEEPEST and _depth(text) > DEEPEST:
        raise _Bad("bad_json", f"The event is nested deeper than {DEEPEST} levels.")
    return text


def _depth(text: str) -> int:
    """How deep brackets are nested; those inside texts are not counted."""
    depth = deepest = 0
    is_text = is_escaped = False
    for letter in text:
        if is_text:
            is_text = is_escaped or letter != '"'
            is_escaped = letter == "\\" and not is_escaped
        elif letter == '"':
            is_text = True
        elif letter in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif letter in "}]":
            depth -= 1
    return deepest


def _read(data: bytes) -> _Written:
    try:
        return _written.decode(data)
    except msgspec.ValidationError:
        pass
    except (msgspec.DecodeError, RecursionError):
        raise _Bad("bad_json", "The event is not one JSON object.") from None
    try:
        exact = _exact.decode(data)
    except msgspec.ValidationError:
        raise _Bad("bad_json", "The event is not one JSON object.") from None
    values = {
        field: token_value("text", bytes(getattr(exact, field)).decode())
        for field in _Exact.__struct_fields__
    }
    return _Written(**values)


def _moment(timestamp: str | None, now: datetime) -> datetime:
    if not timestamp:
        return now
    at_us = moment(timestamp)
    if at_us is None:
        raise _Bad("bad_timestamp")
    at = _EPOCH + timedelta(microseconds=at_us)
    if at < EARLIEST:
        raise _Bad(
            "bad_timestamp",
            "`timestamp` lies before the year 1900, as one does that was never set; leave it out, "
            "and the time of arrival counts.",
        )
    if at > now + FARTHEST_AHEAD:
        raise _Bad(
            "from_the_future",
            "`timestamp` is more than an hour ahead of the server's clock; set the sender's clock.",
        )
    return at


def _id(value: str | None, field: str) -> str:
    if not value:
        return ""
    if len(value) > LONGEST_ID or len(value.encode()) > LONGEST_ID_BYTES:
        raise _Bad(
            "too_large",
            f"`{field}` may have at most {LONGEST_ID} characters and {LONGEST_ID_BYTES:,} bytes.",
        )
    if "\x00" in value:
        raise _Bad("bad_json", f"`{field}` holds a NUL character; leave it out.")
    return value


def _check_name(name: str) -> None:
    if not name:
        raise _Bad("no_event")
    if "\x00" in name:
        raise _Bad("bad_json", "`event` holds a NUL character; leave it out.")


def _check_role(role: Role, kind: str, name: str) -> None:
    if role == "secret":
        return
    if name in SECRET_NAMES or name.startswith(SECRET_PREFIXES):
        raise _Bad("forbidden_event", f"`{name}` moves money or codes: it needs a secret key.")
    if role == "write":
        return
    if kind not in BROWSER_TYPES or (kind == "track" and name not in BROWSER_NAMES):
        raise _Bad(
            "forbidden_event",
            f"A publishable key may not send `{name or kind}`, since anybody can read that key; "
            "send it from your server with a write key.",
        )


def _check_references(data: bytes) -> None:
    said = bytes(_fields.decode(data).get("properties", b""))
    properties = _fields.decode(said) if said.startswith(b"{") else {}
    for name in REFERENCES & properties.keys():
        value = token_value("text", bytes(properties[name]).decode())
        _id(value, f"properties.{name}")


def _needs_masks(text: str, name: str) -> bool:
    """Whether anything personal or secret may stand in an event; an escaped name could hide it."""
    return (
        '"traits"' in text
        or '"ip"' in text
        or name == "Referral Submitted"
        or '"writeKey"' in text
        or "\\u" in text
        or "\n" in text
        or "\r" in text
    )


def _hide(fields: dict[str, msgspec.Raw], name: str, role: Role, ip: str) -> dict[str, msgspec.Raw]:
    """Take personal data out of an event; what was taken out by its trait's name."""
    hidden: dict[str, msgspec.Raw] = {}
    context = _object(fields, "context")
    if context is not None or ip:
        context = context or {}
        hidden |= _object(context, "traits") or {}
        context.pop("traits", None)
        _mask_ip(context, ip)
        fields["context"] = _raw(context)
    traits = _object(fields, "traits")
    if traits is not None:
        if role == "publishable" and not traits.keys().isdisjoint(KEPT_TRAITS):
            raise _Bad(
                "forbidden_event",
                "`tier` and `tags` decide about rewards: send them from your server.",
            )
        hidden |= traits
        kept = {trait: traits[trait] for trait in KEPT_TRAITS if trait in traits}
        fields["traits"] = _raw(kept | _stand_ins(traits))
    else:
        fields.pop("traits", None)
    properties = _object(fields, "properties") if name == "Referral Submitted" else None
    if properties is not None:
        # The friend's; `context.traits` would be the sender's.
        taken: list[str] = [name for name in ("email", "phone", "name") if name in properties]
        friend = {name: properties.pop(name) for name in taken}
        hidden |= friend
        fields["properties"] = _raw(properties | _stand_ins(friend))
    return hidden


def _object(fields: Mapping[str, msgspec.Raw], name: str) -> dict[str, msgspec.Raw] | None:
    """A field that is a JSON object; None for all else, of which no reader makes anything."""
    written = fields.get(name)
    if written is None or bytes(written)[:1] != b"{":
        return None
    return _fields.decode(written)


def _stand_ins(given: Mapping[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
    found = {name: stand_in(_value(given, name)) for name, stand_in in _STAND_INS.items()}
    return {name: _token(hidden) for name, hidden in found.items() if hidden}


def _mask_ip(context: dict[str, msgspec.Raw], ip: str) -> None:
    masked = masked_ip(_value(context, "ip") or ip)
    context.pop("ip", None)
    if masked:
        context["ip"] = _token(masked)


def _value(fields: Mapping[str, msgspec.Raw], name: str) -> str:
    """A field as the engine reads a text; empty for none."""
    written = fields.get(name)
    return "" if written is None else token_value("text", bytes(written).decode()) or ""


def _token(text: str) -> msgspec.Raw:
    return msgspec.Raw(_encoder.encode(text))


def _raw(fields: Mapping[str, msgspec.Raw]) -> msgspec.Raw:
    return msgspec.Raw(_encoder.encode(fields))


def _one_line(data: bytes) -> bytes:
    """The log is read as JSON Lines, so no event may span two."""
    return msgspec.json.format(data, indent=-1) if b"\n" in data or b"\r" in data else data


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
