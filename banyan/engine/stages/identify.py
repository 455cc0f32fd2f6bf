"""identify: which visitor keys belong to which user, from which position on.

Pairs, not components: a key belongs to a user from the first position at which both were seen
together, and only to the first 20 users seen with it. So nothing has to be merged later, and a
pair never changes once it is known.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import polars as pl

from banyan.engine.keys import key
from banyan.engine.language.book import Book
from banyan.engine.order import complete, first_rows, joined, nth, without
from banyan.engine.stages.read import Events
from banyan.engine.state import SCHEMAS, State, blank

USERS_PER_KEY = 20

IDENTIFYING = ("previousId", "traits.email", "traits.phone", "context.device.id", "context.ip")


class Identity(NamedTuple):
    """What a batch adds: pairs seen together for the first time, in position order."""

    pairs: pl.DataFrame


def identify(book: Book, state: State, events: Events) -> tuple[Identity, State]:
    """New pairs of key and user, and of device or ip and user where risk rules ask for them."""
    nothing = Identity(blank("pairs"))
    frame = events.frame
    if not book.referral_lines or frame["user_key"].null_count() == frame.height:
        return nothing, state
    asked = ["position", "log", "type", "user_key", "anonymous_key", *IDENTIFYING]
    known = complete(frame[[c for c in asked if c in frame.columns]], "user_key")
    identity = _new_pairs(state, _together(known, events.types))
    state = state.plus(pairs=identity.pairs)
    if "same_contact" in book.risk_names:
        state = state.plus(contacts=_contacts(known, state))
    if "disposable_email" in book.risk_names:
        state = state.plus(disposable=_disposable(known, state))
    if book.risk_names & {"same_device", "device_friends"}:
        state = state.plus(devices=_devices(known, state))
    if "same_ip" in book.risk_names:
        state = state.plus(ips=_ips(known))
    return identity, state


def _together(known: pl.DataFrame, types: frozenset[str]) -> pl.DataFrame:
    """(key, user_key, position): every first sight of a key with a user in this batch."""
    rows = known[["anonymous_key", "user_key", "position"]].rename({"anonymous_key": "key"})
    rows = complete(rows, "key")
    sights = []
    if "alias" in types:
        alias = known.filter((pl.col("type") == "alias") & pl.col("previousId").is_not_null())
        former = key(pl.col("previousId"), "anonymous").alias("key")
        sights.append(alias.select(former, "user_key", "position"))
    if "identify" in types:
        sights += _given_contacts(known)
    if sights:
        rows = pl.concat([rows, *sights]).sort("position", maintain_order=True)
    return first_rows(rows, "key", "user_key")


def _new_pairs(state: State, seen: pl.DataFrame) -> Identity:
    """The pairs not known before; `seen` holds each pair once, in position order."""
    seen = without(seen, state.of("pairs", seen, "key", "user_key"), "key", "user_key")
    if seen.is_empty():
        return Identity(blank("pairs"))
    owners = state.of("pairs", seen, "key", belongs=True)
    return Identity(numbered(seen, owners))


def _given_contacts(known: pl.DataFrame) -> list[pl.DataFrame]:
    named = known.filter(pl.col("type") == "identify")
    contacts = (contact_email("traits.email"), contact_phone("traits.phone"))
    rows = [named.select(c.alias("key"), "user_key", "position") for c in contacts]
    return [complete(r, "key") for r in rows]


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
    """New pairs with their place among the users of their key; to those behind the last owner,
    one place is as good as another.

    `seen` holds each new pair once, in position order; `old` the earlier owners of their keys.
    """
    if seen.is_empty():
        return blank("pairs")
    place = (nth(seen, "key") - 1).alias("place")
    rows = seen[["key", "user_key", "position"]].hstack([place])
    if not old.is_empty():
        before = old.group_by("key").agg(before=pl.len().cast(pl.Int64))
        rows = joined(rows, before, "key").with_columns(
            pl.col("place") + pl.col("before").fill_null(0)
        )
    rows = rows.with_columns(
        pl.col("place").clip(upper_bound=USERS_PER_KEY),
        belongs=pl.col("place") < USERS_PER_KEY,
    )
    return rows[list(SCHEMAS["pairs"])]


def _contacts(known: pl.DataFrame, state: State) -> pl.DataFrame:
    rows = first_rows(pl.concat(_given_contacts(known)).sort("position"), "key", "user_key")
    return without(rows, state.of("contacts", rows, "key", "user_key"), "key", "user_key")


def _disposable(known: pl.DataFrame, state: State) -> pl.DataFrame:
    named = known.filter((pl.col("type") == "identify") & pl.col("traits.email").is_not_null())
    rows = named.select(
        "user_key", "position", domain=email("traits.email").str.split("@").list.last()
    )
    rows = rows.filter(pl.col("domain").is_in(disposable_domains().implode()))
    rows = first_rows(rows.select("user_key", "position"), "user_key")
    return without(rows, state.of("disposable", rows, "user_key"), "user_key")


@cache
def disposable_domains() -> pl.Series:
    """Domains of throw-away mail services: the list pinned with this release."""
    from disposable_email_domains import blocklist

    return pl.Series(sorted(blocklist), dtype=pl.String)


def _devices(known: pl.DataFrame, state: State) -> pl.DataFrame:
    rows = known.select(
        key(pl.col("context.device.id"), "device").alias("key"), "user_key", "position"
    )
    rows = first_rows(complete(rows, "key"), "key", "user_key")
    return without(rows, state.of("devices", rows, "key", "user_key"), "key", "user_key")


def _ips(known: pl.DataFrame) -> pl.DataFrame:
    rows = known.select(key(pl.col("context.ip"), "ip").alias("key"), "user_key", "position", "log")
    return complete(rows, "key")
