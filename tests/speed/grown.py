"""An installation on PostgreSQL with the rows of millions of events.

A smaller log is decided by the real line; then every row that it left stands there many times, each
time with people, codes and decisions of its own, at places in the log between those of the others.
So a table holds what a replay of the large log would have left, in the order it would have left it,
without the hour that the replay would take.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path

import polars as pl
import psycopg
from django.db import connection

from banyan.core.events import read as log
from banyan.core.events.acts import append, locked_head
from banyan.core.events.incoming import Incoming
from banyan.core.events.intake import accept
from banyan.core.programs.models import Link
from banyan.core.referrals import held
from banyan.growth.feedback.models import Dispute
from banyan.growth.planning import eventlog
from banyan.growth.planning.benchmark import benchmark_log, benchmark_program
from banyan.growth.tasks import acts as tasks
from banyan.insight.metrics.rebuild import position
from banyan.insight.segments import purchases
from banyan.kernel.database import one_transaction
from banyan.pipeline.figures import rebuild
from banyan.pipeline.orders import Order, place
from banyan.pipeline.publish import publish, settled
from banyan.pipeline.worker import Worker

GROUP = 10_000
RISK = 'risk:\n  - {id: crowd, when: "friends_24h >= 4", then: hold, for: advocate}\n'
"""Holds about one decision in fifty."""
LEFT = 0.02
"""Of the held decisions, those that still wait for somebody's word."""
OPEN, CLOSED = 200, 200
"""Tasks and disputes. How many are open is the staff's doing, so they are not multiplied."""

_REFERRED_TO = ("tasks_task", "feedback_dispute")
"""By rows of other tables; the rest is written without a journal, which is all that it saves."""
_ONCE = {"tasks_task": "state = 'open'", "feedback_dispute": "state <> 'solved'"}
_PLACES = ("position", "touch_position", "join_position", "first_position")
_PEOPLE = (
    "user_id",
    "anonymous_id",
    "customer",
    "advocate",
    "friend",
    "beneficiary",
    "visitor",
    "top",
)
_OTHERS = ("message_id", "decision_id", "transfer_id", "about", "key", "code", "token")
_SUMS = {
    "metrics_day": ("n", "amount"),
    "metrics_slice": ("n", "amount"),
    "metrics_level": ("members", "going_on", "below", "advocates", "chains"),
    "segments_levelincome": ("revenue",),
}
"""Tables of sums over everybody."""
_ACCOUNTS = {"ledger_transfer": ("source", "target"), "ledger_balance": ("account",)}
TABLES = (
    "events_event",
    "ledger_transfer",
    "referrals_stagechange",
    "referrals_decision",
    "people_identity",
    "metrics_friend",
    "referrals_referral",
    "people_customer",
    "metrics_buyer",
    "metrics_advocate",
    "metrics_chain",
    "metrics_chainlevel",
    "segments_spending",
    "segments_chainincome",
    "ledger_balance",
    "programs_link",
    "referrals_touchlost",
    "referrals_reversal",
    "referrals_ruling",
    "referrals_waiting",
    "referrals_reject",
    "feedback_dispute",
    "tasks_task",
)
"""Those that grow with the log and that people look into, the largest first. The engine's own state
is not among them: only the worker reads it."""


@dataclass(frozen=True)
class Grown:
    """How many rows were written into which table."""

    rows: Mapping[str, int]

    @property
    def events(self) -> int:
        """Of the log."""
        return self.rows["events_event"]


def decided(folder: Path, *, events: int, now: datetime) -> int:
    """A log that ends at `now`, decided by the worker, and what people did about it; the number of
    its events. Wants an empty installation without a worker."""
    row = publish("bench", benchmark_program(events) + RISK, starts_at=None, now=now)
    assert settled(row.program, row.number, timeout_s=30).status == "published"
    good = list(_accepted(folder / "log.jsonl", events, now))
    for start in range(0, len(good), GROUP):
        append(good[start : start + GROUP])
    worker = Worker()
    _work(worker)
    waiting = held.ids(held.Asked(), limit=1_000_000)
    words = [
        Order(
            "Decision Denied" if number % 10 == 0 else "Decision Released",
            {"decision_id": one, "reason": "looked at"},
            message=f"ruling/{number}",
        )
        for number, one in enumerate(waiting[: round(len(waiting) * (1 - LEFT))])
    ]
    with one_transaction():
        locked_head()
        place("user:1", words, now=now)
    _work(worker)
    _people_at_work(now)
    rebuild(progress=lambda *_: None)
    assert purchases.catch_up() == position() == log.head()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    return log.head()


def grow(times: int) -> Grown:
    """Put the rows of everything `times` times in the place of those that are there."""
    with connection.cursor() as cursor:
        for table in ("events_head", "pipeline_cursor", "metrics_progress"):
            cursor.execute(f"UPDATE {table} SET position = position * {times}")
        cursor.execute(
            f"UPDATE segments_mark SET position = position * {times}, joined = joined * {times}"
        )
        for table, sums in _SUMS.items():
            changes = ", ".join(f"{name} = {name} * {times}" for name in sums)
            cursor.execute(f"UPDATE {table} SET {changes}")
            cursor.execute(f"VACUUM (FULL, ANALYZE) {table}")
    with ThreadPoolExecutor(2) as two:
        counts = two.map(lambda table: _many(table, times), TABLES)
        grown = Grown(dict(zip(TABLES, counts, strict=True)))
    _tally()
    return grown


def _tally() -> None:
    """Sums over blocks of the log, made again as a release that brings them makes them."""
    made = import_module("banyan.core.referrals.migrations.0004_tally")
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE referrals_tally")
        cursor.execute(made._GRANTED)
        cursor.execute(made._TAKEN_BACK)
        cursor.execute("VACUUM (ANALYZE) referrals_tally")


def _accepted(file: Path, events: int, now: datetime) -> Iterator[Incoming]:
    frames = benchmark_log(events).frame()
    last = frames["timestamp"].max()
    assert isinstance(last, datetime)
    eventlog.write(iter([frames.with_columns(pl.col("timestamp") + (now - last))]), file)
    with file.open("rb") as lines:
        for line in lines:
            read = accept(line, now=now, source="bench", role="secret")
            assert isinstance(read, Incoming), read
            yield read


def _work(worker: Worker) -> None:
    while worker.advance():
        pass


def _people_at_work(now: datetime) -> None:
    """Tasks and disputes, most of them long done."""
    friends = list(Link.objects.order_by("key").values_list("advocate", flat=True)[: OPEN + CLOSED])
    for number in range(OPEN + CLOSED):
        person = friends[number % len(friends)]
        opened, is_open = now - timedelta(days=number + 1), number < OPEN
        task = tasks.open_task(
            "stuck",
            f"referral:benchmark/{person}-{number}@accepted",
            owner_role="growth" if number % 2 else "support",
            due_at=now + timedelta(days=number % 3 - 1),
            program="benchmark",
            customer=person,
            now=opened,
        )
        if not is_open:
            tasks.close("user:1", task, outcome="done", note="", now=opened)
        Dispute.objects.create(
            user_id=person,
            about=f"benchmark/{person}-{number}",
            program="benchmark",
            evidence="{}",
            state="open" if is_open else "solved",
            outcome="" if is_open else "upheld",
            raised_at=opened,
            clock_from=opened,
            solved_at=None if is_open else opened,
        )


def _many(table: str, times: int) -> int:
    """One table, its indexes made afresh; how many rows were written."""
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as link:
        link.execute("SET maintenance_work_mem = '768MB'")
        again = _without_indexes(link, table)
        link.execute(f"CREATE TEMP TABLE few AS SELECT * FROM {table}")
        link.execute(f"TRUNCATE {table} CASCADE")
        if table not in _REFERRED_TO:
            link.execute(f"ALTER TABLE {table} SET UNLOGGED")
        names, values, order = _columns(link, table, times)
        once = _ONCE.get(table, "FALSE")
        done = link.execute(
            f"INSERT INTO {table} ({names}) SELECT {values} FROM few AS b, "
            f"generate_series(0, {times - 1}) AS k WHERE NOT (k > 0 AND {once}) {order}"
        )
        if table == "ledger_balance":
            _once_for_all(link, times)
        for statement in again:
            link.execute(statement)
        link.execute(f"VACUUM (ANALYZE, PARALLEL 0) {table}")
        return done.rowcount


def _columns(link: psycopg.Connection, table: str, times: int) -> tuple[str, str, str]:
    """Names, the expressions for copy `k` of a row of `b`, and the order of the log."""
    found = link.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND "
        "table_schema = 'public' AND is_identity = 'NO' ORDER BY ordinal_position",
        [table],
    ).fetchall()
    names = [name for (name,) in found]
    values = ", ".join(_value(table, name, times) for name in names)
    place = next((name for name in _PLACES if name in names), None)
    order = f"ORDER BY b.{place}, k" if place else ""
    return ", ".join(f'"{name}"' for name in names), values, order


def _value(table: str, name: str, times: int) -> str:
    mine = f'b."{name}"'
    if name in _PLACES:
        return f"({mine} - 1) * {times} + k + 1"
    if name in _ACCOUNTS.get(table, ()):
        own = f"'wallet:c' || k || '-' || substr({mine}, 8)"
        return f"CASE WHEN {mine} LIKE 'wallet:%' THEN {own} ELSE {mine} END"
    if name in _PEOPLE or name in _OTHERS:
        # The number goes where it lets a decision's id begin with its program.
        own = f"'c' || k || '-' || {mine}" if name in _PEOPLE else f"{mine} || '-c' || k"
        return f"CASE WHEN {mine} = '' THEN '' ELSE {own} END"
    return mine


def _once_for_all(link: psycopg.Connection, times: int) -> None:
    """Accounts that are nobody's wallet hold everything together."""
    link.execute(
        "DELETE FROM ledger_balance a USING ledger_balance b WHERE a.ctid > b.ctid "
        "AND a.account = b.account AND a.unit = b.unit AND a.account NOT LIKE 'wallet:%'"
    )
    link.execute(
        f"UPDATE ledger_balance SET amount = amount * {times} WHERE account NOT LIKE 'wallet:%'"
    )


def _without_indexes(link: psycopg.Connection, table: str) -> list[str]:
    """Drop a table's indexes and unique constraints; the statements that make them again."""
    again = []
    for name, kind, text in link.execute(
        "SELECT conname, contype, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid = %s::regclass AND contype IN ('p', 'u') AND NOT EXISTS (SELECT 1 FROM "
        "pg_constraint f WHERE f.confrelid = pg_constraint.conrelid AND f.contype = 'f')",
        [table],
    ).fetchall():
        link.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        again.append(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {text}')
        assert kind in ("p", "u", b"p", b"u")
    for (text,) in link.execute(
        "SELECT indexdef FROM pg_indexes WHERE tablename = %s AND indexname NOT IN "
        "(SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass)",
        [table, table],
    ).fetchall():
        [name] = re.findall(r"INDEX (\S+) ON", text)
        link.execute(f"DROP INDEX {name}")
        again.append(text)
    return again
