"""Scenarios: events in words, and the decisions and books they must give, word for word.

Whoever changes what a scenario gives reads the difference first; `BANYAN_GOLDEN=write` then writes
the new text into the files (and fails wherever it did, so that no check passes by it).
"""

import os
from difflib import unified_diff
from pathlib import Path

import pytest

from tests.golden.scenario import outcome_of, read_scenario

HERE = Path(__file__).parent
SCENARIOS = sorted((HERE / "scenarios").glob("*.txt"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenario(path: Path) -> None:
    scenario = read_scenario(path.read_text("utf-8"))
    found = outcome_of(scenario)
    if found == scenario.expected:
        return
    if os.environ.get("BANYAN_GOLDEN") == "write":
        path.write_text(f"{scenario.given}\n\n{found}\n", "utf-8")
        pytest.fail(f"wrote {path.name}: read the difference before you keep it")
    pytest.fail(difference(scenario.expected, found, path.name), pytrace=False)


def difference(expected: str, found: str, name: str) -> str:
    lines = unified_diff(
        expected.splitlines(), found.splitlines(), f"{name} as agreed", "found now", lineterm=""
    )
    return "\n".join(lines)
