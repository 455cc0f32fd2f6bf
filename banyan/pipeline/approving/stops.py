"""stops: a program is stopped at once, and goes on only when a second person agrees.

A stop shuts the doors and publishes a version at the same moment that says so (`stops`): what is
earned from then on is held, under every version, for a person to decide; what was earned before
stays and is paid. So the log and the programs alone still explain every decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from banyan.core.events import read as log
from banyan.core.programs import acts
from banyan.core.programs.editing import put
from banyan.core.programs.force import running_one
from banyan.core.programs.read import VersionRow, version, versions
from banyan.engine.language.source import Written
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.pipeline import publish
from banyan.pipeline.approving import budget
from banyan.pipeline.approving.models import Stop
from banyan.pipeline.approving.read import StopRow, stop
from banyan.trust.audit.acts import record

_NEXT = timedelta(microseconds=1)


class NotStoppable(Problem):
    """A program that is not running, or is stopped already."""


class NotStopped(Problem):
    """A program that no stop holds, or for which nobody asked to go on."""


class WordsMissing(Problem):
    """A stop without a reason or without words for customers."""


class SecondPerson(Problem):
    """Somebody who approves what they asked for themselves."""


def stop_now(actor: str, slug: str, *, reason: str, notice: str, now: datetime) -> StopRow:
    """Stop a program by order of legal or security, without any review.

    Raises NotStoppable, WordsMissing.
    """
    if not reason.strip() or not notice.strip():
        raise WordsMissing(_("Write why it is stopped and what customers are told."))
    with one_transaction():
        running = running_one(slug, now)
        if running is None or running.program.status not in ("live", "paused"):
            raise NotStoppable(_("Only a program that runs or is paused can be stopped."))
        if stop(slug) is not None:
            raise NotStoppable(_("This program is stopped already."))
        span = {"from": _written(_after_log(now))}
        row = _publish(actor, slug, span, now=now)
        acts.stop(actor, slug, now=now)
        Stop.objects.create(
            program=slug,
            reason=reason.strip(),
            notice=notice.strip(),
            by=actor,
            at=now,
            version=row.number,
        )
        record(
            actor,
            "program.stopped",
            f"program:{slug}",
            now=now,
            before={"status": running.program.status},
            after={"version": row.number, "notice": notice.strip()},
            reason=reason.strip(),
        )
    return _stopped(slug)


def ask_restart(actor: str, slug: str, *, why: str, now: datetime) -> StopRow:
    """Ask for a stopped program to go on. Raises NotStopped, WordsMissing."""
    if not why.strip():
        raise WordsMissing(_("Say what was mended, so that the other person can judge it."))
    with one_transaction():
        row = _locked(slug)
        row.asked_by, row.asked_at, row.asked_why = actor, now, why.strip()
        row.save()
        record(
            actor,
            "program.restart_asked",
            f"program:{slug}",
            now=now,
            after={"version": row.version},
            reason=why.strip(),
        )
    return _stopped(slug)


def approve_restart(actor: str, slug: str, *, now: datetime) -> VersionRow:
    """Let a stopped program go on, as a person who did not ask for it.

    What was held meanwhile stays held until somebody decides each. Raises NotStopped, SecondPerson.
    """
    with one_transaction():
        row = _locked(slug)
        if not row.asked_by:
            raise NotStopped(_("Nobody has asked for this program to go on."))
        if row.asked_by == actor:
            raise SecondPerson(_("You asked for it; another person approves it."))
        begins = _beginning(slug, row.version)
        until = max(_after_log(now), datetime.fromisoformat(begins) + _NEXT)
        published = _publish(actor, slug, {"from": begins, "until": _written(until)}, now=now)
        acts.restart(actor, slug)
        budget.spare(slug, reason=row.asked_why, now=now)
        row.ended_by, row.ended_at, row.ended_version = actor, now, published.number
        row.save()
        record(
            actor,
            "program.restarted",
            f"program:{slug}",
            now=now,
            after={"version": published.number, "asked_by": row.asked_by},
            reason=row.asked_why,
        )
    return published


def _publish(actor: str, slug: str, span: Mapping[str, str], *, now: datetime) -> VersionRow:
    """The newest published text as the next version, with one span of `stops` written into it.

    One that is published for a later start keeps that start.
    """
    known = versions(slug)
    base = next(one for one in known if one.status in ("published", "ordered"))
    begun = [one.from_ for one in base.terms.stops]
    place = begun.index(span["from"]) if span["from"] in begun else len(begun)
    text = put(base.source, ("version",), Written(str(known[0].number + 1), "number"))
    text = put(text, ("stops", place), span)
    later = base.starts_at if base.starts_at and base.starts_at > now else None
    return publish.publish(actor, text, starts_at=later, now=now, name=f"{slug}.yaml")


def _after_log(now: datetime) -> datetime:
    """No earlier than anything that is in the log: what was decided stays as it was."""
    latest = log.latest(log.head())
    return now if latest is None else max(now, latest + _NEXT)


def _beginning(slug: str, number: int) -> str:
    """When the stop began, as the version that made it says."""
    row = version(slug, number)
    assert row is not None, "a published version stays"
    return next(one.from_ for one in reversed(row.terms.stops) if one.until is None)


def _written(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _locked(slug: str) -> Stop:
    row = Stop.objects.select_for_update().filter(program=slug, ended_at=None).first()
    if row is None:
        raise NotStopped(_("This program is not stopped."))
    return row


def _stopped(slug: str) -> StopRow:
    found = stop(slug)
    assert found is not None, "it was written just now"
    return found
