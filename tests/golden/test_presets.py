"""The shipped programs: whole, sound, in both languages, and all in the guide."""

import re
from pathlib import Path

import pytest

from banyan.engine.language import Program, lint
from banyan.engine.language.explain import LANGUAGES, rules_page

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "programs").glob("*.yaml"), key=lambda path: path.stem)
GUIDES = ("presets.md", "presets.zh.md")

NAMED = (
    "dropbox acorns stitch-fix t-mobile glossier healthy-paws meundies google-workspace "
    "tesla-solar doordash uber airbnb"
).split()
IDEAS = (
    "contest social-gifting fundraiser loyalty-tiers seasonal exclusive-event referrer-discount "
    "upgrade charity mystery-gift"
).split()
OTHERS = (
    "recommend-and-get count-ladder b2b value-tiers b2b-software loyalty-points deep-chain-honour"
).split()


def test_the_shipped_programs_are_these() -> None:
    assert [path.stem for path in FILES] == sorted(
        [*NAMED, *(f"idea-{idea}" for idea in IDEAS), *OTHERS]
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_program_is_sound(path: Path) -> None:
    program = Program.load(path)
    assert program.program == path.stem
    assert program.version == 1
    findings = lint(program)
    assert [str(one) for one in findings if one.severity == "error"] == []
    # A warning that belongs to the idea is explained where it stands.
    explained = path.read_text("utf-8").count("# The lint warns")
    assert len(findings) == explained, [str(one) for one in findings]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_editors_find_the_schema_of_a_shipped_program(path: Path) -> None:
    first = path.read_text("utf-8").splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (path.parent / first.partition("=")[2]).resolve().is_file()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_program_speaks_both_languages(path: Path) -> None:
    program = Program.load(path)
    for words in (program.title, program.advice):
        assert words is not None
        assert words.en
        assert words.zh_hans
        assert re.search(r"[\u4e00-\u9fff]", words.zh_hans)
        assert not re.search(r"[\u4e00-\u9fff][,;:?!()]", words.zh_hans)
    tips = [text.strip().splitlines() for text in (program.advice.en, program.advice.zh_hans)]
    assert len(tips[0]) == len(tips[1]) >= 2


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_rules_of_a_shipped_program_can_be_told(path: Path) -> None:
    program = Program.load(path)
    for lang in LANGUAGES:
        assert rules_page(program, lang=lang, format="md").startswith("# ")
        assert rules_page(program, lang=lang, format="html").startswith("<!doctype html>")


@pytest.mark.parametrize("guide", GUIDES)
def test_the_guide_lists_every_program_once(guide: str) -> None:
    text = (ROOT / "docs/guide" / guide).read_text("utf-8")
    rows = re.findall(r"^\| \[([\w-]+)\]\(\.\./\.\./programs/([\w-]+)\.yaml\)", text, flags=re.M)
    assert sorted(rows) == [(path.stem, path.stem) for path in FILES]


def test_both_guides_name_the_same_programs_for_each_mechanism() -> None:
    english, chinese = ((ROOT / "docs/guide" / guide).read_text("utf-8") for guide in GUIDES)
    names = {path.stem for path in FILES}
    rows = []
    for text, mark in ((english, ", "), (chinese, "、")):
        block = text.rsplit("|---|---|\n", 1)[1]
        rows.append([line.strip("| ").split(" | ")[1].split(mark) for line in block.splitlines()])
    assert rows[0] == rows[1]
    assert {name for row in rows[0] for name in row} <= names
