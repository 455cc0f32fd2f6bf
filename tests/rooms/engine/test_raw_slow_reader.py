"""A slow, obvious reader of JSON Lines agrees with the engine's on the nastiest of them."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st

from banyan.engine.raw import from_frame, from_lines
from banyan.engine.values import DTYPES, Kind

UNIT = 10**12
TOO_LARGE = (10**12 + 1) * UNIT
MANY = 60  # more rows than this are read the vectorised way
EVERY: dict[str, Kind] = {f"properties.v:{kind}": kind for kind in DTYPES}


class Literal(str):
    """A number as it was written."""


def slow_reader(line: bytes, wanted: Mapping[str, Kind]) -> tuple[Any, ...]:
    """One line by the standard library's parser and `Decimal`."""
    bad = (*(None for _ in wanted), True)

    def refuse(_: str) -> None:
        raise ValueError

    def sound(fields: list[tuple[str, Any]]) -> dict[str, Any]:
        json.dumps(fields, ensure_ascii=False).encode()  # refuses what is no Unicode
        return dict(fields)

    try:
        event = json.loads(
            line.decode(),
            parse_int=Literal,
            parse_float=Literal,
            parse_constant=refuse,
            object_pairs_hook=sound,
        )
    except (ValueError, RecursionError):
        return bad
    if not isinstance(event, dict):
        return bad
    return (*(_looked_up(event, name, kind) for name, kind in wanted.items()), False)


def _looked_up(event: dict[str, Any], name: str, kind: Kind) -> Any:
    name = name.split(":")[0]
    head, *rest = name.split(".")
    found: Any = event
    for key in (head, ".".join(rest)) if head != "context" else (head, *rest):
        if key:
            found = found.get(key) if isinstance(found, dict) else None
    return SLOW[kind](found)


def slow_text(value: Any) -> str | None:
    if isinstance(value, Literal):
        written = format(Decimal(value), "f")
        written = written.rstrip("0").rstrip(".") if "." in written else written
        return "0" if written == "-0" else written
    return value or None if isinstance(value, str) else None


def slow_number(value: Any) -> int | None:
    if not isinstance(value, str):
        return None
    if not isinstance(value, Literal) and not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
        return None
    size = abs(Fraction(Decimal(value)))
    scaled = TOO_LARGE if size > 10**12 else (2 * size * UNIT + 1) // 2
    return -scaled if value.startswith("-") else scaled


def slow_boolean(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


def slow_time(value: Any) -> int | None:
    if not isinstance(value, str) or isinstance(value, Literal):
        return None
    found = re.fullmatch(
        r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:)(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)", value, re.ASCII
    )
    if not found or found[5][1:3] > "23" or found[5][4:] > "59":
        return None
    leap = found[3] == "60"
    try:
        moment = datetime.fromisoformat(
            found[1] + "T" + found[2] + ("59" if leap else found[3]) + found[5].replace("z", "Z")
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    if leap and (moment.hour, moment.minute) != (23, 59):
        return None
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    micros = (since.days * 86_400 + since.seconds + leap) * 1_000_000
    micros += int(((found[4] or ".") + "000000")[1:7])
    return micros if micros < 253_402_300_800_000_000 else None


def slow_tags(value: Any) -> str | None:
    if isinstance(value, list):
        tags = [slow_text(item) for item in value]
    elif isinstance(value, str) and not isinstance(value, Literal) and value:
        tags = [tag.strip() for tag in value.split(",")]
    else:
        return None
    return "".join(["," + tag for tag in tags if tag]) + ","


SLOW = {
    "text": slow_text,
    "number": slow_number,
    "boolean": slow_boolean,
    "time": slow_time,
    "tags": slow_tags,
}

WANTED: dict[str, Kind] = {
    "userId": "text",
    **{f"properties.v:{kind}": kind for kind in DTYPES},
    "properties.a.b": "text",
    "traits.t": "tags",
    "context.ip": "text",
    "context.device.id": "text",
}

blanks = st.sampled_from(["", "", " ", "\t", "\r", "  "])
numbers = st.one_of(
    st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,2})?", fullmatch=True),
    st.sampled_from(
        "0 -0 -0.0 1e300 1e-300 1E400 1000000000000 999999999999.9999999999999".split()
    ),
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)
times = st.one_of(
    st.datetimes(timezones=st.timezones()).map(datetime.isoformat),
    st.from_regex(
        r"(0000|0001|1969|2024|2026|9999)-(0[0-9]|1[0-3])-([012][0-9]|3[012])[Tt _]"
        r"([01][0-9]|2[0-4]):[0-6][0-9]:([0-5][0-9]|6[01])(\.[0-9]{0,9})?([Zz]|[+-][0-2][0-9]:[0-6][0-9])?",
        fullmatch=True,
    ),
)
looks_like_something = st.one_of(
    numbers,
    times,
    st.sampled_from(
        ["true", "false", "null", "NaN", "{}", "[]", '{"v": 1}', "", "a,b", '"', "\\", '","']
    ),
)
texts = st.one_of(st.text(max_size=8), looks_like_something, st.text('"\\/\n\0,u😀é王\x7f\ud800'))


@st.composite
def quoted(draw: st.DrawFn, text: str | None = None) -> str:
    """A JSON text, its characters escaped in any of the allowed ways."""
    written = []
    for char in draw(texts) if text is None else text:
        code = ord(char)
        plain = (
            json.dumps(char)[1:-1]
            if code < 32 or char in '"\\' or 0xD800 <= code < 0xE000
            else char
        )
        ways = [plain, plain, json.dumps(char)[1:-1]]
        if code < 0x10000:
            ways.append(f"\\u{code:04x}")
        written.append(draw(st.sampled_from(ways)) if len(written) < 12 else plain)
    return '"' + "".join(written) + '"'


def listed(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(items, max_size=3).map(lambda found: "[" + ",".join(found) + "]")


@st.composite
def objects(draw: st.DrawFn, names: st.SearchStrategy[str], values: st.SearchStrategy[str]) -> str:
    fields = [
        draw(blanks) + draw(quoted(draw(names))) + draw(blanks) + ":" + draw(blanks) + draw(values)
        for _ in range(draw(st.integers(0, 4)))
    ]
    return (
        "{" + ",".join(field + draw(blanks) for field in fields) + draw(blanks) * (not fields) + "}"
    )


scalars = st.one_of(
    quoted(), numbers, times.map(json.dumps), st.sampled_from(["true", "false", "null"])
)
values = st.recursive(
    scalars,
    lambda inner: listed(inner) | objects(st.sampled_from(["v", "x", ""]), inner),
    max_leaves=5,
)
properties = objects(st.sampled_from(["v", "v", "v", "a.b", "a", "x"]), values)
contexts = objects(
    st.sampled_from(["ip", "device", "device", "x"]),
    st.one_of(values, objects(st.sampled_from(["id", "id", "x"]), values)),
)
traits = objects(st.sampled_from(["t", "x"]), values | listed(quoted()))


@st.composite
def events(draw: st.DrawFn) -> bytes:
    fields = draw(
        st.lists(
            st.one_of(
                st.tuples(st.just("userId"), values),
                st.tuples(st.just("properties"), properties | values),
                st.tuples(st.just("properties"), properties),
                st.tuples(st.just("traits"), traits | values),
                st.tuples(st.just("context"), contexts | values),
                st.tuples(st.text(max_size=3), values),
            ),
            max_size=6,
        )
    )
    inside = ",".join(draw(quoted(name)) + draw(blanks) + ":" + value for name, value in fields)
    return (draw(blanks) + "{" + inside + "}" + draw(blanks)).encode("utf-8", "surrogatepass")


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """An event with a few bytes lost, doubled or replaced."""
    line = bytearray(draw(events()))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(len(line) - 1, 0)))
        new = draw(
            st.sampled_from(
                [
                    b"",
                    b"",
                    b'"',
                    b"{",
                    b"}",
                    b",",
                    b"0",
                    b"\\",
                    b"\xff",
                    b"\x80",
                    b"\0",
                    b"u",
                    b"\r",
                    b"\xef\xbb\xbf",
                ]
            )
        )
        line[at : at + draw(st.integers(0, 2))] = new
    return bytes(line)


lines = st.one_of(
    events(), events(), broken(), st.sampled_from([b"", b" ", b"\r", b"\t \r", b"{}", b"[]"])
)


@given(st.lists(lines, max_size=6), st.booleans())
@example([b'{"properties": {"v": 1000000000000.0000000000004}}'], True)
@example([b'{"properties": {"v": "\\u0031\\u0032"}}'], True)
@example([b'{"properties": {"v": "2016-12-31T23:59:60Z"}}'], True)
@example([b'{"userId": "a"}{"userId": "b"}', b'{"userId":', b'"c"}'], False)
def test_a_slow_reader_agrees(given_lines: list[bytes], ends: bool) -> None:
    expected = [slow_reader(line, WANTED) for line in given_lines if line and not line.isspace()]
    data = b"\n".join(given_lines) + b"\n" * ends
    few, many = from_lines(data, WANTED), from_lines((data + b"\n") * MANY, WANTED)
    assert few.rows() == expected
    assert many.height == few.height * MANY
    assert few.is_empty() or many.equals(pl.concat([few] * MANY))


@given(st.lists(properties | values, min_size=1, max_size=6))
def test_json_text_in_a_column_is_read_like_a_line(cells: list[str]) -> None:
    cells = [cell for cell in cells if cell.encode("utf-8", "replace").decode() == cell]
    found = from_frame(pl.DataFrame({"properties": cells}, schema={"properties": pl.String}), EVERY)
    for cell, row in zip(cells, found.rows(), strict=True):
        if cell == "null":
            assert row == (*(None for _ in EVERY), False)
        elif cell.startswith("{"):
            line = b'{"properties": %s}' % cell.encode()
            assert [row] == from_lines(line, EVERY).rows()
        else:
            assert row == (*(None for _ in EVERY), True)
