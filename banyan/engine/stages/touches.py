"""touches: clicks, codes and invites -> what touched whom, for which program.

A touch is judged much later, where it meets somebody; here it only gets its advocate, its keys and
the version that will judge it.
"""

from __future__ import annotations

import polars as pl

from banyan.engine.keys import key
from banyan.engine.language.book import Book, Line
from banyan.engine.order import complete, first_rows, joined, without
from banyan.engine.stages.identify import contact_email, contact_phone
from banyan.engine.stages.read import Events
from banyan.engine.stages.versions import by_terms, terms_at
from banyan.engine.state import SCHEMAS, State

CODE, INVITE, CLICK = KINDS_ALL = range(3)

TOUCHING = [
    "position",
    "at",
    "message_id",
    "event",
    "user",
    "anonymous",
    "user_key",
    "anonymous_key",
    *(
        f"properties.{name}"
        for name in ("code", "referral_code", "advocate", "program", "coupon", "email", "phone")
    ),
    "properties.channel",
    "properties.script",
]


LINKED, CLICKED, SUBMITTED = (
    "Referral Link Created",
    "Referral Link Clicked",
    "Referral Submitted",
)


def touched(book: Book, state: State, events: Events) -> tuple[pl.DataFrame, pl.DataFrame, State]:
    """The batch's touches, a row for each program they serve, and the events with unknown codes.

    Needs of the events those that touch or create a link; the state that comes back knows the new
    codes.
    """
    if events.any_named(LINKED):
        state = state.plus(codes=_new_codes(state, events))
    seen, unknown = _touches(state, events)
    if not book.referral_lines:
        return pl.DataFrame(), unknown, state
    return _by_line(book, seen) if seen.height else _NO_TOUCHES, unknown, state


def code_named() -> pl.Expr:
    """The one code an event may name, as it is compared: null when its owner is not asked for."""
    typed = _normal("properties.referral_code")
    coupon = pl.when(pl.col("properties.advocate").is_null()).then(_normal("properties.coupon"))
    linked = pl.col("event").is_in([LINKED, CLICKED])
    return (
        pl.when(linked.fill_null(False))
        .then(_normal("properties.code"))
        .otherwise(pl.coalesce(typed, coupon))
    )


def _normal(column: str) -> pl.Expr:
    """A code as it is compared: trimmed and in upper case; empty is none."""
    text = pl.col(column).str.strip_chars().str.to_uppercase()
    return pl.when(text != "").then(text)


def _new_codes(state: State, events: Events) -> pl.DataFrame:
    """Codes that get their owner in this batch: the first to create a link with them."""
    created = events.named([LINKED], ["position", "user", "properties.code", "properties.program"])
    new = created.select(
        _normal("properties.code").alias("code"),
        pl.col("user").alias("advocate"),
        pl.col("properties.program").alias("program"),
        pl.col("position").alias("created"),
    )
    new = first_rows(complete(new, "code", "advocate"), "code")
    return without(new, state.of("codes", new, "code"), "code")


def _touches(state: State, events: Events) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every touch of the batch before programs look at it, and the events with unknown codes."""
    found, unknown = [], []
    if events.any_named(CLICKED):
        rows = _owned(state, events.named([CLICKED], TOUCHING), _normal("properties.code"))
        unknown.append(_ownerless(rows))
        visitor = pl.coalesce("anonymous", "user")
        found.append(_touch(rows, CLICK, visitor, "anonymous_key", "user_key"))
    for rows, lacking in _code_rows(state, events):
        unknown.append(lacking)
        found.append(_touch(rows, CODE, pl.col("user"), "user_key", None))
    if events.any_named(SUBMITTED):
        submitted = events.named([SUBMITTED], TOUCHING)
        rows = submitted.filter(pl.col("user_key").is_not_null()).with_columns(
            advocate=pl.col("user"),
            program=pl.col("properties.program"),
            _first=contact_email("properties.email"),
            _second=contact_phone("properties.phone"),
        )
        nobody = pl.lit(None, dtype=pl.String)
        found.append(_touch(rows, INVITE, nobody, "_first", "_second"))
    if not found:
        return _NO_TOUCHES, _NO_UNKNOWN
    touches = pl.concat(found) if len(found) > 1 else found[0]
    if touches["advocate"].null_count() or touches["key"].null_count():
        touches = touches.filter(
            pl.col("advocate").is_not_null()
            & (pl.col("key").is_not_null() | pl.col("other").is_not_null())
        )
    if len(found) > 1:
        touches = touches.sort("touch_position", maintain_order=True)
    return touches, _lost(unknown)


_NO_TOUCHES = pl.DataFrame(
    schema={**SCHEMAS["touches"], "program": pl.String, "key": pl.UInt64, "other": pl.UInt64}
)
_NO_UNKNOWN = pl.DataFrame(
    schema={"position": pl.Int64, "message_id": pl.String, "code": pl.String}
)


def _ownerless(rows: pl.DataFrame) -> pl.DataFrame:
    if not rows["advocate"].null_count():
        return rows.clear()
    return rows.filter(pl.col("advocate").is_null())


def _lost(unknown: list[pl.DataFrame]) -> pl.DataFrame:
    """Events with unknown codes: (position, message_id, code)."""
    lost = [
        rows.select("position", "message_id", code=pl.lit("unknown_code"))
        for rows in unknown
        if rows.height
    ]
    return pl.concat(lost) if lost else _NO_UNKNOWN


def _code_rows(state: State, events: Events) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
    """Identified events that carry a code, an advocate or a coupon that is a code."""
    frame = events.frame
    names = ("properties.referral_code", "properties.advocate", "properties.coupon")
    carrying = [name for name in names if frame[name].null_count() < frame.height]
    if not carrying:
        return []
    carries = pl.any_horizontal(pl.col(name).is_not_null() for name in carrying)
    rows = frame[TOUCHING].filter(
        carries
        & pl.col("user_key").is_not_null()
        & ~pl.col("event").str.starts_with("Referral ").fill_null(False)
    )
    if rows.is_empty():
        return []
    typed = _normal("properties.referral_code")
    code = typed.is_not_null() | pl.col("properties.advocate").is_not_null()
    named, coupon = rows.filter(code), rows.filter(~code)
    result = []
    if not named.is_empty():
        owned = _owned(state, named, typed)
        result.append((owned, _ownerless(owned)))
    if not coupon.is_empty():
        owned = _owned(state, coupon, _normal("properties.coupon"))
        result.append((owned.filter(pl.col("advocate").is_not_null()), owned.clear()))
    return result


def _owned(state: State, rows: pl.DataFrame, code: pl.Expr) -> pl.DataFrame:
    """Rows with the `advocate` and `program` their code, or else their `advocate`, stands for."""
    asked = rows.select(
        "position",
        code.alias("code"),
        pl.col("properties.advocate").alias("named"),
        pl.col("properties.program").alias("for"),
    )
    codes = state.around("codes", asked, "code")
    if codes.is_empty():
        return rows.hstack(asked[["named", "for"]].rename({"named": "advocate", "for": "program"}))
    owned = pl.col("created") < pl.col("position")
    stands = joined(asked, codes, "code").select(
        pl.when(owned).then("advocate").otherwise("named").alias("advocate"),
        pl.when(owned).then("program").otherwise("for").alias("program"),
    )
    return rows.hstack(stands)


def _touch(
    rows: pl.DataFrame, kind: int, visitor: pl.Expr, first: str, second: str | None
) -> pl.DataFrame:
    other = pl.col(second) if second else pl.lit(None, dtype=pl.UInt64)
    return rows.select(
        pl.col("position").alias("touch_position"),
        pl.col("at").alias("touch_at"),
        pl.lit(kind, dtype=pl.Int32).alias("kind"),
        "advocate",
        key(pl.col("advocate"), "user").alias("advocate_key"),
        visitor.alias("visitor"),
        pl.col("properties.channel").alias("channel"),
        pl.col("properties.script").alias("script"),
        "program",
        pl.col(first).alias("key"),
        other.alias("other"),
    )


def _by_line(book: Book, touches: pl.DataFrame) -> pl.DataFrame:
    """One row per touch and program it serves, with the version that judges it."""
    rows = []
    named = touches["program"].null_count() < touches.height
    for line in book.referral_lines:
        mine = touches
        if named:
            mine = touches.filter(pl.col("program").is_null() | (pl.col("program") == line.slug))
        index, in_run = terms_at(line, "touch_at")
        mine = mine.with_columns(
            pl.lit(line.index, dtype=pl.Int32).alias("line"),
            index.alias("terms"),
            in_run.alias("in_run"),
        )
        listed = all(set(KINDS_ALL) == set(terms.prefer) for terms in line.terms)
        rows.append(mine if listed else mine.filter(_is_touch(line)))
    return pl.concat(rows) if len(rows) > 1 else rows[0]


def _is_touch(line: Line) -> pl.Expr:
    return by_terms(
        line,
        {t.index: pl.col("kind").is_in(list(t.prefer)) for t in line.terms},
        pl.lit(False),
    )


def keys_of(touches: pl.DataFrame) -> pl.DataFrame:
    """One row per key of a touch; `other` is the touch's other key, `own` marks a user's own."""
    columns = ["key", "other", "line", "touch_position", "terms"]
    first = touches[columns].hstack([(touches["kind"] == CODE).alias("own")])
    if first["key"].null_count():
        first = first.filter(pl.col("key").is_not_null())
    if touches["other"].null_count() == touches.height:
        return first
    second = touches.filter(pl.col("other").is_not_null())
    own = (second["kind"] == CLICK).alias("own")
    second = second[columns].rename({"key": "other", "other": "key"}).hstack([own])
    both = pl.concat([first, second[first.columns]])
    return both.sort("touch_position", maintain_order=True)
