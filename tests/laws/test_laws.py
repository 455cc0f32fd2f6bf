"""The laws of the language, and the engine against the oracle, over generated programs and logs.

Law 1 (batches), 2 (duplicates), 5 (books), 6 (prefixes), and equality with a per-event model that
shares no code with the engine. Law 3 (shards) is tested where Spark is, law 4 (replay of the live
ledger) where there is one.
"""

import json
from collections import defaultdict
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.laws.engine import NAMES, Tables, decided, is_accepted
from tests.laws.law import Files, hold, law
from tests.laws.strategies import SEEDS, logs, programs, untils
from tests.oracle.model import run
from tests.oracle.terms import minor_digits


@law
@given(st.data())
def test_the_engine_decides_as_the_oracle(data: st.DataObject) -> None:
    files, lines, until = _case(data)

    def check(files: Files, lines: list[bytes]) -> None:
        expected = run(files, lines, until=until, seeds=SEEDS)
        _assert_same(decided(files, lines, until=until), _without_sentences(expected))

    hold(check, files, lines)


@law
@given(st.data())
def test_any_cutting_into_batches_gives_the_same(data: st.DataObject) -> None:
    files, lines, until = _case(data)
    seed = data.draw(st.integers(0, 2**16))

    def check(files: Files, lines: list[bytes]) -> None:
        whole = decided(files, lines, until=until)
        _assert_same(decided(files, lines, until=until, cuts=_cuts(seed, lines)), whole)

    hold(check, files, lines)


@law
@given(st.data())
def test_a_duplicate_changes_nothing_but_takes_a_position(data: st.DataObject) -> None:
    files, lines, _ = _case(data)
    lines = [_with_message_id(line, number) for number, line in enumerate(lines)]
    place = data.draw(st.integers(0, max(len(lines) - 1, 0)))

    def check(files: Files, lines: list[bytes]) -> None:
        known = decided(files, lines)
        bad = {row["position"] for row in known["rejects"]}
        used = [line for line in lines if line.strip()]
        again = [line for at, line in enumerate(used, 1) if at not in bad][place : place + 1]
        _assert_same(decided(files, [*lines, *again]), known)

    hold(check, files, lines)


@law
@given(st.data())
def test_what_stands_up_to_a_position_depends_on_events_up_to_it_alone(data: st.DataObject) -> None:
    files, lines, _ = _case(data)
    cut = data.draw(st.integers(0, len(lines)))

    def check(files: Files, lines: list[bytes]) -> None:
        lines = [line for line in lines if line.strip()]
        whole, prefix = decided(files, lines), decided(files, lines[:cut])
        for name in NAMES:
            column = "join_position" if name in ("referrals", "touches_lost") else "position"
            expected = [row for row in whole[name] if row[column] <= cut]
            assert prefix[name] == expected, name

    hold(check, files, lines)


@law
@given(st.data())
def test_the_books_balance_and_nothing_is_taken_back_twice(data: st.DataObject) -> None:
    files, lines, until = _case(data)

    def check(files: Files, lines: list[bytes]) -> None:
        tables = decided(files, lines, until=until)
        _assert_balanced(tables)
        _assert_taken_back_once(tables)
        _assert_caps_kept(files, tables)

    hold(check, files, lines)


def test_a_failing_case_is_printed_as_files() -> None:
    """What a law prints when it fails can be pasted into two files and replayed."""

    def check(files: Files, lines: list[bytes]) -> None:
        assert b"needed" not in lines

    program = {"program": "p", "version": 1, "milestones": {}, "rewards": {}}
    with pytest.raises(AssertionError) as failed:
        hold(check, [program], [b"other", b"needed", b"more"])
    assert "program: p" in str(failed.value)
    assert "needed" in str(failed.value)
    assert "other" not in str(failed.value)


def _assert_same(actual: Tables, expected: Tables) -> None:
    for name in NAMES:
        assert actual[name] == expected[name], name


def _case(data: st.DataObject) -> tuple[Files, list[bytes], str | None]:
    files = data.draw(programs(), label="programs")
    # What could outgrow the engine's numbers is refused when a program is read.
    assume(all(is_accepted(file) for file in files))
    lines = data.draw(logs(files), label="log")
    return files, lines, data.draw(untils(lines), label="until")


def _cuts(seed: int, lines: list[bytes]) -> list[int]:
    count = sum(1 for line in lines if line.strip())
    random = Random(seed)
    return sorted(random.sample(range(count + 1), min(count, random.choice([1, 2, 3, 8, 40]))))


def _without_sentences(tables: Tables) -> Tables:
    rejects = [{k: v for k, v in row.items() if k != "sentence"} for row in tables["rejects"]]
    return {**tables, "rejects": rejects}


def _with_message_id(line: bytes, number: int) -> bytes:
    """Lines whose `messageId` would be their position cannot be repeated unchanged."""
    try:
        event = json.loads(line)
    except ValueError:
        return line
    if not isinstance(event, dict):
        return line
    if not isinstance(event.get("messageId"), str) or event["messageId"] == "":
        event["messageId"] = f"given-{number}"
    return json.dumps(event).encode()


def _assert_balanced(tables: Tables) -> None:
    sums: dict[tuple[str, str], int] = defaultdict(int)
    counts: dict[str, int] = defaultdict(int)
    for row in tables["postings"]:
        sums[row["transfer_id"], row["unit"]] += row["amount"]
        counts[row["transfer_id"]] += 1
        assert row["amount"] != 0
    assert set(sums.values()) <= {0}
    assert set(counts.values()) <= {2}


def _assert_taken_back_once(tables: Tables) -> None:
    granted = {row["decision_id"]: row["amount"] for row in tables["decisions"]}
    assert len(granted) == len(tables["decisions"])
    taken: dict[str, int] = defaultdict(int)
    for row in tables["reversals"]:
        assert row["amount"] > 0
        taken[row["decision_id"]] += row["amount"]
    for decision, amount in taken.items():
        assert amount <= granted[decision], decision


def _assert_caps_kept(files: Files, tables: Tables) -> None:
    """Caps for ever, of programs with one version: never above what they allow, at any position."""
    versions: dict[str, int] = defaultdict(int)
    for file in files:
        versions[file["program"]] += 1
    for file in files:
        if versions[file["program"]] > 1:
            continue
        for name, reward in file["rewards"].items():
            for cap in reward.get("caps", []):
                if "period" not in cap:
                    _assert_cap_kept(file, name, cap, tables)


def _assert_cap_kept(
    file: dict[str, Any], reward: str, cap: dict[str, Any], tables: Tables
) -> None:
    ours = {
        row["decision_id"]: row
        for row in tables["decisions"]
        if row["program"] == file["program"] and row["reward"] == reward and row["amount"]
    }
    money = file["rewards"][reward]["give"] in ("cash", "credit")
    scale = 10 ** minor_digits(file["currency"]) if money else 1
    changes = [(row["position"], 0, row["decision_id"], row["amount"]) for row in ours.values()]
    changes += [
        (row["position"], 1, row["decision_id"], -row["amount"])
        for row in tables["reversals"]
        if row["decision_id"] in ours
    ]
    used: dict[Any, int] = defaultdict(int)
    left: dict[str, int] = {}
    for _, _, decision, amount in sorted(changes):
        row = ours[decision]
        subject = None if cap["per"] == "program" else row[cap["per"]]
        left[decision] = left.get(decision, 0) + amount
        if "count" in cap:
            used[subject] += 1 if amount > 0 else -(left[decision] == 0)
            assert used[subject] <= cap["count"]
        else:
            used[subject] += amount
            assert used[subject] <= float(cap["amount"]) * scale
