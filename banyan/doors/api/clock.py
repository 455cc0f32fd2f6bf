"""clock: the time of a test installation, moved ahead so that holds end and points expire."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from ninja import Router
from pydantic import Field, model_validator

from banyan.core.events import clock
from banyan.doors.api.commands import PATIENCE_S
from banyan.doors.api.gate import ApiRequest
from banyan.doors.api.operations import operation
from banyan.doors.api.problems import Fault, Trouble
from banyan.doors.api.shapes import Body, Moment, Shape, Time
from banyan.kernel.times import BadTime, duration_us
from banyan.pipeline import wait
from banyan.trust.access import keys

router = Router(tags=["Test clock"])


class Advance(Body):
    """Where to, as a time or as a span from now; one of the two."""

    to: Moment | None = None
    by: str | None = Field(default=None, max_length=20, examples=["14d"])

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.to is None) == (self.by is None):
            raise ValueError("give either `to` or `by`")
        return self


class TestClock(Shape):
    """The time by which the installation lives."""

    now: Time
    position: int | None = Field(description="Of `Clock Ticked` in the log; None in a rehearsal")
    is_decided: bool = Field(description="Whether all that fell due is decided")


EXAMPLE = {"now": "2026-02-14T08:00:00Z", "position": 50, "is_decided": True}


@operation(
    router,
    "GET",
    "/test_clock",
    scope="clock:write",
    summary="Read the clock",
    reply=TestClock,
    example=EXAMPLE | {"position": None},
)
def get_clock(request: ApiRequest) -> dict[str, Any]:
    """The system's time, or where a test moved it."""
    return {"now": request.call.now, "position": None, "is_decided": True}


@operation(
    router,
    "POST",
    "/test_clock/advance",
    scope="clock:write",
    summary="Move the clock ahead",
    reply=TestClock,
    example=EXAMPLE,
    sends={"by": "14d"},
    errors=["test_key_needed", "live_installation", "clock_goes_back"],
    waits=True,
)
def advance_clock(request: ApiRequest, body: Advance) -> dict[str, Any]:
    """For the whole installation and for good, so a test key is needed, and no live secret key may
    be there unless the operator allows it (`BANYAN_TEST_CLOCK`). Answers when everything that fell
    due by then is decided, or `is_decided` false when the worker needs longer."""
    key = request.call.key
    if key is None or not key.is_test:
        raise Trouble("test_key_needed", "Only a test key (`sk_test_…`) may move the clock.")
    _check_not_live()
    to = _target(body, request.call.now)
    if request.call.is_rehearsal:
        if to <= request.call.now:
            raise clock.ClockGoesBack(f"The clock cannot be moved back to {to.isoformat()}.")
        return {"now": to, "position": None, "is_decided": True}
    receipt = clock.advance(request.call.actor, to)
    is_decided = wait.decided(receipt.position, timeout_s=PATIENCE_S)
    return {"now": to, "position": receipt.position, "is_decided": is_decided}


def _check_not_live() -> None:
    """A moved clock ends holds, lets credit lapse and closes periods of real people, for good."""
    live = None if settings.TEST_CLOCK else keys.live()
    if live is not None:
        raise Trouble(
            "live_installation",
            f"Key {live.id} ({live.hint}) is a live one, so this installation's time is real; take "
            "an installation of its own for tests, or revoke that key, or let the operator set "
            "BANYAN_TEST_CLOCK=1.",
        )


def _target(body: Advance, now: datetime) -> datetime:
    if body.to is not None:
        return body.to
    try:
        return now + timedelta(microseconds=duration_us(body.by or ""))
    except BadTime as bad:
        raise Trouble("invalid", f"by: {bad}", faults=[Fault("/by", str(bad))]) from None
