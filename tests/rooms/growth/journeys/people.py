"""People who may be written to, and a provider that keeps what it gets in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from banyan.growth.journeys import acts, claims, sender
from banyan.growth.journeys.letter import Letter, Outcome
from tests.rooms.pipeline.line import Line

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Post:
    """Takes letters in place of all providers; `outcomes` are given out in turn, then success."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.outcomes: list[Outcome] = []

    def __call__(self, letter: Letter) -> Outcome:
        self.letters.append(letter)
        if self.outcomes:
            return self.outcomes.pop(0)
        return Outcome("sent", "", provider_id=f"id-{len(self.letters)}")

    @property
    def told(self) -> list[tuple[str, str, str]]:
        """Kind, channel and address of each letter."""
        return [(one.kind, one.channel, one.to) for one in self.letters]


@contextmanager
def post() -> Iterator[Post]:
    """All letters go there until the end."""
    found = Post()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sender, "send", found)
        yield found


def known(
    user_id: str = "ann", consents: tuple[str, ...] = ("program.spring",), **traits: Any
) -> Line:
    """A customer with these traits and consents, whom the worker knows."""
    line = Line()
    line.number = sum(map(ord, user_id)) * 1_000
    line.say("identify", user_id, traits={"email": f"{user_id}@example.com"} | traits)
    for purpose in consents:
        line.say("Consent Given", user_id, purpose=purpose)
    line.work()
    return line


def tell(
    user_id: str = "ann", kind: str = "reward_arrived", key: str = "k1", now: datetime = NOON
) -> int:
    """A notice in program spring."""
    values = {"amount": "$20"} if kind == "reward_arrived" else {}
    return acts.notify(user_id, kind, values=values, key=key, program="spring", now=now)


def sent(now: datetime = NOON, *, failed: claims.Failed = claims.unheard) -> int:
    """Everything that is due then is sent; how many attempts."""
    return sender.send_due(lambda: now, failed=failed)
