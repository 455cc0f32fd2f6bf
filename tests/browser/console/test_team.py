"""Signing in with a second step, lists with views and files, and the frame, in a real browser."""

from __future__ import annotations

import polars as pl
from playwright.sync_api import expect

from banyan.core.events import clock
from banyan.trust.audit.read import entries
from banyan.trust.staff import sessions
from banyan.trust.staff.read import members
from tests.browser.conftest import EACH_LOOK, Opened, sound
from tests.browser.console.staff import sign_in, somebody
from tests.rooms.trust.staff.test_entering import code_of
from tests.story.company import Company, eventually

PAGES = (
    "/console/account/",
    "/console/staff/",
    "/console/staff/invite/",
    "/console/staff/roles/",
    "/console/staff/sessions/",
    "/console/audit/?check=1",
    "/console/keys/",
    "/console/webhooks/",
    "/console/shops/",
    "/console/privacy/",
    "/console/records/",
    "/console/records/customers/",
    "/console/records/audit/",
    "/console/imports/",
    "/console/messages/texts/",
    "/console/messages/texts/reward_arrived/email/en/",
    "/console/messages/scripts/",
    "/console/messages/scripts/new/",
    "/console/messages/questions/?program=friends",
    "/console/messages/touchpoints/",
    "/console/messages/touchpoints/one/",
    "/console/messages/not-sent/",
)


def test_a_second_step_is_set_up_and_asked_for(company: Company, visitors: Opened) -> None:
    visitor = visitors(size="desktop", language="en")
    page, email = visitor.page, somebody("growth")
    sign_in(visitor, email, "/console/account/")
    page.get_by_role("link", name="Set up the second step").click()
    sound(visitor)
    visitor.shoot("console-second-step")
    page.get_by_text("I cannot scan it").click()
    key = page.locator("code.c-code").inner_text().replace(" ", "")
    page.locator("#code").fill(code_of(key))
    page.get_by_role("button", name="Set up").click()
    codes = page.locator(".c-codes li").all_inner_texts()
    assert len(codes) == 10
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("10 recovery codes are left.")).to_be_visible()
    other = visitors(size="phone", language="zh-hans")
    sign_in(other, email, "/console/account/")
    expect(other.page.get_by_role("heading", level=1, name="双重验证")).to_be_visible()
    sound(other)
    other.shoot("console-code")
    other.page.locator("#code").fill(codes[0])
    other.page.locator("#code").press("Enter")
    other.page.wait_for_url("**/console/account/")
    expect(other.page.get_by_text("还剩 9 个").first).to_be_visible()
    # The first browser sees the other session, and ends it.
    visitor.go("/console/account/")
    page.get_by_role("button", name="Sign out everywhere else").click()
    other.go("/console/account/")
    other.page.wait_for_url("**/console/login/**")


def test_a_board_whose_session_was_ended_leads_to_sign_in(
    company: Company, visitors: Opened
) -> None:
    visitor = visitors(size="desktop", language="en")
    page, email = visitor.page, somebody("growth")
    page.clock.install()
    sign_in(visitor, email, "/console/")
    expect(page.get_by_role("heading", level=1, name="Board")).to_be_visible()
    [me] = [one for one in members() if one.email == email]
    for session in sessions.sessions(user_id=me.id, now=clock.now()):
        sessions.end("system", session.number, now=clock.now())
    # The board asks for today's figures again after a minute, by itself.
    page.clock.fast_forward(61_000)
    page.wait_for_url("**/console/login/?next=/console/")
    expect(page.locator("#email")).to_have_count(1)


def test_a_list_is_filtered_kept_and_taken_out_masked(company: Company, visitors: Opened) -> None:
    said = {"userId": "view-1", "traits": {"email": "view.one@example.com", "name": "Vera Wu"}}
    assert company.office.post("/identify", said).status == 200
    eventually(lambda: company.office.get("/customers/view-1").status, 200)
    visitor = visitors(size="desktop", language="en")
    page = visitor.page
    sign_in(visitor, somebody("growth"), "/console/records/contacts/?q=view-1")
    expect(page.get_by_text("v***@example.com")).to_be_visible()
    page.locator("summary", has_text="Keep this view").click()
    page.locator("#view-name").fill("Vera")
    page.get_by_role("button", name="Keep", exact=True).click()
    visitor.go("/console/records/contacts/")
    page.get_by_role("link", name="Vera").click()
    page.wait_for_url("**/contacts/?q=view-1")
    page.locator("summary", has_text="Download").click()
    visitor.shoot("console-list")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert pl.read_csv(download.value.path())["contact"].to_list() == ["v***@example.com"]
    [entry] = entries(limit=1)
    assert (entry.verb, (entry.after or {})["contacts"]) == ("contacts.export", "masked")


@EACH_LOOK
def test_every_page_of_these_parts_is_sound(
    company: Company, visitors: Opened, size: str, language: str
) -> None:
    visitor = visitors(size=size, language=language)
    sign_in(visitor, somebody("admin"), "/console/account/")
    visitor.page.wait_for_url("**/console/account/")
    for number, path in enumerate(PAGES):
        visitor.go(path)
        sound(visitor)
        visitor.shoot(f"console-team-{number:02}")


def test_the_menu_opens_and_closes_by_keyboard(company: Company, visitors: Opened) -> None:
    visitor = visitors(size="phone", language="en")
    page = visitor.page
    sign_in(visitor, somebody("sales"), "/console/account/")
    page.wait_for_url("**/console/account/")
    menu = page.get_by_role("button", name="Menu").locator("visible=true")
    menu.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Customers", exact=True)).to_be_visible()
    sound(visitor)
    page.locator(".c-me__who").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Dark").click()
    assert "dark" in (page.locator("html").get_attribute("class") or "")
    sound(visitor)
    visitor.shoot("console-menu-dark")
    page.locator(".c-me").get_by_role("link", name="简体中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("我的账户")
