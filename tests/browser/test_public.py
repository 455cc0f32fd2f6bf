"""The pages for everybody, as people see them."""

from __future__ import annotations

from itertools import product

import pytest

from tests.browser.conftest import Opened, Visitor, published
from tests.story.company import Company, call

SIZES = ["phone", "desktop"]
WORDS = {
    "en": ("Recommend to friends", "Read the rules", "Questions and answers", "return"),
    "zh-hans": ("我要推荐", "查看完整规则", "常见问题", "退"),
}


def heading(visitor: Visitor) -> str:
    """The first heading of the page."""
    return visitor.page.get_by_role("heading", level=1).inner_text()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_program_in_five_seconds_and_in_detail(
    company: Company, visitors: Opened, size: str, language: str
) -> None:
    join, rules, questions, word = WORDS[language]
    visitor = visitors(size=size, language=language)
    visitor.go("/programs/friends/")
    assert heading(visitor) == {"en": "Bring a friend", "zh-hans": "好友同享"}[language]
    # What both get and the way on are seen without scrolling.
    button = visitor.page.get_by_role("link", name=join)
    box = button.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < visitor.page.viewport_size["height"]  # type: ignore[index]
    assert box["height"] >= 44
    assert button.get_attribute("href") == "/me/p/friends/"
    for side in visitor.page.locator(".offer__side").all():
        assert side.is_visible()
    visitor.check()
    visitor.shoot("public-program")
    visitor.page.get_by_role("heading", name=questions).scroll_into_view_if_needed()
    shown = visitor.page.locator("[data-questions] > details")
    every = shown.count()
    visitor.page.get_by_role("searchbox").fill(word)
    found = [one.is_visible() for one in shown.all()]
    assert 0 < sum(found) < every
    visitor.page.get_by_role("searchbox").fill("no such word at all")
    assert not any(one.is_visible() for one in shown.all())
    assert visitor.page.locator("[data-nothing]").is_visible()
    visitor.page.get_by_role("link", name=rules).click()
    visitor.page.wait_for_url("**/programs/friends/rules/")
    visitor.check()
    visitor.shoot("public-rules")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_first_page(company: Company, visitors: Opened, size: str, language: str) -> None:
    visitor = visitors(size=size, language=language)
    visitor.go("/")
    visitor.check()
    visitor.shoot("public-first")
    visitor.page.get_by_role("link", name=WORDS[language][0]).first.wait_for()


def test_without_scripts_questions_are_searched_by_the_server(
    company: Company, visitors: Opened
) -> None:
    visitor = visitors(java_script_enabled=False)
    visitor.go("/programs/friends/")
    every = visitor.page.locator("summary").count()
    visitor.page.get_by_role("searchbox").fill("refunded full")
    visitor.page.get_by_role("button", name="Search").click()
    visitor.page.wait_for_url("**?q=refunded+full#faq")
    found = visitor.page.locator("section[aria-labelledby=faq] details")
    assert 0 < found.count() < every
    assert found.first.get_attribute("open") is not None
    visitor.page.get_by_role("link", name="Show all").wait_for(state="attached")


def test_dark_and_the_language_that_was_chosen_stays(company: Company, visitors: Opened) -> None:
    visitor = visitors(color_scheme="dark")
    visitor.go("/programs/friends/")
    visitor.check()
    visitor.shoot("public-dark")
    visitor.page.get_by_role("link", name="简体中文").click()
    assert heading(visitor) == "好友同享"
    # The English page lies in the browser's cache for a minute, and must not come back.
    visitor.go("/programs/friends/")
    assert heading(visitor) == "好友同享"
    visitor.page.get_by_role("link", name="English").click()
    visitor.go("/programs/friends/")
    assert heading(visitor) == "Bring a friend"


def test_who_has_the_page_is_not_sent_it_again(company: Company, visitors: Opened) -> None:
    first = company.browser().open("/programs/friends/")
    assert len(first.body) < 60_000
    assert first.headers["cache-control"] == "public, max-age=60"
    assert {"Accept-Language", "Cookie"} <= set(first.headers["vary"].split(", "))
    headers = {"If-None-Match": first.headers["etag"]}
    again = call(company.port, "GET", "/programs/friends/", headers=headers)
    assert (again.status, again.body) == (304, b"")
    chinese = call(
        company.port, "GET", "/programs/friends/", headers=headers | {"Accept-Language": "zh-CN"}
    )
    assert chinese.status == 200


LONG = """
program: long
version: 1
title:
  en: "{words}"
  zh-hans: "{chinese}"
currency: CNY
attribution: {{window: 30d, joins_on: [Signed Up]}}
milestones:
  bought: {{on: Order Completed, where: "total >= 1234567.89", within: 60d}}
rewards:
  thanks: {{to: advocate, on: bought, give: cash, amount: 1234567.89}}
  gift: {{to: friend, on: bought, give: "gift:{gift}", amount: 3}}
limits: [{{give: cash, per: program, amount: 99999999.00}}]
"""


def test_long_words_emoji_and_other_scripts_do_not_break_the_pages(
    company: Company, visitors: Opened
) -> None:
    words = "Donaudampfschifffahrtsgesellschaft " * 4 + "🌳🎁 مرحبا بكم"
    source = LONG.format(
        words=words, chinese="独木成林" * 30 + "🌳", gift="a-very-long-thing-" * 3 + "end"
    )
    published(source)
    try:
        for size, language in product(SIZES, WORDS):
            visitor = visitors(size=size, language=language)
            for path in ("/", "/programs/long/", "/programs/long/rules/"):
                visitor.go(path)
                visitor.check()
                visitor.shoot(f"public-long{path.replace('/', '-')}")
    finally:
        # The other tests look at a company with one program.
        assert company.office.post("/programs/long/pause", {}).status == 200
