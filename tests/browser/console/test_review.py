"""A draft goes before two people, each with their own browser, and is published."""

from __future__ import annotations

from playwright.sync_api import expect

from banyan.core.events import clock
from banyan.core.programs.acts import save_draft
from banyan.core.programs.editing import put
from banyan.core.programs.read import version, versions
from banyan.engine.language.source import Written
from tests.browser.conftest import EACH_LOOK, Opened, sound
from tests.browser.console.staff import signed_in
from tests.story.company import Company, eventually

PROGRAM = "friends"
PAGE = f"/console/programs/p/{PROGRAM}/review/"
SAID = {
    "en": {
        "ask": "Ask legal and finance",
        "approve": "Approve",
        "publish": "Publish",
        "words": "Read both in words",
        "try": "Decide these events",
        "mine": "waits for you",
    },
    "zh-hans": {
        "ask": "提交法务与财务审批",
        "approve": "通过",
        "publish": "发布",
        "words": "阅读文字对照",
        "try": "判定这些事件",
        "mine": "等待您审批",
    },
}


def a_draft() -> int:
    """The running text as the next version: nothing of it is less; its number."""
    newest = versions(PROGRAM)[0]
    text = put(newest.source, ("version",), Written(str(newest.number + 1), "number"))
    return save_draft("user:999999", text, now=clock.now()).number


@EACH_LOOK
def test_a_draft_is_judged_by_two_and_published(
    company: Company, visitors: Opened, size: str, language: str
) -> None:
    number, words = a_draft(), SAID[language]
    author = visitors(size=size, language=language)
    signed_in(author, "growth", PAGE)
    card = author.page.locator(f"section[aria-labelledby=draft-{number}]")
    card.get_by_role("button", name=words["ask"]).click()
    expect(card.get_by_role("button", name=words["ask"])).to_have_count(0)
    for role in ("legal", "finance"):
        judge = visitors(size=size, language=language)
        judge.name = f"{judge.name}-{role}"
        signed_in(judge, role, "/console/approvals/")
        expect(judge.page.get_by_text(words["mine"])).to_be_visible()
        sound(judge)
        judge.shoot(f"console-approvals-{role}")
        judge.page.get_by_role("link", name=f"{PROGRAM}").first.click()
        form = judge.page.locator(f"form[action$='judge-{role}/']")
        form.get_by_role("button", name=words["approve"], exact=True).click()
        expect(judge.page.locator(f"form[action$='judge-{role}/']")).to_have_count(0)
        sound(judge)
        judge.shoot(f"console-review-{role}")
    author.go(PAGE)
    author.shoot("console-review-approved")
    sound(author)
    card.get_by_role("button", name=words["publish"], exact=True).click()
    asked = author.page.locator("dialog[open]")
    sound(author)
    author.shoot("console-review-publish")
    asked.get_by_role("button", name=words["publish"], exact=True).click()
    expect(author.page.locator(f"section[aria-labelledby=draft-{number}]")).to_have_count(0)

    def status() -> str:
        row = version(PROGRAM, number)
        assert row is not None
        return row.status

    eventually(status, "published")
    for page in ("versions", "compare", "bench"):
        author.go(f"/console/programs/p/{PROGRAM}/{page}/")
        sound(author)
        author.shoot(f"console-program-{page}")
    author.page.get_by_role("button", name=words["try"]).click()
    expect(author.page.locator("#out")).to_be_visible()
    sound(author)
    author.shoot("console-program-bench-decided")
