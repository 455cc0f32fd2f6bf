"""report: what came out of a comparison: kept as JSON, shown, taken along as a file."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import polars as pl
import xlsxwriter

from banyan.engine.compare import Comparison, compare
from banyan.engine.language.program import Program
from banyan.engine.step import Outcomes
from banyan.pipeline.comparing.groups import Groups, left, moved, moved_most
from banyan.pipeline.runs import digits_by_unit

MOST = 200
"""Winners and losers that are kept by name; all are counted."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Report:
    """Tables as rows of plain values; `a` is the running version, `b` the draft.

    Amounts are minor units or counts; `digits` says how many decimals a unit of money has.
    """

    events: int
    referrals: Row
    totals: Sequence[Row]
    pending: Sequence[Row]
    rewards: Sequence[Row]
    reasons: Sequence[Row]
    channels: Sequence[Row]
    burn: Sequence[Row]
    moved: Sequence[Row]
    winners: Sequence[Row]
    losers: Sequence[Row]
    digits: Mapping[str, int]
    segments: Sequence[Row] = ()
    segment_people: Sequence[Row] = ()
    segment_left: Sequence[Row] = ()
    """Of the segments that were chosen; see `groups`."""
    margin: float | None = None
    """By which `segment_left` was reckoned; None: from revenue."""


def report(
    a: Outcomes,
    b: Outcomes,
    *,
    programs: Sequence[Program],
    from_at: datetime,
    until_at: datetime,
    events: int,
    groups: Groups | None = None,
) -> Report:
    """Set both sides beside each other; `events` is how many each of them read."""
    found = compare(a, b)
    people = found.beneficiaries
    gains = people.filter(pl.col("difference") > 0)
    losses = people.filter(pl.col("difference") < 0).reverse()
    begun = pl.col("started_at") >= from_at
    digits = digits_by_unit(programs) | {one.currency: one.minor_digits for one in programs}
    return Report(
        events=events,
        referrals={
            name: side.referrals.filter(begun).height for name, side in (("a", a), ("b", b))
        },
        totals=found.totals.to_dicts(),
        pending=_pending(a, b, until_at).to_dicts(),
        rewards=found.rewards.to_dicts(),
        reasons=found.reasons.to_dicts(),
        channels=_channels(a, b).to_dicts(),
        burn=_days(found),
        moved=_moved(people).to_dicts(),
        winners=gains.head(MOST).to_dicts(),
        losers=losses.head(MOST).to_dicts(),
        digits=digits,
        segments=moved(people, groups) if groups else (),
        segment_people=moved_most(people, groups) if groups else (),
        segment_left=left(a, b, groups) if groups else (),
        margin=groups.margin if groups else None,
    )


def packed(made: Report) -> str:
    """The report as it is kept."""
    return msgspec.json.encode(made).decode()


def unpacked(text: str) -> Report:
    """The report that was kept."""
    return msgspec.json.decode(text, type=Report)


def workbook(made: Report, heading: Sequence[tuple[str, str]]) -> bytes:
    """An Excel file: what was compared, then a sheet for each table. Money is in major units."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(out, options)
    bold = book.add_format({"bold": True})
    first = book.add_worksheet("compared")
    for number, (name, value) in enumerate(heading):
        first.write_string(number, 0, name, bold)
        first.write_string(number, 1, value)
    first.set_column(0, 1, 28)
    for name, rows in tables(made).items():
        sheet = book.add_worksheet(name)
        for column, title in enumerate(rows[0] if rows else ()):
            sheet.write_string(0, column, title, bold)
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row.values()):
                sheet.write(number, column, value)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, 12, 18)
    book.close()
    return out.getvalue()


def as_csv(made: Report, name: str) -> str:
    """One table as CSV; texts that a spreadsheet would take for a formula are quoted with '."""
    rows = tables(made)[name]
    frame = pl.DataFrame(rows) if rows else pl.DataFrame()
    text = pl.selectors.string()
    guarded = pl.when(text.str.contains(r"^[=+\-@\t\r]")).then("'" + text).otherwise(text)
    return frame.with_columns(guarded.name.keep()).write_csv()


def as_markdown(made: Report, heading: Sequence[tuple[str, str]]) -> str:
    """The report to read: the same tables, the longest cut to their first 20 rows."""
    parts = ["\n".join(f"- {name}: {value}" for name, value in heading)]
    for name, rows in tables(made).items():
        parts.append(f"## {name}")
        if not rows:
            parts.append("–")
            continue
        lines = ["| " + " | ".join(rows[0]) + " |", "|" + " --- |" * len(rows[0])]
        lines += ["| " + " | ".join(map(_cell, row.values())) + " |" for row in rows[:20]]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def tables(made: Report) -> dict[str, list[dict[str, Any]]]:
    """Every table by name, money in major units."""
    names = ("totals", "pending", "rewards", "channels", "burn", "moved", "winners", "losers")
    found = {name: [_major(row, made.digits) for row in getattr(made, name)] for name in names}
    found["reasons"] = [dict(row) for row in made.reasons]
    if made.segments:
        for name in ("segments", "segment_people", "segment_left"):
            found[name] = [_major(row, made.digits) for row in getattr(made, name)]
    return found


_COUNTS = ("decisions", "granted", "beneficiaries", "gain", "lose", "same")


def _major(row: Row, digits: Mapping[str, int]) -> dict[str, Any]:
    places = digits.get(str(row.get("unit")), 0)
    return {
        key: value / 10**places
        if places and isinstance(value, int) and not key.startswith(_COUNTS)
        else value
        for key, value in row.items()
    }


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def _pending(a: Outcomes, b: Outcomes, until_at: datetime) -> pl.DataFrame:
    """What is promised and not yet available at the end of the period, and what is held."""
    sides = []
    for name, side in (("a", a), ("b", b)):
        back = side.reversals.group_by("decision_id").agg(back=pl.col("amount").sum())
        rows = side.decisions.join(back, on="decision_id", how="left").with_columns(
            left=pl.col("amount") - pl.col("back").fill_null(0)
        )
        waits = (pl.col("outcome") == "granted") & (pl.col("available_at") >= until_at)
        sides.append(
            rows.group_by("unit").agg(
                pl.col("left").filter(waits).sum().alias(f"pending_{name}"),
                pl.col("left").filter(pl.col("outcome") == "held").sum().alias(f"held_{name}"),
            )
        )
    return _beside(sides, ["unit"])


def _channels(a: Outcomes, b: Outcomes) -> pl.DataFrame:
    """Referrals and what was granted for them, by the channel of the invitation."""
    sides = []
    for name, side in (("a", a), ("b", b)):
        channels = side.referrals.select("friend", pl.col("channel").fill_null(""))
        rows = side.decisions.filter(pl.col("friend").is_not_null()).join(
            channels, on="friend", how="left"
        )
        sides.append(
            rows.with_columns(pl.col("channel").fill_null(""))
            .group_by("channel", "unit")
            .agg(
                pl.len().cast(pl.Int64).alias(f"decisions_{name}"),
                pl.col("amount").sum().alias(f"amount_{name}"),
            )
        )
    return _beside(sides, ["channel", "unit"])


def _beside(sides: Sequence[pl.DataFrame], keys: Sequence[str]) -> pl.DataFrame:
    together = sides[0].join(sides[1], on=keys, how="full", coalesce=True)
    return together.with_columns(pl.selectors.integer().fill_null(0)).sort(keys)


def _days(found: Comparison) -> list[dict[str, Any]]:
    return found.burn.with_columns(pl.col("day").cast(pl.String)).to_dicts()


def _moved(people: pl.DataFrame) -> pl.DataFrame:
    """How many get more, less and the same, by unit."""
    change = pl.col("difference")
    return (
        people.group_by("unit")
        .agg(
            gain=(change > 0).sum().cast(pl.Int64),
            lose=(change < 0).sum().cast(pl.Int64),
            same=(change == 0).sum().cast(pl.Int64),
        )
        .sort("unit")
    )
