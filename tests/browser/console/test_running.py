"""A program is prepared by its departments, kept within its budget and watched, by several people
with a browser each, on a desk and on a phone."""

from __future__ import annotations

from datetime import timedelta
from threading import Event

from playwright.sync_api import expect

from banyan.core.events import clock
from banyan.core.programs.read import program
from banyan.growth.planning.preparations import preparations
from banyan.insight.metrics.rebuild import position
from banyan.pipeline.approving.budget import budget
from banyan.pipeline.approving.spending import look, spent
from banyan.pipeline.wait import cursor_position
from banyan.trust.staff.read import by_email
from tests.browser.conftest import TWO_LOOKS, Opened, published, sound
from tests.browser.console.staff import signed_in
from tests.browser.console.test_queues import shop
from tests.story.company import Company, eventually

PREPARED = """
program: {slug}
version: 1
title: {{en: "Bring a friend", zh-hans: "好友同享"}}
currency: CNY
attribution: {{window: 30d}}
milestones:
  bought: {{on: Order Completed, within: 60d}}
rewards:
  thanks:
    {{to: advocate, on: bought, give: credit, amount: 20.00, caps: [{{per: advocate, count: 9}}]}}
limits:
  - {{give: credit, per: program, amount: 1000.00}}
"""
PAGES = ("", "rules/", "market/", "checklist/", "review/", "budget/", "versions/", "compare/")
PAUSED = {"en": "The budget paused this program.", "zh-hans": "预算已使此计划暂停。"}
REACHED = {"en": "budget reached", "zh-hans": "已达到预算"}
SOON = {"en": "within an hour", "zh-hans": "一小时内"}


@TWO_LOOKS
def test_departments_prepare_a_program(
    company: Company, visitors: Opened, size: str, language: str
) -> None:
    growth = visitors(size=size, language=language)
    slug = f"prepared-{growth.name}"
    published(PREPARED.format(slug=slug))
    home, listed = f"/console/programs/p/{slug}/", f"/console/programs/p/{slug}/checklist/"
    support = visitors(size=size, language=language)
    colleague = by_email(signed_in(support, "support", home))
    assert colleague is not None
    signed_in(growth, "growth", listed)
    page = growth.page
    sound(growth)
    growth.shoot("console-checklist-empty")
    page.locator(".c-empty form[action$='/begin/'] button").click()
    expect(page.locator("form[action$='/tick/']")).to_have_count(11)
    answers = next(one for one in preparations(slug) if one.shipped == "answers")
    item = page.locator("li").filter(has=page.locator(f"#owner-{answers.id}"))
    item.locator("summary").press("Enter")
    yesterday = clock.now().date() - timedelta(days=2)
    item.locator(f"#owner-{answers.id}").select_option(colleague.actor)
    item.locator(f"#due-{answers.id}").fill(yesterday.isoformat())
    sound(growth)
    growth.shoot("console-checklist-change")
    item.locator("form[action$='/change/'] button:not([type])").click()
    expect(page.locator("li .c-badge--bad")).to_have_count(1)
    sound(growth)
    growth.shoot("console-checklist")

    # Whose it is sees it on the program's first page, and says that it is done.
    support.go(home)
    opened = support.page.locator("section[aria-labelledby=open-items]")
    expect(opened.locator(".c-badge--bad")).to_have_count(1)
    expect(opened).to_contain_text(colleague.name)
    sound(support)
    support.shoot("console-program")
    opened.locator("a").click()
    support.page.wait_for_url(f"**{listed}")
    expect(support.page.locator("main summary")).to_have_count(0)
    ours = support.page.locator("li").filter(has=support.page.locator(".c-badge--bad"))
    ours.locator("button").click()
    expect(support.page.locator("li .c-badge--good")).to_have_count(1)
    sound(support)
    growth.go(listed)
    expect(page.locator("li").filter(has=page.locator(".c-badge--good"))).to_contain_text(
        colleague.name
    )
    assert [one.done_by for one in preparations(slug) if one.done_at] == [colleague.actor]


@TWO_LOOKS
def test_a_budget_is_set_reached_and_lifted(
    company: Company, visitors: Opened, size: str, language: str
) -> None:
    growth = visitors(size=size, language=language)
    # Of two friends who paid 80 each, one reward of 20 is granted and one is held.
    slug = shop(company, f"b-{growth.name}")
    eventually(lambda: position() == cursor_position(), True)
    found = spent(slug, days=30, now=clock.now())
    assert found is not None
    assert (found.cost, found.revenue) == (2_000, 16_000)
    home, kept = f"/console/programs/p/{slug}/", f"/console/programs/p/{slug}/budget/"
    signed_in(growth, "growth", kept)
    page = growth.page
    sound(growth)
    growth.shoot("console-budget-none")
    page.locator("#percent").fill("10")
    page.locator("input[name=action][value=stop]").check()
    page.locator("form[action$='/budget/keep/'] button:not([type])").click()
    stands = page.locator("section[aria-labelledby=stands]")
    expect(stands).to_contain_text(SOON[language])
    expect(stands).to_contain_text("16.00")
    sound(growth)
    growth.shoot("console-budget-set")

    # The hour comes.
    look(clock.now(), Event())
    row, known = budget(slug), program(slug)
    assert row is not None
    assert known is not None
    assert (row.state, known.status) == ("stopped", "paused")
    finance = visitors(size=size, language=language)
    signed_in(finance, "finance", "/console/tasks/")
    sound(finance)
    task = finance.page.locator("tbody tr").filter(has_text=slug)
    task.locator("a").first.click()
    finance.page.wait_for_url("**/console/tasks/*/")
    sound(finance)
    finance.shoot("console-budget-task")
    finance.page.locator(f"main a[href='{kept}']").click()
    finance.page.wait_for_url(f"**{kept}")
    expect(finance.page.locator("[role=status].c-note--bad")).to_be_visible()
    sound(finance)
    finance.shoot("console-budget-paused")

    growth.go("/console/")
    expect(page.locator("[role=alert]").filter(has_text=slug)).to_contain_text("20.00 CNY")
    growth.go(home)
    expect(page.get_by_text(PAUSED[language])).to_be_visible()
    sound(growth)
    growth.shoot("console-program-paused")
    growth.go(f"{home}review/")
    page.locator("[data-confirm=resume]").click()
    again = page.locator("dialog#resume")
    again.locator("button:not([type])").click()
    expect(again).to_be_visible()  # the reason is missing
    again.locator("#resume-reason").fill("Finance agreed to 15 % this month")
    sound(growth)
    growth.shoot("console-budget-resume")
    again.locator("button:not([type])").click()
    expect(page.locator("[data-confirm=pause]")).to_be_visible()
    finance.go(kept)
    expect(finance.page.get_by_text(REACHED[language], exact=True)).to_be_visible()
    finance.page.locator("[data-confirm=drop-budget]").click()
    sound(finance)
    finance.page.locator("dialog#drop-budget button:not([type])").click()
    expect(finance.page.locator("[data-confirm=drop-budget]")).to_have_count(0)
    assert budget(slug) is None


@TWO_LOOKS
def test_every_page_of_a_program_is_sound(
    company: Company, visitors: Opened, size: str, language: str
) -> None:
    visitor = visitors(size=size, language=language)
    signed_in(visitor, "growth", "/console/programs/")
    for path in (
        "programs/",
        "programs/calendar/",
        *(f"programs/p/friends/{one}" for one in PAGES),
    ):
        visitor.go(f"/console/{path}")
        expect(visitor.page.locator("main")).to_have_count(1)
        sound(visitor)
        visitor.shoot(f"console-{path.strip('/').replace('/', '-')}")
