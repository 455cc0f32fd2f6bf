"""Messages as shops and payment providers send them, and what they leave in the log."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.test import Client

from banyan.core.events.read import after
from banyan.trust.sources import acts
from banyan.trust.sources.read import Source

SECRET = "whsec_of_a_test_0123456789"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def shop(kind: str, **options: str) -> Source:
    """A new source that signs with SECRET."""
    made, _ = acts.create("cli", kind, secret=SECRET, options=options, now=NOW)
    return made


def post(source: Source, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """Status and JSON of the reply."""
    reply = Client(SERVER_NAME="localhost").post(
        source.path, body, content_type="application/json", headers=dict(headers)
    )
    return reply.status_code, reply.json()


def base64_hmac(body: bytes, secret: str = SECRET) -> str:
    """As Shopify and WooCommerce sign."""
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def stripe_signature(body: bytes, *, secret: str = SECRET, at: float | None = None) -> str:
    """As Stripe signs."""
    seconds = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256)
    return f"t={seconds},v1={digest.hexdigest()}"


def send_shopify(source: Source, topic: str, payload: object) -> tuple[int, dict[str, Any]]:
    """One signed message of Shopify's."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    headers = {"X-Shopify-Topic": topic, "X-Shopify-Hmac-Sha256": base64_hmac(body)}
    return post(source, body, headers)


def send_woocommerce(source: Source, topic: str, payload: object) -> tuple[int, dict[str, Any]]:
    """One signed message of WooCommerce's."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    headers = {"X-WC-Webhook-Topic": topic, "X-WC-Webhook-Signature": base64_hmac(body)}
    return post(source, body, headers)


def send_stripe(
    source: Source, topic: str, obj: Mapping[str, Any], *, event: str = "evt_1", created: int = 0
) -> tuple[int, dict[str, Any]]:
    """One signed event of Stripe's."""
    payload = {
        "id": event,
        "object": "event",
        "type": topic,
        "created": created or 1_793_534_400,
        "data": {"object": obj},
    }
    body = json.dumps(payload).encode()
    return post(source, body, {"Stripe-Signature": stripe_signature(body)})


def log() -> list[dict[str, Any]]:
    """Every event of the log in the public format, in order."""
    return [json.loads(body) for body in after(0, 10_000)["body"]]


def orders() -> list[tuple[Any, ...]]:
    """Orders and refunds of the log in short: name, user, order, total, currency."""
    short = []
    for event in log():
        if str(event.get("event", "")).startswith("Order "):
            told = event["properties"]
            who = event.get("userId") or event["anonymousId"]
            short.append(
                (event["event"], who, told["order_id"], told.get("total"), told["currency"])
            )
    return short
