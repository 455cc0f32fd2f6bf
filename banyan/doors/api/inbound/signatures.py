"""signatures: whether a message is from whom it says, by the provider's own scheme."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import datetime, timedelta

from banyan.kernel.errors import Problem

TOLERANCE = timedelta(minutes=5)

_SECONDS = re.compile(r"[0-9]{1,12}")


class BadSignature(Problem):
    """A message that is not signed with the source's secret, or was signed too long ago."""


def check_stripe(header: str, body: bytes, *, secret: str, now: datetime) -> None:
    """`Stripe-Signature: t=SECONDS,v1=HEX[,v1=HEX]`, HMAC-SHA256 over `t.body`.

    While a secret is rotated several `v1` stand there and one must fit. `now` is the system's
    clock: the time a message was signed at is the provider's. Raises BadSignature.
    """
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    given = [value for name, _, value in parts if name == "v1"]
    if len(times) != 1 or not _SECONDS.fullmatch(times[0]) or not given:
        raise BadSignature(
            "The Stripe-Signature header is missing or not of the form t=…,v1=…; "
            "post to this address from Stripe alone."
        )
    wanted = _hmac(secret, times[0].encode() + b"." + body).hex()
    if not any(_same(wanted, each) for each in given):
        raise BadSignature(
            "The signature does not fit the source's secret; copy the endpoint's signing secret "
            "(whsec_…) from Stripe again."
        )
    # The time is signed too, so it is looked at only once it is known to be Stripe's.
    if abs(now.timestamp() - int(times[0])) > TOLERANCE.total_seconds():
        raise BadSignature(
            "The message was signed more than 5 minutes from now; send it again, and check this "
            "server's clock if new ones are refused too."
        )


def check_base64(header: str, body: bytes, *, secret: str, name: str) -> None:
    """The base64 of HMAC-SHA256 over the raw body, as Shopify and WooCommerce send it in `name`.

    Raises BadSignature.
    """
    if not header:
        raise BadSignature(f"The {name} header is missing: the message is not signed.")
    wanted = base64.b64encode(_hmac(secret, body)).decode()
    if not _same(wanted, header.strip()):
        raise BadSignature(
            f"{name} does not fit the source's secret; copy the secret from the shop's page of "
            "webhooks again, or see that nothing on the way changes the body."
        )


def _hmac(secret: str, data: bytes) -> bytes:
    return hmac.digest(secret.encode(), data, hashlib.sha256)


def _same(wanted: str, given: str) -> bool:
    return hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace"))
