"""`banyan import`: what it says, and with which code it ends."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from banyan.core.events.read import after, head
from banyan.trust.audit.read import entries
from tests.installation import Installation

ORDERS = "Nr,Who,When,Sum\n1,u1,2026-01-05 09:30,5.00\n2,u2,soon,1.00\n"
OPTIONS = [
    "--kind", "orders", "--map", "Nr=properties.order_id", "--map", "Who=userId",
    "--map", "When=timestamp", "--map", "Sum=properties.total",
    "--set", "properties.currency=EUR", "--time-zone", "Europe/Berlin",
    "--message-id", "shop:{Nr}",
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command runs, with a file of orders."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orders.csv").write_text(ORDERS)
    return tmp_path


def test_a_file_is_shown_then_appended_then_known(installation: Installation, folder: Path) -> None:
    dry = installation.banyan("import", "orders.csv", *OPTIONS, "--dry-run")
    assert dry.returncode == 1
    assert json.loads(dry.stdout.splitlines()[0]) == {
        "type": "track",
        "event": "Order Completed",
        "messageId": "shop:1",
        "userId": "u1",
        "timestamp": "2026-01-05T08:30:00Z",
        "properties": {"order_id": "1", "total": 5.0, "currency": "EUR"},
    }
    assert "1 events would be appended" in dry.stdout
    assert head() == 0
    wet = installation.banyan("import", "orders.csv", *OPTIONS)
    assert wet.stdout.splitlines()[-1] == (
        "2 rows: 1 events appended, 0 were in the log already, 1 rows refused"
    )
    assert wet.stderr == "Rows that made no event, with the reasons: import-report.csv\n"
    assert (
        (folder / "import-report.csv")
        .read_text()
        .splitlines()[1]
        .startswith("orders.csv,3,When,'soon' is no time such as 2026-01-31 08:00:00,")
    )
    again = installation.banyan("import", "orders.csv", *OPTIONS, "--json")
    told = json.loads(again.stdout)
    assert (told["rows"], told["events"], told["already"], told["refused"]) == (2, 0, 1, 1)
    assert after(0, 10)["source"].to_list() == ["import"]
    assert [e.after for e in entries() if e.verb == "events.import"] == [
        {"new": 0, "already": 1, "refused": 1},
        {"new": 1, "already": 0, "refused": 1},
    ]


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_options_go_before_the_mapping_file(installation: Installation, folder: Path) -> None:
    (folder / "m.yaml").write_text(
        "kind: orders\ntime_zone: Asia/Shanghai\nconstants: {properties.currency: CNY}\n"
        "columns: {Nr: properties.order_id, Who: userId, When: timestamp, Sum: properties.total}\n"
    )
    done = installation.banyan("import", "orders.csv", "--mapping", "m.yaml", "--time-zone", "UTC")
    assert done.returncode == 1
    event = json.loads(after(0, 1)["body"][0])
    assert event["timestamp"] == "2026-01-05T09:30:00Z"
    assert event["properties"]["currency"] == "CNY"


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("nope.csv",), 1, "There is no file nope.csv."),
        (("orders.csv",), 1, "No column says type; is it a file of orders"),
        (("orders.csv", "--map", "x"), 2, "--map 'x' is not of the form COLUMN=FIELD"),
        (("orders.csv", "--kind", "orders", "--time-zone", "Mars"), 1, "is no IANA time zone"),
        (("orders.csv", *OPTIONS, "--report", "no/r.csv"), 1, "the report cannot be written"),
        ((), 2, "Missing argument 'FILE...'"),
    ],
)
def test_what_cannot_be_is_a_sentence(
    installation: Installation, folder: Path, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    done = installation.banyan("import", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert head() == 0
    assert os.listdir(folder / "home") != []
