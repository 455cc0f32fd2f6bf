"""The generated cases reach every corner of the language, and the oracle's books balance."""

import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.laws.dice import Dice
from tests.laws.logs import DECIMALS, write_log
from tests.laws.pools import PROPERTIES
from tests.laws.programs import make_programs
from tests.laws.shrinking import as_text, smallest
from tests.laws.strategies import SEEDS, case, logs, programs, untils
from tests.oracle.model import run

Tables = dict[str, list[dict[str, Any]]]
File = dict[str, Any]
CASES = 300

# How many of the cases must show each thing at least once.
OFTEN = {
    "lost: already_referred": 40,
    "lost: self_referral": 40,
    "lost: outside_run": 8,
    "lost: outside_window": 30,
    "lost: advocate_not_eligible": 20,
    "lost: not_new": 30,
    "lost: lost_to_other_touch": 10,
    "reject: bad_json": 15,
    "reject: bad_type": 15,
    "reject: no_event": 15,
    "reject: no_id": 15,
    "reject: bad_timestamp": 15,
    "reject: number_too_large": 15,
    "reject: unknown_code": 60,
    "touch: code": 60,
    "touch: click": 40,
    "touch: invite": 15,
    "touch: with channel and script": 3,
    "granted": 100,
    "granted: cut by cap": 8,
    "granted: cut by limit": 2,
    "held": 15,
    "held: cut": 1,
    "rejected: zero_amount": 40,
    "rejected: cap": 25,
    "rejected: limit": 6,
    "rejected: risk": 20,
    "to: advocate": 50,
    "to: friend": 20,
    "to: upline": 4,
    "to: self": 30,
    "to: charity:trees": 20,
    "form: fixed": 40,
    "form: percent": 40,
    "form: ladder": 15,
    "form: by": 15,
    "form: sql": 15,
    "form: draw": 15,
    "draw: won": 10,
    "draw: lost": 3,
    "by experiment": 2,
    "boosted": 5,
    "second version": 20,
    "two versions decide": 8,
    "two programs": 20,
    "joined": 15,
    "nth above 2": 35,
    "currency JPY": 10,
    "currency KWD": 10,
    "reversal": 40,
    "reversal: partial": 15,
    "reversal: again": 4,
    "reversal: from pending": 4,
    "reversal: from available": 10,
    "reversal: of held": 2,
    "reversal: moves nothing": 15,
    "denial": 5,
    "release": 5,
    "hold ends later": 25,
    "expiry": 25,
    "spend": 25,
    "return": 10,
    "topup": 25,
    "topup expires": 8,
    "topup spent": 8,
    "debt": 3,
}


@cache
def sample() -> list[tuple[list[File], list[bytes], Tables]]:
    """Run the seeded cases once for all tests."""
    cases = [case(seed) for seed in range(CASES)]
    return [(files, lines, run(files, lines, seeds=SEEDS)) for files, lines in cases]


def test_cases_reach_every_corner() -> None:
    found = Counter(thing for each in sample() for thing in set(things(*each)))
    rare = {name: found[name] for name, least in OFTEN.items() if found[name] < least}
    assert rare == {}


def things(files: list[File], lines: list[bytes], tables: Tables) -> Iterator[str]:
    """Name everything of interest in a case."""
    yield from (f"lost: {row['reason']}" for row in tables["touches_lost"])
    yield from (f"reject: {row['code']}" for row in tables["rejects"])
    for row in tables["referrals"]:
        yield f"touch: {row['kind']}"
        if row["channel"] and row["script"]:
            yield "touch: with channel and script"
    for row in tables["decisions"]:
        yield from things_of_decision(row, files)
    versions = {(row["program"], row["version"]) for row in tables["decisions"]}
    if len({program for program, _ in versions}) < len(versions):
        yield "two versions decide"
    if len({program for program, _ in versions}) > 1:
        yield "two programs"
    if tables["decisions"]:
        yield f"currency {files[0]['currency']}"
    yield from things_of_reversals(lines, tables)
    yield from things_of_money(tables)


def things_of_decision(row: dict[str, Any], files: list[File]) -> Iterator[str]:
    outcome, reason = row["outcome"], row["reason"] or ""
    kind = reason.split(":")[0]
    yield outcome
    if outcome == "granted" and kind:
        yield f"granted: cut by {kind}"
    if outcome == "rejected":
        yield f"rejected: {kind}"
    if outcome == "held" and row["amount"] < row["raw_amount"]:
        yield "held: cut"
    yield f"to: {row['to']}"
    if row["version"] == 2:
        yield "second version"
    if row["ordinal"] > 2:
        yield "nth above 2"
    if row["milestone"] == "joined":
        yield "joined"
    reward = reward_of(row, files)
    amount = reward["amount"]
    form = "fixed" if not isinstance(amount, dict) else next(iter(amount))
    yield f"form: {form}"
    if form == "draw":
        yield "draw: lost" if row["raw_amount"] == 0 else "draw: won"
    if form == "by" and amount["by"] == "rate":
        yield "by experiment"
    spans = [(boost["from"], boost["until"]) for boost in reward.get("boosts", ())]
    if any(start <= row["occurred_at"][:10] < until for start, until in spans):
        yield "boosted"


def reward_of(row: dict[str, Any], files: list[File]) -> File:
    for file in files:
        if (file["program"], file["version"]) == (row["program"], row["version"]):
            reward: File = file["rewards"][row["reward"]]
            return reward
    raise KeyError(row["decision_id"])


def things_of_reversals(lines: list[bytes], tables: Tables) -> Iterator[str]:
    decisions = {row["decision_id"]: row for row in tables["decisions"]}
    moved = {row["transfer_id"]: row for row in tables["postings"] if row["amount"] < 0}
    names = dict(enumerate(map(name_of, filter(bytes.strip, lines)), 1))
    seen: Counter[str] = Counter()
    for row in tables["reversals"]:
        name = row["decision_id"]
        seen[name] += 1
        yield "reversal"
        if row["amount"] < decisions[name]["amount"]:
            yield "reversal: partial"
        if seen[name] > 1:
            yield "reversal: again"
        posting = moved.get(f"{name}/reversal/{row['position']}")
        if posting:
            yield f"reversal: from {posting['account'].rpartition(':')[2]}"
        if not posting and f"{name}/grant" in moved:
            yield "reversal: moves nothing"
        if names[row["position"]] == "Decision Denied":
            yield "denial"
        elif decisions[name]["outcome"] == "held" and not posting:
            yield "reversal: of held"


def name_of(line: bytes) -> str | None:
    """Read the event's name of a line that can be read."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event.get("event") if isinstance(event, dict) else None


def things_of_money(tables: Tables) -> Iterator[str]:
    decisions = {row["decision_id"]: row for row in tables["decisions"]}
    balances: Counter[tuple[str, str]] = Counter()
    topped: Counter[tuple[str, str]] = Counter()
    for row in tables["postings"]:
        owner, _, kind = row["transfer_id"].rpartition("/")
        if kind == "grant" and decisions[owner]["outcome"] == "held":
            yield "release"
        if kind == "available" and row["position"] > decisions[owner]["position"]:
            yield "hold ends later"
        if kind == "expiry":
            yield "topup expires" if owner.startswith("topup/") else "expiry"
        if owner in ("spend", "return", "topup"):
            yield owner
        if owner == "spend" and topped[row["account"], row["unit"]]:
            yield "topup spent"
        if owner == "topup":
            topped[row["account"], row["unit"]] += 1
        balances[row["account"], row["unit"]] += row["amount"]
        if row["account"].startswith("wallet:") and balances[row["account"], row["unit"]] < 0:
            yield "debt"


# The books of the oracle itself


def test_every_transfer_and_unit_balances() -> None:
    for _, _, tables in sample():
        sums: Counter[tuple[str, str]] = Counter()
        for row in tables["postings"]:
            sums[row["transfer_id"], row["unit"]] += row["amount"]
        assert set(sums.values()) <= {0}


def test_nothing_is_taken_back_that_was_not_granted() -> None:
    for _, _, tables in sample():
        left = {row["decision_id"]: row["amount"] for row in tables["decisions"]}
        for row in tables["reversals"]:
            assert row["amount"] > 0
            left[row["decision_id"]] -= row["amount"]
        assert min(left.values(), default=0) >= 0


def test_nothing_pends_below_zero_and_only_reversals_and_expiries_make_debts() -> None:
    for _, _, tables in sample():
        balances: Counter[tuple[str, str]] = Counter()
        for row in tables["postings"]:
            balances[row["account"], row["unit"]] += row["amount"]
            is_below = balances[row["account"], row["unit"]] < 0
            is_wallet = row["account"].startswith(("wallet:", "charity:"))
            if is_below and is_wallet and row["amount"] < 0:
                assert row["account"].endswith(":available")
                assert "/reversal/" in row["transfer_id"] or "/expiry" in row["transfer_id"]


def test_no_cap_of_a_program_is_ever_exceeded() -> None:
    """Amount caps for ever over a whole program of one version, at every position."""
    checked = 0
    for files, _, tables in sample():
        for file in files:
            for name, reward in file["rewards"].items():
                for cap in reward.get("caps", ()):
                    is_simple = cap["per"] == "program" and "period" not in cap
                    if is_simple and "amount" in cap and "runs" not in file:
                        decimals = DECIMALS[file["currency"]]
                        scale = 10**decimals if reward["give"] in ("cash", "credit") else 1
                        most = max(used_over_time(f"{file['program']}/{name}/", tables), default=0)
                        assert most <= cap["amount"] * scale
                        checked += 1
    assert checked > 5


def used_over_time(prefix: str, tables: Tables) -> Iterator[int]:
    """What a reward has granted less what was taken back, after every change."""
    changes = [(row["position"], 0, row["amount"], row) for row in tables["decisions"]]
    changes += [(row["position"], 1, -row["amount"], row) for row in tables["reversals"]]
    used = 0
    for _, _, amount, row in sorted(changes, key=lambda change: change[:2]):
        if row["decision_id"].startswith(prefix):
            used += amount
            yield used


def test_rows_depend_on_what_stands_below_alone() -> None:
    for files, lines, tables in sample()[:40]:
        half = len(lines) // 2
        positions = sum(bool(line.strip()) for line in lines[:half])
        early = run(files, lines[:half], seeds=SEEDS)
        for name, rows in tables.items():
            key = {"referrals": "join_position", "touches_lost": "join_position"}.get(
                name, "position"
            )
            assert early[name] == [row for row in rows if row[key] <= positions]


def test_a_case_is_the_same_every_time() -> None:
    assert case(7) == case(7)
    assert case(7) != case(8)


# Hypothesis


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_strategies_make_cases_that_run(data: st.DataObject) -> None:
    files = data.draw(programs())
    lines = data.draw(logs(files))
    tables = run(files, lines, seeds=SEEDS, until=data.draw(untils(lines)))
    assert set(tables) == {
        "referrals", "touches_lost", "decisions", "reversals", "postings", "rejects",
    }  # fmt: skip


def test_the_simplest_choices_make_the_simplest_case() -> None:
    """Hypothesis shrinks towards what empty dice choose."""
    nothing = Dice(b"")
    (file,) = make_programs(lambda size: nothing)
    assert file == {
        "program": "maple",
        "currency": "USD",
        "version": 1,
        "title": {"en": "maple"},
        "timezone": "UTC",
        "properties": PROPERTIES,
        "attribution": {},
        "milestones": {"bought": {"on": "Order Completed"}},
        "rewards": {"r1": {"to": "advocate", "on": "bought", "give": "cash", "amount": 10}},
    }
    (line,) = write_log([file], nothing, [nothing])
    assert json.loads(line)["event"] == "Order Completed"


def test_a_failure_shrinks_to_what_it_needs() -> None:
    """A held decision that a refund cuts: somebody is touched, orders, and gets something back."""

    def fails(files: list[File], lines: list[bytes]) -> bool:
        tables = run(files, lines, seeds=SEEDS)
        return "reversal: of held" in things_of_reversals(lines, tables)

    files, lines = next(each[:2] for each in sample() if fails(each[0], each[1]))
    assert len(lines) > 15
    files, lines = smallest(files, lines, fails)
    (file,) = files
    assert len(lines) <= 4
    assert len(file["rewards"]) == len(file.get("risk", ()) or file["stops"]) == 1
    assert "runs" not in file
    assert as_text(files, lines).startswith("program: ")
