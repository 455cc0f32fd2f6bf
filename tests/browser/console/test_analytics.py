"""The board and every page of the analytics, of what really happened, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import EACH_LOOK, Opened, Visitor, sound
from tests.browser.console.staff import sign_in, somebody
from tests.browser.console.test_customers import wang
from tests.story.company import Company, eventually

PAGES = (
    "analytics/",
    "analytics/funnel/",
    "analytics/exposure/",
    "analytics/funnel/stages/",
    "analytics/cohorts/",
    "analytics/advocates/",
    "analytics/money/",
    "analytics/lines/",
    "experiments/",
)
SAID = {
    "en": {"joined": "Accepted", "table": "As a table", "more": "More figures"},
    "zh-hans": {"joined": "已接受", "table": "以表格显示", "more": "更多指标"},
}


def joined(visitor: Visitor, word: str) -> int:
    """How many friends joined, as the table behind the board's funnel has it."""
    visitor.page.reload()
    cells = visitor.page.locator("#funnel tbody tr").filter(has_text=word).locator("td")
    return int(cells.nth(1).text_content() or 0)


@EACH_LOOK
def test_from_the_board_to_every_figure(
    company: Company, visitors: Opened, size: str, language: str
) -> None:
    visitor, words = visitors(size=size, language=language), SAID[language]
    page = visitor.page
    wang(company, f"figures-{visitor.name}")
    sign_in(visitor, somebody("growth"), "/console/?program=friends")
    page.wait_for_url("**/console/?program=friends")
    eventually(lambda: joined(visitor, words["joined"]) > 0, True)
    expect(page.locator("main")).to_have_count(1)
    sound(visitor)
    visitor.shoot("console-board")
    part = page.locator("#funnel")
    part.get_by_text(words["table"]).click()
    expect(part.get_by_role("table")).to_be_visible()
    page.get_by_role("link", name=words["more"]).click()
    page.wait_for_url("**/console/analytics/?program=friends**")
    for path in PAGES:
        visitor.go(f"/console/{path}?program=friends")
        if path == "analytics/money/":
            # Rewards are held against orders once the rest stands.
            expect(page.locator("#differences")).to_be_visible()
        expect(page.locator("main")).to_have_count(1)
        sound(visitor)
        visitor.shoot(f"console-{path.strip('/').replace('/', '-')}")


@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_stages_are_chosen_by_keyboard_alone(company: Company, visitors: Opened, size: str) -> None:
    visitor = visitors(size=size, language="en")
    page = visitor.page
    wang(company, f"stages-{visitor.name}")
    sign_in(visitor, somebody("growth"), "/console/analytics/funnel/?program=friends")
    page.get_by_role("link", name="Choose the stages…").press("Enter")
    stages = page.locator(".a-stages > li")
    expect(stages).to_have_count(5)
    page.get_by_label("Or an event, by its name in the log").fill("Trial Attended")
    page.keyboard.press("Enter")
    expect(stages).to_have_count(6)
    up = page.get_by_role("button", name="Move Trial Attended up")
    up.press("Enter")
    expect(stages.nth(4)).to_contain_text("Trial Attended")
    # The focus went along, so that the same key moves it on.
    expect(page.get_by_role("button", name="Move Trial Attended up")).to_be_focused()
    page.keyboard.press("Enter")
    expect(stages.nth(3)).to_contain_text("Trial Attended")
    stages.nth(3).get_by_label("Name in English").fill("Trial lesson")
    sound(visitor)
    page.get_by_role("button", name="Save the stages").press("Enter")
    page.wait_for_url("**/console/analytics/funnel/?program=friends**")
    expect(page.get_by_text("Stages of this program.")).to_be_visible()
    page.locator("#funnel").get_by_text("As a table").click()
    expect(page.locator("#funnel").get_by_role("cell", name="Trial lesson")).to_be_visible()
    sound(visitor)
    visitor.go("/console/analytics/funnel/stages/?program=friends")
    page.get_by_role("button", name="Back to the default…").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Back to the default").press("Enter")
    page.wait_for_url("**/console/analytics/funnel/?program=friends**")
    expect(page.get_by_text("Built-in stages.")).to_be_visible()


def test_a_sheet_says_what_it_is_of(company: Company, visitors: Opened) -> None:
    visitor = visitors(size="desktop", language="en")
    page = visitor.page
    sign_in(visitor, somebody("analyst"), "/console/?from=2026-03-01&to=2026-03-31")
    page.wait_for_url("**/console/?from=**")
    told = page.get_by_text("All referral programs · 2026-03-01 – 2026-03-31")
    expect(told).to_be_hidden()
    page.emulate_media(media="print")
    # The form that says so on the screen is not on it.
    expect(page.locator("#asked-days")).to_be_hidden()
    expect(told).to_be_visible()
    box = page.locator("#main").bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 1440)
