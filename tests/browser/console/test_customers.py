"""“Why did Ms Wang get nothing?” is answered in a minute, on a desk and on a phone."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import EACH_LOOK, Opened, sound
from tests.browser.console.staff import signed_in
from tests.story.company import Company, eventually


def wang(company: Company, tail: str) -> str:
    """She brought li, who bought; sun was a customer before, so that invitation does not count."""
    name, code = f"wang-{tail}", f"WANG-{tail}".upper()
    said = {
        "userId": name,
        "traits": {"name": "王小明", "phone": f"138{abs(hash(tail)) % 10**8:08}"},
    }
    assert company.office.post("/identify", said).status == 200
    made = company.office.post("/links", {"program": "friends", "advocate": name, "code": code})
    assert made.status == 200, made.body
    order = {"currency": "CNY", "total": 80}
    sun, li = f"sun-{tail}", f"li-{tail}"
    company.shop.track("Order Completed", sun, f"o-{sun}", order_id=f"o-{sun}", **order)
    for friend in (sun, li):
        company.shop.track("Signed Up", friend, f"s-{friend}", referral_code=code)
    company.shop.track("Order Completed", li, f"o-{li}", order_id=f"o-{li}", **order)
    asked = f"/decisions?beneficiary={name}"
    eventually(lambda: len(company.office.get(asked).json["data"]), 1)
    return name


@EACH_LOOK
def test_from_a_search_to_the_reason(
    company: Company, visitors: Opened, size: str, language: str
) -> None:
    visitor = visitors(size=size, language=language)
    name = wang(company, visitor.name)
    signed_in(visitor, "support", "/console/customers/")
    sound(visitor)
    visitor.shoot("console-search")
    visitor.page.locator("#text").fill(f"WANG-{visitor.name}")
    visitor.page.locator("#text").press("Enter")
    visitor.page.wait_for_url(f"**/customers/one/{name}")
    lost = visitor.page.locator(".k-item").filter(has_text=f"sun-{visitor.name}")
    expect(lost.locator(".c-badge--bad")).to_be_visible()
    granted = visitor.page.locator(".k-item").filter(has_text="thanks")
    granted.locator("summary").click()
    expect(granted.locator(".k-why")).to_contain_text(f"friends/thanks/{name}/")
    sound(visitor)
    visitor.shoot("console-customer")
    lost.locator(".k-item__title").click()
    expect(visitor.page.locator("table .c-badge--bad")).to_be_visible()
    sound(visitor)
    visitor.shoot("console-refused")


@EACH_LOOK
def test_every_page_is_sound(company: Company, visitors: Opened, size: str, language: str) -> None:
    visitor = visitors(size=size, language=language)
    name = wang(company, f"all-{visitor.name}")
    signed_in(visitor, "admin", "/console/customers/")
    for tab in ("referrals", "wallet", "events", "messages", "data", "access"):
        visitor.go(f"/console/customers/one/{name}?tab={tab}")
        sound(visitor)
        visitor.shoot(f"console-customer-{tab}")
    visitor.go(f"/console/customers/one/{name}?tab=data")
    visitor.page.locator("#personal button").click()
    expect(visitor.page.locator("#personal")).to_contain_text("王小明")
    for path, shot in (
        (f"referral/friends/li-all-{visitor.name}", "referral"),
        ("chains/", "chains"),
        (f"chains/of/{name}", "chain"),
        ("circle/", "circle"),
        ("segments/", "segments"),
        ("segments/new", "segment-new"),
    ):
        visitor.go(f"/console/{path}")
        sound(visitor)
        visitor.shoot(f"console-{shot}")
    visitor.page.locator("#g0-c0-field").select_option("friends")
    expect(visitor.page.locator("#g0-c0-of")).to_be_visible()
    visitor.page.locator("#g0-c0-value").fill("1")
    visitor.page.locator("#g0-c0-value").blur()
    expect(visitor.page.locator("#rules [aria-live]")).to_contain_text(name)
    visitor.page.locator("#name").fill("Those who bring")
    visitor.page.locator("#slug").fill(f"bring-{visitor.name}")
    visitor.page.locator("button[value=save]").click()
    visitor.page.wait_for_url(f"**/segments/of/bring-{visitor.name}")
    sound(visitor)
    visitor.shoot("console-segment")
