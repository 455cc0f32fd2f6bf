"""Events in every public shape become the same typed rows."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.engine.raw import from_frame, from_lines
from banyan.engine.values import DTYPES, Kind

UNIT = 10**12
TOO_LARGE = (10**12 + 1) * UNIT
NEW_YEAR = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z
NAIVE = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)

# One property read as every kind.
EVERY: dict[str, Kind] = {f"properties.v:{kind}": kind for kind in DTYPES}
# More rows than this are read the vectorised way.
MANY = 60


def of_json(token: str) -> dict[str, Any]:
    """What each kind makes of one JSON value, once both ways have agreed; without the nulls."""
    line = f'{{"properties": {{"v": {token}}}}}'.encode()
    one, many = from_lines(line, EVERY), from_lines(b"\n".join([line] * MANY), EVERY)
    return _agreed(one, many)


def of_series(values: pl.Series) -> dict[str, Any]:
    """The same of a dotted column; all its values must be equal."""
    one = from_frame(values.head(1).alias("properties.v").to_frame(), EVERY)
    many = pl.concat([values] * MANY).alias("properties.v").to_frame()
    return _agreed(one, from_frame(many, EVERY))


def of_text(text: str) -> dict[str, Any]:
    return of_series(pl.Series([text]))


def _agreed(one: pl.DataFrame, many: pl.DataFrame) -> dict[str, Any]:
    assert one.schema == {name: DTYPES[k] for name, k in EVERY.items()} | {"bad_json": pl.Boolean}
    assert many.height == MANY
    assert many.equals(pl.concat([one] * MANY))
    row = one.row(0, named=True)
    assert row.pop("bad_json") is False
    return {name.split(":")[1]: value for name, value in row.items() if value is not None}


class TestOneValue:
    @pytest.mark.parametrize(
        ("token", "text"),
        [
            ("1001", "1001"),
            ("1001.50", "1001.5"),
            ("-7.000", "-7"),
            ("1e3", "1000"),
            ("1.25E+1", "12.5"),
            ("12e-4", "0.0012"),
            ("-0", "0"),
            ("-0.0e9", "0"),
            ("0e999999999999", "0"),
            ("12345678901234567.89", "12345678901234567.89"),
            ("0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"),
            ("1e30", "1" + "0" * 30),
            ("1e-30", "0." + "0" * 29 + "1"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
        ],
    )
    def test_a_number_as_text_is_plain_and_short(self, token: str, text: str) -> None:
        assert of_json(token)["text"] == text

    def test_a_text_of_a_gigabyte_is_not_made_of_a_few_bytes(self) -> None:
        assert of_json("1e1000")["text"] == "1" + "0" * 1000
        assert "text" not in of_json("1e999999999")
        assert "text" not in of_json("1e-99999999999999999999")

    @pytest.mark.parametrize(
        "token", ["true", "false", "null", "{}", "[]", '["a"]', '{"a": 1}', '""']
    )
    def test_nothing_else_is_a_text(self, token: str) -> None:
        assert "text" not in of_json(token)

    @pytest.mark.parametrize(
        ("token", "text"),
        [
            ('" a "', " a "),
            ('"null"', "null"),
            ('"12.50"', "12.50"),
            ('"{\\"a\\": 1}"', '{"a": 1}'),
            ('"\\""', '"'),
            ('"\\\\"', "\\"),
            ('"\\u738b\\n\\/"', "王\n/"),
            ('"\\ud83d\\ude00"', "😀"),
            ('"\\u0000"', "\0"),
            ('"\x7f"', "\x7f"),
        ],
    )
    def test_a_text_is_what_it_says(self, token: str, text: str) -> None:
        assert of_json(token)["text"] == text

    @pytest.mark.parametrize(
        ("token", "scaled"),
        [
            ("19.99", 19_990_000_000_000),
            ("-0.000000000001", -1),
            ("-0", 0),
            ("1.5e2", 150 * UNIT),
            ("0.0000000000005", 1),
            ("-0.0000000000005", -1),
            ("0.00000000000049999999999999999999", 0),
            ("5e-13", 1),
            ("4e-13", 0),
            ("1e-400", 0),
            ("1e-99999999999999999999", 0),
            ("0e99999999999999999999", 0),
            ("123456789012.3456789012345678", 123456789012_345678901235),
            ("999999999999.9999999999996", 10**24),
            ("1000000000000", 10**24),
            ("1e12", 10**24),
            ("1000000000000.0", 10**24),
        ],
    )
    def test_a_number_is_exact(self, token: str, scaled: int) -> None:
        assert of_json(token)["number"] == scaled
        if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", token):
            assert of_json(f'"{token}"')["number"] == scaled
            assert of_text(token)["number"] == scaled

    @pytest.mark.parametrize(
        "token",
        [
            "1000000000000.0000000000001",
            "1000000000000.5",
            "1000000000001",
            "9999999999999",
            "10000000000000",
            "9" * 400,
            "1e13",
            "1e300",
            "1e400",
            "1e99999999999999999999",
        ],
    )
    def test_a_number_above_a_million_millions_is_always_the_same(self, token: str) -> None:
        assert of_json(token)["number"] == TOO_LARGE
        assert of_json(f"-{token}")["number"] == -TOO_LARGE

    @pytest.mark.parametrize("text", ["007", "0000000000000000000000007", "7.00000000000000000"])
    def test_a_plain_decimal_text_is_a_number(self, text: str) -> None:
        assert of_text(text)["number"] == 7 * UNIT

    @pytest.mark.parametrize(
        "text",
        ["1e3", "+7", " 7", "7 ", "7.", ".7", "1,000", "1_000", "0x7", "NaN", "-", "٧", "7\n"],
    )
    def test_another_text_is_no_number(self, text: str) -> None:
        assert "number" not in of_text(text)
        assert "number" not in of_json(json.dumps(text))

    def test_a_boolean_is_a_truth_or_its_name(self) -> None:
        assert of_json("true") == {"boolean": True}
        assert of_json("false") == {"boolean": False}
        assert of_json('"true"')["boolean"] is True
        assert of_json('"fals\\u0065"')["boolean"] is False
        assert "boolean" not in of_json('"True"')
        assert "boolean" not in of_json("1")
        assert of_text("false")["boolean"] is False

    @pytest.mark.parametrize(
        ("text", "at"),
        [
            ("2026-01-01T00:00:00Z", NEW_YEAR),
            ("2026-01-01t00:00:00z", NEW_YEAR),
            ("2026-01-01 00:00:00Z", NEW_YEAR),
            ("2026-01-01T08:00:00+08:00", NEW_YEAR),
            ("2026-01-01 08:00:00+08:00", NEW_YEAR),
            ("2025-12-31T20:30:00-03:30", NEW_YEAR),
            ("2025-12-31T00:01:00-23:59", NEW_YEAR),
            ("2026-01-01T00:00:00-00:00", NEW_YEAR),
            ("2026-01-01T00:00:00.5Z", NEW_YEAR + 500_000),
            ("2026-01-01T00:00:00.1234567899Z", NEW_YEAR + 123_456),
            ("2026-01-01T08:00:00.12+08:00", NEW_YEAR + 120_000),
            ("1969-12-31T23:59:59.9999999Z", -1),
            ("2025-12-31T23:59:60Z", NEW_YEAR),
            ("2025-12-31T15:59:60.5-08:00", NEW_YEAR + 500_000),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000_000),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
            ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
        ],
    )
    def test_a_time_is_rfc_3339(self, text: str, at: int) -> None:
        assert of_text(text)["time"] == at
        assert of_json(f'"{text}"')["time"] == at
        assert of_json(f'"\\u003{text[0]}{text[1:]}"')["time"] == at

    @pytest.mark.parametrize(
        "text",
        [
            "2026-01-01T00:00:00",
            "2026-01-01",
            "2026-02-30T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T12:00:60Z",
            "2026-01-01T23:59:61Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+24:00",
            "2026-01-01T00:00:00+0800",
            "2026-01-01T00:00:00+08",
            "2026-01-01T00:00:00 Z",
            " 2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00Z\n",
            "2026-1-01T00:00:00Z",
            "+2026-01-01T00:00:00Z",
            "0000-12-31T23:00:00-01:00",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "20260101T000000Z",
            "２０２６-01-01T00:00:00Z",
            "1767225600",
            "",
        ],
    )
    def test_what_is_not_is_none(self, text: str) -> None:
        assert "time" not in of_text(text)
        assert "time" not in of_json(json.dumps(text))

    @pytest.mark.parametrize(
        ("token", "tags"),
        [
            ('["vip", "new"]', ",vip,new,"),
            ('["a b", 7, 1.50, true, null, [], {}, "", "\\u738b"]', ",a b,7,1.5,王,"),
            ("[]", ","),
            ('"vip,new"', ",vip,new,"),
            ('" vip , ,new "', ",vip,new,"),
            ('","', ","),
        ],
    )
    def test_tags_stand_between_commas(self, token: str, tags: str) -> None:
        assert of_json(token)["tags"] == tags

    def test_tags_of_odd_names(self) -> None:
        assert of_text("null")["tags"] == ",null,"
        assert of_text('""')["tags"] == ',"",'
        assert of_json('"null"')["tags"] == ",null,"

    @pytest.mark.parametrize("token", ["null", '""', "7", "true", "{}"])
    def test_no_tags_are_none(self, token: str) -> None:
        assert "tags" not in of_json(token)


class TestLines:
    WANTED: Mapping[str, Kind] = {"userId": "text", "properties.total": "number"}

    def rows(self, data: bytes | memoryview) -> list[tuple[Any, ...]]:
        return from_lines(data, self.WANTED).rows()

    def test_every_line_that_is_not_blank_is_a_row(self) -> None:
        data = b'\n{"userId": "a"}\r\n \t\r\n\r\n{"properties": {"total": 1}}\n\n{"userId": 7}'
        expected = [("a", None, False), (None, UNIT, False), ("7", None, False)]
        assert self.rows(data) == expected
        assert self.rows(memoryview(data)) == expected

    def test_nothing_is_no_row(self) -> None:
        for data in (b"", b"\n", b" \n\r\n"):
            frame = from_lines(data, self.WANTED)
            assert frame.shape == (0, 3)
            assert frame.dtypes == [pl.String, pl.Int128, pl.Boolean]

    @pytest.mark.parametrize(
        "line",
        [
            b'{"userId": "a"',
            b'{"userId": "a',
            b'{"userId": "a"} {"userId": "b"}',
            b'{"userId": "a"}{"userId": "b"}',
            b'{"userId": "a"},',
            b'{"userId": "a",}',
            b'{"userId": NaN}',
            b'{"x": Infinity}',
            b'{"x": 01}',
            b'{"x": 1.}',
            b'{"x": +1}',
            b"{'userId': 1}",
            b"{userId: 1}",
            b'{"userId": "a"} // b',
            b'{"x": "\xff"}',
            b'{"x": "\xed\xa0\x80"}',
            b'{"x": "\xc0\x80"}',
            b'{"\xff": 1}',
            b'{"x": "\\ud800"}',
            b'{"x": "\\udc00 \\ud800"}',
            b'{"x": "\\u12"}',
            b'{"x": "\\a"}',
            b'{"x": "\t"}',
            b'\xef\xbb\xbf{"userId": "a"}',
            b'{"x": 1}\x00',
            b"\x00",
            b'[{"userId": "a"}]',
            b"[]",
            b"null",
            b"7",
            b'"a"',
            b"userId",
        ],
    )
    def test_a_bad_line_is_a_row_and_hurts_no_other(self, line: bytes) -> None:
        good = b'{"userId": "\xe7\x8e\x8b", "properties": {"total": 2}}'
        for around in (1, MANY):
            rows = self.rows(b"\n".join([good] * around + [line] + [good] * around))
            assert rows[:around] == rows[-around:] == [("王", 2 * UNIT, False)] * around
            assert rows[around:-around] == [(None, None, True)]

    def test_a_line_nests_512_deep_and_no_deeper(self) -> None:
        def nested(depth: int, a: bytes, b: bytes) -> bytes:
            inside = depth - 2
            return b'{"properties": {"total": 1, "x": %s1%s}}' % (a * inside, b * inside)

        for a, b in ((b"[", b"]"), (b'{"x":', b"}")):
            for _ in range(2):
                assert self.rows(nested(512, a, b)) == [(None, UNIT, False)]
            for depth in (513, 900, 20_000):
                assert self.rows(nested(depth, a, b)) == [(None, None, True)]
        assert self.rows(b'{"x": "' + b"[" * 600 + b'\\"[", "userId": "a"}') == [("a", None, False)]
        assert self.rows(b"[" * 100_000) == [(None, None, True)]

    def test_depth_does_not_depend_on_how_deep_the_caller_stands(self) -> None:
        line = b'{"x": %s1%s, "userId": "a"}' % (b"[" * 500, b"]" * 500)

        def stand(depth: int) -> list[tuple[Any, ...]]:
            return stand(depth - 1) if depth else self.rows(line)

        assert stand(700) == [("a", None, False)]

    def test_the_last_of_two_equal_keys_counts(self) -> None:
        line = b"""{"userId": {}, "userId": "a", "properties": {"total": 1}, "properties": [],
            "properties": {"total": true, "t\\u006ftal": 2}, "userId": "b"}"""
        assert self.rows(line.replace(b"\n", b"")) == [("b", 2 * UNIT, False)]

    @pytest.mark.parametrize(
        "inner", [b"null", b"[]", b'"total"', b"7", b"true", b"{}", b"[1, {}]"]
    )
    def test_what_should_be_an_object_and_is_not_is_missing(self, inner: bytes) -> None:
        line = b'{"userId": "a", "properties": %s}' % inner
        assert self.rows(line) == [("a", None, False)]
        assert self.rows(b"\n".join([line] * MANY)) == [("a", None, False)] * MANY

    @pytest.mark.parametrize("size", [1, 30, 61, 100, 1000])
    def test_where_the_text_is_cut_changes_nothing(
        self, size: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("banyan.engine.raw._BLOCK_BYTES", size)
        monkeypatch.setattr("banyan.engine.raw._PIECE_BYTES", size // 3)
        lines = [b'{"userId": "%d", "properties": {"total": %d}}' % (n, n) for n in range(20)]
        lines[5], lines[6], lines[12] = b"{", b" ", b'{"x": "\xff"}'
        expected = [(str(n), n * UNIT, False) for n in range(20)]
        expected[5] = expected[12] = (None, None, True)
        del expected[6]
        assert self.rows(b"\n".join(lines)) == expected

    def test_long_lines_and_many_of_them(self) -> None:
        short = b'{"userId": "a", "properties": {"total": 1}}\n'
        long = b'{"x": "%s", "userId": "b"}\n' % (b"y" * 700_000)
        rows = self.rows((short * 20_000 + long) * 2 + short[:-1])
        assert len(rows) == 40_003
        assert [i for i, row in enumerate(rows) if row[0] == "b"] == [20_000, 40_001]
        assert set(rows) == {("a", UNIT, False), ("b", None, False)}


class TestPaths:
    def test_a_property_is_one_key_whatever_its_dots(self) -> None:
        line = b'{"properties": {"a.b": "x", "a": {"b": "y"}}, "traits": {"c.d": "z"}}'
        wanted: dict[str, Kind] = {"properties.a.b": "text", "traits.c.d": "text"}
        assert from_lines(line, wanted).rows() == [("x", "z", False)]

    def test_context_is_as_deep_as_the_path(self) -> None:
        line = b'{"context": {"device": {"id": "d"}, "device.id": "e", "ip": "i", "page": 1}}'
        wanted: dict[str, Kind] = {
            "context.device.id": "text",
            "context.ip": "text",
            "context.page.url": "text",
        }
        assert from_lines(line, wanted).rows() == [("d", "i", None, False)]

    def test_names_may_hold_any_character(self) -> None:
        names = ['"', "\\", "\n", "\x00", "", " ", "王", "😀", "~", ":", "f0", "a" * 5000]
        event = {"properties": {name: str(i) for i, name in enumerate(names)}}
        wanted: dict[str, Kind] = {f"properties.{name}": "text" for name in names}
        expected = [(*(str(i) for i in range(len(names))), False)]
        for ascii_only in (True, False):
            line = json.dumps(event, ensure_ascii=ascii_only).encode()
            assert from_lines(line, wanted).rows() == expected
            assert from_lines(line + b"\n7\n" + line, wanted).rows()[::2] == expected * 2

    def test_a_field_can_be_a_value_here_and_an_object_there(self) -> None:
        wanted: dict[str, Kind] = {"context.device": "text", "context.device.id": "text"}
        lines = b'{"context": {"device": "a"}}\n{"context": {"device": {"id": "b"}}}'
        assert from_lines(lines, wanted).rows() == [("a", None, False), (None, "b", False)]

    def test_a_suffix_tells_two_readings_of_a_field_apart(self) -> None:
        wanted: dict[str, Kind] = {"properties.v": "number", "properties.v:text": "text"}
        line = b'{"properties": {"v": 1.50}}'
        assert from_lines(line, wanted).rows() == [(1_500_000_000_000, "1.5", False)]
        frame = pl.DataFrame({"properties": [{"v": 1.5}]})
        assert from_frame(frame, wanted).rows() == [(1_500_000_000_000, "1.5", False)]


class TestFrames:
    WANTED: Mapping[str, Kind] = {
        "userId": "text",
        "timestamp": "time",
        "properties.total": "number",
        "traits.tags": "tags",
        "context.device.id": "text",
    }
    ROW = ("7", NEW_YEAR, 19_990_000_000_000, ",vip,", "d", False)

    def test_structs_texts_and_dotted_columns_are_the_same(self) -> None:
        line = (
            '{"userId": 7, "timestamp": "2026-01-01T00:00:00Z", "properties": {"total": 19.99}, '
            '"traits": {"tags": ["vip"]}, "context": {"device": {"id": "d"}}}'
        )
        nested = {
            "userId": [7],
            "timestamp": [datetime(2026, 1, 1, tzinfo=UTC)],
            "properties": [{"total": Decimal("19.99")}],
            "traits": [{"tags": ["vip"]}],
            "context": [{"device": {"id": "d"}}],
        }
        texts = {
            "userId": ["7"],
            "timestamp": ["2026-01-01T08:00:00+08:00"],
            "properties": ['{"total": 19.99}'],
            "traits": ['\n{"tags":\n  ["vip"\n]\r\n}\n'],
            "context": ['{"device": {"id": "d"}}'],
        }
        dotted = {
            "userId": [7.0],
            "timestamp": [NAIVE],
            "properties.total": ["19.99"],
            "traits.tags": ["vip"],
            "context.device.id": ["d"],
        }
        mixed = {**texts, "context": [{"device": '{"id": "d"}'}]}
        half = {**texts, "context.device": ['{"id": "d"}'], "context": [None]}
        assert from_lines(line.encode(), self.WANTED).rows() == [self.ROW]
        for columns in (nested, texts, dotted, mixed, half):
            frame = pl.DataFrame(columns)
            assert from_frame(frame, self.WANTED).rows() == [self.ROW]
            assert from_frame(pl.concat([frame] * MANY), self.WANTED).rows() == [self.ROW] * MANY

    def test_missing_columns_and_fields_are_missing(self) -> None:
        frame = pl.DataFrame({"properties": [{"x": 1}], "context": [{"device": 7}], "traits": [7]})
        assert from_frame(frame, self.WANTED).rows() == [(None,) * 5 + (False,)]
        assert from_frame(pl.DataFrame({"userId": ["a", ""]}), {"userId": "text"}).rows() == [
            ("a", False),
            (None, False),
        ]
        assert from_frame(pl.DataFrame(), self.WANTED).shape == (0, 6)

    def test_a_null_struct_has_no_fields(self) -> None:
        frame = pl.DataFrame({"properties": [{"total": 1}, None]})
        shown = frame.select(pl.when(False).then("properties").alias("properties"))
        wanted: dict[str, Kind] = {"properties.total": "number"}
        assert from_frame(frame, wanted).rows() == [(UNIT, False), (None, False)]
        assert from_frame(shown, wanted).rows() == [(None, False)] * 2

    def test_json_text_must_be_an_object_or_nothing(self) -> None:
        texts = [
            '{"total": 1}',
            None,
            "",
            " null ",
            "[]",
            "7",
            "{",
            '{"a": "\n"}',
            '{"a":\n 1}',
            "{} {}",
            "\u00a0",
        ]
        frame = pl.DataFrame({"userId": ["a"] * len(texts), "properties": texts})
        wanted: dict[str, Kind] = {"userId": "text", "properties.total": "number"}
        good, bad = ("a", None, False), (None, None, True)
        expected = [("a", UNIT, False), good, good, good, bad, bad, bad, bad, good, bad, bad]
        assert from_frame(frame, wanted).rows() == expected
        assert from_frame(pl.concat([frame] * MANY), wanted).rows() == expected * MANY
        as_bytes = frame.with_columns(pl.col("properties").cast(pl.Binary))
        assert from_frame(as_bytes, wanted).rows() == expected
        one_bad_byte = pl.DataFrame({"properties": [b'{"total": 1, "x": "\xff"}', None]})
        assert from_frame(one_bad_byte, wanted).rows() == [bad, (None, None, False)]

    def test_what_is_bad_in_one_text_empties_the_row(self) -> None:
        frame = pl.DataFrame({"properties": ['{"total": 1}'], "context": ["{"]})
        assert from_frame(frame, self.WANTED).rows() == [(None,) * 5 + (True,)]


class TestTypedColumns:
    @pytest.mark.parametrize(
        ("value", "dtype", "expected"),
        [
            (7, pl.Int64, {"text": "7", "number": 7 * UNIT}),
            (-7, pl.Int8, {"text": "-7", "number": -7 * UNIT}),
            (2**64 - 1, pl.UInt64, {"text": "18446744073709551615", "number": TOO_LARGE}),
            (-(2**63), pl.Int64, {"text": "-9223372036854775808", "number": -TOO_LARGE}),
            (10**12, pl.Int64, {"text": "1000000000000", "number": 10**24}),
            (10**12 + 1, pl.Int64, {"text": "1000000000001", "number": TOO_LARGE}),
            (10**37, pl.Int128, {"text": "1" + "0" * 37, "number": TOO_LARGE}),
            (19.99, pl.Float64, {"text": "19.99", "number": 19_990_000_000_000}),
            (1001.0, pl.Float64, {"text": "1001", "number": 1001 * UNIT}),
            (-0.0, pl.Float64, {"text": "0", "number": 0}),
            (0.1 + 0.2, pl.Float64, {"text": "0.30000000000000004", "number": 300_000_000_000}),
            (1e-7, pl.Float64, {"text": "0.0000001", "number": 100_000}),
            (123456.7891, pl.Float64, {"text": "123456.7891", "number": 123456_789100_000000}),
            (9007199254740993.0, pl.Float64, {"text": "9007199254740992", "number": TOO_LARGE}),
            (1e300, pl.Float64, {"text": "1" + "0" * 300, "number": TOO_LARGE}),
            (-1e300, pl.Float64, {"text": "-1" + "0" * 300, "number": -TOO_LARGE}),
            (0.1, pl.Float32, {"text": "0.1", "number": 100_000_000_000}),
            (16777216.0, pl.Float32, {"text": "16777216", "number": 16777216 * UNIT}),
            (float("nan"), pl.Float64, {}),
            (float("inf"), pl.Float32, {}),
            (Decimal("20.10"), pl.Decimal(18, 2), {"text": "20.1", "number": 20_100_000_000_000}),
            (Decimal("-20.00"), pl.Decimal(18, 2), {"text": "-20", "number": -20 * UNIT}),
            (Decimal("100"), pl.Decimal(38, 0), {"text": "100", "number": 100 * UNIT}),
            (Decimal(10**37), pl.Decimal(38, 0), {"text": "1" + "0" * 37, "number": TOO_LARGE}),
            (
                Decimal("-1000000000000.01"),
                pl.Decimal(38, 2),
                {"text": "-1000000000000.01", "number": -TOO_LARGE},
            ),
            (
                Decimal("0.0000000000005"),
                pl.Decimal(38, 13),
                {"text": "0.0000000000005", "number": 1},
            ),
            (
                Decimal("-1.00000000000049999999"),
                pl.Decimal(38, 20),
                {"text": "-1.00000000000049999999", "number": -UNIT},
            ),
            (
                Decimal("1000000000000.0000000000001"),
                pl.Decimal(38, 20),
                {"text": "1000000000000.0000000000001", "number": TOO_LARGE},
            ),
            (
                Decimal("0.99999999999999999999999999999999999999"),
                pl.Decimal(38, 38),
                {"text": "0.99999999999999999999999999999999999999", "number": UNIT},
            ),
            (True, pl.Boolean, {"boolean": True}),
            (b"7", pl.Binary, {"text": "7", "number": 7 * UNIT, "tags": ",7,"}),
            (b"\xff", pl.Binary, {}),
            ("7", pl.Categorical, {"text": "7", "number": 7 * UNIT, "tags": ",7,"}),
            ("true", pl.Enum(["true"]), {"text": "true", "boolean": True, "tags": ",true,"}),
            (date(2026, 1, 1), pl.Date, {"time": NEW_YEAR}),
            (NAIVE, pl.Datetime("ms"), {"time": NEW_YEAR}),
            (NAIVE, pl.Datetime("us"), {"time": NEW_YEAR}),
            (NAIVE, pl.Datetime("ns"), {"time": NEW_YEAR}),
            (
                NAIVE,
                pl.Datetime("us", "Asia/Shanghai"),
                {"time": NEW_YEAR - 28_800_000_000},
            ),
            (["vip", None, "", "new"], pl.List(pl.String), {"tags": ",vip,new,"}),
            ([], pl.List(pl.String), {"tags": ","}),
            ([None], pl.List(pl.String), {"tags": ","}),
            ([1.5, 7.0], pl.List(pl.Float64), {"tags": ",1.5,7,"}),
            (["a", "b"], pl.Array(pl.String, 2), {"tags": ",a,b,"}),
            (None, pl.Null, {}),
            ({"a": 1}, pl.Struct({"a": pl.Int64}), {}),
            (None, pl.List(pl.String), {}),
        ],
    )
    def test_of_a_type(self, value: Any, dtype: Any, expected: dict[str, Any]) -> None:
        given = (
            pl.Series([value], dtype=dtype)
            if "Asia" not in str(dtype)
            else pl.Series([value]).dt.replace_time_zone("Asia/Shanghai")
        )
        assert of_series(given) == expected

    def test_nanoseconds_are_cut_also_before_1970(self) -> None:
        column = pl.Series([-1, 1_999], dtype=pl.Int64).cast(pl.Datetime("ns", "UTC"))
        frame = from_frame(column.alias("timestamp").to_frame(), {"timestamp": "time"})
        assert frame["timestamp"].to_list() == [-1, 1]

    def test_a_time_out_of_the_calendar_is_none(self) -> None:
        first, last = -62_135_596_800_000, 253_402_300_799_999
        column = pl.Series([first - 1, first, last, last + 1, 2**62], dtype=pl.Int64)
        frame = column.cast(pl.Datetime("ms", "UTC")).alias("timestamp").to_frame()
        found = from_frame(frame, {"timestamp": "time"})["timestamp"].to_list()
        assert found == [None, first * 1000, last * 1000, None, None]

    @given(
        st.floats(allow_nan=False, allow_infinity=False),
        st.floats(width=32, allow_nan=False, allow_infinity=False),
    )
    def test_a_float_is_its_shortest_decimal(self, double: float, single: float) -> None:
        shortest = str(pl.Series([single], dtype=pl.Float32).cast(pl.String)[0])
        for column, token in (
            (pl.Series([double], dtype=pl.Float64), repr(double)),
            (pl.Series([single], dtype=pl.Float32), shortest),
        ):
            expected = {k: v for k, v in of_json(token).items() if k in ("text", "number")}
            assert of_series(column) == expected

    @given(st.integers(-(10**9), 10**9), st.integers(0, 6))
    def test_amounts_as_floats_are_exact(self, units: int, decimals: int) -> None:
        amount = units / 10**decimals
        assert of_series(pl.Series([amount]))["number"] == units * 10 ** (12 - decimals)
