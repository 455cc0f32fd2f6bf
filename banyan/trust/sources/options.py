"""options: what an operator can say about a source beyond its kind and secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from banyan.kernel.errors import Problem

KINDS = ("stripe", "shopify", "woocommerce")

ORDERS = ("checkout", "invoices", "renewals", "payments")
REFERENCES = ("code", "user", "ignore")


class BadOption(Problem):
    """An option that its kind of source does not know, or a value it cannot have."""

    status = 422


@dataclass(frozen=True)
class Options:
    """How a source's messages are read."""

    user_prefix: str = ""
    """Stands before the source's customer ids, so that two shops' customers stay apart."""
    test_orders: bool = False
    """Shopify: whether orders made with its test gateway count."""
    orders: tuple[str, ...] = ("checkout", "invoices")
    """Stripe: what becomes an order: Checkout sessions, invoices (all, or `renewals`: all but the
    first of a subscription), bare `payments`."""
    client_reference_id: str = "code"
    """Stripe: whether a session's `client_reference_id` is a referral code or the user's id."""


_OF_KIND: Mapping[str, frozenset[str]] = {
    "stripe": frozenset({"user_prefix", "orders", "client_reference_id"}),
    "shopify": frozenset({"user_prefix", "test_orders"}),
    "woocommerce": frozenset({"user_prefix"}),
}


def read_options(kind: str, given: Mapping[str, str]) -> Options:
    """Options as texts, checked. Raises BadOption."""
    for name in given:
        if name not in _OF_KIND[kind]:
            known = ", ".join(sorted(_OF_KIND[kind]))
            raise BadOption(f"A {kind} source has no option {name!r}; it has {known}.")
    made = Options(user_prefix=given.get("user_prefix", ""))
    return Options(
        user_prefix=made.user_prefix,
        test_orders=_switch("test_orders", given.get("test_orders", "no")),
        orders=_orders(given["orders"]) if "orders" in given else made.orders,
        client_reference_id=_one_of(
            "client_reference_id", given.get("client_reference_id", "code"), REFERENCES
        ),
    )


def _switch(name: str, value: str) -> bool:
    return _one_of(name, value, ("yes", "no")) == "yes"


def _orders(value: str) -> tuple[str, ...]:
    named = tuple(_one_of("orders", part, ORDERS) for part in value.replace(",", " ").split())
    if not named:
        raise BadOption(f"orders: name at least one of {', '.join(ORDERS)}.")
    return named


def _one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise BadOption(f"{name}: expected one of {', '.join(known)}, found {value!r}.")
    return value
