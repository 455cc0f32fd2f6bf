"""Columns of values as others wrote them, as columns of the engine's kinds.

There are two ways to a value. A vectorised one looks at whole columns and answers only what it is
sure of; the exact one (`values.py`) reads a single value and is asked for the rest. So the fast way
can be incomplete, never different.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from banyan.engine.values import (
    DECIMALS,
    DTYPES,
    FIRST_US,
    LARGEST,
    LAST_US,
    TOO_LARGE,
    Kind,
    text_value,
    token_value,
)

# What is no value of any kind.
_EMPTY_TOKENS = ("", "null", '""')
_EMPTY_TEXTS = ("",)

# Up to so many values the exact way costs less than the calls of the vectorised one.
_FEW = 50


def from_tokens(columns: Sequence[tuple[Kind, bytes]], height: int) -> list[pl.Series]:
    """JSON tokens as they stood in a text as columns of the kinds named.

    Each column holds `height` well-formed tokens, every one ended by a line feed; an empty one is
    none. The results have the dtypes of `DTYPES`.
    """
    asked = {
        i: _answers(_first(kind, written), pl.scan_lines(written, name="given"), tokens=True)
        for i, (kind, written) in enumerate(columns)
        if len(written) > height > _FEW and kind != "tags"
    }
    # One call for all, during which the interpreter is free for other threads.
    answers = dict(zip(asked, pl.collect_all(asked.values()), strict=True))
    return [
        _of_tokens(kind, written, height, answers.get(i))
        for i, (kind, written) in enumerate(columns)
    ]


def _of_tokens(kind: Kind, written: bytes, height: int, answers: pl.DataFrame | None) -> pl.Series:
    if len(written) == height:
        return _nothing(kind, height)
    if answers is not None and not answers["open"][0]:
        return answers["found"]
    tokens = pl.read_lines(written).to_series()
    return _resolved(kind, tokens, tokens=True, found=None if answers is None else answers["found"])


def from_series(kind: Kind, column: pl.Series) -> pl.Series:
    """A column of any type as a column of that kind; what cannot be one of it is null."""
    dtype = column.dtype
    if isinstance(dtype, pl.Categorical | pl.Enum):
        column = column.cast(pl.String)
    elif isinstance(dtype, pl.Binary):
        column = decoded(column)
    if column.dtype == pl.String:
        return _from_texts(kind, column)
    convert = _FROM_TYPED[kind]
    found = convert(column)
    return _nothing(kind, len(column)) if found is None else found


def decoded(column: pl.Series) -> pl.Series:
    """A Binary column as texts; what is not UTF-8 is null."""
    try:
        return column.cast(pl.String)
    except pl.exceptions.ComputeError:
        texts = [None if data is None else _text_of_bytes(data) for data in column.to_list()]
        return pl.Series(column.name, texts, dtype=pl.String)


def _text_of_bytes(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _from_texts(kind: Kind, texts: pl.Series) -> pl.Series:
    return _without_empty(texts) if kind == "text" else _resolved(kind, texts, tokens=False)


def _without_empty(texts: pl.Series) -> pl.Series:
    # Looking costs a fraction of writing a column of millions anew.
    empty = texts == ""
    return texts.set(empty, None) if empty.any() else texts


def _nothing(kind: Kind, height: int) -> pl.Series:
    return pl.repeat(None, height, dtype=DTYPES[kind], eager=True)


def _resolved(
    kind: Kind, given: pl.Series, *, tokens: bool, found: pl.Series | None = None
) -> pl.Series:
    """The values of what is given; `found` is what the first usual reading has found already."""
    readings = _USUAL[kind] if found is None else _USUAL[kind][1:]
    if found is None:
        found = _nothing(kind, len(given))
    for reading in readings if len(given) > _FEW else ():
        rows = _open_rows(given, found, tokens=tokens)
        rest = given.gather(rows).alias("given").to_frame().lazy()
        found = found.scatter(rows, _answers(reading, rest, tokens=tokens).collect()["found"])
    rows = _open_rows(given, found, tokens=tokens)
    return found.scatter(rows, _exactly(kind, given.gather(rows), tokens=tokens))


def _open_rows(given: pl.Series, found: pl.Series, *, tokens: bool) -> pl.Series:
    is_open = found.is_null() & given.is_not_null()
    for empty in _EMPTY_TOKENS if tokens else _EMPTY_TEXTS:
        is_open = is_open & (given != empty)
    return is_open.arg_true()


def _exactly(kind: Kind, given: pl.Series, *, tokens: bool) -> pl.Series:
    exact = token_value if tokens else text_value
    values = {text: exact(kind, text) for text in given.unique().to_list()}
    return pl.Series([values[text] for text in given.to_list()], dtype=DTYPES[kind])


# --- usual ways to write a value


@dataclass(frozen=True)
class _Reading:
    """How to know what is written that way, and its value; both over `given` and `inner`."""

    known: pl.Expr
    value: pl.Expr


def _answers(reading: _Reading, frame: pl.LazyFrame, *, tokens: bool) -> pl.LazyFrame:
    """What the reading has `found` in what is `given`, and whether it leaves anything `open`.

    `inner` is a token without its quotes. Between them a text without escapes has no quote, so
    stripping takes just the outer two; an escape is in no reading.
    """
    missing = _GIVEN.is_null()
    for empty in _EMPTY_TOKENS if tokens else _EMPTY_TEXTS:
        missing = missing | _GIVEN.eq(empty)
    return (
        frame.with_columns(inner=_GIVEN.str.strip_chars('"') if tokens else _GIVEN)
        .with_columns(inner=pl.when(reading.known).then(_INNER))
        .select(found=reading.value, open=_INNER.null_count() > missing.sum())
    )


def _clock(texts: pl.Expr) -> pl.Expr:
    """Microseconds of `2026-01-31T08:00:00`, null where there is no such day or hour."""
    at = texts.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False)
    return at.to_physical()


def _microseconds(digits: pl.Expr) -> pl.Expr:
    return digits.str.head(6).str.pad_end(6, "0").cast(pl.Int64)


def _with_offset(texts: pl.Expr) -> pl.Expr:
    """Microseconds of any date-time of RFC 3339 but one in a leap second."""
    local = _clock(texts.str.head(10) + pl.lit("T") + texts.str.slice(11, 8))
    tail = texts.str.slice(19)
    zulu = tail.str.contains("[Zz]$")
    fraction = pl.when(zulu).then(tail.str.head(-1)).otherwise(tail.str.head(-6)).str.slice(1)
    offset = pl.when(zulu).then(pl.lit("+00:00")).otherwise(tail.str.tail(6))
    hours, minutes = (offset.str.slice(start, 2).cast(pl.Int64) for start in (1, 4))
    ahead = (hours * 60 + minutes) * 60_000_000
    at = local - pl.when(offset.str.starts_with("-")).then(-ahead).otherwise(ahead)
    at = at + _microseconds(fraction)
    return pl.when(at.is_between(FIRST_US, LAST_US)).then(at)


_GIVEN, _INNER = pl.col("given"), pl.col("inner")
_QUOTED = _GIVEN.str.starts_with('"') & (_INNER != "")

# Years from 0001.
_DAY = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[0-9]{2}:[0-9]{2}:[0-5][0-9]"

# The first of a kind is tried on whole columns, the others on what it leaves open.
_USUAL: Mapping[Kind, tuple[_Reading, ...]] = {
    "text": (
        _Reading(known=_QUOTED & ~_GIVEN.str.contains("\\", literal=True), value=_INNER),
        _Reading(known=_INNER.str.contains("^(?:0|-?[1-9][0-9]*)$"), value=_INNER),
    ),
    "number": (
        _Reading(
            known=_INNER.str.contains(r"^-?[0-9]{1,12}(?:\.[0-9]{1,12})?$"),
            value=_INNER.cast(pl.Decimal(38, DECIMALS)).to_physical(),
        ),
    ),
    "boolean": (_Reading(known=_INNER.is_in(["true", "false"]), value=_INNER == "true"),),
    "time": (
        _Reading(
            known=_INNER.str.contains(rf"^{_DAY}T{_CLOCK}(?:\.[0-9]+)?Z$"),
            value=_clock(_INNER.str.head(19))
            + _microseconds(_INNER.str.slice(20).str.strip_suffix("Z")),
        ),
        _Reading(
            known=_INNER.str.contains(
                rf"^{_DAY}[Tt ]{_CLOCK}(?:\.[0-9]+)?(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$"
            ),
            value=_with_offset(_INNER),
        ),
    ),
    "tags": (),
}


def _first(kind: Kind, written: bytes) -> _Reading:
    """The first usual reading; where nothing is escaped, that of texts need not look for it."""
    if kind == "text" and b"\\" not in written:
        return _Reading(known=_QUOTED, value=_INNER)
    return _USUAL[kind][0]


# --- columns that are typed already


def _text_of(column: pl.Series) -> pl.Series | None:
    dtype = column.dtype
    if dtype.is_integer():
        return column.cast(pl.String)
    if dtype.is_decimal():
        text = column.cast(pl.String)
        return text.zip_with(
            ~text.str.contains(".", literal=True),
            text.str.strip_chars_end("0").str.strip_chars_end("."),
        )
    if dtype.is_float():
        # Polars writes floats in their shortest form, with an exponent from 1e16 on.
        shortest = _finite(column).cast(pl.String).fill_null("")
        return _resolved("text", shortest, tokens=True)
    return None


def _number_of(column: pl.Series) -> pl.Series | None:
    dtype = column.dtype
    if isinstance(dtype, pl.Decimal):
        return _rescaled(column.to_physical().cast(pl.Int128), dtype.scale)
    if dtype.is_integer():
        return _rescaled(column.cast(pl.Int128, strict=False), 0)
    if dtype.is_float():
        return _float_numbers(_finite(column))
    return None


def _rescaled(units: pl.Series, scale: int) -> pl.Series:
    """Int128 numbers of 10^-`scale` as scaled numbers, rounded half away from zero."""
    if scale > DECIMALS:
        return _rounded(units, scale - DECIMALS)
    # Bound first: the product could leave 128 bits.
    limit = 10 ** (12 + scale) + 1
    units = units.clip(_whole(-limit), _whole(limit))
    return _bounded(units * _whole(10 ** (DECIMALS - scale)))


def _bounded(scaled: pl.Series) -> pl.Series:
    """Scaled numbers, those beyond 10^12 replaced by 10^12 + 1 of the same sign."""
    for beyond, value in ((scaled > LARGEST, TOO_LARGE), (scaled < -LARGEST, -TOO_LARGE)):
        if beyond.any():
            scaled = scaled.set(beyond, value)
    return scaled


def _rounded(units: pl.Series, digits: int) -> pl.Series:
    """Numbers with so many digits more than a scaled number has."""
    step = 10**digits
    size = units.abs()
    limit = LARGEST * step  # out of reach of 38 digits where it is no Int128 itself
    up = (size % _whole(step) >= step // 2).cast(pl.Int128)
    rounded = (size // _whole(step) + up) * units.sign()
    return _bounded_where(rounded, size > limit) if limit < 10**38 else rounded


def _whole(number: int) -> pl.Series:
    return pl.Series([number], dtype=pl.Int128)


def _bounded_where(scaled: pl.Series, beyond: pl.Series) -> pl.Series:
    if not beyond.any():
        return scaled
    return scaled.set(beyond & (scaled > 0), TOO_LARGE).set(beyond & (scaled < 0), -TOO_LARGE)


def _float_numbers(column: pl.Series) -> pl.Series:
    """Floats by their shortest decimal form.

    At most one decimal of up to 15 digits reads as a given double. So if whole millionths of that
    length do, they are its shortest form, and whole-number arithmetic has it at once.
    """
    if column.dtype != pl.Float64:
        return _resolved("number", column.cast(pl.String).fill_null(""), tokens=True)
    millionths = (column * 1e6).round()
    sure = (millionths.abs() < 1e15) & (millionths / 1e6 == column)
    found = millionths.set(~sure, None).cast(pl.Int128) * _whole(10 ** (DECIMALS - 6))
    rows = (~sure).arg_true()
    if rows.is_empty():
        return found
    shortest = column.gather(rows).cast(pl.String)
    return found.scatter(rows, _resolved("number", shortest, tokens=True))


def _finite(column: pl.Series) -> pl.Series:
    finite = column.is_finite()
    return column if finite.all() else column.set(~finite, None)


def _boolean_of(column: pl.Series) -> pl.Series | None:
    return column if column.dtype == pl.Boolean else None


def _time_of(column: pl.Series) -> pl.Series | None:
    """Date-times (naive ones are UTC) and dates, cut to microseconds."""
    dtype = column.dtype
    if dtype == pl.Date:
        column = column.cast(pl.Datetime("us"))
    elif not isinstance(dtype, pl.Datetime):
        return None
    at = column.to_physical()
    match column.dtype.time_unit:  # type: ignore[attr-defined]
        case "ms":
            at = at.clip(FIRST_US // 1000 - 1, LAST_US // 1000 + 1) * 1000
        case "ns":
            at = at // 1000
    outside = (at < FIRST_US) | (at > LAST_US)
    return at.set(outside, None) if outside.any() else at


def _tags_of(column: pl.Series) -> pl.Series | None:
    if not isinstance(column.dtype, pl.List | pl.Array):
        return None
    rows = column.is_not_null().arg_true()
    if rows.is_empty():
        return None
    lists = column.gather(rows).cast(pl.List(column.dtype.inner))
    items = pl.DataFrame({"row": rows, "item": lists}).explode("item")
    items = items.with_columns(from_series("text", items["item"]).alias("item")).drop_nulls()
    joined = items.group_by("row").agg(pl.col("item").str.join(","))
    texts = pl.DataFrame({"row": rows}).join(joined, on="row", how="left", maintain_order="left")
    written = texts.select(
        pl.when(pl.col("item").is_null()).then(pl.lit(",")).otherwise("," + pl.col("item") + ",")
    ).to_series()
    nothing = pl.repeat(None, len(column), dtype=pl.String, eager=True)
    return nothing.scatter(rows, written)


_FROM_TYPED: dict[Kind, Callable[[pl.Series], pl.Series | None]] = {
    "text": _text_of,
    "number": _number_of,
    "boolean": _boolean_of,
    "time": _time_of,
    "tags": _tags_of,
}
