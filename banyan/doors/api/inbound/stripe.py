"""stripe: Checkout sessions, invoices, refunds, disputes and customers as Stripe posts them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from banyan.doors.api.inbound.payload import At
from banyan.trust.sources.news import (
    Buyer,
    BuyerNews,
    News,
    OrderNews,
    Payment,
    TakenBack,
    TrialNews,
)
from banyan.trust.sources.options import Options
from banyan.trust.sources.receive import in_currency

# Stripe's own table, which is not ISO 4217's: the ariary has no decimals here, while the króna and
# the Ugandan shilling are still written with two.
_ZERO_DECIMALS = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
_THREE_DECIMALS = frozenset("BHD JOD KWD OMR TND".split())


def decimals(currency: str) -> int:
    """How many decimals Stripe's whole amounts of a currency stand for."""
    return 0 if currency in _ZERO_DECIMALS else 3 if currency in _THREE_DECIMALS else 2


@dataclass(frozen=True)
class _Message:
    """An event of Stripe's, and how the source wants it read."""

    id: str
    at: datetime
    object: At
    options: Options

    @property
    def message_id(self) -> str:
        """Stripe sends an event again under the same id."""
        return f"stripe:{self.id}"


def topic_of(payload: At) -> str:
    """The event's type."""
    return payload["type"].needed()


def read(payload: At, *, options: Options) -> list[News] | None:
    """The news of an event; None for a type that tells none. Raises BadPayload.

    `total` is what was paid: a session's `amount_total`, an invoice's `amount_paid`, a payment's
    `amount_received`.
    """
    reader = _READERS.get(topic_of(payload))
    if reader is None:
        return None
    message = _Message(
        id=payload["id"].needed(),
        at=payload["created"].moment_of_seconds(),
        object=payload["data.object"],
        options=options,
    )
    return reader(message)


# --- orders


def _session(message: _Message) -> list[News] | None:
    session = message.object
    is_paid = session["payment_status"].text() in ("paid", "no_payment_required")
    if "checkout" not in message.options.orders or not is_paid or session["mode"].text() == "setup":
        return None
    buyer = _session_buyer(message)
    code = _session_code(message)
    currency = session["currency"].currency()
    total = _minor(session["amount_total"], currency)
    if not total and session["mode"].text() == "subscription":
        return [TrialNews(message.message_id, buyer, message.at, referral_code=code)]
    shares = {
        "subtotal": session["amount_subtotal"],
        "tax": session["total_details.amount_tax"],
        "shipping": session["total_details.amount_shipping"],
        "discount": session["total_details.amount_discount"],
    }
    payment = Payment(
        currency, total, message.at, referral_code=code, details=_shares(shares, currency)
    )
    ids = (session["payment_intent"], session["invoice"], session["id"])
    return [_paid(message, ids, buyer, payment)]


def _session_code(message: _Message) -> str:
    session = message.object
    named = session["metadata.referral_code"].text()
    if message.options.client_reference_id == "code":
        named = named or session["client_reference_id"].text()
    return named


def _session_buyer(message: _Message) -> Buyer:
    session = message.object
    details = session["customer_details"]
    own = session["metadata.user_id"].text()
    if message.options.client_reference_id == "user":
        own = own or session["client_reference_id"].text()
    return _buyer(
        own,
        _id(session["customer"]),
        visitor=session["metadata.banyan_vid"].text(),
        email=details["email"].text() or session["customer_email"].text(),
        phone=details["phone"].text(),
        name=details["name"].text(),
    )


def _invoice(message: _Message) -> list[News] | None:
    invoice, orders = message.object, message.options.orders
    is_first = invoice["billing_reason"].text() == "subscription_create"
    if "invoices" not in orders and ("renewals" not in orders or is_first):
        return None
    currency = invoice["currency"].currency()
    total = _minor(invoice["amount_paid"], currency)
    metadata = _invoice_metadata(invoice)
    code = metadata.get("referral_code", "")
    buyer = _buyer(
        metadata.get("user_id", ""),
        _id(invoice["customer"]),
        visitor=metadata.get("banyan_vid", ""),
        email=invoice["customer_email"].text(),
        phone=invoice["customer_phone"].text(),
        name=invoice["customer_name"].text(),
    )
    if not total:
        if not is_first:
            return None
        return [TrialNews(message.message_id, buyer, message.at, referral_code=code)]
    paid_at = invoice["status_transitions.paid_at"]
    payment = Payment(
        currency,
        total,
        paid_at.moment_of_seconds() if paid_at else message.at,
        referral_code=code,
        details=_shares({"subtotal": invoice["subtotal"], "tax": invoice["tax"]}, currency),
    )
    ids = (invoice["id"], invoice["payment_intent"], invoice["charge"])
    return [_paid(message, ids, buyer, payment)]


def _invoice_metadata(invoice: At) -> Mapping[str, str]:
    """The invoice's own metadata over those of its subscription, in both places it may stand."""
    found: dict[str, str] = {}
    for place in ("parent.subscription_details", "subscription_details"):
        found |= _texts(invoice[place]["metadata"])
    return found | _texts(invoice["metadata"])


def _texts(metadata: At) -> dict[str, str]:
    names = ("referral_code", "user_id", "banyan_vid")
    return {name: metadata[name].text() for name in names if metadata[name]}


def _payment_intent(message: _Message) -> list[News] | None:
    if "payments" not in message.options.orders:
        return None
    intent = message.object
    currency = intent["currency"].currency()
    metadata = _texts(intent["metadata"])
    payment = Payment(
        currency,
        _minor(intent["amount_received"], currency),
        message.at,
        referral_code=metadata.get("referral_code", ""),
    )
    buyer = _buyer(
        metadata.get("user_id", ""),
        _id(intent["customer"]),
        visitor=metadata.get("banyan_vid", ""),
        email=intent["receipt_email"].text(),
    )
    return [_paid(message, (intent["id"], intent["latest_charge"]), buyer, payment)]


def _paid(message: _Message, ids: tuple[At, ...], buyer: Buyer, payment: Payment) -> OrderNews:
    return OrderNews(
        message_id=message.message_id,
        names=_needed_names(*ids),
        at=message.at,
        buyer=buyer,
        payment=payment,
        currency=payment.currency,
    )


def _invoice_payment(message: _Message) -> list[News] | None:
    """Which payment paid an invoice: later refunds name the payment alone."""
    names = _names(message.object["invoice"], message.object["payment.payment_intent"])
    return [OrderNews(message.message_id, names, message.at)] if len(names) > 1 else None


# --- what went back


def _charge_refunded(message: _Message) -> list[News] | None:
    charge = message.object
    currency = charge["currency"].currency()
    refunded = TakenBack(refunded_minor=_minor(charge["amount_refunded"], currency))
    ids = (charge["payment_intent"], charge["invoice"], charge["id"])
    return _taken_back(message, ids, currency, refunded)


def _refund(message: _Message) -> list[News] | None:
    """A single refund, once the money is on its way for good."""
    refund = message.object
    if refund["status"].text() != "succeeded":
        return None
    currency = refund["currency"].currency()
    one = TakenBack(refunds={refund["id"].needed(): _minor(refund["amount"], currency)})
    return _taken_back(message, (refund["payment_intent"], refund["charge"]), currency, one)


def _credit_note(message: _Message) -> list[News] | None:
    """What a credit note gives back of a paid invoice; of an open one it only lowers the bill."""
    note = message.object
    currency = note["currency"].currency()
    after = note["post_payment_amount"]
    if after.value is None:
        after = note["amount"]
        if note["type"].text() != "post_payment":
            return None
    refunds = {_id(r["refund"]): _minor(r["amount_refunded"], currency) for r in note["refunds"]}
    rest = _minor(after, currency) - sum(refunds.values())
    if rest > 0:
        refunds[_id(note["refund"]) or note["id"].needed()] = rest
    return _taken_back(message, (note["invoice"],), currency, TakenBack(refunds=refunds))


def _dispute(message: _Message) -> list[News] | None:
    dispute = message.object
    if dispute["status"].text() != "lost":
        return None
    currency = dispute["currency"].currency()
    lost = TakenBack(disputed={dispute["id"].needed(): _minor(dispute["amount"], currency)})
    return _taken_back(message, (dispute["payment_intent"], dispute["charge"]), currency, lost)


def _taken_back(
    message: _Message, ids: tuple[At, ...], currency: str, taken_back: TakenBack
) -> list[News] | None:
    return [
        OrderNews(
            message_id=message.message_id,
            names=_needed_names(*ids),
            at=message.at,
            currency=currency,
            taken_back=taken_back,
        )
    ]


# --- customers


def _customer(message: _Message) -> list[News] | None:
    customer = message.object
    buyer = _buyer(
        customer["metadata.user_id"].text(),
        customer["id"].needed(),
        email=customer["email"].text(),
        phone=customer["phone"].text(),
        name=customer["name"].text(),
    )
    tags = customer["metadata.tags"]
    if tags.value is not None:
        told = [tag.strip() for tag in tags.text().split(",") if tag.strip()]
        buyer = _with_traits(buyer, {"tags": told})
    return [BuyerNews(message.message_id, buyer, message.at)]


def _buyer(
    own_id: str,
    customer_id: str,
    *,
    visitor: str = "",
    email: str = "",
    phone: str = "",
    name: str = "",
) -> Buyer:
    return Buyer(
        id=own_id or customer_id,
        is_own_id=bool(own_id),
        visitor=visitor,
        email=email,
        phone=phone,
        traits={"name": name} if name else {},
    )


def _with_traits(buyer: Buyer, traits: Mapping[str, Any]) -> Buyer:
    return Buyer(
        buyer.id,
        buyer.is_own_id,
        buyer.visitor,
        buyer.email,
        buyer.phone,
        {**buyer.traits, **traits},
    )


# --- pieces


def _id(at: At) -> str:
    """An object's id, whether only that stands there or the whole object."""
    return at["id"].id() if isinstance(at.value, dict) else at.id()


def _names(*ids: At) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in map(_id, ids) if name))


def _needed_names(*ids: At) -> tuple[str, ...]:
    return _names(*ids) or ids[0].refuse("missing: the message names no payment")


def _minor(at: At, currency: str) -> int:
    return at.minor_of_units(currency, decimals(currency))


def _shares(places: Mapping[str, At], currency: str) -> dict[str, Any]:
    return {
        name: in_currency(_minor(at, currency), currency)
        for name, at in places.items()
        if at.value is not None
    }


_READERS: Mapping[str, Callable[[_Message], list[News] | None]] = {
    "checkout.session.completed": _session,
    "checkout.session.async_payment_succeeded": _session,
    "invoice.paid": _invoice,
    "invoice_payment.paid": _invoice_payment,
    "payment_intent.succeeded": _payment_intent,
    "charge.refunded": _charge_refunded,
    "refund.created": _refund,
    "refund.updated": _refund,
    "charge.refund.updated": _refund,
    "credit_note.created": _credit_note,
    "charge.dispute.closed": _dispute,
    "customer.created": _customer,
    "customer.updated": _customer,
}
