"""Texts with variables: what is refused, and what becomes of a value that is missing."""

from __future__ import annotations

import pytest

from banyan.growth.toolkit import shipped
from banyan.growth.toolkit.texts import (
    LIMITS,
    VARIABLES,
    BadText,
    check,
    filled,
    pushing,
    variables,
)

ALL = {name: f"<{name}>" for name in VARIABLES}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "Hi {name}",
            "texts.en: {name} is no variable; known are {advocate}, {friend}, {offer}, {reward}, "
            "{used_function}, {link}, {code}, {program}",
        ),
        ("Hi {}", "texts.en: {} is no variable"),
        ("Hi {link", "texts.en: a brace stands alone"),
        ("Hi }", "texts.en: a brace stands alone"),
        ("  ", "texts.en: the text is empty"),
        ("x" * 135, "texts.en: with usual values this is 135 characters long; sms takes 134"),
        ("x" * 85 + "{link}", "texts.en: with usual values this is 135 characters long"),
    ],
)
def test_a_text_that_cannot_be_filled_is_refused_with_the_cure(text: str, sentence: str) -> None:
    with pytest.raises(BadText) as refused:
        check(text, channel="sms", place="texts.en")
    assert refused.value.sentence.startswith(sentence)


def test_a_text_of_just_the_length_is_taken() -> None:
    check("x" * 84 + "{link}", channel="sms", place="texts.en")


def test_sentences_fall_away_with_their_values_and_nothing_else_does() -> None:
    text = "上次听你说起。我用{used_function}解决了。新朋友：{offer}。{link}"
    assert filled(text, {"link": "L", "offer": "八折", "used_function": "报表"}) == (
        "上次听你说起。我用报表解决了。新朋友：八折。L"
    )
    assert filled(text, {"link": "L", "offer": "八折"}) == "上次听你说起。新朋友：八折。L"
    assert filled(text, {"link": "L", "offer": " "}) == "上次听你说起。L"


def test_parts_in_brackets_fall_away_alone() -> None:
    text = "[{friend}, ]here it is: {link} [sic]"
    assert filled(text, {"friend": "Ben", "link": "L"}) == "Ben, here it is: L [sic]"
    assert filled(text, {"link": "L"}) == "here it is: L [sic]"
    assert variables(text) == {"link"}


def test_a_full_stop_inside_a_word_ends_no_sentence() -> None:
    assert filled("See v2.0 of {program}. Bye.", {"program": "X"}) == "See v2.0 of X. Bye."
    assert filled("See v2.0 of {program}. Bye.", {}) == "Bye."


def test_a_value_is_text_and_no_template() -> None:
    assert filled("{friend}: {link}", {"friend": "{link}[{code}]", "link": "L"}) == (
        "{link}[{code}]: L"
    )


def test_what_is_too_long_loses_its_end_and_keeps_its_link() -> None:
    text = "甲{friend}。乙{offer}。{link}"
    values = {"friend": "友" * 60, "offer": "惠" * 70, "link": "https://x.example/r/ANN"}
    told = filled(text, values, channel="sms")
    assert told == f"甲{'友' * 60}。https://x.example/r/ANN"
    assert len(told) <= LIMITS["sms"]


def test_an_empty_paragraph_leaves_no_hole() -> None:
    text = "Hello[ {friend}],\n\nA.\n\n{offer}.\n\nSee: {link}\n\n[{advocate}]"
    assert filled(text, {"link": "L"}) == "Hello,\n\nA.\n\nSee: L"


@pytest.mark.parametrize("name", shipped.scripts())
@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_shipped_texts_fill_fit_and_put_no_pressure(name: str, lang: str) -> None:
    script = shipped.scripts()[name]
    text = script["texts"][lang]
    check(text, channel=script["channel"], place=name)
    assert pushing(text) == []
    whole, bare = filled(text, ALL), filled(text, {"link": "<link>", "program": "<program>"})
    for told in (whole, bare):
        assert not set(told) & set("{}[]")
        assert "，，" not in told
        assert not told.startswith(("，", ",", " "))
    if script["reader"] == "friend":
        assert "<link>" in whole
        assert "<link>" in bare


def test_the_shipped_texts_are_of_each_kind_for_each_reader() -> None:
    kinds = {(script["reader"], script["kind"]) for script in shipped.scripts().values()}
    assert kinds == {
        (reader, kind)
        for reader in ("friend", "advocate")
        for kind in ("benefit", "feeling", "scene")
    }


def test_words_that_push_are_found() -> None:
    assert pushing("赶紧转发，最后机会！") == ["赶紧", "最后机会"]
    assert pushing("Hurry, you must join. A mustard.") == ["Hurry", "must"]
    assert pushing("用不上也没关系。") == []
