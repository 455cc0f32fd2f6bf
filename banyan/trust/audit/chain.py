"""chain: an entry's hash covers the entry before it, so that none changes or goes unseen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from datetime import UTC, datetime

import msgspec

START = "0" * 64


@dataclass(frozen=True)
class Content:
    """What an entry says; `before` and `after` as canonical JSON."""

    number: int
    at: datetime
    actor: str
    verb: str
    about: str
    before: str | None
    after: str | None
    reason: str


def canonical(value: Mapping[str, object] | None) -> str | None:
    """A value as JSON with its keys in order and no spaces: equal values, equal texts."""
    return None if value is None else msgspec.json.encode(value, order="sorted").decode()


def link(previous: str, content: Content) -> str:
    """The hash of an entry, given the one before it (the first: `START`); 64 hex digits."""
    at = content.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    number, _, *texts = astuple(content)
    said = msgspec.json.encode([previous, number, at, *texts])
    return hashlib.sha256(said).hexdigest()
