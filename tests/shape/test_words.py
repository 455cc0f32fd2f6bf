"""The repository speaks of the product alone, not of the place where it was written."""

import re

import pytest

from tests.shape.repository import texts

# Put together from halves, or this file would be the first to break its own rule.
UNWANTED = {
    "a folder beside the clone": r"\.\./" + "shared",
    "a machine's path": r"(?<![\w.~/-])/(?:" + "work|farm|home|root|Users" + r")/\w",
    "a tool's folder": r"\." + "library/",
    "whoever wrote it": r"(?i)\b(?:sub-?|coding )" + r"agents?\b|\bL" + r"LMs?\b|chat" + "bot",
    "a sitting": r"(?i)\b(?:this|last|next|previous|earlier|later) " + r"session\b",
    "work left open": r"\b(?:" + "TO" + "DO|FIX" + r"ME)\b",
}
# Continuous integration alone may know where data that is not ours to ship lies.
ALLOWED = {(".ci/run", "a folder beside the clone")}


@pytest.mark.parametrize("name", UNWANTED)
def test_no_file_names(name: str) -> None:
    pattern = re.compile(UNWANTED[name])
    found = [
        f"{path}:{text.count(chr(10), 0, hit.start()) + 1}: {hit.group()}"
        for path, text in texts().items()
        if (path, name) not in ALLOWED
        for hit in pattern.finditer(text)
    ]
    assert found == []


def test_the_patterns_find_what_they_are_for() -> None:
    examples = {
        "a folder beside the clone": "see .." + "/shared/data",
        "a machine's path": "cd " + "/work" + "/main",
        "a tool's folder": "." + "library/env",
        "whoever wrote it": "asked a sub" + "agent",
        "a sitting": "left for the next " + "session",
        "work left open": "TO" + "DO: later",
    }
    missed = [name for name, text in examples.items() if not re.search(UNWANTED[name], text)]
    assert missed == []
    assert not re.search(UNWANTED["a machine's path"], "https://example.com/work/main")


def test_every_text_file_ends_its_last_line() -> None:
    assert [path for path, text in texts().items() if text and not text.endswith("\n")] == []
