"""stripe: payouts as Stripe Connect transfers (`POST /v1/transfers`) to connected accounts.

Stripe forgets an `Idempotency-Key` after a day, so an attempt that is repeated asks first, by the
`transfer_group` that is ours alone, whether the transfer was made.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import httpx2
import msgspec

from banyan.growth.payouts.acts import Said
from banyan.growth.payouts.providers import Provider
from banyan.growth.payouts.read import OpenedLine
from banyan.kernel.errors import Problem

LONGEST_S = 20.0


class Unanswered(Problem):
    """No answer one could use: it is asked again later."""


def pay(to: Provider, one: OpenedLine) -> Said:
    """Send one payout, or learn that an earlier attempt did. Raises Unanswered."""
    row = one.line
    found = find(to, row.reference) if row.attempts > 1 else None
    if found is not None:
        return found
    form = {
        "amount": str(row.amount),
        "currency": row.unit.partition(" ")[2].lower(),
        "destination": one.account.account,
        "transfer_group": row.reference,
        "metadata[reference]": row.reference,
    }
    status, said = _ask(to, "POST", "/v1/transfers", form=form, key=f"banyan:{row.reference}")
    if status == 200 and isinstance(said.get("id"), str):
        return _paid(row.reference, said)
    error = said.get("error")
    error = error if isinstance(error, dict) else {}
    if status in (401, 403, 409) or error.get("code") == "balance_insufficient":
        # Mended in the settings, at Stripe or by waiting; what waits goes out then.
        raise Unanswered(f"Stripe answered {status} {error.get('code') or error.get('type') or ''}")
    reason = str(error.get("code") or error.get("type") or f"HTTP {status}")
    return Said(row.reference, "failed", reason=reason[:200])


def find(to: Provider, reference: str) -> Said | None:
    """A payout that was sent by that reference; None when none was. Raises Unanswered."""
    status, said = _ask(
        to, "GET", "/v1/transfers", query={"transfer_group": reference, "limit": "1"}
    )
    if status != 200 or not isinstance(said.get("data"), list):
        raise Unanswered(f"Stripe answered {status} when asked for {reference}")
    rows = [row for row in said["data"] if isinstance(row, dict)]
    return _paid(reference, rows[0]) if rows else None


def _paid(reference: str, made: dict[str, Any]) -> Said:
    amount = made.get("amount")
    return Said(
        reference,
        "paid",
        amount=amount if isinstance(amount, int) else None,
        provider_id=str(made["id"])[:200],
    )


def _ask(
    to: Provider,
    method: str,
    path: str,
    *,
    form: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    key: str = "",
) -> tuple[int, dict[str, Any]]:
    headers = {"Idempotency-Key": key} if key else {}
    try:
        response = _client().request(
            method, to.base + path, headers=headers, data=form, params=query, auth=(to.secret, "")
        )
    except httpx2.HTTPError as failed:
        # Its text may hold the address; its kind says enough.
        raise Unanswered(f"no answer from Stripe ({type(failed).__name__})") from None
    if response.status_code == 429 or response.status_code >= 500:
        raise Unanswered(f"Stripe answered {response.status_code}")
    try:
        said = msgspec.json.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = None
    if not isinstance(said, dict):
        raise Unanswered(f"Stripe answered {response.status_code} without a JSON object")
    return response.status_code, said


@cache
def _client() -> httpx2.Client:
    """One for the process: connections are kept. Proxies of the environment are not for this."""
    return httpx2.Client(timeout=LONGEST_S, follow_redirects=False, trust_env=False)
