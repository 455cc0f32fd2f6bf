"""A text that is ready to be passed on."""

from __future__ import annotations

import pytest
from django.conf import settings

from banyan.growth.toolkit import acts, read
from tests.installation import Installation
from tests.rooms.growth.toolkit.shop import NOW, SPRING, opened


@pytest.fixture
def shop(installation: Installation) -> None:
    """Where ann has a link."""
    opened()
    acts.present(
        "key:1",
        "spring",
        brand="绿叶",
        colour="",
        highlights={},
        names={"zh-hans": {"coupon:20-percent-off-first-order": "新人八折券"}},
        good_fit={},
        now=NOW,
    )


def test_everything_is_filled_in_and_the_link_tells_where_it_came_from(shop: None) -> None:
    ready = read.share_text(SPRING, "ann", "wechat", "zh-hans")
    assert ready.url == f"{settings.BASE_URL}/r/ANN?c=wechat&s=chat-benefit"
    assert ready.script == "chat-benefit"
    assert ready.text == (
        "我用绿叶有一阵子了，确实省心。新朋友有见面礼：加入后可得新人八折券。"
        f"你要是正好用得上，从这里进：{ready.url} 用不上也没关系。"
    )


def test_a_text_about_a_function_is_proposed_only_when_there_is_one(shop: None) -> None:
    own = {
        "program": "spring",
        "kind": "scene",
        "scene": "used-function",
        "channel": "wechat",
        "reader": "friend",
        "texts": {"en": "{used_function} helped[, {friend}]: {link}"},
        "is_active": True,
        "now": NOW,
    }
    acts.save_script("key:1", "function", **own)  # type: ignore[arg-type]
    assert read.share_text(SPRING, "ann", "wechat", "en").script == "chat-benefit"
    known = {"used_function": "The shopping list", "friend": "Ben"}
    ready = read.share_text(SPRING, "ann", "wechat", "en", known)
    assert ready.script == "function"
    assert ready.text == f"The shopping list helped, Ben: {ready.url}"


def test_a_chosen_text_is_taken_and_never_goes_without_its_link(shop: None) -> None:
    script = read.script("ask-feeling-need")
    ready = read.share_text(SPRING, "ann", "copy", "zh-hans", script=script)
    assert ready.url.endswith("?c=copy&s=ask-feeling-need")
    assert ready.text == f"您的好友可能也需要这样的解决方案。 {ready.url}"


def test_without_a_link_there_is_nothing_to_share(shop: None) -> None:
    with pytest.raises(read.NothingToShare, match="there is no link of this advocate in 'spring'"):
        read.share_text(SPRING, "nobody", "wechat", "en")
    only_english = acts.save_script(
        "key:1",
        "english",
        program="",
        kind="benefit",
        scene="",
        channel="",
        reader="friend",
        texts={"en": "{link}"},
        is_active=True,
        now=NOW,
    ).script
    with pytest.raises(read.NothingToShare, match="english has no text in this language"):
        read.share_text(SPRING, "ann", "wechat", "zh-hans", script=only_english)


def test_the_first_link_is_the_one_that_is_passed_on(shop: None) -> None:
    from banyan.pipeline.links import make_link

    make_link("key:1", program="spring", advocate="ann", code="AAA", now=NOW.replace(year=2027))
    assert read.share_text(SPRING, "ann", "sms", "en").url.endswith("/r/ANN?c=sms&s=sms-benefit")


def test_proof_goes_with_the_link_and_is_counted_by_itself(shop: None) -> None:
    for key, place in (("film", 2), ("case", 1)):
        acts.save_proof(
            "key:1",
            "" if key == "film" else "spring",
            key,
            kind="video" if key == "film" else "case",
            titles={"zh-hans": "三个月见效"},
            url=f"https://shop.example/{key}",
            place=place,
            now=NOW,
        )
    items = read.proof("spring")
    assert [(item.key, item.kind) for item in items] == [("case", "case"), ("film", "video")]
    assert [item.key for item in read.proof("other")] == ["film"]
    ready = read.ready_proof(items[0], "ANN", "wechat", "en")
    assert ready.url == f"{settings.BASE_URL}/r/ANN?c=wechat&s=proof-case"
    assert ready.text == f"三个月见效 https://shop.example/case\n{ready.url}"
    assert acts.remove_proof("key:1", "spring", "case") is True
    assert acts.remove_proof("key:1", "spring", "case") is False
    with pytest.raises(acts.BadToolkit, match="expected an address that begins with https://"):
        acts.save_proof(
            "key:1",
            "",
            "bad",
            kind="case",
            titles={"en": "x"},
            url="javascript:alert(1)",
            place=0,
            now=NOW,
        )
