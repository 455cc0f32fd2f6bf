"""line: how fast the log becomes postings, and files become the log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import polars as pl

from banyan.core.events import read as log
from banyan.core.events.acts import append
from banyan.core.events.incoming import Incoming
from banyan.core.events.intake import accept
from banyan.growth.planning import eventlog
from banyan.growth.planning.benchmark import benchmark_log, benchmark_program
from banyan.pipeline.importing.columns import Order
from banyan.pipeline.importing.run import Reading, run_import
from banyan.pipeline.pace.copying import all_copied, copied
from banyan.pipeline.pace.parts import watching
from banyan.pipeline.pace.rates import Rate, at_least
from banyan.pipeline.publish import publish, settled
from banyan.pipeline.worker import Worker

EVENTS = 100_000
GROUP = 10_000
IMPORTED = 50_000
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


def postings(folder: Path, *, events: int = EVENTS, now: datetime) -> Rate:
    """The worker over the benchmark's log, beside COPY of the rows it writes.

    Wants an empty installation without a worker, and leaves the log decided. `now` is behind the
    log's end (2027). Files lie in `folder`.
    """
    row = publish("bench", benchmark_program(events), starts_at=None, now=now)
    assert settled(row.program, row.number, timeout_s=30).status == "published"
    file = folder / "log.jsonl"
    eventlog.write(benchmark_log(events).frames(), file)
    good = list(_accepted(file, now))
    for start in range(0, len(good), GROUP):
        append(good[start : start + GROUP])
    worker = Worker()
    with watching() as spent:
        while worker.advance():
            pass
    rows, copy_s = all_copied(TABLES)
    events_per_s, rows_per_s = len(good) / spent.seconds, rows / spent.seconds
    copied_per_s = rows / copy_s
    return Rate(
        name="log → postings",
        figure=rows_per_s,
        unit="rows/s",
        told=f"{events_per_s:,.0f} events/s, {rows_per_s:,.0f} rows/s",
        limit=copied_per_s,
        limit_name=f"COPY of the rows it writes: {copied_per_s:,.0f} rows/s",
        bounds=[
            at_least(rows_per_s / copied_per_s, 0.15, "15 %"),
            at_least(events_per_s, 10_000, "10,000 events/s"),
        ],
        why=spent.sentence(len(good), "an event"),
    )


def _accepted(file: Path, now: datetime) -> Iterator[Incoming]:
    with file.open("rb") as lines:
        for line in lines:
            read = accept(line, now=now, source="bench", role="secret")
            assert isinstance(read, Incoming), read
            yield read


def imports(folder: Path, form: str, *, rows: int = IMPORTED, now: datetime) -> Rate:
    """A file of orders into the log, beside COPY of the same rows; `form` is `jsonl` or `csv`."""
    file = folder / f"orders.{form}"
    _write_orders(file, form, rows)
    before = log.head()
    with watching() as spent:
        done = run_import(
            [str(file)],
            Order(),
            now=now,
            reading=Reading(),
            report=folder / "report.csv",
            dry_run=False,
            progress=lambda *_: None,
        )
    assert (done.new.total(), done.refused) == (rows, 0), done
    copied_rows, copy_s = copied("events_event", f"position > {before}")
    per_s, copied_per_s = rows / spent.seconds, copied_rows / copy_s
    return Rate(
        name=f"import {'JSON Lines' if form == 'jsonl' else 'CSV'}",
        figure=per_s,
        unit="rows/s",
        told=f"{per_s:,.0f} rows/s",
        limit=copied_per_s,
        limit_name=f"COPY of the same rows: {copied_per_s:,.0f}/s",
        bounds=[],
        why=spent.sentence(rows, "a row"),
    )


def _write_orders(file: Path, form: str, rows: int) -> None:
    """Orders as a shop would hand them over, with ids of their own in each form."""
    orders = pl.select(n=pl.int_range(rows)).select(
        messageId=pl.format("{}-{}", pl.lit(form), "n"),
        type=pl.lit("track"),
        event=pl.lit("Order Completed"),
        userId=pl.format("buyer-{}", pl.col("n") % 5_000),
        timestamp=pl.lit("2026-02-01T00:00:00Z"),
        order_id=pl.format("{}-order-{}", pl.lit(form), "n"),
        total=(pl.col("n") % 20_000 / 100).round(2),
    )
    inside = {"order_id": "properties.order_id", "total": "properties.total"}
    if form == "csv":
        orders.with_columns(pl.lit("USD").alias("properties.currency")).rename(inside).write_csv(
            file
        )
        return
    with file.open("w", encoding="utf-8") as lines:
        for row in orders.iter_rows(named=True):
            properties = {name: row.pop(name) for name in inside} | {"currency": "USD"}
            lines.write(json.dumps({**row, "properties": properties}) + "\n")
