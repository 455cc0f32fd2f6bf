"""requests: one request after another, sent again where that is safe, and errors as exceptions."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 30.0
_TRY_AGAIN = frozenset({429, 502, 503, 504})


@dataclass(frozen=True)
class Fault:
    """One field that is wrong: where it stands, its JSON Pointer, and what is wrong with it."""

    place: str
    pointer: str
    detail: str


class Refusal(Exception):
    """The server said no, and why. `code` is stable; `request_id` finds it in the server's log."""

    def __init__(self, status: int, problem: Mapping[str, Any], request_id: str) -> None:
        super().__init__(str(problem.get("detail") or f"HTTP status {status}"))
        self.status = status
        self.code = str(problem.get("code", ""))
        self.request_id = request_id
        self.faults = tuple(
            Fault(str(fault.get("in")), str(fault.get("pointer")), str(fault.get("detail")))
            for fault in problem.get("errors", ())
        )


class Unreachable(Exception):
    """The server could not be reached, or did not answer in time, as often as it was tried."""


class Requests:
    """A connection that sends what it is given, several times if need be.

    Writes carry an idempotency key, made here unless it is given, so that sending one again does
    nothing twice. 429 and 503 are waited for as long as the server asks.
    """

    def __init__(
        self,
        base_url: str,
        secret: str,
        *,
        timeout_s: float,
        attempts: int,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._attempts = attempts
        self._client = httpx2.Client(
            base_url=base_url.rstrip("/") + "/v1/",
            headers={"Authorization": f"Bearer {secret}", "User-Agent": "banyan-client/0.1.0"},
            timeout=timeout_s,
            transport=transport,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, path: str, **query: str | int | None) -> Any:
        """What is there. Raises Refusal, Unreachable."""
        asked = {name: value for name, value in query.items() if value is not None}
        return self._sent(self._client.build_request("GET", path, params=asked))

    def post(
        self, path: str, body: Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> Any:
        """What became of a write. Raises Refusal, Unreachable."""
        headers = {"Idempotency-Key": idempotency_key or uuid.uuid4().hex}
        return self._sent(self._client.build_request("POST", path, json=body, headers=headers))

    def pages(self, path: str, **query: str | int | None) -> Iterator[Mapping[str, Any]]:
        """Every row of a list, page after page."""
        cursor: str | None = None
        while True:
            page = self.get(path, cursor=cursor, **query)
            yield from page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def _sent(self, request: httpx2.Request) -> Any:
        pause_s = FIRST_PAUSE_S
        for attempt in range(1, self._attempts + 1):
            is_last = attempt == self._attempts
            try:
                response = self._client.send(request)
            except httpx2.TransportError as failed:
                if is_last:
                    raise Unreachable(f"{request.url.host}: {failed}") from failed
                wait_s = pause_s
            else:
                if response.is_success:
                    return response.json()
                refusal = _refusal(response)
                if is_last or not _may_be_sent_again(refusal):
                    raise refusal
                wait_s = max(pause_s, _asked_to_wait_s(response))
            # Jitter, so that callers that failed together do not come back together.
            time.sleep(min(wait_s * random.uniform(1.0, 1.25), LONGEST_PAUSE_S))
            pause_s *= 2
        raise AssertionError("the last attempt returns or raises")


def part(text: str) -> str:
    """An id as part of an address."""
    return quote(text, safe="")


def _may_be_sent_again(refusal: Refusal) -> bool:
    return refusal.status in _TRY_AGAIN or refusal.code == "idempotency_in_flight"


def _asked_to_wait_s(response: httpx2.Response) -> float:
    asked = response.headers.get("Retry-After", "")
    return float(asked) if asked.isdigit() else 0.0


def _refusal(response: httpx2.Response) -> Refusal:
    try:
        told = response.json()
    except ValueError:  # not from Banyan: a proxy in between
        told = {}
    request_id = response.headers.get("X-Request-Id", "")
    return Refusal(response.status_code, told if isinstance(told, dict) else {}, request_id)
