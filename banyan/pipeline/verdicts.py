"""verdicts: what waits for somebody's yes or no stands in the inbox of whose word it is.

Reviews of programs, legal's quarterly look at those that run, privacy requests. Each has a page of
its own, on which the word is given; the task says until when, and goes when nothing waits any more.
Payouts and corrections open and close theirs themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from banyan.growth.tasks import acts, read
from banyan.pipeline.approving.read import SIDES, legal_due, open_reviews
from banyan.trust.privacy.read import RequestRow, requests

REVIEW_DAYS = timedelta(days=2)
"""For legal and finance, each."""
MOST = 1_000
"""Requests read at once."""

Kind = Literal["approval", "review"]
_KINDS: tuple[Kind, ...] = ("approval", "review")
_OURS = ("verdict", "check", "privacy")


@dataclass(frozen=True)
class _Waits:
    kind: Kind
    about: str
    role: str
    due_at: datetime
    program: str = ""
    customer: str = ""


def look(now: datetime) -> int:
    """Open a task for everything that waits, close those about what waits no more; how many are
    new."""
    waiting = {(one.kind, one.about): one for one in _waiting(now)}
    # Payouts and corrections share the kinds.
    for task in read.all_open(_KINDS):
        is_ours = task.about.partition(":")[0] in _OURS
        if is_ours and (task.kind, task.about) not in waiting:
            acts.settle(task.kind, task.about, now=now)
    fresh = [one for one in waiting.values() if not read.is_open(one.kind, one.about)]
    for one in fresh:
        acts.open_task(
            one.kind,
            one.about,
            owner_role=one.role,
            due_at=one.due_at,
            program=one.program,
            customer=one.customer,
            now=now,
        )
    return len(fresh)


def _waiting(now: datetime) -> Iterator[_Waits]:
    for text in open_reviews():
        for side in SIDES:
            if text.verdict(side) is None:
                due = text.asked_at + REVIEW_DAYS
                yield _Waits("approval", f"verdict:{text.id}/{side}", side, due, text.program)
    for live in legal_due():
        if live.due_at <= now:
            yield _Waits("review", f"check:{live.program}", "legal", live.due_at, live.program)
    for one in _open_requests():
        about = f"privacy:{one.number}"
        yield _Waits("approval", about, "legal", one.due_at, customer=one.user_id)


def _open_requests() -> Iterator[RequestRow]:
    """All of them: of one that was left out the task would be closed while it waits."""
    before = None
    while page := requests(state="open", before=before, limit=MOST):
        yield from page
        before = page[-1].number
