"""Drafts, frames and files of events."""

import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from banyan.growth.planning import eventlog
from banyan.growth.planning.eventlog import SCHEMA, Draft, EventLog, form_of, nest, write
from banyan.kernel.errors import Problem

NOON = 1_767_268_800_000  # 2026-01-01T12:00:00Z in ms


def _log(**arranged) -> EventLog:
    """A click, a sign-up and an order with one more, refunded: seven events."""
    draft = Draft()
    draft.add(eventlog.LINK_CREATED, np.array([NOON]), person=7, owner=7, carried=eventlog.AS_CODE)
    draft.add(
        eventlog.CLICKED,
        np.array([NOON + 1_000]),
        visitor=8,
        owner=7,
        channel=1,
        device=8,
        address=65_537,
        carried=eventlog.AS_CODE,
    )
    draft.add(eventlog.IDENTIFIED, np.array([NOON + 2_500]), person=8, mailbox=8, tier=0)
    draft.add(eventlog.SIGNED_UP, np.array([NOON + 2_500]), person=8, visitor=8)
    draft.add(
        eventlog.ORDERED,
        np.array([NOON + 9_000, NOON + 8_000]),
        person=8,
        order=np.array([1, 0]),
        minor=np.array([20_05, 7]),
        owner=np.array([-1, 7]),
        carried=np.array([-1, eventlog.AS_COUPON]),
    )
    draft.add(eventlog.REFUNDED, np.array([NOON + 9_500]), person=8, order=1, minor=-1)
    arranged.setdefault("end", NOON + 10_000)
    columns = draft.arrange(np.random.default_rng(1), **arranged)
    return EventLog(columns, channels=("sms", "email"), tiers=("gold",))


LINES = """\
{"type":"track","messageId":"sim-m-0","userId":"sim-u-7","timestamp":"2026-01-01T12:00:00.000Z",\
"event":"Referral Link Created","properties":{"code":"SIM-7"},\
"context":{"library":{"name":"banyan-simulate"}}}
{"type":"track","messageId":"sim-m-1","anonymousId":"sim-a-8",\
"timestamp":"2026-01-01T12:00:01.000Z","event":"Referral Link Clicked",\
"properties":{"code":"SIM-7","channel":"email"},"context":{"ip":"10.1.0.1",\
"device":{"id":"sim-d-8"},"campaign":{"source":"email"},"library":{"name":"banyan-simulate"}}}
{"type":"identify","messageId":"sim-m-2","userId":"sim-u-8",\
"timestamp":"2026-01-01T12:00:02.500Z","traits":{"email":"sim-8@example.com","tier":"gold"},\
"context":{"library":{"name":"banyan-simulate"}}}
{"type":"track","messageId":"sim-m-3","userId":"sim-u-8","anonymousId":"sim-a-8",\
"timestamp":"2026-01-01T12:00:02.500Z","event":"Signed Up",\
"context":{"library":{"name":"banyan-simulate"}}}
{"type":"track","messageId":"sim-m-5","userId":"sim-u-8","timestamp":"2026-01-01T12:00:08.000Z",\
"event":"Order Completed","properties":{"order_id":"sim-o-0","total":0.07,"currency":"USD",\
"coupon":"SIM-7"},"context":{"library":{"name":"banyan-simulate"}}}
{"type":"track","messageId":"sim-m-4","userId":"sim-u-8","timestamp":"2026-01-01T12:00:09.000Z",\
"event":"Order Completed","properties":{"order_id":"sim-o-1","total":20.05,"currency":"USD"},\
"context":{"library":{"name":"banyan-simulate"}}}
{"type":"track","messageId":"sim-m-6","userId":"sim-u-8","timestamp":"2026-01-01T12:00:09.500Z",\
"event":"Order Refunded","properties":{"order_id":"sim-o-1"},\
"context":{"library":{"name":"banyan-simulate"}}}
"""


def test_events_stand_in_order_of_time_and_hold_only_what_they_have(tmp_path) -> None:
    file = tmp_path / "log.jsonl"
    assert write(_log().frames(), file) == 7
    assert file.read_text() == LINES


def test_every_form_holds_the_same(tmp_path) -> None:
    log = _log()
    assert write(log.frames(rows=3), tmp_path / "log.parquet") == 7
    assert write(log.frames(rows=3), tmp_path / "log.jsonl.gz") == 7
    read = pl.read_parquet(tmp_path / "log.parquet")
    assert read.schema == SCHEMA
    assert read.equals(log.frame())
    with gzip.open(tmp_path / "log.jsonl.gz", "rt") as lines:
        assert lines.read() == LINES
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.jsonl.gz", "log.parquet"]


@pytest.mark.parametrize("ending", ["parquet", "jsonl", "jsonl.gz"])
def test_the_same_events_give_the_same_bytes(tmp_path, ending) -> None:
    files = [tmp_path / f"{name}.{ending}" for name in "ab"]
    for file in files:
        write(_log().frames(rows=2), file)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_no_other_ending_is_written(tmp_path) -> None:
    with pytest.raises(Problem, match=r"must end in \.parquet, \.jsonl or \.jsonl\.gz"):
        write(_log().frames(), tmp_path / "log.csv")
    assert list(tmp_path.iterdir()) == []
    assert form_of(tmp_path / "LOG.JSONL.GZ") == "jsonl.gz"


def test_an_unfinished_log_never_stands_under_its_name(tmp_path) -> None:
    def frames():
        yield _log().frame()
        raise RuntimeError("the power is gone")

    file = tmp_path / "log.jsonl"
    file.write_text("what was there\n")
    with pytest.raises(RuntimeError, match="the power is gone"):
        write(frames(), file)
    assert file.read_text() == "what was there\n"
    assert list(tmp_path.iterdir()) == [file]


def test_texts_are_escaped(tmp_path) -> None:
    odd = 'a"b\\c\n\u0001榕'
    frame = nest(pl.DataFrame({"type": ["track"], "userId": [odd], "traits.email": [""]}))
    write([frame], tmp_path / "log.jsonl")
    line = json.loads((tmp_path / "log.jsonl").read_text())
    assert line == {"type": "track", "userId": odd, "traits": {"email": ""}}


def test_events_at_or_after_the_end_are_left_out() -> None:
    log = _log(end=NOON + 9_000)
    assert log.height == 5
    assert log.frame()["timestamp"].max() == datetime(2026, 1, 1, 12, 0, 8, tzinfo=UTC)


def test_late_events_keep_their_timestamp() -> None:
    on_time, late = _log().frame(), _log(late=1.0, late_hours=24.0).frame()
    assert late["messageId"].to_list() != on_time["messageId"].to_list()
    assert late.sort("timestamp", "messageId").equals(on_time.sort("timestamp", "messageId"))


def test_duplicates_are_the_same_event_further_down() -> None:
    twice = _log(duplicates=1.0).frame()
    assert twice.height == 14
    assert twice.unique().sort("messageId").equals(_log().frame().sort("messageId"))


def test_totals_are_exact() -> None:
    minor = np.array([1, 10, 99, 100, 10**13])
    draft = Draft()
    draft.add(eventlog.ORDERED, np.full(5, NOON), person=1, minor=minor)
    columns = draft.arrange(np.random.default_rng(1), end=NOON + 1)
    totals = EventLog(columns).frame()["properties"].struct.field("total")
    assert totals.to_list() == [Decimal(int(m)) / 100 for m in minor]


def test_nothing_drafted_is_an_empty_log(tmp_path) -> None:
    log = _log(end=NOON)
    assert (log.height, log.counts(), log.frame().schema) == (0, {}, SCHEMA)
    assert write(log.frames(), tmp_path / "log.parquet") == 0
    assert pl.read_parquet(tmp_path / "log.parquet").schema == SCHEMA


def test_counts() -> None:
    assert _log().counts() == {
        "Referral Link Created": 1,
        "Referral Link Clicked": 1,
        "identify": 1,
        "Signed Up": 1,
        "Order Completed": 2,
        "Order Refunded": 1,
    }
