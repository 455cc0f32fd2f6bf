"""How fast the worker turns the log into postings, over PostgreSQL with its safe settings."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from banyan.core.events.acts import append
from banyan.core.events.incoming import Incoming
from banyan.core.events.intake import accept
from banyan.core.ledger.read import balances
from banyan.growth.planning import eventlog
from banyan.growth.planning.benchmark import benchmark_log, benchmark_program
from banyan.pipeline.links import make_link
from banyan.pipeline.publish import publish, settled
from banyan.pipeline.worker import Worker
from banyan.trust.access.keys import make
from tests.installation import Installation, fresh, migrated, postgres
from tests.rooms.doors.edge.serving import Site, serving
from tests.rooms.pipeline.line import PROGRAM

pytestmark = pytest.mark.speed

NOW = datetime(2029, 1, 1, tzinfo=UTC)
EVENTS = 100_000
GROUP = 10_000
PATIENCE_S = 10.0
# What a batch leaves for people to read; the engine's own state comes on top and is not counted.
TABLES = (
    "referrals_referral",
    "referrals_touchlost",
    "referrals_stagechange",
    "referrals_decision",
    "referrals_reversal",
    "ledger_transfer",
    "ledger_balance",
    "people_customer",
    "people_identity",
)


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with postgres(durable=True) as server:
        migrated(server.make_database("banyan_template"), tmp_path)
        with fresh("postgres", tmp_path, template=Path(), server=server) as made:
            yield made


def test_log_to_postings(installation: Installation, tmp_path: Path) -> None:
    row = publish("test", benchmark_program(EVENTS), starts_at=None, now=NOW)
    assert settled(row.program, row.number, timeout_s=10).status == "published"
    file = tmp_path / "log.jsonl"
    eventlog.write(benchmark_log(EVENTS).frames(), file)
    accepted = [accept(line, now=NOW, source="test", role="secret") for line in file.open("rb")]
    good = [each for each in accepted if isinstance(each, Incoming)]
    assert len(good) == len(accepted)
    for start in range(0, len(good), GROUP):
        append(good[start : start + GROUP])
    worker = Worker()
    started = time.perf_counter()
    while worker.advance():
        pass
    spent_s = time.perf_counter() - started
    rows, copy_s = raw_copy(installation.database_url)
    per_second, share = len(good) / spent_s, (rows / spent_s) / (rows / copy_s)
    print(  # noqa: T201
        f"\n{per_second:,.0f} events/s; {rows:,} rows written in {spent_s:.2f} s; "
        f"COPY alone {copy_s:.2f} s; {share:.0%}"
    )
    assert per_second >= 10_000
    assert share >= 0.15


def test_event_to_visible_reward(installation: Installation) -> None:
    now = datetime.now(UTC)
    row = publish("test", PROGRAM, starts_at=None, now=now)
    assert settled(row.program, row.number, timeout_s=10).status == "published"
    make_link("test", program="spring", advocate="ann", code="ANN", now=now)
    key = make("test", "secret", is_test=False, now=now)[1]
    with serving(installation) as site:
        site.keys["secret"] = key
        times = [visible_after_s(site, f"friend-{number}") for number in range(60)]
    median_ms = 1000 * statistics.median(times)
    print(f"\nevent to visible reward, one at a time: median {median_ms:.0f} ms")  # noqa: T201
    assert median_ms < 150


def visible_after_s(site: Site, friend: str) -> float:
    event = {"userId": friend, "event": "Signed Up", "properties": {"referral_code": "ANN"}}
    started = time.perf_counter()
    assert site.send("/v1/track", event, "secret").json == {"success": True}
    while not balances(friend):
        assert time.perf_counter() - started < PATIENCE_S, f"{friend} got nothing"
        time.sleep(0.002)
    return time.perf_counter() - started


def raw_copy(url: str) -> tuple[int, float]:
    """Rows in the worker's tables, and how long COPY takes to write them into tables alike."""
    rows, spent_s = 0, 0.0
    with psycopg.connect(url, autocommit=True) as link, link.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL)")
            with cursor.copy(f"COPY {table} TO STDOUT") as out:
                text = b"".join(bytes(block) for block in out)
            started = time.perf_counter()
            with cursor.copy(f"COPY bare_{table} FROM STDIN") as into:
                into.write(text)
            spent_s += time.perf_counter() - started
            rows += text.count(b"\n")
    return rows, spent_s
