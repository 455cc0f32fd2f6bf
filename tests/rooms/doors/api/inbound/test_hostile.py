"""Whatever stands where in a signed message: it is read, ignored or refused by its place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest

from tests.rooms.doors.api.inbound.shops import (
    orders,
    send_shopify,
    send_stripe,
    send_woocommerce,
    shop,
)
from tests.rooms.doors.api.inbound.test_shopify import ORDER as SHOPIFY
from tests.rooms.doors.api.inbound.test_shopify import refund
from tests.rooms.doors.api.inbound.test_stripe import CHARGE, INVOICE, SESSION
from tests.rooms.doors.api.inbound.test_woocommerce import ORDER as WOOCOMMERCE

pytestmark = [
    pytest.mark.usefixtures("installation"),
    pytest.mark.parametrize("installation", ["sqlite"], indirect=True),
]

NONSENSE: list[Any] = [
    None, True, 0, -1, 10**30, 1.5, "", "x", "x" * 600, "a\x00b", "\ud800", [], [1], {}, {"id": 1},
]  # fmt: skip

Send = Callable[[Any], tuple[int, dict[str, Any]]]


def damaged(payload: Any) -> Iterator[Any]:
    """The payload once for each of its places and each nonsense there."""
    for path in paths(payload, ()):
        for nonsense in NONSENSE:
            copy = deepcopy(payload)
            inside = copy
            for step in path[:-1]:
                inside = inside[step]
            inside[path[-1]] = nonsense
            yield copy


def paths(value: Any, above: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for name, child in inner:
        yield (*above, name)
        if isinstance(child, dict | list):
            yield from paths(child, (*above, name))


def check(payload: Any, send: Send) -> None:
    for one in damaged(payload):
        status, reply = send(one)
        assert status in (200, 400), (status, reply, one)
        if status == 400:
            assert reply["detail"]


def test_shopify() -> None:
    source = shop("shopify")
    check(SHOPIFY, lambda order: send_shopify(source, "orders/paid", order))
    check(refund(1, "9.94"), lambda told: send_shopify(source, "refunds/create", told))


def test_woocommerce() -> None:
    source = shop("woocommerce")
    order = WOOCOMMERCE | {"refunds": [{"id": 726, "total": "-1.00"}]}
    check(order, lambda told: send_woocommerce(source, "order.updated", told))


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("checkout.session.completed", SESSION),
        ("invoice.paid", INVOICE),
        ("charge.refunded", CHARGE),
    ],
)
def test_stripe(topic: str, payload: dict[str, Any]) -> None:
    source = shop("stripe")
    check(payload, lambda told: send_stripe(source, topic, told))


@pytest.mark.parametrize(
    "number", ["1e99", "1e999999", "1e9999999999999999999", "-1e999999", "9" * 5000, "1e-999999"]
)
def test_numbers_beyond_reason(number: str) -> None:
    source = shop("shopify")
    body = json.dumps(SHOPIFY | {"total_price": 0}).replace(
        '"total_price": 0', f'"total_price": {number}'
    )
    status, _ = send_shopify(source, "orders/paid", body.encode())
    assert status == (200 if number == "1e-999999" else 400)
    assert len(orders()) == (status == 200)
