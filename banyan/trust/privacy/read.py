"""read: what people asked for, and by when it must be answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from banyan.kernel.sealing import unseal
from banyan.trust.privacy.models import Request


@dataclass(frozen=True)
class RequestRow:
    """One request; `outcome` says in numbers what was done."""

    number: int
    kind: str
    state: str
    user_id: str
    about: str
    """The shop that asks for all its customers; empty: one person."""
    text: str
    """What the person said, in clear; empty: nothing, or they were erased."""
    received_at: datetime
    due_at: datetime
    opened_by: str
    closed_at: datetime | None
    closed_by: str
    reason: str
    outcome: dict[str, Any]


def requests(
    *,
    user_id: str | None = None,
    state: str | None = None,
    due_before: datetime | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[RequestRow]:
    """Requests, the newest first; `before` is the `number` to go on from.

    Open ones with `due_before` now are late.
    """
    rows = Request.objects.all()
    if user_id is not None:
        rows = rows.filter(user_id=user_id)
    if state is not None:
        rows = rows.filter(state=state)
    if due_before is not None:
        rows = rows.filter(due_at__lt=due_before)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return [_row(row) for row in rows.order_by("-pk")[:limit]]


def _row(row: Request) -> RequestRow:
    return RequestRow(
        number=row.pk,
        kind=row.kind,
        state=row.state,
        user_id=row.user_id,
        about=row.about,
        text="" if row.sealed is None else _opened(row.pk, bytes(row.sealed)),
        received_at=row.received_at,
        due_at=row.due_at,
        opened_by=row.opened_by,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        reason=row.reason,
        outcome=msgspec.json.decode(row.outcome),
    )


def text_context(number: int) -> str:
    """What binds the words of a request to it."""
    return f"privacy-request:{number}"


def _opened(number: int, sealed: bytes) -> str:
    return unseal(sealed, context=text_context(number)).decode()
