"""Shopify's orders, refunds, edits and customers as events."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from banyan.core.events.read import after
from banyan.core.people.contacts import phone_stand_in
from banyan.core.referrals.read import decisions
from banyan.trust.audit.read import entries
from banyan.trust.privacy.acts import close_request, erase_customer
from banyan.trust.privacy.read import requests
from tests.rooms.doors.api.inbound.shops import NOW, log, orders, send_shopify, shop
from tests.rooms.pipeline.line import Line

pytestmark = pytest.mark.usefixtures("installation")

ORDER: dict[str, Any] = {
    "id": 450,
    "created_at": "2026-10-01T11:00:00-05:00",
    "updated_at": "2026-10-01T11:05:00-05:00",
    "currency": "USD",
    "financial_status": "pending",
    "subtotal_price": "98.00",
    "total_price": "109.94",
    "total_tax": "11.94",
    "total_discounts": "10.00",
    "email": "bob@example.com",
    "discount_codes": [{"code": "TENOFF", "amount": "10.00"}],
    "note_attributes": [
        {"name": "colour", "value": "green"},
        {"name": "referral_code", "value": "ANNA10"},
        {"name": "banyan_vid", "value": "v-1"},
    ],
    "line_items": [
        {
            "product_id": 632,
            "sku": "IPOD",
            "title": "IPod",
            "price": "98.00",
            "quantity": 1,
            "variant_title": None,
        }
    ],
    "customer": {"id": 207, "first_name": "Bob", "tags": "vip, new"},
    "billing_address": {"phone": "502-625-1199", "country_code": "US"},
}


def refund(number: int, amount: str, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "order_id": 450,
        "created_at": "2026-10-09T13:35:06-04:00",
        "transactions": [
            {"kind": "refund", "status": "success", "amount": amount, "currency": "USD"},
            {"kind": "refund", "status": "failure", "amount": "1.00", "currency": "USD"},
            {"kind": "void", "status": "success", "amount": "2.00", "currency": "USD"},
        ],
        **more,
    }


def test_a_paid_order() -> None:
    source = shop("shopify")
    assert send_shopify(source, "orders/paid", ORDER) == (200, {"outcome": "appended", "events": 2})
    person, order = log()
    assert person["type"] == "identify"
    assert person["userId"] == "207"
    assert person["anonymousId"] == "v-1"
    assert person["traits"]["tags"] == ["vip", "new"]
    assert "firstName" not in person["traits"]
    assert "bob@" not in json.dumps(person)
    assert person["traits"]["email"].endswith("@example.com")
    assert order == {
        "type": "track",
        "event": "Order Completed",
        "messageId": "shopify:order:450",
        "timestamp": "2026-10-01T16:00:00Z",
        "userId": "207",
        "anonymousId": "v-1",
        "properties": {
            "order_id": "450",
            "total": 109.94,
            "currency": "USD",
            "referral_code": "ANNA10",
            "coupon": "TENOFF",
            "subtotal": 98.0,
            "tax": 11.94,
            "discount": 10.0,
            "products": [
                {
                    "product_id": "632",
                    "sku": "IPOD",
                    "name": "IPod",
                    "price": 98.0,
                    "quantity": 1,
                }
            ],
            "affiliation": "shopify",
        },
    }


def test_an_order_is_an_event_once_it_is_paid_and_only_once() -> None:
    source = shop("shopify")
    assert send_shopify(source, "orders/create", ORDER)[1]["outcome"] == "nothing_new"
    assert orders() == []
    paid = ORDER | {"financial_status": "paid"}
    assert send_shopify(source, "orders/updated", paid)[1]["events"] == 2
    for topic in ("orders/paid", "orders/create", "orders/fulfilled", "orders/paid"):
        assert send_shopify(source, topic, paid)[1] == {"outcome": "nothing_new", "events": 0}
    assert orders() == [("Order Completed", "207", "450", 109.94, "USD")]


def test_partial_refunds_each_count_once_and_never_more_than_the_order() -> None:
    source = shop("shopify")
    send_shopify(source, "orders/paid", ORDER)
    send_shopify(source, "refunds/create", refund(1, "9.94"))
    send_shopify(source, "refunds/create", refund(1, "9.94"))
    # The order is told again with the same refund in it, and lower by it.
    again = ORDER | {"refunds": [refund(1, "9.94")], "current_total_price": "100.00"}
    assert send_shopify(source, "orders/updated", again)[1]["outcome"] == "nothing_new"
    send_shopify(source, "refunds/create", refund(2, "60.00"))
    send_shopify(source, "refunds/create", refund(3, "60.00"))
    assert orders()[1:] == [
        ("Order Refunded", "207", "450", 9.94, "USD"),
        ("Order Refunded", "207", "450", 60.0, "USD"),
        ("Order Refunded", "207", "450", 40.0, "USD"),
    ]


def test_goods_that_come_back_without_money_are_no_refund() -> None:
    source = shop("shopify")
    send_shopify(source, "orders/paid", ORDER)
    bare = refund(1, "0.00", transactions=[])
    assert send_shopify(source, "refunds/create", bare)[1]["outcome"] == "nothing_new"


def test_an_edit_gives_back_the_difference_and_a_cancellation_the_rest() -> None:
    source = shop("shopify")
    send_shopify(source, "orders/paid", ORDER)
    send_shopify(source, "orders/updated", ORDER | {"current_total_price": "99.94"})
    send_shopify(source, "orders/updated", ORDER | {"current_total_price": "109.94"})
    # The money of the edit goes back later: it is not taken off twice.
    send_shopify(source, "refunds/create", refund(1, "10.00"))
    cancelled = ORDER | {"cancelled_at": "2026-10-10T00:00:00Z", "current_total_price": "0.00"}
    send_shopify(source, "orders/cancelled", cancelled)
    send_shopify(source, "orders/cancelled", cancelled)
    assert orders()[1:] == [
        ("Order Refunded", "207", "450", 10.0, "USD"),
        ("Order Refunded", "207", "450", 99.94, "USD"),
    ]


def test_a_cancelled_order_that_was_never_paid_is_nothing() -> None:
    source = shop("shopify")
    send_shopify(source, "orders/cancelled", ORDER | {"cancelled_at": "2026-10-02T00:00:00Z"})
    assert log() == []


def test_messages_in_the_wrong_order_give_the_same_books() -> None:
    source = shop("shopify")
    # Nothing is known of the order: it may have come into the log another way.
    send_shopify(source, "refunds/create", refund(1, "9.94"))
    send_shopify(source, "refunds/create", refund(1, "9.94"))
    send_shopify(source, "orders/paid", ORDER)
    send_shopify(source, "refunds/create", refund(1, "9.94"))
    # The first refund stands below its order and counts for nothing, the second counts.
    assert orders() == [
        ("Order Refunded", source.actor, "450", 9.94, "USD"),
        ("Order Completed", "207", "450", 109.94, "USD"),
        ("Order Refunded", "207", "450", 9.94, "USD"),
    ]


def test_a_refund_in_the_customers_currency_is_told_in_the_shops() -> None:
    source = shop("shopify")
    send_shopify(source, "orders/paid", ORDER)

    def money(amount: str) -> dict[str, Any]:
        return {
            "shop_money": {"amount": amount, "currency_code": "USD"},
            "presentment_money": {"amount": "99.00", "currency_code": "EUR"},
        }

    foreign = refund(
        1,
        "0",
        transactions=[
            {"kind": "refund", "status": "success", "amount": "18.40", "currency": "EUR"}
        ],
        refund_line_items=[{"subtotal_set": money("15.00"), "total_tax_set": money("1.50")}],
        order_adjustments=[{"amount_set": money("-3.00"), "tax_amount_set": money("-0.50")}],
    )
    send_shopify(source, "refunds/create", foreign)
    assert orders()[1:] == [("Order Refunded", "207", "450", 20.0, "USD")]


def test_a_refund_that_tells_only_a_foreign_amount_is_refused() -> None:
    source = shop("shopify")
    send_shopify(source, "orders/paid", ORDER)
    told = [{"kind": "refund", "status": "success", "amount": "18.40", "currency": "EUR"}]
    status, reply = send_shopify(source, "refunds/create", refund(1, "0", transactions=told))
    assert status == 400
    assert reply["detail"] == (
        "The message speaks of EUR, but order 450 is in USD; import the refund with the amount "
        "in USD."
    )
    assert len(orders()) == 1


def test_test_orders_count_only_where_the_operator_says_so() -> None:
    order = ORDER | {"test": True}
    assert send_shopify(shop("shopify"), "orders/paid", order)[1]["outcome"] == "ignored"
    willing = shop("shopify", test_orders="yes")
    assert send_shopify(willing, "orders/paid", order)[1]["events"] == 2


def test_a_guest_goes_by_a_keyed_hash_of_the_address() -> None:
    source = shop("shopify", user_prefix="shop1:")
    guest = ORDER | {"customer": None, "email": "Carl@Example.com "}
    send_shopify(source, "orders/paid", guest)
    send_shopify(source, "orders/paid", guest | {"id": 451, "email": "carl@example.com"})
    send_shopify(source, "orders/paid", ORDER | {"id": 452})
    users = [event["userId"] for event in log() if event["type"] == "track"]
    assert users[0].startswith("guest:")
    assert len(users[0]) == len("guest:") + 32
    assert users[0] == users[1]
    assert users[2] == "shop1:207"


def test_an_order_of_nobody_is_nothing() -> None:
    nobody = ORDER | {"customer": None, "email": "", "billing_address": None}
    status, reply = send_shopify(shop("shopify"), "orders/paid", nobody)
    assert (status, reply["outcome"]) == (200, "nothing_new")
    assert log() == []


@pytest.mark.parametrize(
    ("currency", "price", "written"),
    [
        ("JPY", "1500", "1500"),
        ("KWD", "12.345", "12.345"),
        ("USD", 409.94, "409.94"),
        ("USD", 7, "7.00"),
        ("USD", "59.995", "60.00"),
        ("CNY", "0.10", "0.10"),
    ],
)
def test_money_is_read_exactly(currency: str, price: str | float, written: str) -> None:
    source = shop("shopify")
    order = ORDER | {"currency": currency, "total_price": price, "line_items": []}
    send_shopify(source, "orders/paid", order | {"total_discounts": 0, "total_tax": "0"})
    assert f'"total":{written},' in after(0, 10)["body"][1].replace(" ", "")


def test_customers() -> None:
    source = shop("shopify")
    customer = {
        "id": 207,
        "updated_at": "2026-10-01T00:00:00Z",
        "email": "bob@example.com",
        "phone": None,
        "tags": "",
        "default_address": {"phone": "0171 2345678", "country_code": "DE"},
    }
    send_shopify(source, "customers/create", customer)
    send_shopify(source, "customers/update", customer)
    send_shopify(source, "customers/update", customer | {"updated_at": "2026-10-02T00:00:00Z"})
    told = log()
    assert [event["timestamp"] for event in told] == [
        "2026-10-01T00:00:00Z",
        "2026-10-02T00:00:00Z",
    ]
    assert {event["userId"] for event in told} == {"207"}
    assert told[0]["traits"]["tags"] == []
    assert told[0]["traits"]["phone"] == phone_stand_in("+491712345678")


def test_of_several_discounts_the_one_that_refers_is_the_coupon() -> None:
    line = Line()
    line.publish()
    line.say("Referral Link Created", "ann", code="ANNA10", program="spring")
    line.work()
    source = shop("shopify")
    two = ORDER | {"discount_codes": [{"code": "FREESHIP"}, {"code": "anna10"}]}
    none = two | {"id": 451, "discount_codes": [{"code": "FREESHIP"}, {"code": "TENOFF"}]}
    send_shopify(source, "orders/paid", two)
    send_shopify(source, "orders/paid", none)
    told = [event for event in log() if event.get("event") == "Order Completed"]
    assert [event["properties"]["coupon"] for event in told] == ["anna10", "FREESHIP"]


@pytest.mark.parametrize(
    ("landing_site", "noted", "code"),
    [
        ("/?referral_code=BOB5&channel=mail", [], "BOB5"),
        ("https://shop.example.com/p?a=%zz&referral_code=B%C3%84R", [], "BÄR"),
        ("/?referral_code=BOB5", [{"name": "referral_code", "value": "ANNA10"}], "ANNA10"),
        ("/?referral_code=", [], None),
        ("/", [], None),
        (None, [], None),
    ],
)
def test_the_code_of_the_page_where_the_visit_began(
    landing_site: str | None, noted: list[dict[str, str]], code: str | None
) -> None:
    order = ORDER | {"landing_site": landing_site, "note_attributes": noted}
    send_shopify(shop("shopify"), "orders/paid", order)
    assert log()[1]["properties"].get("referral_code") == code


def test_an_order_with_a_code_is_rewarded_and_its_refund_takes_it_back() -> None:
    line = Line()
    line.publish()
    line.say("Referral Link Created", "ann", code="ANNA10", program="spring")
    line.work()
    source = shop("shopify")
    order = ORDER | {"created_at": "2026-03-02T00:00:00Z", "updated_at": "2026-03-02T00:00:00Z"}
    send_shopify(source, "orders/paid", order)
    line.work()
    granted = {d.beneficiary: (d.reward, d.unit, d.amount) for d in decisions()}
    assert granted == {"ann": ("thanks", "cash USD", 2000), "207": ("welcome", "points", 100)}
    send_shopify(source, "refunds/create", refund(1, "109.94"))
    line.work()
    assert {d.beneficiary: d.reversed_amount for d in decisions()} == {"ann": 2000, "207": 100}


def test_one_message_many_times_at_once_counts_once() -> None:
    source = shop("shopify")
    told = ORDER | {"refunds": [refund(1, "9.94")]}

    def send(_: int) -> int:
        try:
            return send_shopify(source, "orders/paid", told)[0]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(send, range(24))) == {200}
    assert orders() == [
        ("Order Completed", "207", "450", 109.94, "USD"),
        ("Order Refunded", "207", "450", 9.94, "USD"),
    ]


def test_a_large_order_fits_into_an_event() -> None:
    lines = [
        {"product_id": i, "title": "树" * 255, "price": "1.00", "quantity": 1} for i in range(500)
    ]
    status, reply = send_shopify(shop("shopify"), "orders/paid", ORDER | {"line_items": lines})
    assert (status, reply["events"]) == (200, 2)
    told = log()[1]["properties"]["products"]
    assert [len(product["name"]) for product in told] == [100] * 50


REAL = os.environ.get("BANYAN_REAL_DATA")


def test_what_people_ask_of_their_data_waits_for_a_person() -> None:
    source = shop("shopify")
    assert send_shopify(source, "orders/paid", ORDER)[1]["events"] == 2
    Line().work()
    shop_domain = "bob.example"
    asked = {"shop_domain": shop_domain, "customer": {"id": 207, "email": "b@x.example"}}
    for topic, kind in (("customers/data_request", "access"), ("customers/redact", "erase")):
        assert send_shopify(source, topic, asked) == (200, {"outcome": "noted", "events": 0})
        assert send_shopify(source, topic, asked)[1]["outcome"] == "nothing_new"
        [request] = requests(limit=1)
        assert (request.kind, request.user_id, request.state) == (kind, "207", "open")
        assert request.opened_by == source.actor
    nobody = asked | {"customer": {"id": 999, "email": "nobody@x.example"}}
    assert send_shopify(source, "customers/redact", nobody)[1]["outcome"] == "nothing_new"
    assert len(requests()) == 2
    assert send_shopify(source, "customers/redact", {"customer": {}})[1]["outcome"] == "nothing_new"

    gone = {"shop_id": 1, "shop_domain": shop_domain}
    assert send_shopify(source, "shop/redact", gone)[1]["outcome"] == "noted"
    assert send_shopify(source, "shop/redact", gone)[1]["outcome"] == "nothing_new"
    assert send_shopify(source, "shop/redact", {})[0] == 400
    of_shop, erase, access = requests()
    assert (of_shop.kind, of_shop.user_id) == ("erase", "")
    assert of_shop.about == f"{source.id} {shop_domain}"

    erase_customer("ops", "207", reason="Asked for.", now=NOW, request_id=erase.number)
    for number in (of_shop.number, access.number):
        close_request("ops", number, is_refused=False, reason="Done.", now=NOW)
    assert {row.state for row in requests()} == {"done"}
    assert {entry.about for entry in entries(verb="request.")} == {
        "customer:207",
        f"shop:{source.id} {shop_domain}",
    }


def test_a_guest_asks_by_the_address_they_ordered_with() -> None:
    source = shop("shopify")
    order = {name: value for name, value in ORDER.items() if name != "customer"}
    send_shopify(source, "orders/paid", order)
    Line().work()
    asked = {"shop_domain": "bob.example", "customer": {"id": 31, "email": ORDER["email"]}}
    assert send_shopify(source, "customers/redact", asked)[1]["outcome"] == "noted"
    [request] = requests()
    assert request.user_id.startswith("guest:")


@pytest.mark.skipif(REAL is None, reason="BANYAN_REAL_DATA is not set: no real payloads at hand")
def test_real_payloads() -> None:
    folder = Path(str(REAL)) / "webhook-payloads" / "shopify"

    def inner(name: str) -> Any:
        return json.loads((folder / f"{name}.json").read_text())[name]

    source = shop("shopify")
    assert send_shopify(source, "orders/paid", inner("order"))[1]["events"] == 2
    assert send_shopify(source, "refunds/create", inner("refund"))[1]["events"] == 1
    assert send_shopify(source, "customers/update", inner("customer"))[1]["events"] == 1
    assert orders() == [
        ("Order Completed", "207119551", "450789469", 409.94, "USD"),
        ("Order Refunded", "207119551", "450789469", 209.0, "USD"),
    ]
    assert "hostmail" in json.dumps(log())
    assert "bob.norman" not in json.dumps(log())
    for other in ("gift_card", "price_rule", "marketing_event", "engagement", "transaction"):
        reply = send_shopify(
            source, f"{other}/create", inner(other) if other != "engagement" else {}
        )
        assert reply == (200, {"outcome": "ignored", "events": 0})
