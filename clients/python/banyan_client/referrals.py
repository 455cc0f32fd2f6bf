"""referrals: who brought whom, and how far it came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from banyan_client.requests import Requests


@dataclass(frozen=True)
class Referral:
    """One referral; `stage` is the last it reached."""

    number: int
    program: str
    version: int
    advocate: str
    friend: str
    kind: str
    channel: str | None
    join_position: int
    started_at: datetime
    stage: str


class Referrals:
    """See `Banyan.referrals`."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    def list(
        self,
        *,
        advocate: str | None = None,
        friend: str | None = None,
        program: str | None = None,
        stage: str | None = None,
        from_position: int | None = None,
        order: Literal["asc", "desc"] = "desc",
    ) -> Iterator[Referral]:
        """Referrals, the newest first; `stage` asks for those that have reached it.

        `from_position` and the order `asc` read on from where an earlier reading ended.
        """
        rows = self._requests.pages(
            "referrals",
            advocate=advocate,
            friend=friend,
            program=program,
            stage=stage,
            from_position=from_position,
            order=order,
        )
        return (_referral(row) for row in rows)


def _referral(row: Mapping[str, Any]) -> Referral:
    return Referral(
        number=row["number"],
        program=row["program"],
        version=row["version"],
        advocate=row["advocate"],
        friend=row["friend"],
        kind=row["kind"],
        channel=row["channel"],
        join_position=row["join_position"],
        started_at=datetime.fromisoformat(row["started_at"]),
        stage=row["stage"],
    )
