"""WooCommerce's orders, with the refunds inside them, and customers as events."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.rooms.doors.api.inbound.shops import log, orders, send_woocommerce, shop

# What is read is the same on every database.
pytestmark = [
    pytest.mark.usefixtures("installation"),
    pytest.mark.parametrize("installation", ["sqlite"], indirect=True),
]

ORDER: dict[str, Any] = {
    "id": 727,
    "status": "processing",
    "currency": "EUR",
    "total": "29.35",
    "total_tax": "1.35",
    "shipping_total": "10.00",
    "discount_total": "0.00",
    "customer_id": 25,
    "date_created_gmt": "2026-10-01T16:28:02",
    "date_modified_gmt": "2026-10-01T16:28:08",
    "date_paid_gmt": "2026-10-01T16:28:08",
    "billing": {
        "first_name": "Ann",
        "last_name": "Doe",
        "email": "ann@example.com",
        "phone": "030 123456",
        "country": "DE",
    },
    "coupon_lines": [{"code": "anna10", "discount": "0"}],
    "meta_data": [
        {"key": "_wc_order_attribution", "value": {"utm": "x"}},
        {"key": "_referral_code", "value": "ANNA10"},
    ],
    "line_items": [
        {"product_id": 93, "sku": "BAR", "name": "Bar", "quantity": 2, "price": 3.3333333}
    ],
    "refunds": [],
}


def test_a_paid_order() -> None:
    source = shop("woocommerce")
    assert send_woocommerce(source, "order.created", ORDER)[1]["events"] == 2
    person, order = log()
    assert person["userId"] == order["userId"] == "25"
    assert "ann@" not in json.dumps(person)
    assert order["messageId"] == f"woocommerce:{source.id}:order:727"
    assert order["timestamp"] == "2026-10-01T16:28:08Z"
    assert order["properties"] == {
        "order_id": "727",
        "total": 29.35,
        "currency": "EUR",
        "referral_code": "ANNA10",
        "coupon": "anna10",
        "tax": 1.35,
        "shipping": 10.0,
        "discount": 0.0,
        "products": [
            {"product_id": "93", "sku": "BAR", "name": "Bar", "price": 3.33, "quantity": 2}
        ],
        "affiliation": "woocommerce",
    }


@pytest.mark.parametrize(
    ("status", "paid_at", "counts"),
    [
        ("processing", None, True),
        ("completed", None, True),
        ("on-hold", None, False),
        ("pending", None, False),
        ("failed", None, False),
        ("cancelled", None, False),
        ("custom-packed", "2026-10-01T16:28:08", True),
    ],
)
def test_which_status_makes_an_order(status: str, paid_at: str | None, counts: bool) -> None:
    source = shop("woocommerce")
    send_woocommerce(source, "order.updated", ORDER | {"status": status, "date_paid_gmt": paid_at})
    assert len(orders()) == counts


def test_refunds_come_inside_their_order_and_count_once() -> None:
    source = shop("woocommerce")
    send_woocommerce(source, "order.created", ORDER)
    one = ORDER | {"refunds": [{"id": 726, "reason": "", "total": "-10.00"}]}
    two = ORDER | {"refunds": [*one["refunds"], {"id": 728, "total": "-0.35"}]}
    for payload in (one, one, two, one):
        send_woocommerce(source, "order.updated", payload)
    all_of_it = two | {"status": "refunded"}
    send_woocommerce(source, "order.updated", all_of_it)
    assert orders() == [
        ("Order Completed", "25", "727", 29.35, "EUR"),
        ("Order Refunded", "25", "727", 10.0, "EUR"),
        ("Order Refunded", "25", "727", 0.35, "EUR"),
        ("Order Refunded", "25", "727", 19.0, "EUR"),
    ]


def test_a_deleted_order_goes_back_whole_and_an_unknown_one_is_nothing() -> None:
    source = shop("woocommerce")
    send_woocommerce(source, "order.created", ORDER)
    assert send_woocommerce(source, "order.deleted", {"id": 727})[1]["events"] == 1
    assert send_woocommerce(source, "order.deleted", {"id": 9})[1]["events"] == 0
    assert orders()[1:] == [("Order Refunded", "25", "727", 29.35, "EUR")]


def test_two_shops_with_the_same_numbers_stay_apart() -> None:
    first, second = shop("woocommerce"), shop("woocommerce", user_prefix="b:")
    send_woocommerce(first, "order.created", ORDER)
    send_woocommerce(second, "order.created", ORDER)
    assert [(name, user) for name, user, *_ in orders()] == [
        ("Order Completed", "25"),
        ("Order Completed", "b:25"),
    ]


def test_guests_and_customers() -> None:
    source = shop("woocommerce")
    send_woocommerce(source, "order.created", ORDER | {"customer_id": 0})
    assert orders()[0][1].startswith("guest:")
    customer = {
        "id": 25,
        "email": "ann@example.com",
        "first_name": "Ann",
        "date_created_gmt": "2026-10-01T00:00:00",
        "date_modified_gmt": None,
        "billing": {"phone": ""},
    }
    for _ in range(2):
        send_woocommerce(source, "customer.created", customer)
    told = log()[2:]
    assert [event["userId"] for event in told] == ["25"]
    assert set(told[0]["traits"]) == {"email"}


def test_amounts_that_are_finer_than_the_currency_are_rounded() -> None:
    source = shop("woocommerce")
    send_woocommerce(source, "order.created", ORDER | {"currency": "JPY", "total": "1500.5000"})
    assert orders() == [("Order Completed", "25", "727", 1501, "JPY")]
