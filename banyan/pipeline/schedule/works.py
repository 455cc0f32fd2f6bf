"""What is done by the clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Event
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore

from banyan.core.events import clock
from banyan.growth.journeys import acts as journeys
from banyan.growth.journeys.read import failed_since
from banyan.growth.leads import acts as leads
from banyan.insight.exposure import save as exposure
from banyan.insight.segments.acts import refresh_all
from banyan.insight.segments.purchases import catch_up
from banyan.kernel.errors import Problem
from banyan.pipeline import (
    alarm_news,
    alarms,
    amending,
    figures,
    notices,
    paying,
    verify,
    watching,
)
from banyan.pipeline.approving import spending, telling
from banyan.pipeline.outbox import cleaning
from banyan.pipeline.outbox.sender import system_time
from banyan.pipeline.schedule import runner
from banyan.pipeline.schedule.runner import Interrupted, Work
from banyan.trust.access import devices, idempotency, signin
from banyan.trust.privacy.acts import expire_invitations
from banyan.trust.privacy.read import requests
from banyan.trust.staff import invitations, sessions

ALARMS_KEPT = timedelta(days=365)


class NotAsTheLogSays(Problem):
    """What the nightly check found."""


class NotSent(Problem):
    """What people were to be told and were not."""


class Late(Problem):
    """What people asked for and did not get in time."""


def run(stop: Event) -> None:
    """Do all scheduled work until `stop` is set. For a thread of the worker process."""
    runner.run(stop, WORKS, now=system_time, at=clock.now)


def _verify(_now: datetime, stop: Event) -> str:
    def progress(_done: int, _of: int) -> None:
        if stop.is_set():
            raise Interrupted("verify stopped with its process")

    report = verify.run(progress=progress)
    if not report.is_sound:
        raise NotAsTheLogSays(
            f"{report.count:,} differences between the live tables and the log up to position "
            f"{report.position:,}; run: banyan verify"
        )
    return (
        f"The log up to position {report.position:,} gives exactly the live tables "
        f"({report.decisions:,} decisions, {report.transfers:,} transfers)."
    )


def _clean_webhooks(now: datetime, _stop: Event) -> str:
    deliveries, messages = cleaning.clean(now)
    return f"{deliveries:,} deliveries and {messages:,} messages were old and removed."


def _clean_replies(now: datetime, _stop: Event) -> str:
    return f"{idempotency.forget(now=now):,} replies kept for retries were old and removed."


def _expire_invitations(now: datetime, _stop: Event) -> str:
    return f"Contacts of friends in {expire_invitations(now=now):,} old invitations were destroyed."


def _expire_nominations(now: datetime, _stop: Event) -> str:
    return f"{leads.expire(now=now):,} contacts that no friend confirmed in time were deleted."


def _look_for_late_requests(now: datetime, _stop: Event) -> str:
    late = requests(state="open", due_before=now, limit=1_000)
    if late:
        raise Late(f"{len(late):,} past their term; the oldest is number {late[-1].number}.")
    return "No privacy request is past its term."


def _tell_of_expiry(now: datetime, _stop: Event) -> str:
    return f"{notices.tell_of_expiry(now):,} rewards that expire soon were announced."


def _clean_notices(now: datetime, _stop: Event) -> str:
    erased = journeys.forget_erased_contacts()
    emptied, removed = journeys.clean(now=now)
    failed = failed_since(now - timedelta(days=1))
    if failed:
        raise NotSent(
            f"{failed:,} notices could not be sent in the last 24 hours; see GET /v1/notices"
            "?status=failed."
        )
    return (
        f"{removed:,} old notices and {erased:,} to erased contacts were removed, the words of "
        f"{emptied:,} that were given up destroyed."
    )


def _clean_signing_in(now: datetime, _stop: Event) -> str:
    count = signin.forget(now=now) + devices.forget(now=now)
    count += sessions.forget(now=now) + invitations.forget(now=now)
    SessionStore.clear_expired()
    return f"{count:,} codes, links and devices past their time were removed."


def _clean_alarms(now: datetime, _stop: Event) -> str:
    count = alarms.clean(before=now - ALARMS_KEPT)
    return f"{count:,} alarms closed long ago were removed."


def _close_exposure(now: datetime, _stop: Event) -> str:
    today = now.astimezone(ZoneInfo(settings.OPERATOR_TIME_ZONE)).date()
    count = exposure.close_days(before=today)
    return f"{count:,} sketches of visitors of days that are over were destroyed."


def _amend(now: datetime, _stop: Event) -> str:
    return amending.advance(now)


def _take_in_purchases(_now: datetime, _stop: Event) -> str:
    return f"Purchases up to position {catch_up():,} are taken in."


def _refresh_segments(now: datetime, _stop: Event) -> str:
    return f"{refresh_all(now=now):,} segments were counted anew."


WORKS = (
    Work("verify", "20 3 * * *", timedelta(hours=6), _verify),
    Work("privacy_requests", "0 8 * * *", timedelta(minutes=10), _look_for_late_requests),
    Work("expire_invitations", "30 4 * * *", timedelta(hours=2), _expire_invitations),
    Work("expire_nominations", "25 * * * *", timedelta(minutes=30), _expire_nominations),
    Work("tasks", "* * * * *", timedelta(minutes=20), watching.look),
    Work("payouts", "* * * * *", timedelta(minutes=20), paying.advance),
    Work("payouts_due", "0 9 * * *", timedelta(minutes=10), watching.payouts_due),
    Work("amends", "* * * * *", timedelta(minutes=10), _amend),
    Work("purchases", "* * * * *", timedelta(minutes=30), _take_in_purchases),
    Work("segments", "*/5 * * * *", timedelta(minutes=30), _refresh_segments),
    Work("figures", "40 * * * *", timedelta(minutes=30), figures.watch),
    Work("budgets", "45 * * * *", timedelta(minutes=30), spending.look),
    Work("program_notices", "* * * * *", timedelta(minutes=20), telling.tell),
    Work("alarms", "* * * * *", timedelta(minutes=10), alarm_news.tell),
    Work("clean_webhooks", "50 4 * * *", timedelta(hours=1), _clean_webhooks),
    Work("clean_replies", "10 * * * *", timedelta(minutes=30), _clean_replies),
    Work("expiry_notices", "0 10 * * *", timedelta(hours=1), _tell_of_expiry),
    Work("clean_notices", "40 4 * * *", timedelta(hours=1), _clean_notices),
    Work("clean_signing_in", "35 * * * *", timedelta(minutes=30), _clean_signing_in),
    Work("close_exposure", "15 * * * *", timedelta(minutes=10), _close_exposure),
    Work("clean_alarms", "55 4 * * *", timedelta(minutes=30), _clean_alarms),
)
