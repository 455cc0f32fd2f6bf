"""One line of a log becomes an event, a reject, or nothing."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NoReturn

from tests.oracle.moments import read_moment
from tests.oracle.values import READERS, as_text, is_too_large

TYPES = ("track", "identify", "page", "screen", "group", "alias")
ALWAYS_KNOWN = {"order_id": "text", "currency": "text", "coupon": "text", "total": "number"}


@dataclass(frozen=True)
class Event:
    """An event that can be used. Empty and unfit values are already None."""

    position: int
    given_id: str | None  # its `messageId`
    type: str
    at: int
    name: str | None = None  # of a track event
    user: str | None = None
    anonymous: str | None = None
    previous: str | None = None  # of an alias event
    device: str | None = None
    ip: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    traits: Mapping[str, Any] = field(default_factory=dict)

    @property
    def message_id(self) -> str:
        """What it is known by: without a `messageId`, its position as text."""
        return self.given_id or str(self.position)

    def text(self, name: str) -> str | None:
        """Read a property as text."""
        return as_text(self.properties.get(name))

    def value(self, name: str, kind: str) -> Any:
        """Read a property of a declared kind: `text`, `number` or `boolean`."""
        return READERS[kind](self.properties.get(name))

    def is_track_of(self, user: str | None) -> bool:
        """Whether this is an identified track event of that user."""
        return self.type == "track" and self.user is not None and self.user == user


@dataclass(frozen=True)
class Reject:
    """Why an event could not be read or used."""

    position: int
    message_id: str | None
    code: str


def read_line(
    line: bytes, position: int, numbers: Collection[str], until: int | None
) -> Event | Reject | None:
    """Read one line. `numbers` are the names of the number properties of every program.

    None for an event stamped after `until`: it is left out, whatever else is wrong with it.
    """
    try:
        raw = parse_object(line)
    except (ValueError, RecursionError, ArithmeticError):
        return Reject(position, None, "bad_json")
    at = read_moment(as_text(raw.get("timestamp")))
    if until is not None and at is not None and at > until:
        return None
    code = fault(raw, at, numbers)
    if code or at is None:
        return Reject(position, as_text(raw.get("messageId")), code or "bad_timestamp")
    return make_event(raw, position, at)


def fault(raw: Mapping[str, Any], at: int | None, numbers: Collection[str]) -> str | None:
    """Name the first fault of an event, in the order in which they are looked for."""
    properties = object_in(raw, "properties")
    if at is None:
        return "bad_timestamp"
    if as_text(raw.get("userId")) is None and as_text(raw.get("anonymousId")) is None:
        return "no_id"
    if raw.get("type") not in TYPES:
        return "bad_type"
    if raw["type"] == "track" and as_text(raw.get("event")) is None:
        return "no_event"
    if any(is_too_large(properties.get(name)) for name in numbers):
        return "number_too_large"
    return None


def make_event(raw: Mapping[str, Any], position: int, at: int) -> Event:
    kind = raw["type"]
    context = object_in(raw, "context")
    return Event(
        position=position,
        given_id=as_text(raw.get("messageId")),
        type=kind,
        at=at,
        name=as_text(raw.get("event")) if kind == "track" else None,
        user=as_text(raw.get("userId")),
        anonymous=as_text(raw.get("anonymousId")),
        previous=as_text(raw.get("previousId")) if kind == "alias" else None,
        device=as_text(object_in(context, "device").get("id")),
        ip=as_text(context.get("ip")),
        properties=object_in(raw, "properties"),
        traits=object_in(raw, "traits"),
    )


def object_in(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = raw.get(name)
    return value if isinstance(value, dict) else {}


def parse_object(line: bytes) -> dict[str, Any]:
    """Parse one JSON object with exact numbers; raise ValueError for anything else."""
    raw = json.loads(
        line.decode("utf-8"), parse_float=Decimal, parse_int=Decimal, parse_constant=refuse
    )
    if not isinstance(raw, dict):
        raise ValueError("not an object")
    return raw


def refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
