"""The settings that the guide explains are those that the code reads; deployments set no other."""

import re

import pytest

from tests.shape.repository import ROOT, texts

NAME = re.compile(r"\b(?:BANYAN_[A-Z_]*[A-Z]|DATABASE_URL)\b")
READ = {
    name
    for path, text in texts().items()
    if path.startswith("banyan/") and path.endswith(".py")
    for name in NAME.findall(text)
}


@pytest.mark.parametrize("page", ["operations.md", "operations.zh.md"])
def test_the_table_of_settings_is_whole(page: str) -> None:
    text = (ROOT / "docs/guide" / page).read_text()
    listed = re.findall(rf"^\| `({NAME.pattern})` \|", text, flags=re.M)
    assert sorted(listed) == sorted(READ)


def test_deployments_set_what_is_read() -> None:
    unknown = {
        (path, name)
        for path, text in texts().items()
        if path.startswith("deploy/")
        for name in NAME.findall(text)
        if name not in READ
    }
    assert unknown == set()
