"""Who may speak: each scheme's own signature, and nothing else."""

from __future__ import annotations

import json
import time

import pytest
from django.test import Client

from banyan.trust.sources import acts
from tests.rooms.doors.api.inbound.shops import (
    NOW,
    base64_hmac,
    log,
    post,
    shop,
    stripe_signature,
)

# What is read is the same on every database.
pytestmark = [
    pytest.mark.usefixtures("installation"),
    pytest.mark.parametrize("installation", ["sqlite"], indirect=True),
]

CUSTOMER = {"id": "cus_1", "email": "ann@example.com"}
BODY = json.dumps(
    {
        "id": "evt_1",
        "type": "customer.created",
        "created": 1_793_534_400,
        "data": {"object": CUSTOMER},
    }
).encode()


def test_stripe_signed_now_is_taken() -> None:
    source = shop("stripe")
    status, reply = post(source, BODY, {"Stripe-Signature": stripe_signature(BODY)})
    assert (status, reply) == (200, {"outcome": "appended", "events": 1})
    assert [event["messageId"] for event in log()] == ["stripe:evt_1"]


def test_stripe_while_a_secret_is_rotated_one_of_several_signatures_fits() -> None:
    source = shop("stripe")
    fitting = stripe_signature(BODY)
    older = stripe_signature(BODY, secret="whsec_the_one_before").split("v1=")[1]
    header = fitting.replace("v1=", f"v1={older},v0=00,v1=")
    assert post(source, BODY, {"Stripe-Signature": header})[0] == 200


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("", "The Stripe-Signature header is missing"),
        ("v1=00", "The Stripe-Signature header is missing"),
        ("t=now,v1=00", "The Stripe-Signature header is missing"),
        ("t=1,t=2,v1=00", "The Stripe-Signature header is missing"),
        ("t=1793534400,v1=é", "The signature does not fit"),
        ("t=1793534400,v1=", "The signature does not fit"),
    ],
)
def test_stripe_without_a_fitting_header_is_refused(header: str, sentence: str) -> None:
    status, reply = post(shop("stripe"), BODY, {"Stripe-Signature": header})
    assert status == 401
    assert reply["detail"].startswith(sentence)
    assert log() == []


@pytest.mark.parametrize(("age_s", "status"), [(290, 200), (310, 401), (-290, 200), (-310, 401)])
def test_stripe_signed_more_than_five_minutes_from_now_is_refused(age_s: int, status: int) -> None:
    header = stripe_signature(BODY, at=time.time() - age_s)
    assert post(shop("stripe"), BODY, {"Stripe-Signature": header})[0] == status
    assert len(log()) == (status == 200)


def test_stripe_signed_with_another_secret_or_over_another_body_is_refused() -> None:
    source = shop("stripe")
    other = stripe_signature(BODY, secret="whsec_of_somebody_else")
    assert post(source, BODY, {"Stripe-Signature": other})[0] == 401
    changed = BODY.replace(b"ann@", b"bob@")
    assert post(source, changed, {"Stripe-Signature": stripe_signature(BODY)})[0] == 401
    assert log() == []


@pytest.mark.parametrize(
    ("kind", "signature", "topic"),
    [
        ("shopify", "X-Shopify-Hmac-Sha256", {"X-Shopify-Topic": "products/create"}),
        ("woocommerce", "X-WC-Webhook-Signature", {"X-WC-Webhook-Topic": "product.created"}),
    ],
)
def test_base64_signatures(kind: str, signature: str, topic: dict[str, str]) -> None:
    source = shop(kind)
    body = b'{"id": 1}'
    good = topic | {signature: base64_hmac(body)}
    assert post(source, body, good) == (200, {"outcome": "ignored", "events": 0})
    for wrong in (
        topic,
        topic | {signature: ""},
        topic | {signature: base64_hmac(body, "another secret")},
        topic | {signature: base64_hmac(b'{"id": 2}')},
        topic | {signature: base64_hmac(body)[:-2]},
    ):
        assert post(source, body, wrong)[0] == 401
    status, reply = post(source, body, {signature: base64_hmac(body)})
    assert (status, reply["code"]) == (400, "bad_request")
    assert "header is missing" in reply["detail"]


def test_the_ping_of_woocommerce_is_unsigned_and_answered() -> None:
    ping = b"webhook_id=7"
    assert post(shop("woocommerce"), ping, {}) == (200, {"outcome": "pong", "events": 0})
    assert post(shop("woocommerce"), b"webhook_id=7&more=1", {})[0] == 401
    assert post(shop("shopify"), ping, {})[0] == 401


def test_a_source_answers_at_its_own_address_and_until_it_is_revoked() -> None:
    source = shop("shopify")
    headers = {"X-Shopify-Topic": "products/create", "X-Shopify-Hmac-Sha256": base64_hmac(b"{}")}
    assert post(source, b"{}", headers)[0] == 200
    client = Client(SERVER_NAME="localhost")
    stripe = shop("stripe")
    assert client.post(f"/v1/inbound/shopify/{stripe.id}").status_code == 404
    assert client.post("/v1/inbound/shopify/0000000000000000").status_code == 404
    assert client.get(source.path).status_code == 405
    acts.revoke("cli", source.id, now=NOW)
    assert post(source, b"{}", headers)[0] == 404


def test_after_the_secret_is_changed_only_the_new_one_fits() -> None:
    source = shop("shopify")
    acts.change_secret("cli", source.id, secret="a new secret", now=NOW)
    topic = {"X-Shopify-Topic": "products/create"}
    old = topic | {"X-Shopify-Hmac-Sha256": base64_hmac(b"{}")}
    new = topic | {"X-Shopify-Hmac-Sha256": base64_hmac(b"{}", "a new secret")}
    assert post(source, b"{}", old)[0] == 401
    assert post(source, b"{}", new)[0] == 200


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"", ""),
        (b"not json", ""),
        (b"\xff{}", ""),
        (b"[]", ""),
        (b'{"id": NaN}', ""),
        (b"[" * 100_000, ""),
        (b'{"id": true}', "/id"),
        (b"{}", "/id"),
        (
            b'{"id": 1, "currency": "USD", "updated_at": "2026-01-01T00:00:00Z", '
            b'"total_price": "a lot"}',
            "/total_price",
        ),
        (b'{"id": 1, "currency": "DOGE"}', "/currency"),
        (b'{"id": 1}', "/currency"),
        (b'{"id": 1, "currency": "USD", "refunds": {}}', "/refunds"),
        (
            b'{"id": 1, "currency": "USD", "updated_at": "2026-01-01T00:00:00Z", '
            b'"total_price": true}',
            "/total_price",
        ),
        (
            b'{"id": 1, "currency": "USD", "updated_at": "2026-01-01T00:00:00Z", '
            b'"total_price": 1e99}',
            "/total_price",
        ),
        (b'{"id": 1, "currency": "USD", "total_price": 1, "created_at": "May"}', "/created_at"),
        (b'{"id": 1, "currency": "USD", "total_price": 1}', "/created_at"),
    ],
)
def test_what_cannot_be_read_is_named_by_its_place(body: bytes, pointer: str) -> None:
    source = shop("shopify")
    headers = {"X-Shopify-Topic": "orders/paid", "X-Shopify-Hmac-Sha256": base64_hmac(body)}
    status, reply = post(source, body, headers)
    assert (status, reply["code"]) == (400, "bad_request")
    assert [fault["pointer"] for fault in reply["errors"]] == [pointer]
    assert log() == []
