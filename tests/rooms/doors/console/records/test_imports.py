"""Importing by the console: bring a file, say what its columns mean, try it out, say yes."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation

from banyan.core.events import clock
from banyan.core.events.read import head
from banyan.core.people.read import customer
from banyan.doors.console.records import imports
from banyan.doors.console.records.choosing import in_browser
from banyan.pipeline.importing import uploads, waiting
from banyan.trust.audit.read import entries
from tests.rooms.doors.console.conftest import Staff
from tests.rooms.pipeline.line import Line

PEOPLE = "Member,Mail,Since\nu-1,ann@example.com,2026-01-05\nu-2,bob@example.com,nonsense\n"


def bring(client: Client, name: str, content: str, kind: str = "customers") -> str:
    """Where a file is after it was brought."""
    file = SimpleUploadedFile(name, content.encode())
    return client.post("/console/imports/", {"file": file, "kind": kind}).headers["Location"]


def seen(client: Client, number: int) -> str:
    """Which trial the page of a file shows."""
    page = client.get(f"/console/imports/{number}/").content.decode()
    [found] = re.findall(r'name="mapping" value="(\w{64})"', page)
    return str(found)


def confirm(client: Client, number: int) -> None:
    """Say yes to the trial that the page shows."""
    told = {"do": "confirm", "mapping": seen(client, number)}
    assert client.post(f"/console/imports/{number}/", told).status_code == 302


def work() -> bool:
    """What a worker does with the next file."""
    return waiting.turn(threading.Event())


def test_people_come_in_after_a_trial_and_a_yes(staff: Staff) -> None:
    growth = staff("growth")
    where = bring(growth, "people.csv", PEOPLE)
    assert where == "/console/imports/1/?kind=customers"
    page = growth.get(where).content.decode()
    assert ("Member" in page, "ann@example.com" in page) == (True, True)
    mapped = {
        "do": "try",
        "kind": "customers",
        "column-0": "userId",
        "column-1": "traits.email",
        "column-2": "timestamp",
    }
    growth.post("/console/imports/1/", mapped)
    assert "Nothing is written yet" in growth.get("/console/imports/1/").content.decode()
    assert growth.get("/console/imports/1/progress/").headers.get("HX-Refresh") is None
    assert work()
    assert growth.get("/console/imports/1/progress/").headers["HX-Refresh"] == "true"
    found = uploads.upload(1)
    assert found is not None
    counts = {name: found.result[name] for name in ("rows", "new", "already", "refused")}
    assert counts == {"rows": 2, "new": {"identify": 1}, "already": 0, "refused": 1}
    assert head() == 0
    report = b"".join(growth.get("/console/imports/1/report.csv").streaming_content).decode()
    assert "u-2" in report
    assert entries(limit=1)[0].verb == "import.report"
    confirm(growth, 1)
    assert entries(limit=1)[0].verb == "events.import"
    assert work()
    assert not work()
    assert head() == 1
    Line().work()
    ann = customer("u-1")
    assert ann is not None
    assert [one.value for one in ann.contacts] == ["ann@example.com"]
    assert "Imported." in growth.get("/console/imports/1/").content.decode()
    # The file is gone, the report is kept for a week.
    assert sorted(file.name for file in uploads.folder(1).iterdir()) == ["report.csv"]
    assert uploads.clean(now=clock.now() + timedelta(days=8)) == 1
    assert not uploads.folder(1).exists()


def test_a_yes_to_one_trial_is_none_to_another(staff: Staff) -> None:
    growth = staff("growth")
    bring(growth, "people.csv", PEOPLE)
    mapped = {"do": "try", "kind": "customers", "column-0": "userId", "column-1": "traits.email"}
    growth.post("/console/imports/1/", mapped)
    assert work()
    in_one_tab = seen(growth, 1)
    growth.post("/console/imports/1/", mapped | {"column-1": "traits.name"})
    assert work()
    for unseen in (in_one_tab, ""):
        reply = growth.post(
            "/console/imports/1/", {"do": "confirm", "mapping": unseen}, follow=True
        )
        assert "the columns were changed since this trial; look at it again" in html.unescape(
            reply.content.decode()
        )
        found = uploads.upload(1)
        assert found is not None
        assert (found.state, head()) == ("checked", 0)
        assert entries(limit=1)[0].verb == "import.tried"
    confirm(growth, 1)
    assert work()
    assert head() == 2


def test_the_report_speaks_the_language_of_the_page_whichever_thread_makes_it(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "_ROWS_AT_ONCE", 1)
    growth = staff("growth")
    bring(growth, "people.csv", "Member,Since\nu-1,45700.5\nu-2,45701.5\n")
    mapped = {"do": "try", "kind": "customers", "column-0": "userId", "column-1": "timestamp"}
    growth.post("/console/imports/1/", mapped)
    assert work()
    growth.get("/console/?lang=zh-hans")
    pieces = growth.get("/console/imports/1/report.csv").streaming_content
    made, left_behind = [], []
    for of_its_last_page in ("en", "zh-hans", "en"):
        with translation.override(of_its_last_page):
            made.append(next(pieces).decode())
            left_behind.append(translation.get_language())
    assert list(pieces) == []
    assert made[0] == "\ufeff文件,行,列,原因,单元格\r\n"
    first, second = (next(csv.reader([piece])) for piece in made[1:])
    assert (first[:3], second[:3]) == (
        ["people.csv", "2", "Since"],
        ["people.csv", "3", "Since"],
    )
    assert second[3] == first[3].replace("45700.5", "45701.5")
    assert re.search("[\u4e00-\u9fff]", first[3])
    assert left_behind == ["en", "zh-hans", "en"]


def test_a_row_that_no_reader_of_csv_takes_is_cut_in_the_report(staff: Staff) -> None:
    growth = staff("growth")
    rows = [
        {"userId": "u-1", "timestamp": "2026-01-05"},
        {"userId": "u-2", "timestamp": "x" * 2**21},
    ]
    bring(growth, "people.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    mapped = {"do": "try", "kind": "customers", "column-0": "userId", "column-1": "timestamp"}
    growth.post("/console/imports/1/", mapped)
    assert work()
    page = growth.get("/console/imports/1/")
    assert page.status_code == 200
    told = html.unescape(page.content.decode())
    assert "…xxx" in told
    [_heads, found] = csv.reader(
        io.StringIO(growth.get("/console/imports/1/report.csv").getvalue().decode())
    )
    assert (found[1], found[2], len(found[3]), len(found[4])) == ("2", "timestamp", 32_000, 32_000)
    assert found[3].startswith("'xxx")
    assert not found[3].endswith("x")
    assert found[4].startswith('{"userId":"u-2","timestamp":"xxx')
    assert found[4].endswith('xxx"}')


def test_the_same_file_again_adds_nothing(staff: Staff) -> None:
    growth = staff("growth")
    mapped = {"do": "try", "kind": "customers", "column-0": "userId", "column-1": "traits.email"}
    for number in (1, 2):
        bring(growth, "people.csv", PEOPLE)
        growth.post(f"/console/imports/{number}/", mapped)
        work()
        if number == 1:
            confirm(growth, 1)
            work()
    found = uploads.upload(2)
    assert found is not None
    assert (found.result["new"], found.result["already"]) == ({}, 2)
    assert 'value="confirm" disabled' in growth.get("/console/imports/2/").content.decode()


def test_the_history_of_referrals_is_counted_by_where_it_came_from(staff: Staff) -> None:
    Line().publish()
    line = Line()
    line.work()
    before = head()
    growth = staff("growth")
    rows = [
        "好友,推荐人,推荐日期,渠道,部门,经办人",
        "f-1,a-1,2025-03-01,电话,销售一部,小李",
        "f-2,a-1,2025-03-02,到店,销售一部,小李",
        "f-3,a-2,2025-03-03,电话,售后,小陈",
    ]
    bring(growth, "history.csv", "\n".join(rows), kind="referrals")
    page = growth.get("/console/imports/1/?kind=referrals").content.decode()
    assert page.count('value="properties.department"') >= 1
    growth.post(
        "/console/imports/1/",
        {
            "do": "try",
            "kind": "referrals",
            "column-0": "userId",
            "column-1": "properties.advocate",
            "column-2": "timestamp",
            "column-3": "properties.channel",
            "column-4": "properties.department",
            "column-5": "properties.handler",
        },
    )
    work()
    confirm(growth, 1)
    work()
    assert head() == before + 3
    line.work()
    page = growth.get("/console/imports/1/").content.decode()
    assert page.index("电话") < page.index("到店")
    assert "销售一部" in page
    # Nothing is paid for the past: no referral of a program comes of it.
    assert "Nothing here yet" in growth.get("/console/records/referrals/").content.decode()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("people.exe", "x", "has none of the endings"),
        ("people.csv", "", "it is empty"),
        ("people.xlsx", "not a sheet", "people.xlsx"),
    ],
)
def test_what_is_no_table_is_refused_and_not_kept(
    staff: Staff, name: str, content: str, sentence: str
) -> None:
    growth = staff("growth")
    assert bring(growth, name, content) == "/console/imports/"
    page = growth.get("/console/imports/").content.decode()
    assert sentence in page
    assert str(uploads.folder(1)) not in page
    assert uploads.uploads() == []
    folder = Path(uploads.folder(1)).parent
    assert not folder.exists() or list(folder.iterdir()) == []


def test_a_mapping_that_lacks_something_is_refused_and_what_was_typed_stays(staff: Staff) -> None:
    growth = staff("growth")
    bring(growth, "orders.csv", "No,Sum\n1,20\n", kind="orders")
    page = growth.post(
        "/console/imports/1/",
        {"do": "try", "kind": "orders", "column-0": "properties.order_id", "column-1": ""},
    ).content.decode()
    assert "No column says properties.total" in page
    assert 'value="properties.order_id"' in page
    found = uploads.upload(1)
    assert found is not None
    assert found.state == "mapping"


def test_what_is_noted_about_a_file_names_it_as_its_owner_does(staff: Staff) -> None:
    growth = staff("growth")
    people = "编号,姓名\nu-1,王小二\nu-1,王小二\n".encode("gb18030")
    file = SimpleUploadedFile("人员.csv", people)
    growth.post("/console/imports/", {"file": file, "kind": "customers"})
    told = "人员.csv is not UTF-8 and was read as GB 18030"
    assert told in growth.get("/console/imports/1/?kind=customers").content.decode()
    mapped = {"do": "try", "kind": "customers", "column-0": "userId", "column-1": "traits.name"}
    growth.post("/console/imports/1/", mapped)
    assert work()
    page = growth.get("/console/imports/1/").content.decode()
    assert told in page
    assert "1 rows without an id say exactly what an earlier row says" in page
    assert str(uploads.folder(1)) not in page
    chinese = growth.get("/console/imports/1/?lang=zh-hans", follow=True).content.decode()
    assert "有 1 行没有编号，且与前面某一行完全相同" in chinese
    assert "人员.csv 不是 UTF-8 编码，已按 GB 18030 读取" in chinese
    translation.deactivate()


def test_a_file_is_thrown_away_on_request(staff: Staff) -> None:
    growth = staff("growth")
    bring(growth, "people.csv", PEOPLE)
    growth.post("/console/imports/1/", {"do": "cancel"})
    assert not uploads.folder(1).exists()
    assert "was thrown away" in growth.get("/console/imports/1/").content.decode()
    with pytest.raises(uploads.BadUpload):
        uploads.confirm("user:1", 1, mapping_hash="", now=clock.now())


def test_a_worker_that_is_stopped_is_followed_by_another(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("banyan.pipeline.importing.run._ROWS_A_MOVE", 1)
    growth = staff("growth")
    bring(growth, "people.csv", PEOPLE)
    mapped = {"do": "try", "kind": "customers", "column-0": "userId", "column-1": "traits.email"}
    growth.post("/console/imports/1/", mapped)
    stop = threading.Event()
    stop.set()
    # One that is told to stop leaves the file to the next.
    assert waiting.turn(stop)
    found = uploads.upload(1)
    assert found is not None
    assert found.state == "checking"
    assert work()
    found = uploads.upload(1)
    assert found is not None
    assert found.state == "checked"


def book(sheets: dict[str, list[list[object]]]) -> bytes:
    """A workbook with these sheets, as a spreadsheet saves it."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as made:
        as_day = made.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets.items():
            sheet = made.add_worksheet(name)
            for number, row in enumerate(rows):
                for place, cell in enumerate(row):
                    if isinstance(cell, datetime):
                        sheet.write_datetime(number, place, cell, as_day)
                    else:
                        sheet.write(number, place, cell)
    return out.getvalue()


MEMBERS: list[list[object]] = [
    ["会员编号", "邮箱", "手机", "注册时间"],
    ["u-1", "ann@example.com", 13812341234, datetime(2026, 1, 5, tzinfo=UTC).replace(tzinfo=None)],
    ["u-2", "bob at example", "12", datetime(2026, 1, 6, tzinfo=UTC).replace(tzinfo=None)],
]
MEMBERS_MAPPED = {
    "do": "try",
    "kind": "customers",
    "column-0": "userId",
    "column-1": "traits.email",
    "column-2": "traits.phone",
    "column-3": "timestamp",
}


def bring_book(client: Client, sheets: dict[str, list[list[object]]], kind: str) -> str:
    file = SimpleUploadedFile("会员.xlsx", book(sheets))
    return client.post("/console/imports/", {"file": file, "kind": kind}).headers["Location"]


def page_of(client: Client, url: str) -> str:
    """A page's text as people read it."""
    return html.unescape(client.get(url).content.decode())


def test_contacts_that_reach_nobody_are_counted_and_named_by_their_line(staff: Staff) -> None:
    growth = staff("growth")
    bring_book(growth, {"Sheet1": MEMBERS}, "customers")
    growth.post("/console/imports/1/", MEMBERS_MAPPED)
    assert work()
    found = uploads.upload(1)
    assert found is not None
    counts = {name: found.result[name] for name in ("rows", "new", "refused", "unusable")}
    assert counts == {"rows": 2, "new": {"identify": 2}, "refused": 0, "unusable": 2}
    page = page_of(growth, "/console/imports/1/")
    assert "1 e-mail addresses cannot be written to (lines 3)" in page
    assert "1 phone numbers cannot be used (lines 3)" in page
    assert "'bob at example' is no e-mail address; write it like name@example.com" in page
    assert "'12' is no phone number; write its 5 to 15 digits" in page
    report = b"".join(growth.get("/console/imports/1/report.csv").streaming_content).decode()
    rows = list(csv.reader(io.StringIO(report.removeprefix("\ufeff"))))
    assert [row[:3] for row in rows] == [
        ["File", "Row", "Column"],
        ["会员.xlsx", "3", "邮箱"],
        ["会员.xlsx", "3", "手机"],
    ]
    growth.get("/console/?lang=zh-hans")
    chinese = page_of(growth, "/console/imports/1/")
    assert "有 1 个电子邮箱无法使用（第 3 行）" in chinese
    assert "'bob at example' 不是电子邮箱地址；请写成 name@example.com 的形式" in chinese
    translation.deactivate()
    confirm(growth, 1)
    assert work()
    assert head() == 2


def test_another_sheet_of_a_workbook_is_chosen_on_the_page(staff: Staff) -> None:
    growth = staff("growth")
    where = bring_book(growth, {"说明": [["请看第二张表"], ["谢谢"]], "会员": MEMBERS}, "customers")
    page = page_of(growth, where)
    assert ("<option selected>说明</option>" in page, "会员编号" in page) == (True, False)
    page = page_of(growth, "/console/imports/1/?kind=customers&sheet=会员")
    assert ("<option selected>会员</option>" in page, "会员编号" in page) == (True, True)
    growth.post("/console/imports/1/", MEMBERS_MAPPED | {"sheet": "会员"})
    assert work()
    found = uploads.upload(1)
    assert found is not None
    assert (found.sheet, found.result["rows"]) == ("会员", 2)
    # Back to the columns: the sheet and what they mean stay.
    page = page_of(growth, "/console/imports/1/?step=columns")
    assert 'value="traits.phone"' in page
    assert '<input type="hidden" name="sheet" value="会员">' in page
    page = page_of(growth, "/console/imports/1/?step=columns&sheet=nothing")
    assert "会员.xlsx has no sheet 'nothing'; it has 说明, 会员." in page


@pytest.mark.parametrize(
    "title_page", [[], [[" ", " "], ["x", "y"]], [["邮箱", "邮箱"], ["a@example.com", "b"]]]
)
def test_a_title_page_keeps_nobody_from_another_sheet(
    staff: Staff, title_page: list[list[object]]
) -> None:
    growth = staff("growth")
    where = bring_book(growth, {"封面": title_page, "会员": MEMBERS}, "customers")
    assert where == "/console/imports/1/?kind=customers"
    page = page_of(growth, where)
    assert ("<option selected>会员</option>" in page, "会员编号" in page) == (True, True)
    assert "<option>封面</option>" in page
    growth.post("/console/imports/1/", MEMBERS_MAPPED)
    assert work()
    found = uploads.upload(1)
    assert found is not None
    assert (found.state, found.sheet, found.result["rows"]) == ("checked", "会员", 2)


def test_a_workbook_of_title_pages_alone_is_refused(staff: Staff) -> None:
    growth = staff("growth")
    assert bring_book(growth, {"封面": [], "封底": []}, "customers") == "/console/imports/"
    assert "会员.xlsx: sheet 封面 is empty." in page_of(growth, "/console/imports/")
    assert uploads.uploads() == []


@pytest.mark.parametrize(
    ("sheets", "sentence"),
    [
        ({"Sheet1": []}, "会员.xlsx: sheet Sheet1 is empty."),
        (
            {"Sheet1": [["2026 年名单"], *MEMBERS]},
            "会员.xlsx: 3 of 4 columns have no name in row 1.",
        ),
    ],
)
def test_a_workbook_that_begins_wrongly_says_so(
    staff: Staff, sheets: dict[str, list[list[object]]], sentence: str
) -> None:
    growth = staff("growth")
    assert sentence in page_of(growth, bring_book(growth, sheets, "customers"))


def test_days_that_are_numbers_are_refused_with_the_cure(staff: Staff) -> None:
    growth = staff("growth")
    rows: list[list[object]] = [["订单号", "金额", "时间", "会员"], ["o-1", 20, 45700.5, "u-1"]]
    bring_book(growth, {"Sheet1": rows}, "orders")
    mapped = ["properties.order_id", "properties.total", "timestamp", "userId"]
    growth.post(
        "/console/imports/1/",
        {"do": "try", "kind": "orders"} | {f"column-{n}": name for n, name in enumerate(mapped)},
    )
    assert work()
    page = page_of(growth, "/console/imports/1/")
    assert "'45700.5' is a day as Excel counts days; give the column the format of a date" in page
    assert 'value="confirm" disabled' in page


def test_text_named_as_a_workbook_is_refused_without_our_paths(staff: Staff) -> None:
    growth = staff("growth")
    page = page_of(growth, bring(growth, "people.xlsx", PEOPLE))
    assert "people.xlsx is no Excel file that can be read; if it holds text, give it the" in page


def test_a_page_names_what_can_be_chosen_there_and_no_option_of_a_command() -> None:
    said_in_code = [
        "X.csv is not UTF-8 and was read as GB 18030; --encoding says otherwise.",
        "X.csv is neither UTF-8 nor GB 18030; name its --encoding, such as cp1252.",
        "X.csv: not utf-8 after line 7 (x); name its --encoding.",
        "'03/04/2026': nobody can know whether the day or the month comes first; say --days dmy "
        "or --days mdy",
        "'1,5' is no amount such as 1,234.50; if it is written the other way, say --decimal ,",
        "Both 'A' and 'B' look like userId; say which: --map 'B=userId', or --map 'B=' to leave "
        "one out.",
        "No column says type; is it a file of orders, customers or refunds? Say --kind orders. "
        "The file has A.",
        "No column says timestamp; say --map 'COLUMN=timestamp'. The file has A.",
        "2 rows without an id say exactly what an earlier row says; each counts. If they are "
        "repetitions, name the column with the id: --map 'COLUMN=messageId'.",
        "X.csv: no column says the orders' ids, and what has none can never be refunded; name it: "
        "--map 'COLUMN=properties.order_id'.",
    ]
    for sentence in said_in_code:
        assert " --" not in in_browser(sentence)
        with translation.override("zh-hans"):
            assert re.search("[\u4e00-\u9fff]", in_browser(sentence))
            assert " --" not in in_browser(sentence)
    assert in_browser(said_in_code[7]) == (
        "No column says timestamp; choose timestamp beside the column that says it. The file has A."
    )
    options = {
        option
        for file in (Path(uploads.__file__).parent).glob("*.py")
        for line in file.read_text().splitlines()
        if not line.startswith("#")
        for option in re.findall(r"(?<=[\s\"'(])--[a-z]+", line)
    }
    # Of the report alone no page can speak: its place is not asked for there.
    assert options - {"--report"} == {"--days", "--decimal", "--encoding", "--kind", "--map"}
