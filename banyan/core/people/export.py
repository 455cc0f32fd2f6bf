"""export: customers, opened. Callers write down who took them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import polars as pl

from banyan.core.people.profiles import contact_context, opened_traits
from banyan.kernel.database import among, read
from banyan.kernel.sealing import unseal

_TIME = pl.Datetime("us", "UTC")
CUSTOMERS: dict[str, Any] = {
    "user_id": pl.String,
    "email": pl.String,
    "phone": pl.String,
    "name": pl.String,
    "tier": pl.String,
    "tags": pl.String,
    "locale": pl.String,
    "first_seen_at": _TIME,
    "last_seen_at": _TIME,
    "merged_into": pl.String,
    "traits": pl.String,
}
_STORED = {
    "user_id": pl.String,
    "first_seen_at": _TIME,
    "last_seen_at": _TIME,
    "merged_into": pl.String,
}
_AT_ONCE = 10_000


def customers() -> Iterator[pl.DataFrame]:
    """All customers by user id, in pieces; columns `CUSTOMERS`.

    Several e-mail addresses or phone numbers stand in one cell, a comma between; `traits` is JSON.
    """
    after = ""
    columns = ", ".join(_STORED)
    while True:
        piece = read(
            f"SELECT {columns} FROM people_customer WHERE user_id > %s ORDER BY user_id LIMIT %s",
            [after, _AT_ONCE],
            _STORED,
        )
        if piece.is_empty():
            return
        yield _opened(piece)
        after = piece["user_id"][-1]


def _opened(piece: pl.DataFrame) -> pl.DataFrame:
    ids = piece["user_id"].to_list()
    profiles, contacts = _profiles(ids), _contacts(ids)
    rows = []
    for stored in piece.iter_rows(named=True):
        user_id = stored["user_id"]
        traits, locale = profiles.get(user_id, ({}, None))
        told = contacts.get(user_id, {})
        rows.append(
            {
                **stored,
                "email": ", ".join(told.get("email", [])) or None,
                "phone": ", ".join(told.get("phone", [])) or None,
                "name": _name(traits),
                "tier": _text(traits.get("tier")),
                "tags": _text(traits.get("tags")),
                "locale": locale or None,
                "traits": json.dumps(traits, ensure_ascii=False) if traits else None,
            }
        )
    return pl.DataFrame(rows, schema=CUSTOMERS)


def _profiles(ids: list[str]) -> dict[str, tuple[dict[str, object], str]]:
    where, parameters = among("customer", ids)
    found = read(
        f"SELECT customer, sealed, locale FROM people_profile WHERE {where}",
        parameters,
        {"customer": pl.String, "sealed": pl.Binary, "locale": pl.String},
    )
    return {
        customer: (opened_traits(customer, sealed), locale)
        for customer, sealed, locale in found.iter_rows()
    }


def _contacts(ids: list[str]) -> dict[str, dict[str, list[str]]]:
    where, parameters = among("customer", ids)
    found = read(
        f"SELECT customer, kind, sealed FROM people_contact WHERE {where} "
        "ORDER BY first_position, id",
        parameters,
        {"customer": pl.String, "kind": pl.String, "sealed": pl.Binary},
    )
    told: dict[str, dict[str, list[str]]] = {}
    for customer, kind, sealed in found.iter_rows():
        value = unseal(sealed, context=contact_context(customer, kind)).decode()
        told.setdefault(customer, {}).setdefault(kind, []).append(value)
    return told


def _name(traits: dict[str, object]) -> str | None:
    if name := _text(traits.get("name")):
        return name
    parts = [_text(traits.get(part)) for part in ("firstName", "lastName")]
    return " ".join(part for part in parts if part) or None


def _text(value: object) -> str | None:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or None
    return str(value) if value not in (None, "") else None
