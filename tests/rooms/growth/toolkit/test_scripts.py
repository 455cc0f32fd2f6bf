"""The library: shipped texts, an operator's over them, and what came of each."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import pytest
from django.db import DatabaseError, transaction

from banyan.engine.raw import from_lines
from banyan.engine.values import Kind
from banyan.growth.toolkit import read, save
from banyan.growth.toolkit.acts import BadText, BadToolkit, save_script
from banyan.growth.toolkit.models import ScriptVersion, Use
from tests.installation import Installation
from tests.rooms.growth.toolkit.shop import NOW, opened

USUAL = {
    "program": "",
    "kind": "benefit",
    "scene": "",
    "channel": "wechat",
    "reader": "friend",
    "texts": {"en": "Look: {link}"},
    "is_active": True,
    "now": NOW,
}


def ids(channel: str | None = None, *, program: str = "spring", lang: str = "en") -> list[str]:
    return [script.id for script in read.scripts(program, lang, channel)]  # type: ignore[arg-type]


def test_what_is_shipped_is_proposed_the_closest_first(installation: Installation) -> None:
    assert ids("sms") == ["sms-benefit", "any-feeling", "any-benefit"]
    assert ids("weibo") == ["any-feeling", "any-benefit"]
    assert ids("moments")[:3] == ["moments-feeling", "moments-scene", "moments-benefit"]
    asked = read.scripts("spring", "zh-hans", reader="advocate")
    assert [script.id for script in asked] == [
        "ask-benefit",
        "ask-feeling",
        "ask-feeling-need",
        "ask-scene",
    ]
    assert asked[1].texts["zh-hans"] == (
        "您对我们的服务一直很支持，相信您的朋友也会喜欢这种高效体验，不妨分享给他们试试？"
    )


def test_an_operators_text_stands_over_the_shipped_one_and_all_versions_stay(
    installation: Installation,
) -> None:
    first = save_script("key:1", "chat-benefit", **USUAL)  # type: ignore[arg-type]
    second = save_script(
        "key:2",
        "chat-benefit",
        **(USUAL | {"texts": {"en": "Hurry: {link}"}}),  # type: ignore[arg-type]
    )
    assert (first.script.number, first.pushing) == (1, ())
    assert (second.script.number, second.pushing) == (2, ("Hurry",))
    found = read.script("chat-benefit")
    assert found is not None
    assert (found.number, found.saved_by, found.texts) == (2, "key:2", {"en": "Hurry: {link}"})
    assert [script.number for script in read.history("chat-benefit")] == [2, 1, 0]
    assert "chat-benefit" in ids("wechat")
    assert "chat-benefit" not in ids("wechat", lang="zh-hans")
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        ScriptVersion.objects.filter(number=1).update(is_active=False)


def test_a_programs_own_text_comes_first_and_serves_no_other(installation: Installation) -> None:
    save_script("key:1", "own", **(USUAL | {"program": "spring"}))  # type: ignore[arg-type]
    assert ids("wechat")[0] == "own"
    assert "own" not in ids("wechat", program="autumn")
    off = USUAL | {"program": "spring", "is_active": False}
    save_script("key:1", "own", **off)  # type: ignore[arg-type]
    assert "own" not in ids("wechat")
    assert read.script("nothing") is None
    assert read.history("nothing") == []


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"texts": {}}, "texts: give the text in at least one language: en or zh-hans"),
        ({"texts": {"fr": "Voilà"}}, "texts: 'fr' is no language here; known are en and zh-hans"),
        ({"channel": "fax"}, "channel: expected one of sms, moments, wechat"),
    ],
)
def test_what_the_library_cannot_hold_is_refused(
    installation: Installation, changed: dict[str, object], sentence: str
) -> None:
    with pytest.raises(BadToolkit) as refused:
        save_script("key:1", "own", **(USUAL | changed))  # type: ignore[arg-type]
    assert refused.value.sentence.startswith(sentence)
    assert read.script("own") is None


def test_a_bad_id_and_a_bad_text_are_refused(installation: Installation) -> None:
    with pytest.raises(BadToolkit, match="id: expected a-z, 0-9 and -"):
        save_script("key:1", "Own!", **USUAL)  # type: ignore[arg-type]
    with pytest.raises(BadText, match=r"texts\.en: \{you\} is no variable"):
        save_script("key:1", "own", **(USUAL | {"texts": {"en": "{you}"}}))  # type: ignore[arg-type]


WANTED: Mapping[str, Kind] = {"properties.script": "text", "properties.channel": "text"}


def batch(*events: tuple[str, str]) -> pl.DataFrame:
    names, bodies = zip(*events, strict=True)
    told = from_lines("\n".join(bodies).encode(), WANTED)
    return pl.DataFrame(
        [pl.Series("name", names), *(told[path].alias(path[11:]) for path in WANTED)]
    )


def test_shares_and_clicks_are_counted_by_script_and_channel(installation: Installation) -> None:
    click, share = "Referral Link Clicked", "Referral Shared"
    first = batch(
        (click, '{"properties":{"code":"ANN","script":"chat-benefit","channel":"wechat"}}'),
        (click, '{"properties":{"code":"BEN","script":"chat-benefit","channel":"wechat"}}'),
        (click, '{"properties":{"code":"ANN","script":"chat-benefit"}}'),
        (share, '{"properties":{"code":"ANN","script":"chat-benefit","channel":"wechat"}}'),
        (click, '{"properties":{"code":"ANN","channel":"sms"}}'),
        (click, '{"properties":{"code":"ANN"}}'),
        ("Signed Up", '{"properties":{"script":"chat-benefit"}}'),
    )
    save.save(first)
    save.save(first.head(1))
    save.save(first.tail(1))
    rows = Use.objects.order_by("script", "channel")
    assert [(row.script, row.channel, row.shares, row.clicks) for row in rows] == [
        ("", "sms", 0, 1),
        ("chat-benefit", "", 0, 1),
        ("chat-benefit", "wechat", 1, 3),
    ]
    assert read.effect("chat-benefit") == read.Effect(1, 4, 0, 0)
    assert read.yield_of("wechat") == read.Effect(1, 3, 0, 0)
    assert read.effect("any-benefit") == read.Effect(0, 0, 0, 0)


def test_no_word_of_a_link_can_stop_the_count(installation: Installation) -> None:
    words = ['"a\\u0000b"', '"\\u0000"', '" "', "7", "null", '{"x":1}', f'"{"长" * 100}"']
    bodies = [f'{{"properties":{{"script":{word}}}}}' for word in words]
    save.save(batch(*(("Referral Link Clicked", body) for body in bodies)))
    found = {row.script: row.clicks for row in Use.objects.all()}
    assert found == {"ab": 1, "7": 1, "长" * 64: 1}  # no word: counted with its link alone


def test_friends_who_joined_and_bought_count_for_the_script_that_brought_them(
    installation: Installation,
) -> None:
    line = opened()
    words = {"code": "ANN", "script": "chat-benefit", "channel": "wechat"}
    for number, friend in enumerate(("ben", "cid", "dan")):
        script = words if friend != "dan" else words | {"script": "any-feeling"}
        line.say("Referral Link Clicked", anonymousId=f"web-{number}", **script)
        line.say("Signed Up", friend, anonymousId=f"web-{number}")
    line.say("Order Completed", "ben", order_id="o1", total=50, currency="USD")
    line.say("Order Completed", "dan", order_id="o2", total=50, currency="USD")
    line.work()
    chat, other = read.effect("chat-benefit"), read.effect("any-feeling")
    assert (chat.sign_ups, chat.purchases) == (2, 1)
    assert (other.sign_ups, other.purchases) == (1, 1)
    by_channel = read.yield_of("wechat")
    assert (by_channel.sign_ups, by_channel.purchases) == (3, 2)
