"""woocommerce: orders and customers as WooCommerce posts them; refunds come with their order."""

from __future__ import annotations

import re
from datetime import datetime

from banyan.doors.api.inbound.orders import (
    amounts,
    attribute,
    attributes,
    international,
    products,
)
from banyan.doors.api.inbound.payload import At
from banyan.trust.sources.news import Buyer, BuyerNews, News, OrderNews, Payment, TakenBack

ORDER_TOPICS = frozenset({"order.created", "order.updated", "order.restored"})
CUSTOMER_TOPICS = frozenset({"customer.created", "customer.updated"})
_PAID = frozenset({"processing", "completed"})
_VOID = frozenset({"cancelled", "refunded", "failed", "trash"})
_PING = re.compile(rb"webhook_id=[0-9]+")


def is_ping(body: bytes) -> bool:
    """Whether it is what WooCommerce sends, unsigned, when a webhook is saved; it tells nothing."""
    return _PING.fullmatch(body) is not None


def read(
    topic: str, payload: At, *, source_id: str, currency: str, now: datetime
) -> list[News] | None:
    """The news of a message; None for a topic that tells none. Raises BadPayload.

    `total` is WooCommerce's `total`: what the customer pays, discounts taken off, taxes, shipping
    and fees in it. Order numbers are those of one shop, so ids carry the source's.
    """
    if topic in ORDER_TOPICS:
        return [_order(payload, source_id, currency)]
    if topic == "order.deleted":
        return [_deleted(payload, source_id, now)]
    if topic in CUSTOMER_TOPICS:
        return [_customer(payload, source_id)]
    return None


def _order(order: At, source_id: str, default: str) -> OrderNews:
    order_id = order["id"].needed()
    currency = order["currency"].currency(default)
    status = order["status"].text()
    paid_at = order["date_paid_gmt"]
    is_paid = bool(paid_at) or status in _PAID
    refunds = {
        refund["id"].needed(): abs(refund["total"].minor(currency)) for refund in order["refunds"]
    }
    return OrderNews(
        message_id=f"woocommerce:{source_id}:order:{order_id}",
        names=(order_id,),
        at=order["date_modified_gmt"].moment_gmt(),
        buyer=_buyer(order),
        payment=_payment(order, currency) if is_paid else None,
        currency=currency,
        taken_back=TakenBack(refunds=refunds, is_void=status in _VOID),
    )


def _deleted(order: At, source_id: str, now: datetime) -> OrderNews:
    """A deleted order is told by its number alone."""
    order_id = order["id"].needed()
    return OrderNews(
        message_id=f"woocommerce:{source_id}:order:{order_id}",
        names=(order_id,),
        at=now,
        taken_back=TakenBack(is_void=True),
    )


def _payment(order: At, currency: str) -> Payment:
    noted = attributes(order["meta_data"], name="key")
    paid = order["date_paid_gmt"]
    return Payment(
        currency=currency,
        total_minor=order["total"].minor(currency),
        at=(paid if paid else order["date_created_gmt"]).moment_gmt(),
        codes=tuple(line["code"].text() for line in order["coupon_lines"] if line["code"]),
        referral_code=attribute(noted, "referral_code", "_referral_code"),
        details={
            **amounts(
                currency,
                tax=order["total_tax"],
                shipping=order["shipping_total"],
                discount=order["discount_total"],
            ),
            **products(
                order["line_items"], currency, product_id="product_id", sku="sku", name="name"
            ),
        },
    )


def _customer(customer: At, source_id: str) -> BuyerNews:
    changed = customer["date_modified_gmt"]
    at = changed if changed else customer["date_created_gmt"]
    customer_id = customer["id"].needed()
    return BuyerNews(
        message_id=f"woocommerce:{source_id}:customer:{customer_id}:{at.text()}",
        buyer=_person(customer_id, customer["billing"], customer),
        at=at.moment_gmt(),
    )


def _buyer(order: At) -> Buyer:
    noted = attributes(order["meta_data"], name="key")
    visitor = attribute(noted, "banyan_vid", "_banyan_vid")
    customer_id = order["customer_id"].id()
    billing = order["billing"]
    return _person("" if customer_id == "0" else customer_id, billing, billing, visitor=visitor)


def _person(customer_id: str, billing: At, named: At, *, visitor: str = "") -> Buyer:
    phone = billing["phone"].text()
    names = {"firstName": named["first_name"].text(), "lastName": named["last_name"].text()}
    return Buyer(
        id=customer_id,
        visitor=visitor,
        email=named["email"].text() or billing["email"].text(),
        phone=international(phone, billing["country"].text()) if phone else "",
        traits={name: text for name, text in names.items() if text},
    )
