"""Every sentence of the commands has its Chinese, and no Chinese is left over."""

import re
from importlib.resources import files
from string import Formatter

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from banyan.doors.cli.voice import CommandVoice
from banyan.engine.language.explain import safe
from banyan.engine.language.explain.voice import Voice

FOLDER = files("banyan.doors.cli")
# The functions through which everything that is said must go.
SAID_BY = {"say": None, "say_many": (1, 2)}


def _said() -> set[str]:
    found = extract_from_dir(str(FOLDER), [("**.py", "python")], keywords=SAID_BY)
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


def _catalogue() -> dict[str, str]:
    with (FOLDER / "locale/zh_Hans/LC_MESSAGES/commands.po").open("rb") as file:
        messages = [m for m in read_po(file, locale="zh_Hans", abort_invalid=True) if m.id]
    assert not any(message.fuzzy for message in messages)
    return {message.id: message.string for message in messages}


CHINESE = _catalogue()


def test_every_sentence_is_translated_and_nothing_else_is() -> None:
    assert _said() == set(CHINESE)


@pytest.mark.parametrize("english", CHINESE)
def test_a_translation_fills_the_same_gaps_and_is_chinese(english: str) -> None:
    def names(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text)}

    chinese = CHINESE[english]
    bare = re.sub(r"\{\w+\}", "", chinese)
    assert names(chinese) - {None} == names(english) - {None}
    assert re.search(r"[\u4e00-\u9fff]", bare)
    # Half-width marks and letters without a space between Chinese are slips of the keyboard.
    assert not re.search(r"[\u4e00-\u9fff][,;:?!()]|[,;:?!()][\u4e00-\u9fff]", bare)
    assert not re.search(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]", bare)


def test_a_sentence_of_the_rules_is_said_as_there() -> None:
    assert CommandVoice("zh-hans").say("The data") == "数据"
    rules, commands = Voice("zh-hans", safe.plain), CommandVoice("zh-hans")
    for sentence in ("It does not expire.", "What is granted"):
        assert commands.say(sentence) == rules.say(sentence)


def test_a_command_changes_no_sentence_of_the_rules() -> None:
    rules = Voice("zh-hans", safe.plain)
    for english, chinese in CHINESE.items():
        try:
            said = rules.say(english)
        except KeyError:
            continue
        assert said == chinese
