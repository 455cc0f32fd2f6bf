"""From a preset to a draft that others can review, by the form and by the YAML."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from banyan.core.programs import drafts
from banyan.core.programs.read import version
from tests.browser.conftest import EACH_LOOK, Opened, sound
from tests.browser.console.staff import signed_in
from tests.story.company import Company, eventually

SAID = {
    "en": {
        "search": "Search",
        "begin": "Begin with this",
        "saved": "Saved",
        "check": "Check and hand over",
        "over": "Hand over",
        "fit": "Good fit",
        "step": "Incentives",
        "add": "Add a reward for the friend",
        "rules": "Rules, Chinese",
        "moved": "Somebody else saved this draft",
        "mine": "Keep yours",
        "wrong": "did you mean give?",
    },
    "zh-hans": {
        "search": "搜索",
        "begin": "从这个开始",
        "saved": "保存",
        "check": "检查并提交",
        "over": "提交",
        "fit": "合适对象",
        "step": "激励",
        "add": "添加好友奖励",
        "rules": "中文规则",
        "moved": "有人也保存了这份草稿",
        "mine": "保留您的",
        "wrong": "是不是 give？",
    },
}
TEXT = "ace.edit('b-editor').getValue()"
REPLACE = """([old, wanted]) => { const text = ace.edit('b-editor').session.doc;
text.setValue(text.getValue().replace(old, wanted)); }"""
COMPLETED = """() => new Promise((done) => { const editor = ace.edit('b-editor');
const row = editor.session.doc.getAllLines().findIndex((line) => line === '  friend-discount:') + 1;
editor.session.insert({ row, column: 0 }, '    \\n');
editor.completers[0].getCompletions(editor, editor.session, { row, column: 4 }, '', (_, found) => {
editor.undo(); done(found.map((one) => one.caption)); }); })"""


def number_of(page: Page) -> int:
    return int(page.url.partition("/drafts/")[2].partition("/")[0])


@EACH_LOOK
def test_from_a_preset_to_a_draft_for_review(
    company: Company, visitors: Opened, size: str, language: str
) -> None:
    words, visitor = SAID[language], visitors(size=size, language=language)
    page = visitor.page
    signed_in(visitor, "growth", "/console/programs/new/")
    page.get_by_label(words["search"], exact=True).fill("meundies")
    page.get_by_role("button", name=words["search"], exact=True).last.click()
    sound(visitor)
    page.get_by_role("button", name=words["begin"]).click()
    number = number_of(page)
    slug = drafts.draft(number).slug

    # The form writes into the YAML, and it is saved without a button.
    page.get_by_role("link", name=words["step"]).click()
    page.locator("[name='/rewards/advocate-credit/amount']").fill("25.50")
    eventually(lambda: "amount: 25.50\n" in drafts.draft(number).source, True)
    page.wait_for_function(f"{TEXT}.includes('amount: 25.50\\n')")
    expect(page.locator("#b-saved")).to_contain_text(words["saved"])

    # The YAML changes the form; what is wrong is marked in its line and told with a cure.
    page.evaluate(REPLACE, ["hold: 14d", "hold: 21d"])
    expect(page.locator("[name='/rewards/advocate-credit/hold']")).to_have_value("21")
    page.evaluate(REPLACE, ["give: credit", "giv: credit"])
    expect(page.locator("#b-told")).to_contain_text(words["wrong"])
    marked = page.evaluate("ace.edit('b-editor').session.getAnnotations().map((one) => one.row)")
    lines = drafts.draft(number).source.splitlines()
    assert lines.index("    giv: credit") in marked
    page.evaluate(REPLACE, ["giv: credit", "give: credit"])
    expect(page.locator("#b-told")).not_to_contain_text(words["wrong"])
    page.wait_for_function("ace.edit('b-editor').completers.length === 1")
    assert {"to", "on", "give", "caps"} <= set(page.evaluate(COMPLETED))

    page.get_by_role("button", name=words["add"]).click()
    expect(page.locator("[name='/rewards/friend-reward/amount']")).to_have_value("10.00")
    page.get_by_role("tab", name=words["rules"]).click()
    expect(page.locator("#b-rules-zh")).to_contain_text("friend-reward")
    sound(visitor)
    visitor.shoot("builder")

    page.get_by_role("link", name=words["fit"]).click()
    page.locator("[name=fit_en]").fill("Somebody who runs.")
    page.locator("[name=fit_zh]").fill("爱跑步的人。")
    eventually(lambda: drafts.draft(number).facts.get("fit_zh") == "爱跑步的人。", True)
    page.get_by_role("button", name=words["check"]).first.click()
    page.wait_for_url("**/check/")
    sound(visitor)
    visitor.shoot("builder-check")
    for box in page.locator("input[type=checkbox]").all():
        box.check()
    page.get_by_role("button", name=words["over"], exact=True).click()
    page.wait_for_url(f"**/console/programs/p/{slug}/review/")
    row = version(slug, 1)
    assert row is not None
    assert (row.status, row.source) == ("draft", drafts.draft(number).source)


def test_two_windows_lose_nothing(company: Company, visitors: Opened) -> None:
    words, visitor = SAID["en"], visitors(size="desktop", language="en")
    first = visitor.page
    signed_in(visitor, "admin", "/console/programs/new/")
    first.get_by_role("button", name="Begin with this Give 20%").click()
    number = number_of(first)
    first.get_by_role("link", name=words["step"]).click()
    first.wait_for_url("**/?step=incentives")
    second = first.context.new_page()
    second.goto(first.url)
    amount = "[name='/rewards/advocate-credit/amount']"
    second.locator(amount).fill("33")
    eventually(lambda: "amount: 33\n" in drafts.draft(number).source, True)
    first.locator(amount).fill("44")
    first.get_by_role("button", name=words["moved"]).click()
    expect(first.locator(".b-diff__theirs")).to_have_text("−     amount: 33")
    expect(first.locator(".b-diff__mine")).to_have_text("+     amount: 44")
    first.get_by_role("button", name=words["mine"]).click()
    eventually(lambda: "amount: 44\n" in drafts.draft(number).source, True)
    # The refused save is an error in the browser's own log, and the only one.
    assert [one for one in visitor.errors if "409" not in one] == []


def test_what_was_typed_before_the_script_came_is_saved(company: Company, visitors: Opened) -> None:
    words, visitor = SAID["en"], visitors(size="phone", language="en")
    page, script = visitor.page, "**/console/builder.js?v=*"
    held: list[Route] = []
    signed_in(visitor, "admin", "/console/programs/new/")
    page.get_by_role("button", name="Begin with this Give 20%").click()
    number = number_of(page)
    page.wait_for_load_state()  # what this page still asks for is not the next one's
    page.route(script, lambda route: held.append(route))
    with page.expect_request(script):
        page.goto(f"{page.url.partition('?')[0]}?step=incentives", wait_until="commit")
    page.locator("[name='/rewards/advocate-credit/amount']").fill("51")
    assert [route.continue_() for route in held] == [None]
    eventually(lambda: "amount: 51\n" in drafts.draft(number).source, True)
    expect(page.locator("#b-saved")).to_contain_text(words["saved"])
    sound(visitor)


def test_a_button_among_the_fields_works_while_another_is_under_way(
    company: Company, visitors: Opened
) -> None:
    visitor = visitors(size="phone", language="en")
    page, held = visitor.page, list[Route]()
    signed_in(visitor, "admin", "/console/programs/new/")
    page.get_by_role("button", name="Begin with this Give 20%").click()
    number = number_of(page)
    page.get_by_role("link", name=SAID["en"]["step"]).click()
    page.wait_for_url("**/?step=incentives")
    page.route("**/save/", lambda route: held.append(route), times=1)
    with page.expect_request("**/save/"):
        page.get_by_role("button", name=SAID["en"]["add"]).click()
    page.get_by_role("button", name="Next:").click()
    assert [route.continue_() for route in held] == [None]
    page.wait_for_url(lambda url: "?step=" in url and "incentives" not in url)
    assert "  friend-reward:\n" in drafts.draft(number).source
    sound(visitor)


def test_what_is_said_of_saving_moves_no_button(company: Company, visitors: Opened) -> None:
    for size in ("phone", "desktop"):
        visitor = visitors(size=size, language="en")
        page = visitor.page
        signed_in(visitor, "admin", "/console/programs/new/")
        page.get_by_role("button", name="Begin with this Give 20%").click()
        page.wait_for_function("window.ace && ace.edit('b-editor')")
        said = page.locator("#b-form").evaluate("(form) => Object.values({...form.dataset})")
        said = [words for words in said if " " in words]
        assert len(said) == 3
        places = set()
        for words in ("", "Saving…", *said):
            page.locator("#b-saved").evaluate("(place, words) => place.textContent = words", words)
            found = page.locator(".c-head__tools button, #b-form").all()
            places.add(tuple(tuple((one.bounding_box() or {}).values()) for one in found))
        assert len(places) == 1, places
        visitor.shoot("builder-saved")
