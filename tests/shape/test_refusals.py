"""Every sentence by which a page can refuse something is there in Chinese; none is left over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from babel.messages.pofile import read_po
from pydantic import BaseModel

from banyan.engine.language import amounts, terms
from banyan.kernel.sentences import CATALOGUE, patterns
from banyan.site.catalogue import merged, sources
from tests.shape.refusals import Said, bare_problems, problems, said
from tests.shape.repository import ROOT

NO_PAGE = (
    # Callers of the API, the command line and the edge read English.
    "doors/api/",
    "doors/cli/",
    "doors/edge/",
    # The widget's script writes them to the browser's console, for whoever builds it in.
    "doors/portal/enrolment.py",
    "doors/portal/widget.py",
    # What stops a process or a command, and never a page.
    "site/",
    "engine/keys.py",
    "growth/planning/eventlog.py",
    "growth/planning/journey.py",
    "growth/planning/settings.py",
    "kernel/sealing.py",
    "pipeline/backup/",
    "pipeline/files.py",
    "pipeline/pace/",
    "pipeline/runs.py",
    "pipeline/sample.py",
    "pipeline/shards.py",
    "pipeline/spark.py",
    "pipeline/tables.py",
    # Talk with providers: their answers are shown as they came.
    "growth/journeys/channels/",
    "growth/journeys/providers.py",
    "growth/journeys/receipts.py",
    "growth/payouts/providers.py",
    "growth/payouts/stripe.py",
    "trust/access/idempotency.py",
)

BANYAN = ROOT / "banyan"


@pytest.fixture(scope="module")
def code() -> dict[str, Said]:
    """What each file that pages can reach says when it refuses."""
    names = problems(BANYAN)
    found = {}
    for file in sorted(BANYAN.rglob("*.py")):
        path = str(file.relative_to(BANYAN))
        if not path.startswith(NO_PAGE):
            finds = path.startswith("engine/language/") and "/explain/" not in path
            found[path] = said(file, names, finds=finds)
    return found


class Entry(NamedTuple):
    """A sentence of a catalogue; `is_word`: one for a gap, which the code need not say."""

    file: Path
    english: str
    chinese: str
    is_word: bool


def catalogues() -> Iterator[Entry]:
    for file in sorted(BANYAN.rglob(f"locale/zh_Hans/LC_MESSAGES/{CATALOGUE}")):
        with file.open("rb") as content:
            for message in read_po(content, locale="zh_Hans", abort_invalid=True):
                if message.id:
                    yield Entry(
                        file, str(message.id), str(message.string), message.context is not None
                    )


def test_pages_can_say_every_refusal_in_chinese(code: dict[str, Said]) -> None:
    known = {one.english for one in catalogues()}
    lacking = {
        f"{path}:{line}": text
        for path, of in code.items()
        for text, line in (of.sentences | of.words).items()
        if text not in known
    }
    assert lacking == {}


def test_no_refusal_is_kept_that_nobody_says(code: dict[str, Said]) -> None:
    spoken = {text for of in code.values() for text in of.sentences | of.words}
    entries = list(catalogues())
    assert {one.english for one in entries if not one.is_word} - spoken == set()
    # The words of the gaps are no sentence of the code.
    assert {one.english for one in entries if one.is_word} & spoken == set()


def test_a_sentence_is_said_in_chinese_in_one_way_only() -> None:
    pages = {message.id: message.string for message in merged(sources()) if message.id}
    seen: dict[str, str] = {}
    for one in catalogues():
        assert one.english not in seen, one
        seen[one.english] = one.chinese
    sentences = {text for text in seen if " " in text and "{" not in text}
    assert {text for text in sentences & pages.keys() if pages[text] != seen[text]} == set()


def test_the_chinese_keeps_what_varies_and_is_written_with_its_own_marks() -> None:
    for one in catalogues():
        english = set(re.findall(r"(?<!\{)\{(\d+)\}", one.english))
        chinese = set(re.findall(r"(?<!\{)\{(\d+)(?::(?:told|list|names|clauses))?\}", one.chinese))
        assert one.chinese.strip(), one
        # What the English says twice, or in other words, need not be said twice.
        assert chinese <= english, one
        assert not re.search(r"[\u4e00-\u9fff][,;:?!]|[\u4e00-\u9fff]\.(?:\s|$)", one.chinese)


def test_what_a_key_is_for_is_known_in_chinese() -> None:
    """`amount is missing: how much …` tells what the model says of the key."""
    known = {pattern.english for pattern in patterns()}
    purposes = set()
    for module in (amounts, terms):
        for model in vars(module).values():
            if isinstance(model, type) and issubclass(model, BaseModel):
                for field in model.model_fields.values():
                    if field.is_required() and field.description:
                        text = field.description.rstrip(".")
                        is_name = text[1:2].isupper()
                        purposes.add(text if is_name else text[0].lower() + text[1:])
    assert purposes - known == set()
    assert len(purposes) > 20


def test_no_page_shows_a_problem_but_in_the_language_of_its_reader() -> None:
    """`refusal(problem)` alone; the sentence as it is goes to a log or on to another problem."""
    bare = [
        f"{file.relative_to(BANYAN)}:{line}"
        for room in ("console", "portal")
        for file in sorted((BANYAN / "doors" / room).rglob("*.py"))
        if not str(file.relative_to(BANYAN)).startswith(NO_PAGE)
        for line in bare_problems(file)
    ]
    assert bare == []
