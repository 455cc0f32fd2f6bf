"""decisions: what was granted, held or rejected, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal

from banyan_client.requests import Requests, part

Outcome = Literal["granted", "held", "rejected"]


@dataclass(frozen=True)
class Decision:
    """One decision. Amounts are minor units of a currency, or counts; `why` is a paragraph, None if
    it was not asked for."""

    decision_id: str
    program: str
    version: int
    reward: str
    to: str
    beneficiary: str
    advocate: str | None
    friend: str | None
    milestone: str
    ordinal: int
    position: int
    occurred_at: datetime
    unit: str
    raw_amount: int
    amount: int
    outcome: Outcome
    reason: str | None
    available_at: datetime | None
    expires_at: datetime | None
    reversed_amount: int
    ruling: Literal["released", "denied"] | None
    why: str | None


class Decisions:
    """See `Banyan.decisions`."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    def list(
        self,
        *,
        beneficiary: str | None = None,
        program: str | None = None,
        outcome: Outcome | None = None,
        is_waiting: bool = False,
        with_why: bool = True,
        from_position: int | None = None,
        order: Literal["asc", "desc"] = "desc",
        lang: Literal["en", "zh-hans"] = "en",
    ) -> Iterator[Decision]:
        """Decisions, the newest first; `is_waiting` asks for held ones without a ruling.

        `with_why` false leaves out the reasons in words, which makes long lists much faster.
        `from_position` and the order `asc` read on from where an earlier reading ended.
        """
        rows = self._requests.pages(
            "decisions",
            beneficiary=beneficiary,
            program=program,
            outcome=outcome,
            waiting="true" if is_waiting else None,
            why=None if with_why else "false",
            from_position=from_position,
            order=order,
            lang=lang,
        )
        return (_decision(row) for row in rows)

    def get(self, decision_id: str, *, lang: Literal["en", "zh-hans"] = "en") -> Decision:
        """One decision. Raises Refusal: `not_found`."""
        return _decision(self._requests.get(f"decisions/{part(decision_id)}", lang=lang))

    def release(self, decision_id: str, reason: str) -> Decision:
        """Let a held decision be paid. Raises Refusal: `not_found`, `not_waiting`."""
        return self._ruled(decision_id, "release", reason)

    def deny(self, decision_id: str, reason: str) -> Decision:
        """Let a held decision never be paid. Raises Refusal: `not_found`, `not_waiting`."""
        return self._ruled(decision_id, "deny", reason)

    def _ruled(self, decision_id: str, verb: str, reason: str) -> Decision:
        path = f"decisions/{part(decision_id)}/{verb}"
        return _decision(self._requests.post(path, {"reason": reason}))


def _decision(row: Mapping[str, Any]) -> Decision:
    values = {field.name: row[field.name] for field in fields(Decision)}
    for name in ("occurred_at", "available_at", "expires_at"):
        if values[name] is not None:
            values[name] = datetime.fromisoformat(values[name])
    return Decision(**values)
