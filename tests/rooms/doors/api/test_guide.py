"""The guide's tables are the door's."""

import re
from pathlib import Path

import pytest

from banyan.doors.api.codes import CODES
from banyan.trust.access.scopes import SCOPES
from tests.rooms.doors.api.described import operations

GUIDE = Path("docs/guide")


@pytest.mark.parametrize("page", ["api.md", "api.zh.md"])
def test_the_guide_lists_every_code_scope_and_operation(page: str) -> None:
    text = (GUIDE / page).read_text()
    codes = re.findall(r"^\| `(\w+)` \| (\d{3}) \| (.+) \|$", text, flags=re.M)
    assert [(code, int(status)) for code, status, _ in codes] == [
        (code, known.status) for code, known in CODES.items()
    ]
    scopes = re.findall(r"^\| `(\w+:\w+)` \| .+ \|$", text, flags=re.M)
    assert scopes == list(SCOPES)
    listed = re.findall(r"^\| `([A-Z]+) (/v1/\S+)` \| .+ \| (?:`([\w:]+)`|–) \|$", text, flags=re.M)
    assert listed == [(one.method, one.path, one.scope or "") for one in operations()]


def test_the_english_guide_uses_the_doors_own_words() -> None:
    text = (GUIDE / "api.md").read_text()
    for code, known in CODES.items():
        assert f"| `{code}` | {known.status} | {known.title} |" in text
    for scope, words in SCOPES.items():
        assert f"| `{scope}` | {words} |" in text
    for operation in operations():
        assert f"` | {operation.details['summary']} |" in text
