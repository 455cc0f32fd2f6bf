"""How programs show themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings

from banyan.growth.toolkit import read
from banyan.growth.toolkit.acts import BadToolkit, present, set_good_fit
from tests.installation import Installation
from tests.rooms.growth.toolkit.shop import NOW, SOURCE, SPRING, opened

NOTHING: dict[str, object] = {
    "brand": "",
    "colour": "",
    "highlights": {},
    "names": {},
    "good_fit": {},
    "now": NOW,
}


def save(program: str, **changed: object) -> None:
    present("key:1", program, **(NOTHING | changed))  # type: ignore[arg-type]


def test_a_program_says_what_it_says_and_the_installation_the_rest(
    installation: Installation,
) -> None:
    assert read.presentation("spring").brand == settings.COMPANY
    assert read.presentation("spring").colour == "#0b7a52"
    save("", brand="绿叶", colour="#AA0000", highlights={"en": ["Fresh"]})
    save("spring", colour="#00aa00", names={"en": {"gift:mug": "a mug"}})
    shown = read.presentation("spring")
    assert (shown.brand, shown.colour, shown.highlights) == ("绿叶", "#00aa00", {"en": ("Fresh",)})
    assert shown.names["en"]["gift:mug"] == "a mug"
    assert shown.names["zh-hans"]["gift:enamel-mug"] == "搪瓷杯"
    assert read.presentation("other").colour == "#aa0000"
    assert read.own("spring").brand == ""


def test_whom_it_suits_changes_alone(installation: Installation) -> None:
    save("spring", brand="绿叶", highlights={"en": ["Fresh"]})
    set_good_fit("key:2", "spring", {"en": "Cooks."}, now=NOW)
    own = read.own("spring")
    assert (own.brand, own.highlights, own.good_fit) == (
        "绿叶",
        {"en": ("Fresh",)},
        {"en": "Cooks."},
    )


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"colour": "green"}, "colour: expected a colour such as #0b7a52, found 'green'"),
        ({"colour": "#0b7a5"}, "colour: expected a colour"),
        ({"brand": "x" * 41}, "brand: expected 0 to 40 characters, found 41"),
        ({"highlights": {"en": ["a"] * 4}}, "highlights.en: at most 3 lines fit a picture"),
        ({"highlights": {"en": ["x" * 61]}}, "highlights.en: expected 0 to 60 characters"),
        ({"names": {"en": {"cash": "money"}}}, "names.en: expected what a program gives"),
        ({"names": {"en": {"gift:mug": ""}}}, "names.en.gift:mug: expected 1 to 60 characters"),
        (
            {"names": {"en": {f"gift:{n}": "x" for n in range(301)}}},
            "names.en: at most 300 names, found 301",
        ),
        ({"good_fit": {"fr": "tous"}}, "good_fit: 'fr' is no language here"),
    ],
)
def test_what_would_break_a_picture_is_refused(
    installation: Installation, changed: dict[str, object], sentence: str
) -> None:
    with pytest.raises(BadToolkit) as refused:
        save("spring", **changed)
    assert refused.value.sentence.startswith(sentence)
    assert read.own("spring").colour == ""


def test_the_offer_calls_things_by_their_names(installation: Installation) -> None:
    assert read.offer_of(SPRING, "zh-hans").friend == "加入后可得首单八折券"
    names = {"zh-hans": {"coupon:20-percent-off-first-order": "新人券"}}
    save("spring", names=names)
    assert read.offer_of(SPRING, "zh-hans").friend == "加入后可得新人券"
    assert read.offer_of(SPRING, "en").friend == "20% off the first order after joining"


def test_the_terms_are_those_in_force(installation: Installation) -> None:
    line = opened()
    second = SOURCE.replace("version: 1", "version: 2\nruns: {from: 2026-06-01}")
    line.publish(second)
    assert read.terms_of("nothing", now=NOW) is None
    versions = [read.terms_of("spring", now=NOW + timedelta(days=days)) for days in (1, 200)]
    assert [terms.version for terms in versions if terms] == [1, 2]


def test_a_title_is_never_empty() -> None:
    english = SPRING.model_copy(
        update={"title": SPRING.title.model_copy(update={"zh_hans": None})}  # type: ignore[union-attr]
    )
    assert read.title_of(SPRING, "zh-hans") == "送好友八折，得 20 美元"
    assert read.title_of(english, "zh-hans") == "Give 20%, get $20"
    assert read.title_of(SPRING.model_copy(update={"title": None}), "en") == "spring"
