"""Sales follow up a new friend from the inbox, on the way and at a desk."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import expect

from banyan.core.events import clock
from banyan.growth.tasks.acts import open_task
from banyan.growth.tasks.read import task
from tests.browser.conftest import EACH_LOOK, Opened, sound
from tests.browser.console.staff import signed_in
from tests.browser.console.test_customers import wang
from tests.story.company import Company


@EACH_LOOK
def test_a_new_friend_is_followed_up(
    company: Company, visitors: Opened, size: str, language: str
) -> None:
    visitor = visitors(size=size, language=language)
    page = visitor.page
    wang(company, f"t-{visitor.name}")
    friend, now = f"li-t-{visitor.name}", clock.now()
    number = open_task(
        "follow_up",
        f"referral:friends/{friend}",
        owner_role="sales",
        due_at=now - timedelta(hours=1),
        program="friends",
        customer=friend,
        now=now - timedelta(hours=3),
    )
    signed_in(visitor, "sales", "/console/tasks/")
    expect(page.locator("[role=status].c-note--bad")).to_be_visible()
    row = page.locator("tbody tr").filter(has=page.locator(f"a[href$='/tasks/{number}/']"))
    sound(visitor)
    visitor.shoot("console-tasks-mine")
    row.locator("button").click()
    page.wait_for_url(f"**/tasks/{number}/")
    page.locator("#note").fill("Called; she comes on Friday")
    page.locator("button[value=note]").click()
    expect(page.locator(".c-timeline")).to_contain_text("Called; she comes on Friday")
    sound(visitor)
    visitor.shoot("console-task")
    # Whom it is about, and who sent them, is one step away.
    page.locator(f"main a[href$='/referral/friends/{friend}']").click()
    page.wait_for_url(f"**/referral/friends/{friend}")
    expect(page.locator("main")).to_contain_text(f"wang-t-{visitor.name}")
    sound(visitor)
    page.go_back()
    page.locator("button[value=done]").click()
    page.wait_for_url("**/console/tasks/")
    expect(page.locator(f"main a[href$='/tasks/{number}/']")).to_have_count(0)
    found = task(number)
    assert found is not None
    assert found.state == "done"
