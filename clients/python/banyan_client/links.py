"""links: codes that advocates pass on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from banyan_client.requests import Requests, part


@dataclass(frozen=True)
class Link:
    """A link with its counters."""

    code: str
    url: str
    program: str
    advocate: str
    clicks: int
    referrals: int


class Links:
    """See `Banyan.links`."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    def make(
        self,
        program: str,
        *,
        advocate: str,
        code: str | None = None,
        channel: str = "",
        script: str = "",
        idempotency_key: str | None = None,
    ) -> Link:
        """The advocate's link; without `code` the one there is, or a new one.

        Raises Refusal: `not_found`, `code_taken`, `wrong_status`.
        """
        body: dict[str, Any] = {"program": program, "advocate": advocate}
        optional = {"code": code, "channel": channel, "script": script}
        body |= {name: value for name, value in optional.items() if value}
        return _link(self._requests.post("links", body, idempotency_key=idempotency_key))

    def get(self, code: str) -> Link:
        """One link. Raises Refusal: `not_found`."""
        return _link(self._requests.get(f"links/{part(code)}"))

    def of(self, advocate: str, *, program: str | None = None) -> Iterator[Link]:
        """An advocate's links."""
        rows = self._requests.pages("links", advocate=advocate, program=program)
        return (_link(row) for row in rows)


def _link(row: Mapping[str, Any]) -> Link:
    return Link(
        code=row["code"],
        url=row["url"],
        program=row["program"],
        advocate=row["advocate"],
        clicks=row["clicks"],
        referrals=row["referrals"],
    )
