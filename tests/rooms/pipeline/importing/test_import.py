"""Whole files into the log."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from banyan.core.events.read import after
from banyan.core.people.contacts import phone_stand_in
from banyan.pipeline.importing.cells import Habits
from banyan.pipeline.importing.columns import BadMapping, Order, read_mapping
from banyan.pipeline.importing.run import Imported, Reading, run_import
from banyan.pipeline.importing.sheets import BadSheet
from banyan.trust.sources.guests import guest_id
from tests.installation import Installation

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def take(
    folder: Path,
    name: str,
    content: str | bytes,
    order: Order | None = None,
    *,
    reading: Reading | None = None,
    dry_run: bool = False,
) -> Imported:
    """Write a file and import it."""
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return run_import(
        [str(file)],
        order or Order(),
        now=NOW,
        reading=reading or Reading(),
        report=folder / "report.csv",
        dry_run=dry_run,
        progress=lambda done, whole, note: None,
    )


def log() -> list[dict[str, Any]]:
    return [json.loads(body) for body in after(0, 10_000)["body"]]


def report(folder: Path) -> list[tuple[str, str, str]]:
    """Row, column and reason of each refused row."""
    with (folder / "report.csv").open(encoding="utf-8", newline="") as file:
        return [(r["row"], r["column"], r["reason"]) for r in csv.DictReader(file)]


def lines(*events: Mapping[str, Any]) -> str:
    return "".join(json.dumps(event) + "\n" for event in events)


SIGNED_UP = {
    "type": "track",
    "event": "Signed Up",
    "userId": "u1",
    "timestamp": "2026-01-01T00:00:00Z",
}


@pytest.mark.usefixtures("installation")
def test_events_as_json_lines_and_the_same_file_twice(tmp_path: Path) -> None:
    content = lines(SIGNED_UP | {"messageId": "m1"}, SIGNED_UP, SIGNED_UP)
    done = take(tmp_path, "log.jsonl", content)
    assert (done.rows, done.new, done.already, done.refused) == (3, {"Signed Up": 3}, 0, 0)
    assert done.notes == [
        "1 rows without an id say exactly what an earlier row says; each counts. If they are "
        "repetitions, name the column with the id: --map 'COLUMN=messageId'."
    ]
    first, second, third = log()
    assert first == SIGNED_UP | {"messageId": "m1"}
    assert second["messageId"].startswith("import:")
    assert third["messageId"] == second["messageId"] + ":2"
    again = take(tmp_path, "log.jsonl", content)
    assert (again.new, again.already) == ({}, 3)
    longer = take(tmp_path, "log.jsonl", content + lines(SIGNED_UP))
    assert (longer.new, longer.already) == ({"Signed Up": 1}, 3)
    assert len(log()) == 4
    assert not (tmp_path / "report.csv").exists()


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_what_cannot_be_an_event_is_reported_and_the_rest_taken(
    tmp_path: Path, installation: Installation
) -> None:
    content = "\ufeff" + lines(SIGNED_UP) + "not json\n\n[1]\n" + lines({"type": "track"})
    no_letter = lines(SIGNED_UP | {"properties": {"a": "#"}}).encode().replace(b"#", b"\xff")
    done = take(tmp_path, "log.jsonl", content.encode() + no_letter)
    assert (done.rows, done.new.total(), done.refused) == (5, 1, 4)
    told = report(tmp_path)
    assert [row for row, _, _ in told] == ["2", "4", "5", "6"]
    assert {column for _, column, _ in told} == {""}
    assert told[3][2] == "The event is not UTF-8."
    assert told[0][2] == "The event is not one JSON object."
    assert told[2][2] == "The event has neither `userId` nor `anonymousId`; give one of them."
    with (tmp_path / "report.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.DictReader(file))["cells"] == "not json"


@pytest.mark.usefixtures("installation")
def test_a_dry_run_shows_everything_and_changes_nothing(tmp_path: Path) -> None:
    take(tmp_path, "log.jsonl", lines(SIGNED_UP | {"messageId": "m1"}))
    content = lines(
        SIGNED_UP | {"messageId": "m1"},
        SIGNED_UP | {"messageId": "m2"},
        SIGNED_UP | {"messageId": "m2"},
    )
    dry = take(tmp_path, "log.jsonl", content, dry_run=True)
    assert (dry.new, dry.already) == ({"Signed Up": 1}, 2)
    assert [json.loads(sample)["messageId"] for sample in dry.samples] == ["m2"]
    assert [event["messageId"] for event in log()] == ["m1"]
    wet = take(tmp_path, "log.jsonl", content)
    assert (wet.new, wet.already) == (dry.new, dry.already)


SHEET = (
    "订单号,客户,下单时间,实付金额,币种,手机号,备注\n"
    'A1,u1,2026-01-05 09:30:00,"￥1,234.50",cny,138 1234 5678,你好\n'
    "A2,u2,2026/1/6 8:00,88元,CNY,,\n"
    "A3,,2026-01-07,12,CNY,13900001111,\n"
    "A4,,2026-01-08,12,CNY,,\n"
    "A5,u5,昨天,1,CNY,,\n"
    "A6,u6,2026-01-08,-5,CNY,,\n"
    "A7,u7,2026-01-08,,CNY,,\n"
    "A8,u8,2026-01-08,1,CNY,,,\n"
)


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
@pytest.mark.parametrize("encoding", ["gbk", "utf-8", "utf-8-sig", "utf-16"])
def test_orders_of_a_chinese_spreadsheet(
    tmp_path: Path, installation: Installation, encoding: str
) -> None:
    order = Order("orders", habits=Habits(time_zone="Asia/Shanghai"))
    done = take(tmp_path, "orders.csv", SHEET.encode(encoding), order)
    assert (done.rows, done.new, done.refused) == (8, {"Order Completed": 3, "identify": 2}, 5)
    assert done.unused == ["备注"]
    contact, first, second, guest, third = log()
    assert contact["userId"] == "u1"
    assert contact["traits"] == {"phone": phone_stand_in("13812345678")}
    assert (
        first.items()
        >= {
            "type": "track",
            "event": "Order Completed",
            "userId": "u1",
            "timestamp": "2026-01-05T01:30:00Z",
            "properties": {"order_id": "A1", "total": 1234.5, "currency": "CNY"},
        }.items()
    )
    assert second["timestamp"] == "2026-01-06T00:00:00Z"
    assert second["properties"]["total"] == 88
    assert guest["userId"] == third["userId"] == guest_id("", "13900001111")
    assert report(tmp_path) == [
        ("5", "客户", "nobody is named: no user, e-mail or phone"),
        ("6", "下单时间", "'昨天' is no time such as 2026-01-31 08:00:00"),
        ("7", "实付金额", "-5 is below zero; import what went back as refunds"),
        ("8", "实付金额", "the cell is empty"),
        ("9", "", "the row has 8 cells, the first row names 7"),
    ]
    again = take(tmp_path, "orders.csv", SHEET.encode(encoding), order)
    assert (again.new, again.already, again.refused) == ({}, 3, 5)


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_nothing_personal_stays_readable(tmp_path: Path, installation: Installation) -> None:
    people = "id,email,phone,name,tier,tags\nu1,ann@example.com,+491712345,Ann Doe,gold,vip;new\n"
    done = take(tmp_path, "people.csv", people, Order("customers"))
    assert done.new == {"identify": 1}
    [person] = log()
    assert person["traits"].keys() == {"tier", "tags", "email", "phone"}
    assert person["traits"]["tier"] == "gold"
    assert person["traits"]["tags"] == ["vip", "new"]
    stored = (installation.home / "banyan.sqlite3").read_bytes()
    stored += (installation.home / "banyan.sqlite3-wal").read_bytes()
    for secret in (b"ann@", b"491712345", b"Ann Doe"):
        assert secret not in stored


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_refunds_with_and_without_a_user(tmp_path: Path, installation: Installation) -> None:
    content = (
        "order id;customer;refund amount;refunded at\nA1;u1;5,50;2026-02-01\nA2;;;2026-02-02\n"
    )
    done = take(tmp_path, "r.csv", content, Order("refunds", habits=Habits(decimal=",")))
    assert done.new == {"Order Refunded": 2}
    one, whole = log()
    assert (one["userId"], one["properties"]) == ("u1", {"order_id": "A1", "total": 5.5})
    assert (whole["anonymousId"], whole["properties"]) == ("import", {"order_id": "A2"})


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_a_mapping_file_says_what_names_do_not(tmp_path: Path, installation: Installation) -> None:
    mapping = tmp_path / "shop.yaml"
    mapping.write_text(
        """
kind: orders
columns: {Ref: properties.order_id, Who: userId, Paid: timestamp, Cents: properties.total,
          Total: ""}
constants: {properties.currency: KWD}
message_id: "shop:order:{Ref}"
minor_units: true
days: dmy
""",
        encoding="utf-8",
    )
    content = "Ref,Who,Paid,Cents,Total\n" + "".join(
        f"{row}\n"
        for row in ("7,u1,03/04/2026,12345,x", "7,u1,03/04/2026,9,x", ",u1,03/04/2026,1,")
    )
    done = take(tmp_path, "o.csv", content, read_mapping(mapping))
    assert (done.new, done.already, done.refused) == ({"Order Completed": 1}, 1, 1)
    assert report(tmp_path) == [("4", "Ref", "the cell is empty, but the messageId is made of it")]
    [event] = log()
    assert event["messageId"] == "shop:order:7"
    assert event["timestamp"] == "2026-04-03T00:00:00Z"
    assert event["properties"] == {"order_id": "7", "total": 12.345, "currency": "KWD"}


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        ("kinds: orders", "it does not know 'kinds'"),
        (
            "kind: order",
            "kind: expected one of events, orders, customers, refunds, referrals, found 'order'",
        ),
        ("[1]", "a mapping has the keys"),
        ("columns: x", "columns: expected pairs"),
        ("time_zone: Mars", "time_zone: 'Mars' is no IANA time zone"),
        ("decimal: ;", "decimal: expected one of . ,"),
        ("minor_units: maybe", "minor_units: expected true or false"),
        ("kind: [", "cannot be read as a mapping"),
    ],
)
def test_mappings_that_are_refused(tmp_path: Path, mapping: str, sentence: str) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(mapping)
    with pytest.raises(BadMapping) as refused:
        read_mapping(file)
    assert sentence in refused.value.sentence


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("header", "order", "sentence"),
    [
        ("a,b", Order(), "No column says type; is it a file of orders"),
        ("order id,total", Order("orders"), "No column says timestamp; say --map"),
        (
            "order id,total,amount,date",
            Order("orders"),
            "Both 'total' and 'amount' look like properties.total",
        ),
        ("a", Order("customers", columns={"b": "userId"}), "There is no column 'b'"),
        ("a", Order("customers", columns={"a": "user"}), "'user' is no field of an event"),
    ],
)
def test_columns_that_do_not_fit(
    tmp_path: Path, installation: Installation, header: str, order: Order, sentence: str
) -> None:
    with pytest.raises(BadMapping) as refused:
        take(tmp_path, "o.csv", header + "\n1,2,3,4\n", order)
    assert sentence in refused.value.sentence
    assert log() == []


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_events_with_dotted_columns_typed_and_in_objects(
    tmp_path: Path, installation: Installation
) -> None:
    table = pl.DataFrame(
        {
            "type": ["track", "track"],
            "event": ["Order Completed", "Order Completed"],
            "userId": [7, 8],
            "messageId": ["m1", "m2"],
            "timestamp": [*map(datetime.fromisoformat, ("2026-01-01", "2026-01-02"))],
            "properties": ['{"order_id": "A", "total": 1.10}', None],
            "properties.total": [None, 2.5],
            "context.device.id": ["d1", None],
        }
    )
    table.write_parquet(tmp_path / "log.parquet")
    content = (tmp_path / "log.parquet").read_bytes()
    assert take(tmp_path, "log.parquet", content).new == {"Order Completed": 2}
    first, second = log()
    assert (
        first.items()
        >= {
            "userId": 7,
            "timestamp": "2026-01-01T00:00:00Z",
            "properties": {"order_id": "A", "total": 1.1},
            "context": {"device": {"id": "d1"}},
        }.items()
    )
    assert second["properties"] == {"total": 2.5}
    assert '"total":1.10' in after(0, 1)["body"][0].replace(" ", "")


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_a_constant_changes_nothing_else_of_an_event(
    tmp_path: Path, installation: Installation
) -> None:
    event = SIGNED_UP | {
        "messageId": "m1",
        "properties": {"a.b": 1, "cart": {"lines": [{"n": 1}], "empty": {}}},
        "context": {"page": {"url": "https://example.com/"}},
    }
    take(tmp_path, "log.jsonl", lines(event), Order(constants={"properties.currency": "CNY"}))
    [told] = log()
    assert told == event | {"properties": {**event["properties"], "currency": "CNY"}}


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_excel(tmp_path: Path, installation: Installation) -> None:
    frame = pl.DataFrame(
        {
            "Order": [1001, 1002],
            "Customer": ["u1", "u2"],
            "Date": [*map(datetime.fromisoformat, ("2026-01-05 09:30:00", "2026-01-06"))],
            "Total": [12.5, 7.0],
        }
    )
    frame.write_excel(tmp_path / "o.xlsx", worksheet="Orders")
    content = (tmp_path / "o.xlsx").read_bytes()
    order = Order("orders", habits=Habits(time_zone="Asia/Shanghai"))
    assert take(tmp_path, "o.xlsx", content, order).new == {"Order Completed": 2}
    told = [(e["userId"], e["timestamp"], e["properties"]) for e in log()]
    assert told == [
        ("u1", "2026-01-05T01:30:00Z", {"order_id": "1001", "total": 12.5}),
        ("u2", "2026-01-05T16:00:00Z", {"order_id": "1002", "total": 7}),
    ]
    with pytest.raises(BadSheet, match=r"has no sheet 'Other'; it has Orders\."):
        take(tmp_path, "o.xlsx", content, order, reading=Reading(sheet="Other"))


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_orders_as_json_lines_with_fields_that_come_later(
    tmp_path: Path, installation: Installation
) -> None:
    content = lines(
        {"order_id": "A1", "total": 1.10, "created_at": "2026-01-01T00:00:00Z", "customer": "u1"},
        {
            "order_id": "A2",
            "total": "2.20",
            "created_at": "2026-01-02T00:00:00Z",
            "customer": "u1",
            "coupon": "ANNA",
        },
        {"order_id": "A3", "total": 3},
    )
    packed = gzip.compress(content.encode())
    done = take(tmp_path, "o.jsonl.gz", packed, Order("orders"))
    assert (done.new, done.refused) == ({"Order Completed": 2}, 1)
    assert [event["properties"].get("coupon") for event in log()] == [None, "ANNA"]
    assert report(tmp_path) == [("3", "created_at", "the cell is empty")]


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("o.csv", b"", "the first row names no columns"),
        ("o.csv", b"PK\x03\x04abc", "is an Excel file; give it the ending .xlsx"),
        ("o.csv", b"a\xff\xff\xff\n1\n", "is neither UTF-8 nor GB 18030"),
        ("o.csv", b"type,type\n1,2\n", "has two columns named type"),
        ("o.csv", b'type,userId\n"a"b,c\n', "o.csv:2:"),
        ("o.csv", b'type,userId\ntrack,"a\n' + b"b" * (1 << 21), "o.csv:3: field larger than"),
        ("o.xlsx", b"no excel", "is no Excel file that can be read"),
        ("o.parquet", b"no parquet", "is no Parquet file or is cut short"),
        ("o.csv.gz", b"no gzip", "is not a whole gzip file"),
        ("o.doc", b"", "has none of the endings"),
    ],
)
def test_files_that_cannot_be_read(
    tmp_path: Path, installation: Installation, name: str, content: bytes, sentence: str
) -> None:
    with pytest.raises(BadSheet) as refused:
        take(tmp_path, name, content)
    assert sentence in refused.value.sentence


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_orders_without_ids_are_taken_and_pointed_out(
    tmp_path: Path, installation: Installation
) -> None:
    done = take(tmp_path, "o.csv", "customer,date,total\nu1,19970101,11.77\n", Order("orders"))
    assert done.new == {"Order Completed": 1}
    assert log()[0]["properties"] == {"total": 11.77}
    assert done.notes[0].endswith(
        "no column says the orders' ids, and what has none can never be refunded; name it: "
        "--map 'COLUMN=properties.order_id'."
    )


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_a_file_out_of_order_is_told(tmp_path: Path, installation: Installation) -> None:
    days = [5, 4, 3, 2, 1]
    content = lines(*(SIGNED_UP | {"timestamp": f"2026-01-0{day}T00:00:00Z"} for day in days))
    [note] = take(tmp_path, "log.jsonl", content).notes
    assert note.startswith("3 of 5 events are more than a day older than one before them")


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16", "utf-16-be"])
def test_a_file_larger_than_a_glance(
    tmp_path: Path, installation: Installation, encoding: str
) -> None:
    rows = [f"u{i},2026-01-01,1.00,{'榕' * 100}\n" for i in range(6_001)]
    text = "客户,时间,金额,备注\n" + "".join(rows)
    # Python writes a mark of byte order for utf-16 alone.
    content = ("\ufeff" if encoding == "utf-16-be" else "") + text
    done = take(tmp_path, "o.csv", content.encode(encoding), Order("orders"))
    assert (done.new, done.refused) == ({"Order Completed": 6_001}, 0)


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_a_letter_that_is_wrong_far_into_the_file(
    tmp_path: Path, installation: Installation
) -> None:
    rows = [f"u{i},2026-01-01,1.00,{'x' * 200}\n" for i in range(6_000)]
    content = ("客户,时间,金额,备注\n" + "".join(rows)).encode() + b"u,2026-01-01,1,\xff\n"
    with pytest.raises(BadSheet, match=r"not utf-8-sig after line 5,9\d\d .*name its --encoding"):
        take(tmp_path, "o.csv", content, Order("orders"))


@pytest.mark.usefixtures("installation")
def test_more_rows_than_a_batch(tmp_path: Path) -> None:
    content = "".join(
        json.dumps(SIGNED_UP | {"messageId": f"m{i}", "userId": f"u{i}"}) + "\n"
        for i in range(10_005)
    )
    assert take(tmp_path, "log.jsonl", content).new == {"Signed Up": 10_005}
    rows = after(0, 20_000)
    assert rows["position"].to_list() == list(range(1, 10_006))
    assert rows["message_id"].to_list() == [f"m{i}" for i in range(10_005)]


@pytest.mark.usefixtures("installation")
def test_contacts_that_reach_nobody_are_reported_and_their_rows_appended(tmp_path: Path) -> None:
    content = (
        "user,mail,phone\n"
        "u1,ann@example.com,138 1234 1234\n"
        "u2,ann at example,\n"
        "u3,a@b,12\n"
        "u4,,+49 30 123456\n"
        "u5,bob@example.com,call me\n"
        ",,555\n"
        ",carl@example.com,556\n"
    )
    done = take(tmp_path, "people.csv", content, Order("customers"))
    assert (done.new.total(), done.refused, done.unusable) == (6, 1, 5)
    assert [event["userId"] for event in log()[:5]] == ["u1", "u2", "u3", "u4", "u5"]
    digits = "write its 5 to 15 digits, with + and the country's code if it is abroad"
    assert report(tmp_path) == [
        ("3", "mail", "'ann at example' is no e-mail address; write it like name@example.com"),
        ("4", "mail", "'a@b' is no e-mail address; write it like name@example.com"),
        ("4", "phone", f"'12' is no phone number; {digits}"),
        ("6", "phone", f"'call me' is no phone number; {digits}"),
        ("7", "phone", f"'555' is no phone number; {digits}"),
        ("8", "phone", f"'556' is no phone number; {digits}"),
    ]
    assert done.notes == [
        "2 e-mail addresses cannot be written to (lines 3, 4); the rest of these lines counts. The "
        "report names each; mend them in the file.",
        "3 phone numbers cannot be used (lines 4, 6, 8); the rest of these lines counts. The "
        "report names each; mend them in the file.",
    ]


@pytest.mark.usefixtures("installation")
def test_a_long_cell_in_the_first_rows_is_a_cell(tmp_path: Path) -> None:
    content = (
        f"type,userId,timestamp,context.page\nidentify,u1,2026-01-01T00:00:00Z,{'p' * 20_000}\n"
    )
    assert take(tmp_path, "e.csv", content).new.total() == 1
    # More than the reader of CSV takes by itself: told as a row that is too large, not as a fault.
    content = content.replace("p" * 20_000, "p" * 200_000)
    assert (take(tmp_path, "f.csv", content).refused, len(log())) == (1, 1)


@pytest.mark.usefixtures("installation")
def test_the_report_is_read_again_whatever_it_holds(tmp_path: Path) -> None:
    long, column = "x" * 200_000, "mail\rbox"
    content = lines({"userId": "u1", column: "nothing"}, {"userId": "u2", column: long})
    order = Order("customers", {column: "traits.email"})
    assert take(tmp_path, "people.jsonl", content, order).unusable == 2
    cure = "is no e-mail address; write it like name@example.com"
    short, _refused, cut = report(tmp_path)
    assert short == ("1", column, f"'nothing' {cure}")
    assert (cut[0], cut[1], len(cut[2])) == ("2", column, 32_000)
    assert cut[2].startswith("'xxx")
    assert cut[2].endswith(f"xxx' {cure}")


@pytest.mark.usefixtures("installation")
def test_of_many_lines_the_first_are_named(tmp_path: Path) -> None:
    rows = "".join(f"u{n},nothing\n" for n in range(7))
    done = take(tmp_path, "people.csv", "user,mail\n" + rows, Order("customers"), dry_run=True)
    assert "7 e-mail addresses cannot be written to (lines 2, 3, 4, 5, 6, …);" in done.notes[0]
    assert done.unusable == 7
