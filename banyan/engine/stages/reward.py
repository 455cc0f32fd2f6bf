"""reward: achievements -> who gets how much, before any cap.

For every reward: its beneficiary, the ordinal `nth` of the achievement for that beneficiary, the
condition, the raw amount in minor units or counts, and what the referral's risk verdict says.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import polars as pl

from banyan.engine.keys import key
from banyan.engine.language.book import SCALE, Amount, Book, DrawTable, Line, Payout, Terms
from banyan.engine.order import joined, last_rows, nth, only
from banyan.engine.stages.caps import bucket_columns, with_buckets
from banyan.engine.stages.conditions import column_of, draw_of, holds, value
from banyan.engine.stages.facts import order_key
from banyan.engine.stages.qualify import Reached, with_names
from banyan.engine.stages.risk import CLEAR, HOLD
from banyan.engine.state import State

DUE = {
    "position": pl.Int64,
    "at": pl.Int64,
    "line": pl.Int32,
    "place": pl.Int32,
    "payout": pl.Int32,
    "beneficiary": pl.String,
    "beneficiary_key": pl.UInt64,
    "advocate": pl.String,
    "advocate_key": pl.UInt64,
    "friend": pl.String,
    "friend_key": pl.UInt64,
    "user_key": pl.UInt64,
    "order_key": pl.UInt64,
    "event_total": pl.Int128,
    "nth": pl.Int64,
    "unit": pl.String,
    "raw": pl.Int64,
    "verdict": pl.Int32,
    "verdict_id": pl.String,
    "decision_id": pl.String,
    "hold": pl.Int64,
    "expires": pl.Int64,
    "charity": pl.Boolean,
}
"""Columns of rewards that are due, before any cap; `bucket_0` … follow."""

BOOSTABLE = pl.lit(10**13 * SCALE, dtype=pl.Int128)

MOST = 10**18
"""No amount is larger, in minor units or counts: what a 64-bit ledger holds."""


def reward(book: Book, state: State, reached: Reached) -> tuple[pl.DataFrame, State]:
    """Undecided rewards in the order they are decided: position, program, place in the file."""
    parts = []
    for line in book.lines:
        for number, name in enumerate(line.rewards):
            due, state = _due(line, state, reached, number, name)
            for terms in line.terms:
                payout = next((p for p in terms.payouts if p.name == name), None)
                if payout is None or due.is_empty():
                    continue
                mine = only(due, due["terms"] == terms.index)
                decided = _amounts(book, line, terms, payout, state, mine)
                if not decided.is_empty():
                    parts.append(with_buckets(book, payout.number, decided))
    if not parts:
        return none_due(book.width), state
    rows = _stopped(book, pl.concat(parts) if len(parts) > 1 else parts[0])
    # Payouts are numbered by program and place, so one key says all three; it sorts much faster.
    order = pl.col("position") * len(book.payouts) + pl.col("payout")
    return (rows.sort(order) if len(parts) > 1 else rows), state


def _stopped(book: Book, rows: pl.DataFrame) -> pl.DataFrame:
    """What a stop of its program meets is held as if a check had said so, but names no check."""
    for line in book.lines:
        for begins, ends in line.stops:
            mine = (pl.col("line") == line.index) & (pl.col("verdict") == CLEAR)
            met = mine & (pl.col("at") >= begins)
            if ends is not None:
                met &= pl.col("at") < ends
            rows = rows.with_columns(
                verdict=pl.when(met).then(pl.lit(HOLD, dtype=pl.Int32)).otherwise("verdict"),
                verdict_id=pl.when(met).then(None).otherwise("verdict_id"),
            )
    return rows


@cache
def none_due(width: int) -> pl.DataFrame:
    """No reward, with the columns of a book of this width."""
    return pl.DataFrame(schema=DUE | bucket_columns(width))


def _due(
    line: Line, state: State, reached: Reached, number: int, name: str
) -> tuple[pl.DataFrame, State]:
    """The achievements of one reward with their beneficiary and `nth`, over all versions."""
    parts = []
    for terms in line.terms:
        payout = next((p for p in terms.payouts if p.name == name), None)
        if payout is None:
            continue
        rows = reached.get((line.index, line.goals.index(payout.on)))
        if rows is None:
            continue
        rows = only(rows, rows["terms"] == terms.index)
        if not rows.is_empty():
            parts.append(beneficiaries(line, state, payout, rows))
    due = pl.concat(parts).sort("position") if len(parts) > 1 else (parts or [pl.DataFrame()])[0]
    if due.is_empty():
        return due, state
    due = _numbered(line, state, due, number)
    reached_by = due[["beneficiary_key", "nth"]]
    if not state.lacks("ordinals"):
        # Later batches keep one row a beneficiary, or look-ups would grow with every achievement.
        reached_by = last_rows(reached_by, "beneficiary_key")
    ordinals = reached_by.with_columns(
        line=pl.lit(line.index, dtype=pl.Int32), reward=pl.lit(number, dtype=pl.Int32)
    )
    return due, state.plus(ordinals=ordinals)


def _numbered(line: Line, state: State, due: pl.DataFrame, number: int) -> pl.DataFrame:
    """Achievements of one reward with `nth`, counted on from each beneficiary's last one."""
    due = due.hstack([nth(due, "beneficiary_key")])
    before = state.of("ordinals", due[["beneficiary_key"]], "beneficiary_key")
    before = only(before, (before["line"] == line.index) & (before["reward"] == number))
    if before.is_empty():
        return due
    before = last_rows(before[["beneficiary_key", "nth"]], "beneficiary_key")
    due = joined(due, before.rename({"nth": "_before"}), "beneficiary_key")
    return due.with_columns(pl.col("nth") + pl.col("_before").fill_null(0))


def beneficiaries(line: Line, state: State, payout: Payout, rows: pl.DataFrame) -> pl.DataFrame:
    """Achievements with the `beneficiary` of one reward and its key; none where nobody is."""
    match payout.to:
        case "advocate" | "friend" as side:
            return _with_beneficiary(rows, side)
        case "self":
            return _with_beneficiary(rows, "user")
        case "upline":
            return _uplines(line, state, rows)
    charity = pl.lit(payout.to)
    return rows.with_columns(beneficiary=charity, beneficiary_key=key(charity, "other"))


def _with_beneficiary(rows: pl.DataFrame, who: str) -> pl.DataFrame:
    person, key_ = rows[who], rows[f"{who}_key"]
    return rows.hstack([person.alias("beneficiary"), key_.alias("beneficiary_key")])


def _uplines(line: Line, state: State, rows: pl.DataFrame) -> pl.DataFrame:
    """The advocate's own advocate by a referral at a lower position; none or the friend: no row."""
    advocates = rows[["advocate_key"]].rename({"advocate_key": "friend_key"})
    above = state.around("referrals", advocates, "friend_key")
    above = only(above, above["line"] == line.index).select(
        pl.col("friend_key").alias("advocate_key"),
        pl.col("advocate").alias("beneficiary"),
        pl.col("advocate_key").alias("beneficiary_key"),
        pl.col("join_position").alias("_above"),
    )
    rows = joined(rows, above, "advocate_key", how="inner")
    lower = pl.col("_above") < pl.col("position")
    other = pl.col("beneficiary_key") != pl.col("friend_key")
    return rows.filter(lower & other).drop("_above")


def _amounts(
    book: Book, line: Line, terms: Terms, payout: Payout, state: State, due: pl.DataFrame
) -> pl.DataFrame:
    """Rows of one reward of one version for which `when` holds, with unit and raw amount."""
    names = payout.amount.names | (payout.when.names if payout.when else frozenset())
    rows = due
    if names:
        rows = with_names(line, terms, state, rows, names)
    if "nth" in names:
        rows = rows.with_columns(_nth="nth", nth=pl.col("nth").cast(pl.Int128) * SCALE)
    if payout.when is not None:
        rows = only(rows, holds(line, rows, payout.when))
    if rows.is_empty():
        return rows
    amount = _raw(line, rows, payout.amount)
    decision_id = pl.concat_str(
        pl.lit(f"{line.slug}/{payout.name}/"),
        pl.col("beneficiary"),
        pl.lit("/"),
        pl.col("position").cast(pl.String),
    )
    unit = pl.lit(payout.unit)
    digits: pl.Series | int = payout.digits
    if payout.amount.draw is not None:
        ids = rows.select(decision_id).to_series()
        amount, units, digits = _drawn(book, line, payout, ids)
        unit = pl.lit(units)
    if payout.boosts:
        amount = pl.lit(_boosted(rows, amount, payout))
    minor = _minor(amount, digits) if isinstance(digits, int) else _by_digits(amount, digits)
    made = rows.select(
        *_columns(line, payout),
        minor.alias("raw"),
        unit.alias("unit"),
        decision_id.alias("decision_id"),
    )
    number = rows["_nth" if "nth" in names else "nth"].alias("nth")
    kept = ["position", "at", "beneficiary", "beneficiary_key", "user_key"]
    if not line.is_self:
        kept += ["advocate", "advocate_key", "friend", "friend_key", "verdict_id"]
    return rows[kept].hstack([*made, number])[list(DUE)]


def _boosted(rows: pl.DataFrame, amount: pl.Expr, payout: Payout) -> pl.Series:
    """Amounts times each boost inside which their achievement lies."""
    # Beyond any sense, but a product must not leave 128 bits.
    raw = rows.select("at", amount=amount.clip(upper_bound=BOOSTABLE))
    for begins, ends, times in payout.boosts:
        inside = (pl.col("at") >= begins) & (pl.col("at") < ends)
        boosted = _times(pl.col("amount"), Fraction(times))
        raw = raw.with_columns(amount=pl.when(inside).then(boosted).otherwise(pl.col("amount")))
    return raw["amount"]


def _times(amount: pl.Expr, factor: Fraction) -> pl.Expr:
    """Exact to the 12th decimal, rounded half away from zero."""
    return _rounded_division(amount * factor.numerator, factor.denominator)


def _rounded_division(number: pl.Expr, by: int) -> pl.Expr:
    """number / by, half away from zero; Int128 in and out."""
    if by == 1:
        return number
    half = pl.lit(by // 2, dtype=pl.Int128)
    whole = (number.abs() + half) // pl.lit(by, dtype=pl.Int128)
    return pl.when(number < 0).then(whole * -1).otherwise(whole)


def _minor(amount: pl.Expr, digits: int) -> pl.Expr:
    """Scaled amounts as minor units or counts: NULL and below 0 are 0, half away from zero."""
    amount = amount.fill_null(0).clip(lower_bound=0)
    step = 10 ** (12 - digits)
    units: pl.Expr = (amount + step // 2) // pl.lit(step, dtype=pl.Int128)
    return units.clip(upper_bound=MOST).cast(pl.Int64)


def _by_digits(amount: pl.Expr, digits: pl.Series) -> pl.Expr:
    """The same where each prize of a draw has its own unit."""
    chosen = _minor(amount, 0)
    for places in digits.unique().to_list():
        chosen = pl.when(pl.lit(digits == places)).then(_minor(amount, places)).otherwise(chosen)
    return chosen


def _raw(line: Line, rows: pl.DataFrame, amount: Amount) -> pl.Expr:
    """The raw amount, scaled; null where there is none."""
    if amount.value is not None:
        return pl.lit(value(line, rows, amount.value))
    if amount.percent is not None:
        return _percent(line, rows, amount.percent)
    if amount.ladder:
        steps = pl.Series(amount.ladder, dtype=pl.Int128)
        step = rows.select(pl.col("_nth").clip(upper_bound=len(steps)) - 1).to_series()
        return pl.lit(steps.gather(step))
    if amount.table is not None:
        return pl.lit(_looked_up(line, rows, amount.table))
    return pl.lit(amount.fixed, dtype=pl.Int128)


def _percent(
    line: Line, rows: pl.DataFrame, percent: tuple[str, object, int | None, int | None]
) -> pl.Expr:
    of_name, rate, low, high = percent
    raw = _times(column_of(line, rows, of_name), Fraction(str(rate)) / 100)
    if low is not None:
        raw = raw.clip(lower_bound=pl.lit(low, dtype=pl.Int128))
    if high is not None:
        raw = raw.clip(upper_bound=pl.lit(high, dtype=pl.Int128))
    return raw


def _looked_up(
    line: Line,
    rows: pl.DataFrame,
    table: tuple[str, str, tuple[tuple[str, int], ...], int],
) -> pl.Series:
    by, kind, entries, otherwise = table
    asked = rows.select(_as_text(column_of(line, rows, by), kind)).to_series()
    return asked.replace_strict(
        [name for name, _ in entries],
        pl.Series([amount for _, amount in entries], dtype=pl.Int128),
        default=pl.lit(otherwise, dtype=pl.Int128),
        return_dtype=pl.Int128,
    )


def _as_text(column: pl.Expr, kind: str) -> pl.Expr:
    """A value as table keys are written: numbers in shortest plain form."""
    if kind == "boolean":
        return pl.when(column).then(pl.lit("true")).when(~column).then(pl.lit("false"))
    if kind == "text":
        return column
    size = column.abs()
    whole = (size // SCALE).cast(pl.String)
    rest = (size % SCALE).cast(pl.String).str.zfill(12).str.strip_chars_end("0")
    text = pl.when(rest == "").then(whole).otherwise(whole + pl.lit(".") + rest)
    return pl.when(column < 0).then(pl.lit("-") + text).otherwise(text)


def _drawn(
    book: Book, line: Line, payout: Payout, decision_ids: pl.Series
) -> tuple[pl.Expr, pl.Series, pl.Series]:
    """Amount, unit and digits of the prize each decision drew; nothing won is amount 0."""
    seed = book.seeds[line.slug]
    table = payout.amount.draw
    assert table is not None
    prizes = [_prize(table, draw_of(f"{seed}|{id_}")) for id_ in decision_ids]
    nothing = (payout.unit, payout.digits, 0)
    drawn = [nothing if prize is None else prize for prize in prizes]
    return (
        pl.lit(pl.Series([d[2] for d in drawn], dtype=pl.Int128)),
        pl.Series([d[0] for d in drawn], dtype=pl.String),
        pl.Series([d[1] for d in drawn], dtype=pl.Int32),
    )


def _prize(table: DrawTable, drawn: int) -> tuple[str, int, int] | None:
    share = Fraction(drawn, 16**16)
    if share >= table.chance:
        return None
    for unit, digits, amount, reached in table.prizes:
        if reached > share / table.chance:
            return unit, digits, amount
    raise AssertionError("the weights of a draw reach 1")


def _columns(line: Line, payout: Payout) -> list[pl.Expr]:
    """What a decision keeps of its achievement and its reward under other names or values."""
    columns = [
        *_terms_of(line, payout),
        order_key("properties.order_id"),
        pl.col("properties.total").alias("event_total"),
    ]
    if line.is_self:
        return columns + _NO_SIDES
    spared = pl.col("spares_friend") if payout.to == "friend" else pl.lit(False)
    return [*columns, pl.when(spared).then(_CLEAR).otherwise(pl.col("verdict")).alias("verdict")]


def _terms_of(line: Line, payout: Payout) -> list[pl.Expr]:
    return [
        pl.lit(line.index, dtype=pl.Int32).alias("line"),
        pl.lit(payout.place, dtype=pl.Int32).alias("place"),
        pl.lit(payout.number, dtype=pl.Int32).alias("payout"),
        pl.lit(payout.hold, dtype=pl.Int64).alias("hold"),
        pl.lit(payout.expires, dtype=pl.Int64).alias("expires"),
        pl.lit(payout.charity is not None).alias("charity"),
    ]


_CLEAR = pl.lit(CLEAR, dtype=pl.Int32)
_NO_SIDES = [
    _CLEAR.alias("verdict"),
    *(
        pl.lit(None, dtype=DUE[name]).alias(name)
        for name in ("verdict_id", "advocate", "advocate_key", "friend", "friend_key")
    ),
]
