"""idempotency: what was answered under a key of the caller's choice is answered again.

A request claims its idempotency key by a row without a status, does its work, and fills in what it
answered. Whoever comes meanwhile is told to wait. A claim whose request died is taken over by a
compare-and-swap of its `claim`, so that even then only one goes on.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from banyan.kernel.errors import Problem
from banyan.kernel.sealing import seal, unseal
from banyan.trust.access.models import Reply

KEPT = timedelta(hours=24)
"""How long a reply is answered again."""

DEAD_AFTER = timedelta(minutes=2)
"""A request that has not answered by then died with its process; no request may take this long."""


class InFlight(Problem):
    """Another request with the same idempotency key is being answered."""


class Reused(Problem):
    """The idempotency key was used for another request."""


@dataclass(frozen=True)
class Claim:
    """The right to answer, and to keep what was answered.

    `work` is the same for each attempt at one request, so that an event it appends is the same too.
    """

    row: int
    token: str
    work: str


@dataclass(frozen=True)
class Answer:
    """A reply as it went out."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def claim(key_id: int, idempotency_key: str, fingerprint: str, *, now: datetime) -> Claim | Answer:
    """The right to answer this request, or what was answered to it before.

    `now` is the system's time. Commits by itself, so it must not be called inside a transaction.
    Raises InFlight and Reused.
    """
    token, work = secrets.token_hex(8), secrets.token_hex(16)
    row, is_new = Reply.objects.get_or_create(
        key_id=key_id,
        idempotency_key=idempotency_key,
        defaults={
            "fingerprint": fingerprint,
            "work": work,
            "begun_at": now,
            "claim": token,
            "claimed_at": now,
        },
    )
    if is_new:
        return Claim(row.pk, token, work)
    if row.begun_at < now - KEPT:
        # Another request by now, whatever it says; nothing of the first may answer it.
        return _taken_over(row, token, now, work=work, begun_at=now, fingerprint=fingerprint)
    if row.fingerprint != fingerprint:
        raise Reused(
            "Idempotency-Key: was used for another request (method, address or body differ); "
            "take a new key for a new request"
        )
    if row.status is not None:
        body = unseal(bytes(row.body_sealed or b""), context=_context(row.pk))
        return Answer(row.status, json.loads(row.headers), body)
    if row.claim and row.claimed_at >= now - DEAD_AFTER:
        raise InFlight(
            "Idempotency-Key: the first request with it is still at work; try again shortly"
        )
    return _taken_over(row, token, now)


def _taken_over(row: Reply, token: str, now: datetime, **changes: object) -> Claim:
    changed = Reply.objects.filter(id=row.pk, claim=row.claim).update(
        claim=token, claimed_at=now, status=None, headers="", body_sealed=None, **changes
    )
    if not changed:
        raise InFlight("Idempotency-Key: another request with it has just begun; try again shortly")
    return Claim(row.pk, token, str(changes.get("work", row.work)))


def keep(held: Claim, answer: Answer) -> None:
    """From now on this is what is answered. Raises InFlight when the claim was taken over, so that
    the transaction around it undoes what the late request did."""
    kept = Reply.objects.filter(id=held.row, claim=held.token).update(
        status=answer.status,
        headers=json.dumps(dict(answer.headers)),
        body_sealed=seal(answer.body, context=_context(held.row)),
    )
    if not kept:
        raise InFlight("Idempotency-Key: this request took too long and another took its place")


def give_up(held: Claim) -> None:
    """Nothing is answered for good; the next attempt may begin at once, at the same work."""
    Reply.objects.filter(id=held.row, claim=held.token, status=None).update(claim="")


def forget(*, now: datetime) -> int:
    """Delete what is kept no longer by the system's time; how many replies that were."""
    deleted, _ = Reply.objects.filter(begun_at__lt=now - KEPT).delete()
    return deleted


def _context(row: int) -> str:
    return f"reply:{row}"
