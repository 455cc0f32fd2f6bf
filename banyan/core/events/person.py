"""person: what the log holds of one person, and how it forgets.

An event is a person's when it names the user id, or names none and comes from one of the person's
browsers. Of a browser that several people use, events with another user id are not touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection

from banyan.core.events.models import Event
from banyan.kernel.database import among

_COLUMNS = (
    "position",
    "message_id",
    "kind",
    "name",
    "user_id",
    "anonymous_id",
    "occurred_at",
    "received_at",
    "body",
    "sealed",
)


def events_of(user_ids: Sequence[str], visitors: Sequence[str]) -> Iterator[dict[str, Any]]:
    """A person's events, those of user ids first, each part in order of position.

    Each has position, message_id, kind, name, user_id, anonymous_id, occurred_at, received_at,
    body, sealed.
    """
    for where, parameters in _parts(user_ids, visitors):
        rows = Event.objects.extra(where=[where], params=parameters).order_by("position")
        yield from rows.values(*_COLUMNS).iterator()


def events_at(positions: Sequence[int]) -> list[dict[str, Any]]:
    """Events at these positions, in order; columns as `events_of`."""
    where, parameters = among("position", positions)
    rows = Event.objects.extra(where=[where], params=parameters).order_by("position")
    return list(rows.values(*_COLUMNS))


def forget(user_ids: Sequence[str], visitors: Sequence[str]) -> int:
    """Destroy what is sealed in a person's events; how many events that were.

    The events stay: what their bodies say of the person are stand-ins.
    """
    return sum(_empty(where, parameters) for where, parameters in _parts(user_ids, visitors))


def forget_at(positions: Sequence[int]) -> int:
    """Destroy what is sealed in the events at these positions; how many events that were."""
    return _empty(*among("position", positions)) if positions else 0


def _parts(user_ids: Sequence[str], visitors: Sequence[str]) -> list[tuple[str, list[Any]]]:
    parts = []
    if user_ids:
        parts.append(among("user_id", user_ids))
    if visitors:
        where, parameters = among("anonymous_id", visitors)
        parts.append((f"user_id = '' AND {where}", parameters))
    return parts


def _empty(where: str, parameters: Sequence[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE events_event SET sealed = NULL WHERE {where} AND sealed IS NOT NULL",
            parameters,
        )
        return int(cursor.rowcount)
