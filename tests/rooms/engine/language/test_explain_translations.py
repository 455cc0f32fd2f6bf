"""Every sentence has its Chinese, and no Chinese is left over."""

import re
from decimal import Decimal
from importlib.resources import files
from string import Formatter

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from banyan.engine.language.explain import safe
from banyan.engine.language.explain.voice import Voice

CATALOGUE = "banyan/engine/language/locale/zh_Hans/LC_MESSAGES/rules.po"
# The functions through which everything that is said must go.
SAID_BY = {"say": None, "say_many": (1, 2), "sentence": None}


def said() -> set[str | tuple[str, ...]]:
    """Every sentence in the source, as Babel's extractor finds it."""
    source = str(files("banyan.engine.language.explain"))
    found = extract_from_dir(source, [("**.py", "python")], keywords=SAID_BY)
    return {message for _, _, message, _, _ in found}


def translations() -> dict[str, tuple[str | tuple[str, ...], str]]:
    """Chinese by English, with the English plural forms."""
    with (files("banyan.engine.language") / "locale/zh_Hans/LC_MESSAGES/rules.po").open("rb") as po:
        catalogue = read_po(po, locale="zh_Hans", abort_invalid=True)
    entries = [(m.id, m.string, m.fuzzy) for m in catalogue if m.id]
    assert not any(fuzzy for _, _, fuzzy in entries)
    found: dict[str, tuple[str | tuple[str, ...], str]] = {}
    for english, chinese, _ in entries:
        one = english if isinstance(english, str) else english[0]
        found[one] = (english, chinese if isinstance(chinese, str) else chinese[0])
    return found


CHINESE = translations()


def names_in(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_sentence_is_translated_and_nothing_else_is() -> None:
    firsts = {message if isinstance(message, str) else message[0] for message in said()}
    assert firsts - set(CHINESE) == set()
    assert set(CHINESE) - firsts == set()


def test_sentences_with_plural_forms_are_kept_with_both() -> None:
    plurals = {message for message in said() if isinstance(message, tuple)}
    assert plurals == {english for english, _ in CHINESE.values() if isinstance(english, tuple)}


@pytest.mark.parametrize("english", CHINESE)
def test_a_translation_fills_the_same_gaps_and_is_chinese(english: str) -> None:
    chinese = CHINESE[english][1]
    assert names_in(chinese) == names_in(english)
    bare = re.sub(r"\{\w+\}", "", chinese)
    # Signs alone, such as “{first}；{second}”, need no Chinese character.
    assert re.search(r"[\u4e00-\u9fff]", bare) or not re.search(r"[A-Za-z]", bare)
    # Half-width marks between Chinese characters are a slip of the keyboard.
    assert not re.search(r"[\u4e00-\u9fff][,;:?!()]|[,;:?!()][\u4e00-\u9fff]", bare)
    assert not re.search(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]", bare)


def test_a_space_stands_where_the_scripts_meet_and_nowhere_else() -> None:
    voice = Voice("zh-hans", safe.plain)
    assert voice.say_many("{n} day", "{n} days", 30) == "30 天"
    assert voice.say("{value} is missing", value="优惠码") == "优惠码为空"
    assert voice.say("{value} is missing", value="plan") == "plan 为空"
    assert voice.say("{value} contains {pattern}", value="plan", pattern="“x”") == "plan 包含“x”"
    assert voice.either(["第 5", "第 10"]) == "第 5 或第 10"


def test_a_sentence_without_translation_is_no_silent_english() -> None:
    with pytest.raises(KeyError):
        Voice("zh-hans", safe.plain).say("never translated")


SECOND = 1_000_000


def test_durations_have_their_plural_forms() -> None:
    voice = Voice("en", safe.plain)
    spans = [1, 60, 3_600, 86_400, 2 * 86_400, 90_061, 129_600]
    assert [voice.duration(span * SECOND) for span in spans] == [
        "1 second",
        "1 minute",
        "1 hour",
        "1 day",
        "2 days",
        "1 day, 1 hour, 1 minute, and 1 second",
        "1 day and 12 hours",
    ]
    assert voice.duration(0) == "0 seconds"
    assert voice.duration(1_500_000) == "1.5 seconds"
    assert Voice("zh-hans", safe.plain).duration(129_600 * SECOND) == "1 天 12 小时"


def test_ordinals() -> None:
    voice = Voice("en", safe.plain)
    told = [voice.ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111, 1003)]
    assert told == "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 101st 111th 1003rd".split()
    assert Voice("zh-hans", safe.plain).ordinal(3) == "第 3"


def test_moments_follow_the_clock_of_the_zone() -> None:
    voice, chinese = Voice("en", safe.plain), Voice("zh-hans", safe.plain)
    new_year = 1_767_254_400 * SECOND  # 2026-01-01T08:00:00Z
    assert voice.moment(new_year, "America/Los_Angeles") == "January 1, 2026"
    assert voice.moment(new_year, "UTC") == "January 1, 2026, 08:00"
    assert chinese.moment(new_year, "Asia/Shanghai") == "2026 年 1 月 1 日 16:00"
    assert voice.moment(new_year + 5 * SECOND, "UTC") == "January 1, 2026, 08:00:05"


def test_zones_are_known_by_name() -> None:
    voice, chinese = Voice("en", safe.plain), Voice("zh-hans", safe.plain)
    assert voice.zone("America/Los_Angeles") == "Pacific Time (America/Los_Angeles)"
    assert chinese.zone("America/Los_Angeles") == "北美太平洋时间（America/Los_Angeles）"
    assert voice.zone("UTC") == "UTC"


def test_money_keeps_every_digit_and_the_currencys_own() -> None:
    voice, chinese = Voice("en", safe.plain), Voice("zh-hans", safe.plain)
    assert voice.money(Decimal("1234.5"), currency="USD", digits=2) == "$1,234.50"
    assert voice.money(Decimal("1234"), currency="JPY", digits=0) == "¥1,234"
    assert voice.money(Decimal("0.125"), currency="KWD", digits=3) == "KWD\u00a00.125"
    assert voice.money(Decimal("0.1255"), currency="USD", digits=2) == "$0.1255"
    assert chinese.money(Decimal("20"), currency="USD", digits=2) == "US$20.00"
    assert chinese.money(Decimal("20"), currency="CNY", digits=2) == "¥20.00"


def test_numbers_of_any_length_keep_every_digit() -> None:
    voice = Voice("en", safe.plain)
    long = Decimal("123456789012345678901234567890.123456789012")
    assert voice.number(long) == "123,456,789,012,345,678,901,234,567,890.123456789012"
    assert voice.number(Decimal("1E+3")) == "1,000"
    assert voice.number(Decimal("1E-12")) == "0.000000000001"
    assert voice.percent(Decimal("0.0725")) == "7.25%"
    money = voice.money(Decimal("999999999999.999999999999"), currency="USD", digits=2)
    assert money == "$999,999,999,999.999999999999"
