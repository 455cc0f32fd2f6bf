"""clock: the time by which this installation lives; doors take `now` from here.

It is the system's clock, but for installations that are tests: there it can be moved ahead.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.db import connection

from banyan.core.events.acts import append_one
from banyan.core.events.incoming import Receipt
from banyan.core.events.models import Head
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem

_KEPT_S = 1.0
_MICROSECOND = timedelta(microseconds=1)
# By database: how far ahead, and until when (monotonic seconds) we believe it.
_ahead: dict[str, tuple[timedelta, float]] = {}


class ClockGoesBack(Problem):
    """A test clock that was to be moved to a time that is past."""

    status = 422
    code = "clock_goes_back"


def now() -> datetime:
    """The time, UTC. A clock that another process moved is seen within a second."""
    return datetime.now(UTC) + _kept_ahead()


def advance(actor: str, to: datetime) -> Receipt:
    """Move the test clock to `to` and tell the log, so that what falls due by then does.

    Raises ClockGoesBack when `to` is not after now.
    """
    with one_transaction():
        head = Head.objects.select_for_update().get(id=1)
        system = datetime.now(UTC)
        if to <= system + head.clock_ahead_us * _MICROSECOND:
            raise ClockGoesBack(
                f"The clock cannot be moved back to {to.isoformat()}; name a later time."
            )
        Head.objects.filter(id=1).update(clock_ahead_us=(to - system) // _MICROSECOND)
        receipt = append_one(
            actor,
            {
                "type": "track",
                "event": "Clock Ticked",
                "anonymousId": "clock",
                "timestamp": to.astimezone(UTC).isoformat(),
            },
            now=to,
        )
    _ahead.clear()
    return receipt


def _kept_ahead() -> timedelta:
    name = str(connection.settings_dict["NAME"])
    ahead, until = _ahead.get(name, (timedelta(), 0.0))
    if time.monotonic() >= until:
        ahead = Head.objects.values_list("clock_ahead_us", flat=True).get(id=1) * _MICROSECOND
        _ahead[name] = (ahead, time.monotonic() + _KEPT_S)
    return ahead
