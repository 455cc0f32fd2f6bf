"""Everything that generated programs and logs lead to can be said, and what an explanation says of
a cap is what the oracle decided by."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from banyan.engine.language import ProgramError
from banyan.engine.language.explain import (
    LANGUAGES,
    explain_decision,
    explain_lost,
    explain_reject,
    rules_page,
)
from banyan.engine.language.explain.allowance import Allowance, allowance
from banyan.engine.language.program import Cap, Program
from tests.laws.strategies import SEEDS, case
from tests.oracle.model import run

CASES = 120
TIMES = ("touched_at", "started_at", "occurred_at", "available_at", "expires_at")
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")

Row = dict[str, Any]
Programs = dict[tuple[str, int], Program]


def test_everything_that_happens_can_be_said() -> None:
    seen: Counter[str] = Counter()
    for programs, tables in cases():
        for program in programs.values():
            for lang in LANGUAGES:
                assert rules_page(program, lang=lang, format="md")
        for number, row in enumerate(tables["decisions"]):
            for lang in LANGUAGES:
                text = explained(programs, tables, number, lang)
                assert "\n" not in text
            seen[f"{row['outcome']} {(row['reason'] or '').partition(':')[0]}"] += 1
        for lang in LANGUAGES:
            for row in tables["touches_lost"]:
                assert explain_lost(row, timezone="UTC", lang=lang)
            for row in tables["rejects"]:
                assert explain_reject(row, lang=lang)
    assert set(seen) == {
        "granted ",
        "granted cap",
        "granted limit",
        "held risk",
        "held stopped",
        "rejected cap",
        "rejected limit",
        "rejected risk",
        "rejected zero_amount",
    }


def test_what_a_cap_is_said_to_have_left_is_what_decided() -> None:
    checked = 0
    for programs, tables in cases():
        for number, row in enumerate(tables["decisions"]):
            for code, cap, room in rooms(programs, tables, number):
                agrees(row, code, cap, room)
                checked += 1
    assert checked > 200


def cases() -> Iterator[tuple[Programs, dict[str, list[Row]]]]:
    """Programs by slug and version, and what the oracle makes of a log under them."""
    for seed in range(CASES):
        files, lines = case(seed)
        try:
            programs = {
                (file["program"], file["version"]): Program.parse(json.dumps(file))
                for file in files
            }
        except ProgramError:
            # The generator knows no bounds of size; the language does.
            continue
        tables = run(files, lines, seeds=SEEDS)
        yield programs, {name: [in_us(row) for row in rows] for name, rows in tables.items()}


def in_us(row: Row) -> Row:
    """The row with its times as microseconds."""
    return row | {
        name: (datetime.fromisoformat(row[name]) - EPOCH) // timedelta(microseconds=1)
        for name in TIMES
        if row.get(name)
    }


def before(tables: dict[str, list[Row]], number: int) -> list[Row]:
    slug = tables["decisions"][number]["program"]
    return [row for row in tables["decisions"][:number] if row["program"] == slug]


def explained(programs: Programs, tables: dict[str, list[Row]], number: int, lang: str) -> str:
    row = tables["decisions"][number]
    referral = next(
        (
            found
            for found in tables["referrals"]
            if (found["program"], found["friend"]) == (row["program"], row["friend"])
        ),
        None,
    )
    return explain_decision(
        programs[row["program"], row["version"]],
        row,
        referral=referral,
        lost=[
            lost
            for lost in tables["touches_lost"]
            if referral is not None
            and lost["program"] == row["program"]
            and lost["join_position"] == referral["join_position"]
        ],
        reversals=tables["reversals"],
        postings=tables["postings"],
        decisions_before=before(tables, number),
        lang=lang,
    )


def rooms(
    programs: Programs, tables: dict[str, list[Row]], number: int
) -> Iterator[tuple[str, Cap, Allowance]]:
    """Each cap that a decision was asked against, with what it is said to have had."""
    row = tables["decisions"][number]
    reason = row["reason"] or ""
    if row["raw_amount"] == 0 or (row["outcome"] == "rejected" and reason.startswith("risk:")):
        return
    program = programs[row["program"], row["version"]]
    caps = [(f"cap:{i}", cap) for i, cap in enumerate(program.rewards[row["reward"]].caps)]
    caps += [
        (f"limit:{i}", limit)
        for i, limit in enumerate(program.limits)
        if program.unit(limit.give) == row["unit"]
    ]
    digits = program.minor_digits if " " in row["unit"] else 0
    for code, cap in caps:
        if cap.amount is not None and cap.amount.scaleb(digits) % 1:
            continue  # between two units
        room = allowance(
            program,
            cap,
            row,
            before=before(tables, number),
            reversals=tables["reversals"],
        )
        if room is not None:
            yield code, cap, room


def agrees(row: Row, code: str, cap: Cap, room: Allowance) -> None:
    """What was granted fits into what was left, and the cap named in the reason was the bound."""
    named = code == row["reason"]
    if cap.count is not None:
        assert room.left >= (1 if row["amount"] else 0)
        assert room.left == 0 or not named
        return
    assert room.left >= row["amount"]
    if named and cap.partial:
        assert room.left == row["amount"]
    if named and not cap.partial:
        assert row["amount"] == 0
        assert room.left < row["raw_amount"]
