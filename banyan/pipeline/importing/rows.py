"""rows: a row of cells as an event of the public format, in JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from banyan.core.people.contacts import Kind as Contact
from banyan.kernel.sealing import token
from banyan.pipeline.importing.cells import BadCell, check_contact, in_units, read_cell
from banyan.pipeline.importing.columns import NEEDED, Field, Order, What
from banyan.pipeline.importing.sheets import Row
from banyan.trust.sources.guests import guest_id

_TRACKED: Mapping[What, str] = {
    "orders": "Order Completed",
    "refunds": "Order Refunded",
    "referrals": "Referral Recorded",
}
_CONTACTS: Mapping[str, Contact] = {"traits.email": "email", "traits.phone": "phone"}
_encoder = msgspec.json.Encoder(decimal_format="number")
_NAMED = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True)
class Fault:
    """Why a row makes no event; `column` is empty where it is the row as a whole."""

    column: str
    reason: str


class Made(msgspec.Struct, frozen=True):
    """An event of a row as JSON. `is_aside`: the contact of a row that is about something else."""

    json: bytes
    message_id: str
    is_aside: bool = False


class Maker:
    """Makes events of the rows of one file."""

    def __init__(self, order: Order, fields: Sequence[Field], *, namesakes: Namesakes) -> None:
        self._order = order
        self._fields = fields
        self._by_column = {f.path: f.column or f.path for f in fields}
        self._namesakes = namesakes
        self._amounts = {f.path for f in fields if f.kind == "money"}
        tracked = _TRACKED.get(order.what)
        self._start: Mapping[str, Any] = (
            {"type": "track", "event": tracked}
            if tracked
            else ({"type": "identify"} if order.what == "customers" else {})
        )

    def events(self, row: Row) -> list[Made] | Fault:
        """The row's event, after that of the contact it tells besides, if any."""
        values: dict[str, Any] = {}
        for each in self._fields:
            cell = row.cells.get(each.column) if each.column is not None else each.constant
            try:
                value = read_cell(each.kind, cell, self._order.habits)
            except BadCell as bad:
                return Fault(self._by_column[each.path], bad.sentence)
            if value is not None:
                values[each.path] = value
        try:
            return list(self._made(values, row))
        except BadCell as bad:
            return Fault(self._column("properties.total"), bad.sentence)
        except _Missing as missing:
            return Fault(self._column(missing.path), missing.reason)

    def unusable(self, row: Row) -> Iterator[tuple[Contact, Fault]]:
        """What is wrong with the contacts of a row that can be read: nobody is reached by them."""
        for each in self._fields:
            contact = _CONTACTS.get(each.path)
            if contact is None:
                continue
            cell = row.cells.get(each.column) if each.column is not None else each.constant
            try:
                check_contact(contact, cell, self._order.habits)
            except BadCell as bad:
                yield contact, Fault(self._column(each.path), bad.sentence)

    def _column(self, path: str) -> str:
        return self._by_column.get(path, path)

    def _made(self, values: dict[str, Any], row: Row) -> Iterator[Made]:
        for path in NEEDED[self._order.what]:
            if path not in values:
                raise _Missing(path, "the cell is empty")
        if self._start:
            self._complete(values, row)
        aside = None
        if self._order.what in _TRACKED:
            aside = self._aside(values)
            if aside is not None:
                yield aside
        event = dict(self._start) | _nested(values)
        message_id = self._message_id(values, row)
        if not message_id:
            message_id = self._namesakes.id_of(_encoder.encode(event))
        event["messageId"] = message_id
        yield Made(_encoder.encode(event), message_id)

    def _complete(self, values: dict[str, Any], row: Row) -> None:
        """What orders, refunds and customers need beyond their cells."""
        if "userId" not in values:
            # Once a contact is mended it would name somebody else, and the row would count again.
            unusable = {f"traits.{contact}": fault for contact, fault in self.unusable(row)}
            usable = {path: value for path, value in values.items() if path not in unusable}
            guest = guest_id(_text(usable, "traits.email"), _text(usable, "traits.phone"))
            if guest:
                values["userId"] = guest
            elif self._order.what == "refunds":
                # Without a user a refund is of whichever order has that id.
                values["anonymousId"] = "import"
            elif "anonymousId" not in values:
                for path, fault in unusable.items():
                    raise _Missing(path, fault.reason)
                raise _Missing("userId", "nobody is named: no user, e-mail or phone")
        currency = _text(values, "properties.currency").upper()
        if currency:
            values["properties.currency"] = currency
        if self._order.habits.minor_units:
            for path in self._amounts & values.keys():
                values[path] = in_units(values[path], currency)
        total = values.get("properties.total")
        if isinstance(total, Decimal) and total < 0:
            raise _Missing(
                "properties.total", f"{total} is below zero; import what went back as refunds"
            )

    def _aside(self, values: dict[str, Any]) -> Made | None:
        """The contact of an order's row: an event of its own, the same for the same contact."""
        traits = {path: values.pop(path) for path in list(values) if path.startswith("traits.")}
        if not traits:
            return None
        event = {"type": "identify", "userId": values["userId"]} | _nested(traits)
        message_id = _id_of(_encoder.encode(event))
        event["messageId"] = message_id
        if "timestamp" in values:
            event["timestamp"] = values["timestamp"]
        return Made(_encoder.encode(event), message_id, is_aside=True)

    def _message_id(self, values: Mapping[str, Any], row: Row) -> str:
        if not self._order.message_id:
            return _text(values, "messageId")

        def cell(named: re.Match[str]) -> str:
            value = row.cells.get(named[1])
            if value is None or not str(value).strip():
                raise _Missing(named[1], "the cell is empty, but the messageId is made of it")
            return str(value).strip()

        return _NAMED.sub(cell, self._order.message_id)


class Namesakes:
    """Ids by content: the n-th row that says the same has the same id in every run of the file."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}
        self.repeated = 0
        """Rows that said what an earlier one of the same files did."""

    def id_of(self, content: bytes) -> str:
        """The id of the next row of that content."""
        first = _id_of(content)
        times = self._seen[first] = self._seen.get(first, 0) + 1
        if times == 1:
            return first
        self.repeated += 1
        return f"{first}:{times}"


class _Missing(Exception):
    """A row that lacks something; ends its reading."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason


def _id_of(content: bytes) -> str:
    # Keyed: what is known of a person could else be guessed out of the id, which stays for ever.
    return "import:" + token(content.decode(), purpose="import")


def _text(values: Mapping[str, Any], path: str) -> str:
    value = values.get(path)
    return "" if value is None else str(value)


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted paths as objects in objects; names of properties and traits may hold dots."""
    made: dict[str, Any] = {}
    for path, value in values.items():
        head, dot, rest = path.partition(".")
        if not dot:
            if isinstance(value, dict) and isinstance(made.get(head), dict):
                value = value | made[head]
            made[head] = value
        elif head == "context":
            _put(made.setdefault(head, {}), rest.split("."), value)
        else:
            made.setdefault(head, {})[rest] = value
    return made


def _put(inside: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for name in path[:-1]:
        inside = inside.setdefault(name, {})
    inside[path[-1]] = value
