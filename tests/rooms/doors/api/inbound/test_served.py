"""A shop posts to a running server, and its customer is rewarded."""

from __future__ import annotations

import json

from banyan.core.ledger.read import balances
from banyan.pipeline.wait import decided
from tests.installation import Installation
from tests.rooms.doors.api.inbound.shops import base64_hmac, shop
from tests.rooms.doors.api.inbound.test_shopify import ORDER
from tests.rooms.doors.edge.serving import serving
from tests.rooms.pipeline.line import Line


def test_an_order_of_a_shop_becomes_points(installation: Installation) -> None:
    line = Line()
    line.publish()
    line.say("Referral Link Created", "ann", code="ANNA10", program="spring")
    source = shop("shopify")
    order = ORDER | {"created_at": "2026-03-02T00:00:00Z", "name": "Bestellung №1"}
    body = json.dumps(order, ensure_ascii=False, indent=2).encode()
    headers = {
        "Content-Type": "application/json",
        "X-Shopify-Topic": "orders/paid",
        "X-Shopify-Hmac-Sha256": base64_hmac(body),
    }
    with serving(installation) as site:
        answer = site.call("POST", source.path, body, headers)
        assert (answer.status, answer.json) == (200, {"outcome": "appended", "events": 2})
        assert site.call("POST", source.path, body, headers).json["outcome"] == "nothing_new"
        wrong = site.call("POST", source.path, body + b" ", headers)
        assert (wrong.status, wrong.json["code"]) == (401, "bad_signature")
        assert wrong.headers["content-type"] == "application/problem+json"
        assert wrong.json["instance"] == f"urn:request:{wrong.headers['x-request-id']}"
        large = site.call("POST", source.path, b" " * 1_100_000, headers)
        assert large.status == 413
        assert decided(3, timeout_s=30)
        counted = site.call("GET", "/metrics").body.decode()
    assert [(held.unit, held.available) for held in balances("207")] == [("points", 100)]
    for outcome, times in (
        ("appended", 1),
        ("nothing_new", 1),
        ("bad_signature", 1),
        ("too_large", 1),
    ):
        wanted = f'banyan_inbound_messages_total{{kind="shopify",outcome="{outcome}"}} {times}.0'
        assert wanted in counted
