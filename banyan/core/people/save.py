"""save: what the worker keeps of a batch's events about people, in its transaction.

Every event may bring a first sight; only `identify` events, invitations and consents cost more.
Saving the same events again changes nothing.
"""

from __future__ import annotations

import polars as pl

from banyan.core.people.erasing import ERASED, drop_personal, erased_among
from banyan.core.people.models import Consent, Erasure
from banyan.core.people.profiles import save_profiles
from banyan.kernel.database import among, put, read, write

_TIME = pl.Datetime("us", "UTC")
_LONGEST_ID = 512
_LONGEST_WORD = 64


def save(events: pl.DataFrame) -> list[int]:
    """Keep what a batch of the log says about people.

    `events` are rows of the log in order: position, message_id, kind, name, user_id, anonymous_id,
    occurred_at, body, sealed. Returns the positions of events whose sealed part belongs to somebody
    who was erased: the caller destroys it in the same transaction
    (`banyan.core.events.person.forget_at`).
    """
    if events.is_empty():
        return []
    _save_customers(events)
    _save_identities(events)
    _save_invitations(events)
    _save_consents(events)
    _erase(events)
    sealed = events.filter(pl.col("sealed").is_not_null())
    barred = sorted({*_barred(sealed), *_erased_invitations(sealed)})
    save_profiles(
        sealed.filter(
            (pl.col("kind") == "identify")
            & (pl.col("user_id") != "")
            & ~pl.col("position").is_in(barred)
        )
    )
    return barred


def _save_customers(events: pl.DataFrame) -> None:
    seen = (
        events.filter(pl.col("user_id") != "")
        .group_by("user_id")
        .agg(
            pl.col("position").min().alias("first_position"),
            pl.col("occurred_at").sort_by("position").first().alias("first_seen_at"),
            pl.col("occurred_at").max().alias("last_seen_at"),
        )
    )
    if seen.is_empty():
        return
    # To the hour, so that most events of people who are here right now write nothing.
    hour = pl.col("last_seen_at").dt.truncate("1h")
    rows = seen.join(_known_customers(seen), on="user_id", how="left", suffix="_known")
    first = pl.coalesce("first_seen_at_known", "first_seen_at")
    rows = rows.with_columns(first_seen_at=first, last_seen_at=pl.max_horizontal(first, hour))
    moved = rows.filter(
        pl.col("last_seen_at_known").is_null()
        | (pl.col("last_seen_at") > pl.col("last_seen_at_known"))
    )
    put(
        "people_customer",
        moved.select(
            "user_id",
            pl.coalesce("first_position_known", "first_position").alias("first_position"),
            "first_seen_at",
            "last_seen_at",
        ).sort("user_id"),
        ("user_id",),
    )


def _known_customers(seen: pl.DataFrame) -> pl.DataFrame:
    where, parameters = among("user_id", seen["user_id"].to_list())
    return read(
        "SELECT user_id, first_position, first_seen_at, last_seen_at FROM people_customer "
        f"WHERE {where}",
        parameters,
        {
            "user_id": pl.String(),
            "first_position": pl.Int64(),
            "first_seen_at": _TIME,
            "last_seen_at": _TIME,
        },
    )


def _save_identities(events: pl.DataFrame) -> None:
    """Visitors' ids seen together with a user's; an alias's former id counts as one."""
    of_user = events.filter(pl.col("user_id") != "")
    former = _text("$.previousId").alias("anonymous_id")
    columns = ("anonymous_id", "user_id", "position")
    pairs = pl.concat(
        [
            of_user.filter(pl.col("anonymous_id") != "").select(columns),
            of_user.filter(pl.col("kind") == "alias").select(former, "user_id", "position"),
        ]
    )
    long = pl.col("anonymous_id").str.len_chars() > _LONGEST_ID
    pairs = (
        pairs.filter((pl.col("anonymous_id") != "") & ~long)
        .sort("position")
        .unique(["anonymous_id", "user_id"], keep="first", maintain_order=True)
        .rename({"user_id": "customer", "position": "first_position"})
    )
    if pairs.is_empty():
        return
    visitor, visitors = among("anonymous_id", pairs["anonymous_id"].unique().to_list())
    customer, customers = among("customer", pairs["customer"].unique().to_list())
    known = read(
        f"SELECT anonymous_id, customer FROM people_identity WHERE {visitor} AND {customer}",
        [*visitors, *customers],
        {"anonymous_id": pl.String(), "customer": pl.String()},
    )
    both = ["anonymous_id", "customer"]
    write("people_identity", pairs.join(known, on=both, how="anti", maintain_order="left"))


def _save_invitations(events: pl.DataFrame) -> None:
    invited = _invited(events.filter(pl.col("sealed").is_not_null()))
    put("people_invitation", invited.sort("position", "token"), ("token", "position"))


def _invited(sealed: pl.DataFrame) -> pl.DataFrame:
    """(token, position, given_at): contacts that somebody gave of somebody else."""
    given = sealed.filter(pl.col("name") == "Referral Submitted")
    rows = pl.concat(
        [
            given.select(
                _text(f"$.properties.{kind}").alias("token"),
                "position",
                pl.col("occurred_at").alias("given_at"),
            )
            for kind in ("email", "phone")
        ]
    )
    return rows.filter(pl.col("token") != "").unique()


def _save_consents(events: pl.DataFrame) -> None:
    """A yes without a purpose, or with one longer than 64 characters, is a yes to nothing."""
    said = events.filter(
        pl.col("name").is_in(["Consent Given", "Consent Withdrawn"]) & (pl.col("user_id") != "")
    )
    if said.is_empty():
        return
    rows = said.select(
        "position",
        pl.col("user_id").alias("customer"),
        _word("$.properties.purpose").alias("purpose"),
        (pl.col("name") == "Consent Given").alias("is_given"),
        _word("$.properties.text_version").alias("text_version"),
        _word("$.properties.channel").alias("channel"),
        "occurred_at",
    ).filter(~pl.col("is_given") | (pl.col("purpose") != ""))
    known = Consent.objects.filter(position__range=(said["position"][0], said["position"][-1]))
    old = list(known.values_list("position", flat=True))
    write("people_consent", rows.filter(~pl.col("position").is_in(old)))


def _erase(events: pl.DataFrame) -> None:
    """What a batch took in before it saw an erasure goes when the erasure's event is reached."""
    asked = events.filter(pl.col("name") == ERASED)["position"]
    if asked.is_empty():
        return
    for row in Erasure.objects.filter(position__range=(asked[0], asked[-1])):
        drop_personal(row.customer, position=row.position)


def _erased_invitations(sealed: pl.DataFrame) -> list[int]:
    """Positions of invitations to somebody who had the contact erased later."""
    invited = _invited(sealed)
    if invited.is_empty():
        return []
    where, parameters = among("token", invited["token"].unique().to_list())
    erased = read(
        f"SELECT token, position FROM people_erasedcontact WHERE {where}",
        parameters,
        {"token": pl.String(), "until": pl.Int64()},
    )
    rows = invited.join(erased, on="token").filter(pl.col("position") <= pl.col("until"))
    return rows["position"].to_list()


def _barred(sealed: pl.DataFrame) -> list[int]:
    """Positions of events whose personal data is not kept, their person having been erased.

    An event without a user is the person's whose browser it came from.
    """
    if sealed.is_empty():
        return []
    own = sealed.filter(pl.col("user_id") != "").select("position", customer=pl.col("user_id"))
    visits = sealed.filter(pl.col("user_id") == "").select("position", "anonymous_id")
    visits = visits.join(_erased_visitors(visits), on="anonymous_id").drop("anonymous_id")
    people = pl.concat([own, visits])
    erased = erased_among(people["customer"].unique().to_list())
    rows = people.filter(pl.col("customer").is_in(list(erased))).iter_rows()
    return sorted({at for at, customer in rows if erased[customer].bars(at)})


def _erased_visitors(visits: pl.DataFrame) -> pl.DataFrame:
    """Which of these browsers are known to be an erased customer's."""
    where, parameters = among("anonymous_id", visits["anonymous_id"].unique().to_list())
    return read(
        "SELECT DISTINCT i.anonymous_id, i.customer FROM people_identity i "
        f"JOIN people_erasure e ON e.customer = i.customer WHERE {where}",
        parameters,
        {"anonymous_id": pl.String(), "customer": pl.String()},
    )


def _text(path: str) -> pl.Expr:
    """A text of the event; empty for none, and for one that no database takes."""
    found = pl.col("body").str.json_path_match(path).fill_null("")
    return pl.when(found.str.contains("\x00", literal=True)).then(pl.lit("")).otherwise(found)


def _word(path: str) -> pl.Expr:
    """A short text of the event; empty for none and for a long one."""
    found = _text(path)
    return pl.when(found.str.len_chars() <= _LONGEST_WORD).then(found).otherwise(pl.lit(""))
