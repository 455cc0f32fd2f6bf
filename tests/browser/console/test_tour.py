"""A stranger follows the README's tour of the console by its own words."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Opened, sound
from tests.browser.console.staff import signed_in
from tests.browser.console.test_customers import wang
from tests.shape.repository import ROOT
from tests.story.company import Company

TOURS = {
    "en": ("README.md", "## A tour of the console"),
    "zh-hans": ("README.zh.md", "## 控制台一览"),
}
SAID = {
    "en": {
        "begin": "Begin with this",
        "over": "Hand over",
        "why": "What they got and why not more",
    },
    "zh-hans": {"begin": "从这个开始", "over": "提交", "why": "得到了什么，为何没有更多"},
}


def tour(language: str) -> list[list[str]]:
    """What each point of the tour names in bold: what there is to press, in that order."""
    file, heading = TOURS[language]
    text = (ROOT / file).read_text().partition(heading)[2].partition("\n## ")[0]
    points = re.findall(r"^\d\. (.*(?:\n   .*)*)", text, re.MULTILINE)
    return [
        [
            name.strip(" .。")
            for bold in re.findall(r"\*\*(.+?)\*\*", point)
            for name in re.split(r"→|, |、", bold)
        ]
        for point in points
    ]


def named(page: Page, name: str) -> Locator:
    """The link or button that says exactly this; what waits there may stand behind it."""
    said = re.compile(rf"^{re.escape(name)}( ?\d+\b.*)?$")
    links, buttons = (page.get_by_role(role, name=said) for role in ("link", "button"))
    return links.or_(buttons).locator("visible=true").first


@pytest.mark.parametrize(
    ("company", "language"),
    [("sqlite", "zh-hans"), ("postgres", "en")],
    indirect=["company"],
    scope="module",
)
def test_the_tour_is_there_as_it_is_told(company: Company, visitors: Opened, language: str) -> None:
    visitor, words = visitors(size="desktop", language=language), SAID[language]
    page = visitor.page
    name = wang(company, f"tour-{language}")
    signed_in(visitor, "admin", "/console/account/")
    board, building, trying, finding, waiting, figures, lists = tour(language)
    for one in (*board, *building[:2]):
        named(page, one).click()
        expect(page.locator("main")).to_have_count(1)
    page.get_by_role("button", name=words["begin"]).first.click()
    page.wait_for_url("**/drafts/*/**")
    named(page, building[2]).click()
    page.wait_for_url("**/check/")
    for box in page.locator("main input[type=checkbox]").all():
        box.check()
    named(page, words["over"]).click()
    page.wait_for_url("**/review/")
    for one in trying:
        named(page, one).click()
        expect(page.locator("nav.c-tabs [aria-current=page]")).to_have_text(one)
    for one in (*finding, *waiting, *figures, *lists):
        named(page, one).click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(one)
    named(page, finding[0]).click()
    page.locator("#text").fill(name)
    page.locator("#text").press("Enter")
    page.wait_for_url(f"**/customers/one/{name}")
    expect(page.get_by_text(words["why"]).first).to_be_visible()
    sound(visitor)
