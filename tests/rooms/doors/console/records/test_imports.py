"""Importing by the console: bring a file, say what its columns mean, try it out, say yes."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation

from banyan.core.events import clock
from banyan.core.events.read import head
from banyan.core.people.read import customer
from banyan.pipeline.importing import uploads, waiting
from banyan.trust.audit.read import entries
from tests.rooms.doors.console.conftest import Staff
from tests.rooms.pipeline.line import Line

PEOPLE = "Member,Mail,Since\nu-1,ann@example.com,2026-01-05\nu-2,bob@example.com,nonsense\n"


def bring(client: Client, name: str, content: str, kind: str = "customers") -> str:
    """Where a file is after it was brought."""
    file = SimpleUploadedFile(name, content.encode())
    return client.post("/console/imports/", {"file": file, "kind": kind}).headers["Location"]


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
    growth.post("/console/imports/1/", {"do": "confirm"})
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


def test_the_same_file_again_adds_nothing(staff: Staff) -> None:
    growth = staff("growth")
    mapped = {"do": "try", "kind": "customers", "column-0": "userId", "column-1": "traits.email"}
    for number in (1, 2):
        bring(growth, "people.csv", PEOPLE)
        growth.post(f"/console/imports/{number}/", mapped)
        work()
        if number == 1:
            growth.post("/console/imports/1/", {"do": "confirm"})
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
    growth.post("/console/imports/1/", {"do": "confirm"})
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
        uploads.confirm("user:1", 1, now=clock.now())


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
