"""profiles: what a person's `identify` events said of them, opened, brought together, sealed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec
import polars as pl

from banyan.core.people.contacts import Kind
from banyan.kernel.database import among, put, read, write
from banyan.kernel.sealing import seal, unseal

# What a person can be said to be; when it gets larger, the traits given longest ago fall out.
LARGEST_BYTES = 64 * 1024
KINDS: tuple[Kind, ...] = ("email", "phone")

_PROFILE = {
    "customer": pl.String(),
    "sealed": pl.Binary(),
    "locale": pl.String(),
    "position": pl.Int64(),
}
_CONTACT = {
    "customer": pl.String(),
    "kind": pl.String(),
    "token": pl.String(),
    "sealed": pl.Binary(),
    "first_position": pl.Int64(),
}
_LOCALE = re.compile(r"[A-Za-z0-9_-]{2,35}")
Traits = dict[str, msgspec.Raw]


class _Tokens(msgspec.Struct):
    email: str | None = None
    phone: str | None = None


class _Context(msgspec.Struct):
    locale: msgspec.Raw = msgspec.Raw(b"null")


class _Body(msgspec.Struct):
    """What of an `identify` event's public body matters here; intake wrote the stand-ins."""

    traits: _Tokens = field(default_factory=_Tokens)
    context: msgspec.Raw = msgspec.Raw(b"null")


@dataclass
class _Open:
    """A profile while events are being taken in."""

    traits: Traits
    locale: str
    position: int


_bodies = msgspec.json.Decoder(_Body)
_contexts = msgspec.json.Decoder(_Context)
_traits = msgspec.json.Decoder(Traits)


def save_profiles(identified: pl.DataFrame) -> None:
    """Take in `identify` events with sealed traits, in order: of each trait the last value that is
    not null stays; contacts are added."""
    if identified.is_empty():
        return
    customers = sorted(identified["user_id"].unique().to_list())
    profiles = _opened(customers)
    contacts: dict[tuple[str, Kind, str], tuple[str, int]] = {}
    columns = ("position", "message_id", "user_id", "body", "sealed")
    for position, message_id, customer, body, sealed in identified.select(columns).iter_rows():
        profile = profiles.setdefault(customer, _Open({}, "", 0))
        if position <= profile.position:
            continue
        given = _traits.decode(unseal(sealed, context=f"event:{message_id}"))
        said = _bodies.decode(body)
        profile.traits = _merged(profile.traits, given)
        profile.locale = _locale(said.context, given) or profile.locale
        profile.position = position
        for kind in KINDS:
            token = getattr(said.traits, kind)
            if token and kind in given:
                contacts.setdefault((customer, kind, token), (plain_text(given[kind]), position))
    _write_profiles(profiles)
    _write_contacts(contacts)


def opened_traits(customer: str, sealed: bytes) -> dict[str, object]:
    """A profile's traits as plain values. Raises CannotOpen."""
    plain = unseal(sealed, context=profile_context(customer))
    return msgspec.json.decode(plain, type=dict[str, object])


def profile_context(customer: str) -> str:
    """In which context a customer's traits are sealed."""
    return f"customer:{customer}"


def contact_context(customer: str, kind: str) -> str:
    """In which context a customer's contacts are sealed."""
    return f"contact:{kind}:{customer}"


def plain_text(written: msgspec.Raw) -> str:
    """A trait as text: a JSON text's content, anything else as it was written."""
    data = bytes(written)
    return msgspec.json.decode(data, type=str) if data[:1] == b'"' else data.decode()


def _opened(customers: Iterable[str]) -> dict[str, _Open]:
    where, parameters = among("customer", list(customers))
    rows = read(
        f"SELECT customer, sealed, locale, position FROM people_profile WHERE {where}",
        parameters,
        _PROFILE,
    )
    return {
        customer: _Open(
            _traits.decode(unseal(sealed, context=profile_context(customer))), locale, position
        )
        for customer, sealed, locale, position in rows.iter_rows()
    }


def _merged(old: Traits, given: Traits) -> Traits:
    """Given traits come last, so that the first are those given longest ago."""
    new = {name: value for name, value in given.items() if bytes(value) != b"null"}
    both = {name: value for name, value in old.items() if name not in new} | new
    size = sum(len(name) + len(bytes(value)) for name, value in both.items())
    while size > LARGEST_BYTES:
        name = next(iter(both))
        size -= len(name) + len(bytes(both.pop(name)))
    return both


def _locale(context: msgspec.Raw, given: Mapping[str, msgspec.Raw]) -> str:
    """As the event's context says, else as a trait does; empty when neither is one."""
    said = [given.get("locale")]
    if bytes(context)[:1] == b"{":
        said.insert(0, _contexts.decode(context).locale)
    for written in said:
        text = "" if written is None else plain_text(written)
        if text != "null" and _LOCALE.fullmatch(text):
            return text
    return ""


def _write_profiles(profiles: Mapping[str, _Open]) -> None:
    rows = [
        {
            "customer": customer,
            "sealed": seal(msgspec.json.encode(one.traits), context=profile_context(customer)),
            "locale": one.locale,
            "position": one.position,
        }
        for customer, one in sorted(profiles.items())
    ]
    put("people_profile", pl.DataFrame(rows, schema=_PROFILE), ("customer",))


def _write_contacts(given: Mapping[tuple[str, Kind, str], tuple[str, int]]) -> None:
    if not given:
        return
    where, parameters = among("customer", sorted({customer for customer, _, _ in given}))
    known = read(
        f"SELECT customer, kind, token FROM people_contact WHERE {where}",
        parameters,
        {"customer": pl.String(), "kind": pl.String(), "token": pl.String()},
    )
    old = set(known.iter_rows())
    rows = [
        {
            "customer": customer,
            "kind": kind,
            "token": token,
            "sealed": seal(text.encode(), context=contact_context(customer, kind)),
            "first_position": position,
        }
        for (customer, kind, token), (text, position) in given.items()
        if (customer, kind, token) not in old
    ]
    write("people_contact", pl.DataFrame(rows, schema=_CONTACT))
