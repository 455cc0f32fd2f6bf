"""shopify: orders, refunds and customers as Shopify posts them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import parse_qs

from banyan.doors.api.inbound.orders import (
    amounts,
    attribute,
    attributes,
    international,
    products,
)
from banyan.doors.api.inbound.payload import At
from banyan.trust.sources.news import Buyer, BuyerNews, News, OrderNews, Payment, TakenBack
from banyan.trust.sources.options import Options
from banyan.trust.sources.wishes import Wish

ORDER_TOPICS = frozenset(
    {
        "orders/create",
        "orders/paid",
        "orders/updated",
        "orders/cancelled",
        "orders/fulfilled",
        "orders/partially_fulfilled",
    }
)
CUSTOMER_TOPICS = frozenset({"customers/create", "customers/update", "customers/enable"})
PRIVACY_TOPICS: Mapping[str, Literal["access", "erase"]] = {
    "customers/data_request": "access",
    "customers/redact": "erase",
}
# Money came in, whatever of it went back since.
_PAID = frozenset({"paid", "partially_refunded", "refunded"})


def read(topic: str, payload: At, *, currency: str, options: Options) -> list[News] | None:
    """The news of a message; None for a topic that tells none. Raises BadPayload.

    `total` is Shopify's `total_price`: what the customer pays in the shop's currency, discounts
    taken off, taxes and shipping in it.
    """
    if topic in ORDER_TOPICS:
        return _order(topic, payload, currency, options)
    if topic == "refunds/create":
        return [_refund(payload, currency)]
    if topic in CUSTOMER_TOPICS:
        return [_customer(payload)]
    return None


def read_wish(topic: str, payload: At) -> Wish | None:
    """What somebody wants to become of their data, by Shopify's three privacy topics; None for any
    other topic. Raises BadPayload."""
    shop = payload["shop_domain"]
    if topic == "shop/redact":
        return Wish("erase", shop.needed(), None)
    if topic not in PRIVACY_TOPICS:
        return None
    person = payload["customer"]
    buyer = Buyer(
        id=person["id"].text(), email=person["email"].text(), phone=person["phone"].text()
    )
    return Wish(PRIVACY_TOPICS[topic], shop.text(), buyer)


def _order(topic: str, order: At, default: str, options: Options) -> list[News] | None:
    if order["test"].value is True and not options.test_orders:
        return None
    order_id = order["id"].needed()
    currency = order["currency"].currency(default)
    is_paid = topic == "orders/paid" or order["financial_status"].text() in _PAID
    left = order["current_total_price"]
    taken_back = TakenBack(
        refunds={r["id"].needed(): _refunded(r, currency) for r in order["refunds"]},
        left_minor=None if left.value is None else left.minor(currency),
        is_void=topic == "orders/cancelled" or bool(order["cancelled_at"]),
    )
    changed = order["updated_at"] if order["updated_at"] else order["created_at"]
    return [
        OrderNews(
            message_id=f"shopify:order:{order_id}",
            names=(order_id,),
            at=changed.moment(),
            buyer=_buyer(order),
            payment=_payment(order, currency) if is_paid else None,
            currency=currency,
            taken_back=taken_back,
        )
    ]


def _payment(order: At, currency: str) -> Payment:
    noted = attributes(order["note_attributes"], name="name")
    placed = order["processed_at"] if order["processed_at"] else order["created_at"]
    return Payment(
        currency=currency,
        total_minor=order["total_price"].minor(currency),
        at=placed.moment(),
        codes=tuple(code["code"].text() for code in order["discount_codes"] if code["code"]),
        referral_code=attribute(noted, "referral_code", "_referral_code")
        or _landed_with(order["landing_site"].text()),
        details={
            **amounts(
                currency,
                subtotal=order["subtotal_price"],
                tax=order["total_tax"],
                shipping=order["total_shipping_price_set.shop_money.amount"],
                discount=order["total_discounts"],
            ),
            **products(
                order["line_items"],
                currency,
                product_id="product_id",
                variant="variant_title",
                sku="sku",
                name="title",
            ),
        },
    )


def _landed_with(landing_site: str) -> str:
    """The code in the address at which the visit began: a link of ours leads to such a one."""
    _, _, query = landing_site.partition("?")
    return next(iter(parse_qs(query).get("referral_code", [])), "")


def _refund(refund: At, default: str) -> OrderNews:
    order_id = refund["order_id"].needed()
    currency = _refund_currency(refund, default)
    amount = _refunded(refund, currency) if currency else 0
    return OrderNews(
        message_id=f"shopify:order:{order_id}",
        names=(order_id,),
        at=refund["created_at"].moment(),
        currency=currency,
        taken_back=TakenBack(refunds={refund["id"].needed(): amount}),
    )


def _refund_currency(refund: At, default: str) -> str:
    """The shop's currency as the goods tell it, else that of the money; empty when nothing does."""
    lines = [line["subtotal_set.shop_money.currency_code"] for line in refund["refund_line_items"]]
    moves = [move["currency"] for move in refund["transactions"]]
    return next((at.currency() for at in (*lines, *moves) if at), default)


def _refunded(refund: At, currency: str) -> int:
    """What went back to the customer; goods that only came back moved no money."""
    moves = [
        move
        for move in refund["transactions"]
        if move["kind"].text() == "refund" and move["status"].text() == "success"
    ]
    if all(move["currency"].currency(currency) == currency for move in moves):
        return sum(move["amount"].minor(currency) for move in moves)
    # Paid back in the customer's currency: the goods and adjustments tell it in the shop's.
    lines = (
        line[f"{part}.shop_money.amount"].minor(currency)
        for line in refund["refund_line_items"]
        for part in ("subtotal_set", "total_tax_set")
    )
    adjustments = (
        adjustment[f"{part}.shop_money.amount"].minor(currency)
        for adjustment in refund["order_adjustments"]
        for part in ("amount_set", "tax_amount_set")
    )
    return max(0, sum(lines) - sum(adjustments))


def _customer(customer: At) -> BuyerNews:
    at = customer["updated_at"] if customer["updated_at"] else customer["created_at"]
    return BuyerNews(
        message_id=f"shopify:customer:{customer['id'].needed()}:{at.text()}",
        buyer=_person(customer, customer),
        at=at.moment(),
    )


def _buyer(order: At) -> Buyer:
    noted = attributes(order["note_attributes"], name="name")
    return _person(order["customer"], order, visitor=attribute(noted, "banyan_vid", "_banyan_vid"))


def _person(customer: At, told: At, *, visitor: str = "") -> Buyer:
    """A customer as his own message or an order tells of him; a guest has no id."""
    home = customer["default_address"]
    bill = told["billing_address"]
    country = (bill if bill else home)["country_code"].text()
    phones = (told["phone"], customer["phone"], bill["phone"], home["phone"])
    phone = next((each.text() for each in phones if each), "")
    names = {
        "firstName": customer["first_name"].text(),
        "lastName": customer["last_name"].text(),
    }
    traits: dict[str, Any] = {name: text for name, text in names.items() if text}
    if customer["tags"].value is not None:
        traits["tags"] = [tag.strip() for tag in customer["tags"].text().split(",") if tag.strip()]
    return Buyer(
        id=customer["id"].id(),
        visitor=visitor,
        email=told["email"].text() or customer["email"].text(),
        phone=international(phone, country) if phone else "",
        traits=traits,
    )
