"""touches: clicks, codes and invites -> what touched whom, for which program.

A touch is judged much later, where it meets somebody; here it only gets its advocate, its keys and
the version that will judge it.
"""

from __future__ import annotations

import polars as pl

from banyan.engine.keys import key
from banyan.engine.language.book import Book, Line
from banyan.engine.stages.identify import contact_email, contact_phone
from banyan.engine.stages.read import Events
from banyan.engine.stages.versions import by_terms, terms_at
from banyan.engine.state import SCHEMAS, State, of

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


def touched(book: Book, state: State, events: Events) -> tuple[pl.DataFrame, pl.DataFrame, State]:
    """The batch's touches, a row for each program they serve, and the events with unknown codes.

    Needs of the events those that touch or create a link; the state that comes back knows the new
    codes.
    """
    codes, state = _codes(state, events)
    seen, unknown = _touches(events, codes)
    if not book.referral_lines:
        return pl.DataFrame(), unknown, state
    return _by_line(book, seen), unknown, state


def code_named() -> pl.Expr:
    """The one code an event may name, as it is compared: null when its owner is not asked for."""
    typed = _normal("properties.referral_code")
    coupon = pl.when(pl.col("properties.advocate").is_null()).then(_normal("properties.coupon"))
    linked = pl.col("event").is_in(["Referral Link Created", "Referral Link Clicked"])
    return (
        pl.when(linked.fill_null(False))
        .then(_normal("properties.code"))
        .otherwise(pl.coalesce(typed, coupon))
    )


def _normal(column: str) -> pl.Expr:
    """A code as it is compared: trimmed and in upper case; empty is none."""
    text = pl.col(column).str.strip_chars().str.to_uppercase()
    return pl.when(text != "").then(text)


def _codes(state: State, events: Events) -> tuple[pl.DataFrame, State]:
    """All codes this batch may name, with their owner, and the state that knows the new ones."""
    created = events.named(
        ["Referral Link Created"], ["position", "user", "properties.code", "properties.program"]
    )
    if not created.is_empty():
        created = created.filter(pl.col("user").is_not_null())
        new = created.select(
            _normal("properties.code").alias("code"),
            pl.col("user").alias("advocate"),
            pl.col("properties.program").alias("program"),
            pl.col("position").alias("created"),
        ).filter(pl.col("code").is_not_null())
        new = new.unique("code", keep="first", maintain_order=True)
        known = of(state.codes, new, "code")
        if not known.is_empty():
            new = new.join(known, on="code", how="anti", maintain_order="left")
        state = state.plus(codes=new)
    return state.codes, state


def _touches(events: Events, codes: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every touch of the batch before programs look at it, and the events with unknown codes."""
    found, unknown = [], []
    clicked = events.named(["Referral Link Clicked"], TOUCHING)
    if not clicked.is_empty():
        rows = _owned(clicked, codes, _normal("properties.code"))
        if rows["advocate"].null_count():
            unknown.append(rows.filter(pl.col("advocate").is_null()))
        found.append(
            _touch(rows, CLICK, pl.coalesce("anonymous", "user"), "anonymous_key", "user_key")
        )
    for rows, lacking in _code_rows(events, codes):
        unknown.append(lacking)
        found.append(_touch(rows, CODE, pl.col("user"), "user_key", None))
    submitted = events.named(["Referral Submitted"], TOUCHING)
    if not submitted.is_empty():
        submitted = submitted.filter(pl.col("user_key").is_not_null())
        rows = submitted.with_columns(
            advocate=pl.col("user"),
            program=pl.col("properties.program"),
            _first=contact_email("properties.email"),
            _second=contact_phone("properties.phone"),
        )
        nobody = pl.lit(None, dtype=pl.String)
        found.append(_touch(rows, INVITE, nobody, "_first", "_second"))
    if not found:
        return _no_touches(), _no_unknown()
    touches = pl.concat(found) if len(found) > 1 else found[0]
    if touches["advocate"].null_count() or touches["key"].null_count():
        touches = touches.filter(
            pl.col("advocate").is_not_null()
            & (pl.col("key").is_not_null() | pl.col("other").is_not_null())
        )
    if len(found) > 1:
        touches = touches.sort("touch_position", maintain_order=True)
    if not unknown:
        return touches, _no_unknown()
    lost = [u.select("position", "message_id", code=pl.lit("unknown_code")) for u in unknown]
    return touches, pl.concat(lost)


def _code_rows(events: Events, codes: pl.DataFrame) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
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
        owned = _owned(named, codes, typed)
        result.append((owned, owned.filter(pl.col("advocate").is_null())))
    if not coupon.is_empty():
        owned = _owned(coupon, codes, _normal("properties.coupon"))
        result.append((owned.filter(pl.col("advocate").is_not_null()), owned.clear()))
    return result


def _owned(rows: pl.DataFrame, codes: pl.DataFrame, code: pl.Expr) -> pl.DataFrame:
    """Rows with the `advocate` and `program` their code, or else their `advocate`, stands for."""
    asked = rows.select(
        "position",
        code.alias("code"),
        pl.col("properties.advocate").alias("named"),
        pl.col("properties.program").alias("for"),
    )
    owned = pl.col("created") < pl.col("position")
    stands = asked.join(codes, on="code", how="left", maintain_order="left").select(
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
    return pl.concat(rows)


def _is_touch(line: Line) -> pl.Expr:
    return by_terms(
        line,
        {t.index: pl.col("kind").is_in(list(t.prefer)) for t in line.terms},
        pl.lit(False),
    )


def keys_of(touches: pl.DataFrame) -> pl.DataFrame:
    """One row per key of a touch; `other` is the touch's other key, `own` marks a user's own."""
    columns = ["line", "touch_position", "terms"]
    own = (pl.col("kind") == CODE).alias("own")
    first = touches.select("key", "other", *columns, own)
    if first["key"].null_count():
        first = first.filter(pl.col("key").is_not_null())
    if touches["other"].null_count() == touches.height:
        return first
    second = touches.filter(pl.col("other").is_not_null()).select(
        pl.col("other").alias("key"),
        pl.col("key").alias("other"),
        *columns,
        (pl.col("kind") == CLICK).alias("own"),
    )
    return pl.concat([first, second]).sort("touch_position", maintain_order=True)


def _no_touches() -> pl.DataFrame:
    schema = {**SCHEMAS["touches"], "program": pl.String, "key": pl.UInt64, "other": pl.UInt64}
    for name in ("line", "terms", "in_run"):
        schema.pop(name)
    return pl.DataFrame(schema=schema)


def _no_unknown() -> pl.DataFrame:
    return pl.DataFrame(schema={"position": pl.Int64, "message_id": pl.String, "code": pl.String})
