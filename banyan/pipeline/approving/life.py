"""life: paused, resumed, closed; and what legal says of a live program each quarter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.utils.translation import gettext as _

from banyan.core.programs import acts
from banyan.core.programs.force import running_one
from banyan.core.programs.read import program
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.pipeline.approving import budget
from banyan.pipeline.approving.models import Check
from banyan.trust.audit.acts import record


class NothingToCheck(Problem):
    """A program that was never published."""


class RemarksMissing(Problem):
    """A refusal that does not say why."""


def pause(actor: str, slug: str, *, reason: str, now: datetime) -> None:
    """No new links and clicks; what was promised goes on. Raises NoSuchProgram, WrongStatus."""
    _moved(acts.pause, actor, slug, "program.paused", reason=reason, now=now)


def resume(actor: str, slug: str, *, reason: str, now: datetime) -> None:
    """Open the doors of a paused program again; one that its budget paused asks for a reason.

    Raises NoSuchProgram, WrongStatus.
    """
    with one_transaction():
        budget.spare(slug, reason=reason, now=now)
        _moved(acts.resume, actor, slug, "program.resumed", reason=reason, now=now)


def close(actor: str, slug: str, *, reason: str, now: datetime) -> None:
    """Shut its doors for good; what was promised goes on. Raises NoSuchProgram, WrongStatus."""
    _moved(acts.close, actor, slug, "program.closed", reason=reason, now=now)


def check(actor: str, slug: str, *, is_approved: bool, remarks: str, now: datetime) -> None:
    """Legal looked at a live program again. Raises NothingToCheck, RemarksMissing."""
    running = running_one(slug, now)
    if running is None:
        raise NothingToCheck(_("Nothing of this program was ever published."))
    if not is_approved and not remarks.strip():
        raise RemarksMissing(_("Say what is wrong with it, so that somebody can mend it."))
    with one_transaction():
        Check.objects.create(
            program=slug,
            version=running.version.number,
            is_approved=is_approved,
            remarks=remarks.strip(),
            by=actor,
            at=now,
        )
        record(
            actor,
            "program.checked",
            f"program:{slug}",
            now=now,
            after={"version": running.version.number, "is_approved": is_approved},
            reason=remarks.strip(),
        )


def _moved(
    act: Callable[[str, str], None],
    actor: str,
    slug: str,
    verb: str,
    *,
    reason: str,
    now: datetime,
) -> None:
    with one_transaction():
        before = program(slug)
        act(actor, slug)
        after = program(slug)
        assert before, "the act found it"
        assert after, "it is still there"
        record(
            actor,
            verb,
            f"program:{slug}",
            now=now,
            before={"status": before.status},
            after={"status": after.status},
            reason=reason.strip(),
        )
