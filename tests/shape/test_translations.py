"""Every text of a page or message is there in Chinese; no translation of an old text is left."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.extract import extract
from babel.messages.mofile import read_mo
from django.utils.translation.template import templatize

from banyan.site.catalogue import merged, sources
from tests.shape.repository import ROOT

_WORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "npgettext": ((1, "c"), 2, 3),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
}
_FIELD = re.compile(r"%\((\w+)\)[sd]|\{(\w+)\}")


def said() -> dict[str, str]:
    """Every text that is given to gettext, and a file that says it."""
    found: dict[str, str] = {}
    for file in sorted((ROOT / "banyan").rglob("*")):
        for text in texts(file):
            found[text] = str(file.relative_to(ROOT))
    return found


def said_by_unfold() -> set[str]:
    """The texts of the console's look, which ships no Chinese, but for those that Django has."""
    of_django = {
        first(message)
        for file in Path(str(files("django"))).rglob("locale/zh_Hans/LC_MESSAGES/django.mo")
        for message in read_mo(io.BytesIO(file.read_bytes()))
    }
    own = Path(str(files("unfold")))
    found = {
        text
        for file in own.rglob("*")
        if "contrib" not in file.relative_to(own).parts
        for text in texts(file)
    }
    return found - of_django


def texts(file: Path) -> Iterator[str]:
    """The texts of one file; of those with a plural form the one for one."""
    source = file.read_text() if file.suffix in (".py", ".html", ".txt") else ""
    if file.suffix in (".html", ".txt"):
        # Python code but for what stands before each line.
        lines = templatize(source, origin=str(file)).splitlines()
        source = "\n".join(line.strip() for line in lines)
    elif "django.utils.translation" not in source:
        return
    for _, text, _, _ in extract("python", io.BytesIO(source.encode()), keywords=_WORDS):
        yield text if isinstance(text, str) else text[0]


def first(message: Message) -> str:
    """Of a text with plural forms the one for one."""
    return message.id if isinstance(message.id, str) else message.id[0]


def chinese(message: Message) -> list[str]:
    """Its forms in Chinese."""
    return [message.string] if isinstance(message.string, str) else list(message.string)


def test_every_text_has_its_chinese_and_no_translation_is_left_over() -> None:
    there = {first(message) for message in merged(sources()) if message.id}
    texts_said = said()
    unfold = said_by_unfold()
    assert {text: file for text, file in texts_said.items() if text not in there} == {}
    assert unfold - there == set()
    assert there - texts_said.keys() - unfold == set()


def test_translations_are_not_empty_and_keep_the_fields() -> None:
    for message in merged(sources()):
        if not message.id:
            continue
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        fields = {name for text in ids for name in _FIELD.findall(text)}
        for text in chinese(message):
            assert text.strip(), message.id
            # A form for one may spell the number out; Chinese has one form for all.
            assert set(_FIELD.findall(text)) == fields, message.id


def test_chinese_is_written_with_chinese_punctuation() -> None:
    han = r"[\u4e00-\u9fff]"
    wrong = [
        text
        for message in merged(sources())
        if message.id
        for text in chinese(message)
        if re.search(rf"{han}[,;:?!]|{han}\.(?:\s|$)|\.\.\.", text)
    ]
    assert wrong == []
