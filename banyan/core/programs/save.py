"""save: what the pipeline stores here, in its transaction."""

from __future__ import annotations

import polars as pl
from django.db import connection

from banyan.kernel.database import among, is_postgres, put, read

CREATED = "Referral Link Created"
CLICKED = "Referral Link Clicked"
_WHEN = pl.Datetime("us", "UTC")


def save(events: pl.DataFrame, *, referrals: pl.DataFrame, rejects: pl.DataFrame) -> None:
    """Take up links made in the log and move the counters of clicks and referrals.

    `events`: a batch's (position, name, body, user_id, occurred_at) and what its `properties` say
    of `code`, `channel` and `script`; `referrals`: those that started in it; `rejects`: its events
    that the engine could not use. A click ahead of its link's creation is one of them, wherever the
    log was cut into batches: it does not count.
    """
    _take_up(events.filter(pl.col("name") == CREATED))
    clicked = events.filter(pl.col("name") == CLICKED)
    _count_clicks(clicked.join(rejects, on="position", how="anti"))
    _count_referrals(events, referrals)


def code_used() -> pl.Expr:
    """The code by which an event (name, body) touches somebody, as it is compared, or null. As in
    the engine an empty one is none, and a coupon counts only where nobody is named."""
    coupon = pl.when(_property("advocate").is_null()).then(_key_of(_property("coupon")))
    typed = pl.coalesce(_key_of(_property("referral_code")), coupon)
    clicked = pl.col("name") == CLICKED
    return pl.when(clicked).then(_key_of(_property("code"))).otherwise(typed)


def _take_up(created: pl.DataFrame) -> None:
    """Links that came as events; the first to take a code owns it, and doors have made theirs."""
    rows = created.select(
        "code",
        _key_of(pl.col("code")).alias("key"),
        _property("program").fill_null("").alias("program"),
        pl.col("user_id").alias("advocate"),
        pl.col("channel", "script").fill_null(""),
        pl.col("occurred_at").cast(_WHEN).alias("created_at"),
    ).filter(pl.col("key").is_not_null(), pl.col("advocate") != "")
    if rows.is_empty():
        return
    rows = rows.unique("key", keep="first", maintain_order=True)
    where, parameters = among("key", rows["key"].to_list())
    known = read(f"SELECT key FROM programs_link WHERE {where}", parameters, {"key": pl.String})
    new = rows.join(known, on="key", how="anti", maintain_order="left")
    put("programs_link", new.with_columns(clicks=pl.lit(0), referrals=pl.lit(0)), ("key",))


def _count_clicks(clicked: pl.DataFrame) -> None:
    keys = clicked.select(key=_key_of(pl.col("code")))
    _add("clicks", keys.drop_nulls().group_by("key").len("n"))


def _count_referrals(events: pl.DataFrame, referrals: pl.DataFrame) -> None:
    """A referral counts for the code of the touch that won it; an invite has none."""
    if referrals.is_empty():
        return
    where, parameters = among("position", referrals["touch_position"].unique().to_list())
    touches = read(
        f"SELECT name, body FROM events_event WHERE {where}",
        parameters,
        {"name": pl.String, "body": pl.String},
    )
    keys = touches.select(key=code_used())
    _add("referrals", keys.drop_nulls().group_by("key").len("n"))


def _add(column: str, counts: pl.DataFrame) -> None:
    """Add to a counter of the links with these keys; (key, n)."""
    rows = sorted(counts.rows())
    if not rows:
        return
    with connection.cursor() as cursor:
        if is_postgres():
            cursor.execute(
                f"UPDATE programs_link AS kept SET {column} = kept.{column} + more.n "
                "FROM unnest(%s::text[], %s::bigint[]) AS more(key, n) WHERE kept.key = more.key",
                [[key for key, _ in rows], [n for _, n in rows]],
            )
        else:
            cursor.executemany(
                f"UPDATE programs_link SET {column} = {column} + %s WHERE key = %s",
                [(n, key) for key, n in rows],
            )


def _key_of(code: pl.Expr) -> pl.Expr:
    return _or_none(code.str.strip_chars().str.to_uppercase())


def _property(name: str) -> pl.Expr:
    return _or_none(pl.col("body").str.json_path_match(f"$.properties.{name}"))


def _or_none(text: pl.Expr) -> pl.Expr:
    return pl.when(text != "").then(text)
