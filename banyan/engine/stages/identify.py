"""identify: which visitor keys belong to which user, from which position on.

Pairs, not components: a key belongs to a user from the first position at which both were seen
together, and only to the first 20 users seen with it. So nothing has to be merged later, and a
pair never changes once it is known.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from banyan.engine.keys import key
from banyan.engine.language.book import Book
from banyan.engine.order import first_rows, nth
from banyan.engine.stages.read import Events
from banyan.engine.state import SCHEMAS, State, of

USERS_PER_KEY = 20

IDENTIFYING = ("previousId", "traits.email", "traits.phone", "context.device.id", "context.ip")


class Identity(NamedTuple):
    """What a batch adds: pairs seen together for the first time, in position order."""

    pairs: pl.DataFrame
    old_pairs: pl.DataFrame


def identify(book: Book, state: State, events: Events) -> tuple[Identity, State]:
    """New pairs of key and user, and of device or ip and user where risk rules ask for them.

    `Identity.old_pairs` are the earlier pairs of the keys this batch names.
    """
    frame = events.frame
    if not book.referral_lines or frame["user_key"].null_count() == frame.height:
        return Identity(_none("pairs"), _none("pairs")), state
    asked = ["position", "log", "type", "user_key", "anonymous_key", *IDENTIFYING]
    known = frame[[c for c in asked if c in frame.columns]]
    known = known.filter(pl.col("user_key").is_not_null())
    seen = _together(known, events.types)
    old = of(state.pairs, seen, "key")
    pairs = numbered(seen, old)
    state = state.plus(pairs=pairs)
    if "same_contact" in book.risk_names:
        state = state.plus(contacts=_contacts(known, state))
    if "disposable_email" in book.risk_names:
        state = state.plus(disposable=_disposable(known, state))
    if book.risk_names & {"same_device", "device_friends"}:
        state = state.plus(devices=_devices(known, state))
    if "same_ip" in book.risk_names:
        state = state.plus(ips=_ips(known))
    return Identity(pairs, old), state


def _none(name: str) -> pl.DataFrame:
    return pl.DataFrame(schema=dict(SCHEMAS[name]))


def _together(known: pl.DataFrame, types: frozenset[str]) -> pl.DataFrame:
    """(key, user_key, position): every first sight of a key with a user in this batch."""
    sights = [
        known.filter(pl.col("anonymous_key").is_not_null()).select(
            pl.col("anonymous_key").alias("key"), "user_key", "position"
        )
    ]
    if "alias" in types:
        alias = known.filter((pl.col("type") == "alias") & pl.col("previousId").is_not_null())
        former = key(pl.col("previousId"), "anonymous").alias("key")
        sights.append(alias.select(former, "user_key", "position"))
    if "identify" in types:
        sights += _given_contacts(known)
    rows = sights[0]
    if len(sights) > 1:
        rows = pl.concat(sights).sort("position", maintain_order=True)
    return first_rows(rows, "key", "user_key")


def _given_contacts(known: pl.DataFrame) -> list[pl.DataFrame]:
    named = known.filter(pl.col("type") == "identify")
    contacts = (contact_email("traits.email"), contact_phone("traits.phone"))
    rows = [named.select(c.alias("key"), "user_key", "position") for c in contacts]
    return [r.filter(pl.col("key").is_not_null()) for r in rows]


def contact_email(column: str) -> pl.Expr:
    """Key of an e-mail address as a contact."""
    return key(email(column), "email")


def contact_phone(column: str) -> pl.Expr:
    """Key of a phone number as a contact."""
    return key(phone(column), "phone")


def email(column: str) -> pl.Expr:
    """An e-mail address as it is compared: trimmed and in lower case; empty is none."""
    text = pl.col(column).str.strip_chars().str.to_lowercase()
    return pl.when(text != "").then(text)


def phone(column: str) -> pl.Expr:
    """A phone number as it is compared: digits and a leading +, 00 becoming +; no digit is none."""
    kept = pl.col(column).str.replace_all(r"[^0-9+]", "")
    digits = kept.str.replace_all("+", "", literal=True)
    text = (
        pl.when(kept.str.starts_with("+"))
        .then(pl.lit("+") + digits)
        .when(digits.str.starts_with("00"))
        .then(pl.lit("+") + digits.str.slice(2))
        .otherwise(digits)
    )
    return pl.when(digits != "").then(text)


def numbered(seen: pl.DataFrame, old: pl.DataFrame) -> pl.DataFrame:
    """The pairs not known before, with their place among the users of their key.

    `seen` holds each pair once, in position order; `old` every earlier pair of its keys.
    """
    if not old.is_empty():
        seen = seen.join(old, on=["key", "user_key"], how="anti", maintain_order="left")
    if seen.is_empty():
        return _none("pairs")
    counted = old.group_by("key").agg(before=pl.len().cast(pl.Int64))
    rows = seen.with_columns(place=nth(seen, "key") - 1)
    if not counted.is_empty():
        rows = rows.join(counted, on="key", how="left", maintain_order="left").with_columns(
            pl.col("place") + pl.col("before").fill_null(0)
        )
    rows = rows.with_columns(belongs=pl.col("place") < USERS_PER_KEY)
    return rows.select(list(SCHEMAS["pairs"]))


def _contacts(known: pl.DataFrame, state: State) -> pl.DataFrame:
    rows = pl.concat(_given_contacts(known)).sort("position")
    rows = first_rows(rows, "key", "user_key")
    old = of(state.contacts, rows, "key")
    return rows.join(old, on=["key", "user_key"], how="anti", maintain_order="left")


def _disposable(known: pl.DataFrame, state: State) -> pl.DataFrame:
    named = known.filter((pl.col("type") == "identify") & pl.col("traits.email").is_not_null())
    rows = named.select(
        "user_key", "position", domain=email("traits.email").str.split("@").list.last()
    )
    rows = rows.filter(pl.col("domain").is_in(disposable_domains().implode()))
    rows = first_rows(rows.select("user_key", "position"), "user_key")
    return rows.join(state.disposable, on="user_key", how="anti", maintain_order="left")


def disposable_domains() -> pl.Series:
    """Domains of throw-away mail services: the list pinned with this release."""
    from disposable_email_domains import blocklist

    return pl.Series(sorted(blocklist), dtype=pl.String)


def _devices(known: pl.DataFrame, state: State) -> pl.DataFrame:
    rows = known.select(
        key(pl.col("context.device.id"), "device").alias("key"), "user_key", "position"
    ).filter(pl.col("key").is_not_null())
    rows = first_rows(rows, "key", "user_key")
    old = of(state.devices, rows, "key")
    return rows.join(old, on=["key", "user_key"], how="anti", maintain_order="left")


def _ips(known: pl.DataFrame) -> pl.DataFrame:
    rows = known.select(key(pl.col("context.ip"), "ip").alias("key"), "user_key", "position", "log")
    return rows.filter(pl.col("key").is_not_null())
