"""person: who looks at a page of theirs, in which language, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest

from banyan.core.events import clock
from banyan.core.events.acts import append_one
from banyan.core.people.names import ids_of
from banyan.doors.portal.languages import language
from banyan.doors.portal.session import customer_of
from banyan.engine.language.explain import Language
from banyan.pipeline import wait

PATIENCE_S = 5.0
"""How long a page waits for the worker to take up what was just said."""


@dataclass(frozen=True)
class Person:
    """A customer before their own pages. `ids` are all user ids under which things were decided."""

    user_id: str
    ids: tuple[str, ...]
    language: Language
    now: datetime

    @property
    def actor(self) -> str:
        """For the log and the audit."""
        return f"customer:{self.user_id}"


def person_of(request: HttpRequest) -> Person:
    """Whoever is signed in; only behind `session.for_customer`."""
    user_id = customer_of(request)
    assert user_id is not None
    return Person(user_id, ids_of(user_id), language(), clock.now())


def say(person: Person, event: Mapping[str, object]) -> int:
    """Write something that the person did to the log; its position."""
    said = {**event, "userId": person.user_id}
    return append_one(person.actor, said, now=person.now).position


def taken_up(position: int) -> bool:
    """Whether the worker has decided up to there before our patience ran out."""
    return wait.decided(position, timeout_s=PATIENCE_S)
