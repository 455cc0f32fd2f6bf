"""wire: one request to a provider, within ten seconds; what goes wrong is an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import httpx2
import msgspec

from banyan.growth.journeys.letter import Outcome, short

LONGEST_S = 10.0


class Trouble(Exception):
    """A request that brought no answer one could use; `outcome` says what to do about it."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.answer)
        self.outcome = outcome


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    content: bytes | None = None,
    form: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
) -> tuple[int, Any]:
    """The status and the JSON object of the answer. Raises Trouble when there is none, the server
    is busy (429) or broken (5xx), or what it says is no JSON object."""
    try:
        response = _client().request(
            method,
            url,
            headers=dict(headers or {}),
            params=dict(query) if query is not None else None,
            content=content,
            data=dict(form) if form is not None else None,
            auth=auth,
        )
    except httpx2.TimeoutException:
        raise Trouble(Outcome("later", f"no answer within {LONGEST_S:g} s")) from None
    except httpx2.HTTPError as failed:
        # Its text may hold the address and with it a token; its kind says enough.
        raise Trouble(Outcome("later", f"no connection ({type(failed).__name__})")) from None
    wait_s = _retry_after_s(response.headers.get("retry-after", ""))
    if response.status_code == 429 or response.status_code >= 500:
        answer = f"HTTP {response.status_code}"
        raise Trouble(Outcome("later", answer, retry_after_s=wait_s))
    try:
        said = msgspec.json.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = None
    if not isinstance(said, dict):
        answer = f"HTTP {response.status_code} without a JSON object"
        raise Trouble(Outcome("later", short(answer)))
    return response.status_code, said


@cache
def _client() -> httpx2.Client:
    """One for the process: connections are kept. Proxies of the environment are not for this."""
    return httpx2.Client(timeout=LONGEST_S, follow_redirects=False, trust_env=False)


def _retry_after_s(text: str) -> float | None:
    return float(text) if text.isdigit() and len(text) <= 9 else None
