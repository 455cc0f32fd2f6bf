"""Stripe's sessions, invoices, refunds, disputes and customers as events."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.rooms.doors.api.inbound.shops import log, orders, send_stripe, shop

pytestmark = pytest.mark.usefixtures("installation")

SESSION: dict[str, Any] = {
    "id": "cs_1",
    "object": "checkout.session",
    "mode": "payment",
    "payment_status": "paid",
    "payment_intent": "pi_1",
    "invoice": None,
    "customer": "cus_1",
    "client_reference_id": "ANNA10",
    "currency": "usd",
    "amount_total": 40994,
    "amount_subtotal": 39800,
    "total_details": {"amount_tax": 1194, "amount_shipping": None, "amount_discount": 0},
    "customer_details": {"email": "bob@example.com", "name": "Bob", "phone": None},
    "metadata": {"banyan_vid": "v-1"},
}
CHARGE: dict[str, Any] = {
    "id": "ch_1",
    "object": "charge",
    "payment_intent": "pi_1",
    "currency": "usd",
    "amount": 40994,
    "amount_refunded": 10000,
}
INVOICE: dict[str, Any] = {
    "id": "in_1",
    "object": "invoice",
    "billing_reason": "subscription_cycle",
    "customer": "cus_1",
    "customer_email": "bob@example.com",
    "currency": "usd",
    "amount_paid": 1500,
    "subtotal": 1500,
    "status_transitions": {"paid_at": 1_793_500_000},
    "parent": {"subscription_details": {"metadata": {"referral_code": "ANNA10"}}},
    "metadata": {},
}


def refund(number: int, amount: int, status: str = "succeeded") -> dict[str, Any]:
    return {
        "id": f"re_{number}",
        "object": "refund",
        "status": status,
        "payment_intent": "pi_1",
        "charge": "ch_1",
        "currency": "usd",
        "amount": amount,
    }


def test_a_paid_session() -> None:
    source = shop("stripe")
    reply = send_stripe(source, "checkout.session.completed", SESSION, event="evt_7")
    assert reply == (200, {"outcome": "appended", "events": 2})
    person, order = log()
    assert person["userId"] == "cus_1"
    assert "bob@" not in json.dumps(person)
    assert "Bob" not in json.dumps(person)
    assert order == {
        "type": "track",
        "event": "Order Completed",
        "messageId": "stripe:evt_7",
        "timestamp": "2026-11-01T12:00:00Z",
        "userId": "cus_1",
        "anonymousId": "v-1",
        "properties": {
            "order_id": "pi_1",
            "total": 409.94,
            "currency": "USD",
            "referral_code": "ANNA10",
            "subtotal": 398.0,
            "tax": 11.94,
            "discount": 0.0,
            "affiliation": "stripe",
        },
    }


def test_the_same_event_twice_is_harmless() -> None:
    source = shop("stripe")
    for _ in range(2):
        reply = send_stripe(source, "checkout.session.completed", SESSION)
    assert reply == (200, {"outcome": "nothing_new", "events": 0})
    assert len(log()) == 2


def test_an_unpaid_session_counts_when_the_money_came() -> None:
    source = shop("stripe")
    unpaid = SESSION | {"payment_status": "unpaid"}
    assert send_stripe(source, "checkout.session.completed", unpaid)[1]["outcome"] == "ignored"
    topic = "checkout.session.async_payment_succeeded"
    assert send_stripe(source, topic, SESSION, event="evt_2")[1]["events"] == 2


def test_refunds_told_in_two_ways_count_once() -> None:
    source = shop("stripe")
    send_stripe(source, "checkout.session.completed", SESSION)
    send_stripe(source, "refund.created", refund(1, 10000, "pending"), event="evt_2")
    send_stripe(source, "charge.refunded", CHARGE, event="evt_3")
    send_stripe(source, "refund.updated", refund(1, 10000), event="evt_4")
    send_stripe(source, "refund.created", refund(2, 994), event="evt_5")
    send_stripe(source, "charge.refunded", CHARGE | {"amount_refunded": 10994}, event="evt_6")
    assert orders()[1:] == [
        ("Order Refunded", "cus_1", "pi_1", 100.0, "USD"),
        ("Order Refunded", "cus_1", "pi_1", 9.94, "USD"),
    ]
    assert log()[-1]["messageId"] == "stripe:evt_5:refunded:10994"


def test_a_lost_dispute_goes_back_beside_the_refunds() -> None:
    source = shop("stripe")
    send_stripe(source, "checkout.session.completed", SESSION)
    send_stripe(source, "charge.refunded", CHARGE, event="evt_2")
    dispute = {
        "id": "dp_1",
        "status": "won",
        "payment_intent": "pi_1",
        "charge": "ch_1",
        "currency": "usd",
        "amount": 30994,
    }
    send_stripe(source, "charge.dispute.closed", dispute, event="evt_3")
    assert len(orders()) == 2
    send_stripe(source, "charge.dispute.closed", dispute | {"status": "lost"}, event="evt_4")
    assert orders()[2:] == [("Order Refunded", "cus_1", "pi_1", 309.94, "USD")]


def test_a_first_invoice_and_its_session_are_one_order() -> None:
    source = shop("stripe")
    session = SESSION | {"mode": "subscription", "payment_intent": None, "invoice": "in_1"}
    first = INVOICE | {"billing_reason": "subscription_create", "amount_paid": 40994}
    send_stripe(source, "invoice.paid", first, event="evt_1")
    send_stripe(source, "checkout.session.completed", session, event="evt_2")
    send_stripe(source, "invoice.paid", INVOICE | {"id": "in_2"}, event="evt_3")
    assert orders() == [
        ("Order Completed", "cus_1", "in_1", 409.94, "USD"),
        ("Order Completed", "cus_1", "in_2", 15.0, "USD"),
    ]
    told = [event for event in log() if event["type"] == "track"]
    assert [event["properties"]["referral_code"] for event in told] == ["ANNA10", "ANNA10"]


def test_what_becomes_an_order_is_the_operators_choice() -> None:
    first = INVOICE | {"billing_reason": "subscription_create"}
    intent = {
        "id": "pi_9",
        "currency": "usd",
        "amount_received": 500,
        "customer": "cus_9",
        "latest_charge": "ch_9",
        "metadata": {},
    }
    renewals = shop("stripe", orders="checkout renewals")
    assert send_stripe(renewals, "invoice.paid", first)[1]["outcome"] == "ignored"
    assert send_stripe(renewals, "invoice.paid", INVOICE, event="e2")[1]["events"] == 2
    assert send_stripe(renewals, "payment_intent.succeeded", intent)[1]["outcome"] == "ignored"
    payments = shop("stripe", orders="payments")
    assert send_stripe(payments, "invoice.paid", INVOICE, event="e3")[1]["outcome"] == "ignored"
    topic = "checkout.session.completed"
    assert send_stripe(payments, topic, SESSION, event="e4")[1]["outcome"] == "ignored"
    assert send_stripe(payments, "payment_intent.succeeded", intent, event="e5")[1]["events"] == 1


def test_a_refund_finds_its_invoice_through_the_payment_told_between() -> None:
    source = shop("stripe")
    send_stripe(source, "charge.refunded", CHARGE | {"amount_refunded": 500}, event="evt_1")
    send_stripe(source, "invoice.paid", INVOICE, event="evt_2")
    paid = {"invoice": "in_1", "payment": {"type": "payment_intent", "payment_intent": "pi_1"}}
    send_stripe(source, "invoice_payment.paid", paid, event="evt_3")
    send_stripe(source, "charge.refunded", CHARGE | {"amount_refunded": 1500}, event="evt_4")
    assert orders() == [
        ("Order Refunded", source.actor, "pi_1", 5.0, "USD"),
        ("Order Completed", "cus_1", "in_1", 15.0, "USD"),
        ("Order Refunded", "cus_1", "in_1", 5.0, "USD"),
        ("Order Refunded", "cus_1", "in_1", 10.0, "USD"),
    ]


def test_credit_notes_give_back_of_a_paid_invoice_alone() -> None:
    source = shop("stripe")
    send_stripe(source, "invoice.paid", INVOICE, event="evt_1")
    note = {"id": "cn_1", "invoice": "in_1", "currency": "usd", "amount": 500, "refunds": []}
    send_stripe(source, "credit_note.created", note | {"type": "pre_payment"}, event="evt_2")
    assert len(orders()) == 1
    post_payment = note | {
        "post_payment_amount": 500,
        "refunds": [{"refund": "re_1", "amount_refunded": 300}],
    }
    send_stripe(source, "credit_note.created", post_payment, event="evt_3")
    assert orders()[1:] == [("Order Refunded", "cus_1", "in_1", 5.0, "USD")]


def test_a_free_trial_is_no_order_but_keeps_its_code() -> None:
    source = shop("stripe")
    trial = SESSION | {
        "mode": "subscription",
        "payment_status": "no_payment_required",
        "amount_total": 0,
        "payment_intent": None,
    }
    send_stripe(source, "checkout.session.completed", trial)
    started = log()[1]
    assert (started["event"], started["userId"]) == ("Trial Started", "cus_1")
    assert started["properties"] == {"referral_code": "ANNA10"}
    assert orders() == []


@pytest.mark.parametrize(
    ("options", "metadata", "user", "code"),
    [
        ({}, {}, "cus_1", "ANNA10"),
        ({"user_prefix": "s:"}, {}, "s:cus_1", "ANNA10"),
        ({"client_reference_id": "user"}, {}, "ANNA10", None),
        ({"client_reference_id": "user", "user_prefix": "s:"}, {}, "ANNA10", None),
        ({"client_reference_id": "ignore"}, {}, "cus_1", None),
        ({}, {"referral_code": "BOB5", "user_id": "u-7"}, "u-7", "BOB5"),
    ],
)
def test_user_and_code(
    options: dict[str, str], metadata: dict[str, str], user: str, code: str | None
) -> None:
    source = shop("stripe", **options)
    send_stripe(source, "checkout.session.completed", SESSION | {"metadata": metadata})
    order = log()[1]
    assert order["userId"] == user
    assert order["properties"].get("referral_code") == code


@pytest.mark.parametrize(
    ("currency", "units", "total"),
    [
        ("usd", 40994, 409.94),
        ("jpy", 1500, 1500),
        ("kwd", 12340, 12.34),
        ("mga", 1500, 1500),  # no decimals at Stripe's, two by ISO 4217
        ("isk", 50000, 500),  # two decimals at Stripe's, none by ISO 4217
        ("ugx", 50000, 500),
    ],
)
def test_whole_units_by_stripes_own_table(currency: str, units: int, total: float) -> None:
    source = shop("stripe")
    bare = {"amount_subtotal": None, "total_details": None}
    session = SESSION | bare | {"currency": currency, "amount_total": units}
    send_stripe(source, "checkout.session.completed", session)
    assert orders() == [("Order Completed", "cus_1", "pi_1", total, currency.upper())]


def test_a_float_where_whole_units_stand_is_refused() -> None:
    session = SESSION | {"amount_total": 409.94}
    status, reply = send_stripe(shop("stripe"), "checkout.session.completed", session)
    assert status == 400
    assert reply["errors"][0]["pointer"] == "/data/object/amount_total"


def test_customers() -> None:
    source = shop("stripe")
    customer = {
        "id": "cus_1",
        "email": "bob@example.com",
        "phone": "+1 502 625 1199",
        "name": "Bob",
        "metadata": {"tags": "vip, new", "user_id": "u-7"},
    }
    send_stripe(source, "customer.created", customer, event="evt_1")
    send_stripe(source, "customer.updated", customer, event="evt_2")
    told = log()
    assert [event["messageId"] for event in told] == ["stripe:evt_1", "stripe:evt_2"]
    assert told[0]["userId"] == "u-7"
    assert told[0]["traits"]["tags"] == ["vip", "new"]


def test_an_event_ahead_of_our_clock_is_refused() -> None:
    status, reply = send_stripe(
        shop("stripe"), "checkout.session.completed", SESSION, created=4_102_444_800
    )
    assert status == 400
    assert "ahead of the server's clock" in reply["detail"]
    assert log() == []


REAL = os.environ.get("BANYAN_REAL_DATA")


@pytest.mark.skipif(REAL is None, reason="BANYAN_REAL_DATA is not set: no real payloads at hand")
def test_real_payloads() -> None:
    file = Path(str(REAL)) / "webhook-payloads" / "stripe-fixtures3.json"
    resources = json.loads(file.read_text())["resources"]
    source = shop("stripe")
    topics = {
        "checkout.session.completed": "checkout.session",
        "invoice.paid": "invoice",
        "charge.refunded": "charge",
        "refund.created": "refund",
        "credit_note.created": "credit_note",
        "charge.dispute.closed": "dispute",
        "customer.created": "customer",
        "plan.created": "plan",
    }
    replies = {
        topic: send_stripe(source, topic, resources[name], event=f"evt_{name}")
        for topic, name in topics.items()
    }
    assert {topic: status for topic, (status, _) in replies.items()} == dict.fromkeys(topics, 200)
    paid = resources["checkout.session"] | {
        "payment_status": "paid",
        "currency": "usd",
        "amount_total": 2000,
    }
    assert send_stripe(source, "checkout.session.completed", paid, event="evt_p")[0] == 200
    assert ("Order Completed", 20.0) in [(name, total) for name, _, _, total, _ in orders()]
