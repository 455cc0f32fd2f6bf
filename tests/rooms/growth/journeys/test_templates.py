"""Texts: what may stand in them, how they are filled, their versions; the shipped ones."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from banyan.engine.language.explain import LANGUAGES, Language
from banyan.growth.journeys import templates, texts
from banyan.growth.journeys.kinds import KINDS, TEXT_CHANNELS, TextChannel, UnknownKind, kind
from banyan.growth.journeys.texts import BadText, filled
from tests.installation import Installation

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NAMES = ("friend", "missing")


def test_a_part_in_brackets_falls_away_with_what_it_names() -> None:
    text = "Your friend[ {friend}] has joined[; {missing}]."
    assert filled(text, {"friend": "J***", "missing": "1 order"}, "en") == (
        "Your friend J*** has joined; 1 order."
    )
    assert filled(text, {"friend": "", "missing": "1 order"}, "en") == (
        "Your friend has joined; 1 order."
    )
    assert filled(text, {}, "en") == "Your friend has joined."


def test_a_value_that_looks_like_a_gap_stays_as_it_is() -> None:
    values = {"friend": "{missing}", "missing": "[x]"}
    assert filled("{friend} {missing}", values, "en") == "{missing} [x]"


def test_chinese_sets_spaces_where_scripts_meet() -> None:
    values = {"friend": "Ann", "missing": "3"}
    assert filled("您推荐的{friend}还差{missing}笔", values, "zh-hans") == "您推荐的 Ann 还差 3 笔"
    assert filled("您推荐的{friend}。", {"friend": "张*"}, "zh-hans") == "您推荐的张*。"


def test_what_falls_away_leaves_no_gap_between_paragraphs() -> None:
    text = "one\n\n[{friend}]\n\n[{missing}]\n\ntwo\n"
    assert filled(text, {}, "en") == "one\n\ntwo"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{frend}", "text: {frend} is not known here; known are {friend}, {missing}."),
        ("{Friend}", "text: a brace stands alone; write a variable as {name}, in small letters."),
        ("a } b", "text: a brace stands alone; write a variable as {name}, in small letters."),
        (
            "[ {friend}",
            "text: [ and ] do not pair up; a part between them falls away when a variable in it "
            "is empty, and holds no other such part.",
        ),
        ("[ [{friend}] ]", None),
        ("x" * 10_001, "text: at most 10,000 characters, found 10,001."),
    ],
)
def test_a_text_that_cannot_be_filled_says_why(text: str, sentence: str | None) -> None:
    with pytest.raises(BadText) as bad:
        texts.check(text, NAMES, where="text")
    assert sentence is None or bad.value.sentence == sentence


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("channel", TEXT_CHANNELS)
@pytest.mark.parametrize("name", KINDS)
def test_every_shipped_text_is_whole(name: str, channel: TextChannel, language: Language) -> None:
    known = KINDS[name]
    row = templates.shipped(name, channel, language)
    templates.check(known, row.channel, title=row.title, text=row.text, fields=row.fields)
    whole = templates.sample(known, row.channel, row.language)
    text = filled(row.text, whole, row.language)
    assert not re.search(r"[][{}]", text)
    # With nothing known but what must be, it is still a sentence without holes.
    bare = {one: "" if one in _OPTIONAL else value for one, value in whole.items()}
    left = filled(row.text, bare, row.language)
    assert "，，" not in left
    assert "  " not in left.replace("\n", "")
    assert not re.search(r"[，,:：]\s*[。.]", left)
    assert not re.search(r"[，,：]$", left)
    if row.channel == "sms":
        assert len(text) <= (160 if language == "zh-hans" else 320), text


_OPTIONAL = (
    "friend",
    "missing",
    "because",
    "terms",
    "left",
    "share_link",
    "thanks",
    "until",
    "lead_link",
)


def test_both_languages_use_the_same_variables() -> None:
    for name in KINDS:
        for channel in TEXT_CHANNELS:
            english, chinese = (
                {
                    one
                    for text in (row.title, row.text)
                    for one in texts.gaps(text)
                    if one not in ("name", "greeting", "friend")
                }
                for row in (templates.shipped(name, channel, lang) for lang in LANGUAGES)
            )
            assert english == chinese, (name, channel)


def test_a_written_text_holds_until_an_older_one_holds_again(installation: Installation) -> None:
    shipped = templates.template("friend_joined", "sms", "en")
    assert (shipped.version, shipped.is_shipped) == (0, True)
    first = templates.save(
        "ada", "friend_joined", "sms", "en", title="", text="Hi {name}!", now=NOW
    )
    second = templates.save(
        "bea",
        "friend_joined",
        "sms",
        "en",
        title="",
        text="Hello {name}!",
        provider_template="SMS_1",
        fields={"b": "{friend}", "a": "{missing}"},
        now=NOW,
    )
    assert (first.version, second.version) == (1, 2)
    assert list(second.fields) == ["b", "a"]
    assert templates.template("friend_joined", "sms", "en") == second
    assert templates.template("friend_joined", "sms", "zh-hans").is_shipped
    assert [row.version for row in templates.versions("friend_joined", "sms", "en")] == [2, 1, 0]
    assert templates.version("friend_joined", "sms", "en", 1).text == "Hi {name}!"
    held = [row for row in templates.templates() if not row.is_shipped]
    assert held == [second]
    assert len(templates.templates()) == len(KINDS) * 8


def test_a_text_that_is_refused_changes_nothing(installation: Installation) -> None:
    for title, text, sentence in (
        ("t", "{code}", "text: {code} is not known here"),
        ("{nobody}", "x", "title: {nobody} is not known here"),
        ("", "x", "title: is empty; e-mails and the inbox show it."),
        ("two\nlines", "x", "title: is one line of at most 200 characters."),
        ("t", " ", "text: is empty."),
    ):
        with pytest.raises(BadText, match=re.escape(sentence)):
            templates.save("ada", "friend_joined", "email", "en", title=title, text=text, now=NOW)
    with pytest.raises(BadText, match=r"fields\.n: \{code\} is not known here"):
        templates.save(
            "ada",
            "friend_joined",
            "sms",
            "en",
            title="",
            text="x",
            fields={"n": "{code}"},
            now=NOW,
        )
    with pytest.raises(UnknownKind):
        templates.save("ada", "no_such", "sms", "en", title="", text="x", now=NOW)
    assert templates.template("friend_joined", "email", "en").is_shipped


def test_the_inbox_greets_nobody_and_codes_have_no_way_out() -> None:
    assert "greeting" not in templates.variables_of(kind("friend_joined"), "site")
    assert "optout_link" in templates.variables_of(kind("friend_joined"), "email")
    assert "optout_link" not in templates.variables_of(kind("sign_in_code"), "email")
