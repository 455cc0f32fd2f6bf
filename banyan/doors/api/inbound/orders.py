"""orders: what Shopify and WooCommerce tell in much the same words."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import phonenumbers

from banyan.doors.api.inbound.payload import At
from banyan.trust.sources.receive import in_currency

# An event may have 32 KB, and the lines of an order are for looking: no program reads them.
MOST_PRODUCTS = 50
_LONGEST_NAME = 100


def attributes(pairs: Iterable[At], *, name: str) -> dict[str, At]:
    """The values of a list of pairs by their `name`; of several of one name the last counts."""
    return {pair[name].text(): pair["value"] for pair in pairs}


def attribute(found: dict[str, At], *names: str) -> str:
    """The first of these attributes that holds a text or number."""
    for name in names:
        at = found.get(name)
        if at is not None and at and isinstance(at.value, str | int) and at.value is not True:
            return at.text()
    return ""


def amounts(currency: str, **places: At) -> dict[str, Any]:
    """Those of the amounts that are there, as exact numbers of the currency."""
    return {
        name: in_currency(at.minor(currency), currency)
        for name, at in places.items()
        if at.value not in (None, "")
    }


def products(lines: Iterable[At], currency: str, **texts: str) -> dict[str, Any]:
    """The first lines of an order as `products`: price, quantity, and each of `texts` from the
    field it names."""
    found = [
        {
            **{
                name: line[path].text()[:_LONGEST_NAME]
                for name, path in texts.items()
                if line[path]
            },
            **amounts(currency, price=line["price"]),
            "quantity": line["quantity"].number(),
        }
        for line in islice(lines, MOST_PRODUCTS)
    ]
    return {"products": found} if found else {}


def international(phone: str, country: str) -> str:
    """A phone number as +DIGITS if the country makes it one, else as it was written.

    Contacts are compared as digits, so a number has to be written the same way everywhere.
    """
    try:
        number = phonenumbers.parse(phone, country or None)
    except phonenumbers.NumberParseException:
        return phone
    if not phonenumbers.is_possible_number(number):
        return phone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
