"""letter: what goes to a provider, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from banyan.engine.language.explain import Language
from banyan.growth.journeys.kinds import Channel

SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class Letter:
    """One message, ready to be sent. What is personal stays out of its `repr`."""

    key: str
    """The same for every attempt: providers that can, send it once."""
    kind: str
    channel: Channel
    language: Language
    to: str = field(repr=False)
    title: str = field(repr=False)
    text: str = field(repr=False)
    provider_template: str = ""
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    optout_link: str = field(default="", repr=False)
    link: str = ""
    """Where a tap on it leads, on channels that have that."""


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended.

    `later`: try again; `failed`: never by this channel as it is; `stopped`: the contact itself is
    no good or its owner wants nothing, so it is not written to any more.
    """

    result: Literal["sent", "later", "failed", "stopped"]
    answer: str
    """In short, without personal data."""
    provider_id: str = ""
    retry_after_s: float | None = None
    reason: str = "bounced"
    """Of `stopped`."""


def short(text: str) -> str:
    """What a provider said, fit to be kept: one line, not long."""
    return "".join(c if c.isprintable() else " " for c in text)[:SHOWN_CHARACTERS].strip()
