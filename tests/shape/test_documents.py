"""The documents agree with the tree."""

import re

import pytest

from tests.shape.repository import ROOT, files

PAGES = [path for path in files() if path.suffix == ".md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_inside_the_repository_lead_somewhere(page) -> None:
    links = re.findall(r"\]\((?!\w+:)([^)#\s]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_house_in_the_architecture_is_the_house_that_stands() -> None:
    text = (ROOT / "docs/ARCHITECTURE.md").read_text()
    block = text.split("```")[1]
    drawn, parents = set(), []
    for line in block.splitlines():
        if match := re.match(r"( *)(\w+)/(?: |$)", line):
            depth = len(match[1]) // 2
            parents[depth:] = [match[2]]
            drawn.add("/".join(parents))
    inside = (path.parent.relative_to(ROOT) for path in files() if path.suffix in (".py", ".yaml"))
    folders = {
        str(folder)
        for folder in inside
        if folder.parts[0] in ("banyan", "programs") and folder.name != "migrations"
    }
    assert sorted(part for part in drawn if part.startswith(("banyan", "programs"))) == sorted(
        folders
    )


def test_the_index_lists_every_decision() -> None:
    folder = ROOT / "docs/decisions"
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text())
    assert listed == sorted(path.name for path in folder.glob("[0-9]*.md"))


def test_both_readmes_have_the_same_commands() -> None:
    english, chinese = (
        re.findall(
            r"^(?:make|banyan|from|import) [^#\n]*[^#\s]", (ROOT / name).read_text(), flags=re.M
        )
        for name in ("README.md", "README.zh.md")
    )
    assert english == chinese
