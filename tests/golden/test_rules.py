"""The public rules of some shipped programs, word for word.

A page that changes is a promise that changes: read the difference, then write the new page with
`banyan explain programs/NAME.yaml --lang LANG > tests/golden/rules/NAME.LANG.md`.
"""

from pathlib import Path

import pytest

from banyan.engine.language.explain import LANGUAGES, rules_page
from banyan.engine.language.program import Program

HERE = Path(__file__).parent
PROGRAMS = HERE.parents[1] / "programs"
NAMES = ("b2b", "idea-contest", "idea-seasonal", "meundies")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_the_rules_of(name: str, lang: str) -> None:
    program = Program.load(PROGRAMS / f"{name}.yaml")
    agreed = (HERE / "rules" / f"{name}.{lang}.md").read_text("utf-8")
    assert rules_page(program, lang=lang, format="md") == agreed


def test_no_page_is_left_over() -> None:
    pages = {path.name for path in (HERE / "rules").iterdir()}
    assert pages == {f"{name}.{lang}.md" for name in NAMES for lang in LANGUAGES}
