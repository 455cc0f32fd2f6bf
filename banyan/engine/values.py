"""Values as others wrote them, as typed columns of the engine.

There are two ways to a value. A vectorised one looks at whole columns and answers only what it is
sure of; the exact one reads a single value by the letter of the rules and is asked for the rest.
So the fast way can be incomplete, never different.

Values arrive as JSON *tokens* (`"a"`, `12.50`, `["x"]`, the empty text for none), as plain *texts*
(CSV cells, Parquet texts) or as columns of some other type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
import polars as pl

Kind = Literal["text", "number", "boolean", "time", "tags"]

DTYPES: dict[Kind, pl.DataType] = {
    "text": pl.String(),
    "number": pl.Int128(),
    "boolean": pl.Boolean(),
    "time": pl.Int64(),
    "tags": pl.String(),
}

DECIMALS = 12
SCALE: int = 10**DECIMALS
# Sizes above 10^12 all become this one, which the caller refuses; so no sum can overflow.
LARGEST: int = 10**12 * SCALE
TOO_LARGE: int = (10**12 + 1) * SCALE

# Up to so many values the exact way costs less than the calls of the vectorised one.
FEW = 50

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST_US = -62_135_596_800_000_000  # 0001-01-01T00:00:00Z
_LAST_US = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999Z
_DAY_US = 86_400_000_000

_JSON_NUMBER = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?)([0-9]+))?")
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:)([0-9]{2})(?:\.([0-9]+))?"
    r"([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
# A plain form may be this much longer than what was written (1e1000); longer ones are no value.
_LONGEST_GROWTH = 1000


def from_tokens(columns: Sequence[tuple[Kind, bytes]], height: int) -> list[pl.Series]:
    """JSON tokens as they stood in a text as columns of the kinds named.

    Each column holds `height` well-formed tokens, every one ended by a line feed; an empty one is
    none. The results have the dtypes of `DTYPES`.
    """
    found: dict[int, pl.Series] = {}
    asked: dict[int, pl.LazyFrame] = {}
    for i, (kind, written) in enumerate(columns):
        if len(written) == height:
            found[i] = _nothing(kind, height)
        elif height <= FEW:
            tokens = pl.Series(written.decode().split("\n")[:-1], dtype=pl.String)
            found[i] = _exactly(kind, tokens, token_value)
        else:
            asked[i] = _sure(_TOKENS[kind][0], pl.scan_lines(written, name="given"))
    # One call for all, during which the interpreter is free for other threads.
    for i, answers in zip(asked, pl.collect_all(asked.values()), strict=True):
        found[i] = answers["found"]
        if answers["open"][0]:
            kind, written = columns[i]
            found[i] = _completed(kind, found[i], pl.read_lines(written).to_series(), token_value)
    return [found[i] for i in range(len(columns))]


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
    return pl.repeat(None, len(column), dtype=DTYPES[kind], eager=True) if found is None else found


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


def token_value(kind: Kind, token: str) -> Any:
    """The value of one JSON token by the letter of the rules; None when it is no such value."""
    if token.startswith('"'):
        return text_value(kind, msgspec.json.decode(token, type=str))
    match kind:
        case "text":
            return _plain_number(token)
        case "number":
            return _scaled(token)
        case "boolean":
            return {"true": True, "false": False}.get(token)
        case "tags" if token.startswith("["):
            items = msgspec.json.decode(token, type=list[msgspec.Raw])
            return _tags(token_value("text", bytes(item).decode()) for item in items)
    return None


def text_value(kind: Kind, text: str) -> Any:
    """The value of one plain text by the letter of the rules; None when it is no such value."""
    match kind:
        case "text":
            return text or None
        case "number":
            return _scaled(text) if _PLAIN_NUMBER.fullmatch(text) else None
        case "boolean":
            return {"true": True, "false": False}.get(text)
        case "time":
            return moment(text)
        case "tags":
            return _tags(part.strip() for part in text.split(",")) if text else None


def moment(text: str) -> int | None:
    """Microseconds since the epoch (UTC) of an RFC 3339 date-time; None when it is not one.

    The offset must be there; `t`, `z` and a space for the `T` may stand, as the RFC allows. Digits
    beyond microseconds are cut off. A leap second, `:60` in the last minute of a UTC day, is the
    second that follows. The moment must lie in the years 0001 to 9999 of UTC.
    """
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    day, clock, second, fraction, offset = found.groups()
    leap = second == "60"
    try:
        whole = datetime.fromisoformat(
            f"{day}T{clock}{'59' if leap else second}{'+00:00' if offset in 'Zz' else offset}"
        )
    except ValueError:
        return None
    at: int = (whole - _EPOCH) // _MICROSECOND + leap * 1_000_000
    if leap and at % _DAY_US:
        return None
    at += int((fraction or "")[:6].ljust(6, "0"))
    return at if _FIRST_US <= at <= _LAST_US else None


def _from_texts(kind: Kind, texts: pl.Series) -> pl.Series:
    if kind == "text":
        return _without_empty(texts)
    if texts.null_count() == len(texts):
        return _nothing(kind, len(texts))
    answers = _sure(_TEXTS[kind][0], texts.alias("given").to_frame().lazy()).collect()
    return _completed(kind, answers["found"], texts, text_value)


def _nothing(kind: Kind, height: int) -> pl.Series:
    return pl.repeat(None, height, dtype=DTYPES[kind], eager=True)


def _without_empty(texts: pl.Series) -> pl.Series:
    # Looking costs a fraction of writing a column of millions anew.
    empty = texts == ""
    return texts.set(empty, None) if empty.any() else texts


# --- the vectorised way: sure answers, or null


@dataclass(frozen=True)
class _Reading:
    """A usual way to write a value: how to know it, and the value of what is known."""

    known: pl.Expr
    value: pl.Expr


def _sure(reading: _Reading, frame: pl.LazyFrame, strip: bool) -> pl.LazyFrame:
    """What this reading finds in what is `given`, and whether it leaves anything `open`."""


# --- the exact way


def _completed(found: pl.Series, given: pl.Series, exact: Callable[[str], Any]) -> pl.Series:
    """`found`, its nulls answered by `exact` where something was given."""
    rows = (found.is_null() & (given != "") & (given != "null")).arg_true()
    if rows.is_empty():
        return found
    return found.scatter(rows, _exactly(given.gather(rows), exact, found.dtype))


def _exactly(given: pl.Series, exact: Callable[[str], Any], dtype: pl.DataType) -> pl.Series:
    values = {text: exact(text) if text else None for text in given.unique().to_list()}
    return pl.Series(given.name, [values[text] for text in given.to_list()], dtype=dtype)


def _parts(number: str) -> tuple[bool, str, int]:
    """Sign, significant digits and place of the point: a value of 0.DIGITS x 10^POINT.

    `number` must be a JSON number. Digits are empty for zero.
    """
    found = _JSON_NUMBER.fullmatch(number)
    if found is None:
        raise ValueError(f"{number[:40]!r} is no JSON number")
    sign, whole, fraction, way, exponent = found.groups()
    written = whole + (fraction or "")
    digits = written.lstrip("0")
    # No line is long enough to be led back from an exponent of more than ten digits.
    shift = int((exponent or "0").lstrip("0")[:11] or "0") * (-1 if way == "-" else 1)
    point = len(whole) - (len(written) - len(digits)) + shift
    return sign == "-", digits.rstrip("0"), point


def _scaled(number: str) -> int | None:
    """A JSON number times 10^12, rounded half away from zero; None for a literal or an object."""
    if number[0] not in "-0123456789":
        return None
    negative, digits, point = _parts(number)
    kept = point + DECIMALS
    if not digits or kept < 0:
        return 0
    if point > 13:
        size = TOO_LARGE
    else:
        cut = int(digits[:kept].ljust(kept, "0") or "0")
        if cut > LARGEST or (cut == LARGEST and len(digits) > kept):
            size = TOO_LARGE
        else:
            size = cut + int(digits[kept : kept + 1] >= "5")
    return -size if negative else size


def _plain_number(number: str) -> str | None:
    """A JSON number in its shortest plain form; None for a literal or an object.

    None as well where the plain form would be over a thousand characters longer than what was
    written: a line of a few bytes must not become a gigabyte.
    """
    if number[0] not in "-0123456789":
        return None
    negative, digits, point = _parts(number)
    if not digits:
        return "0"
    if abs(point) > len(number) + _LONGEST_GROWTH:
        return None
    if point <= 0:
        plain = "0." + "0" * -point + digits
    elif point >= len(digits):
        plain = digits.ljust(point, "0")
    else:
        plain = f"{digits[:point]}.{digits[point:]}"
    return "-" + plain if negative else plain


def _tags(items: Iterable[str | None]) -> str:
    return "," + "".join(f"{item}," for item in items if item)


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
        return _from_tokens("text", shortest, escapes=False)
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
        return _from_tokens("number", column.cast(pl.String).fill_null(""), escapes=False)
    millionths = (column * 1e6).round()
    sure = (millionths.abs() < 1e15) & (millionths / 1e6 == column)
    found = millionths.set(~sure, None).cast(pl.Int128) * _whole(10 ** (DECIMALS - 6))
    rows = (~sure).arg_true()
    if rows.is_empty():
        return found
    shortest = column.gather(rows).cast(pl.String)
    return found.scatter(rows, _from_tokens("number", shortest, escapes=False))


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
            at = at.clip(_FIRST_US // 1000 - 1, _LAST_US // 1000 + 1) * 1000
        case "ns":
            at = at // 1000
    outside = (at < _FIRST_US) | (at > _LAST_US)
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
