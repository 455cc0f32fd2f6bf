"""A customer on their own pages, in a real browser: sign in, take part, share, follow, be heard."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt
import pytest
from playwright.sync_api import Locator, expect

from banyan.trust.access.keys import make
from tests.browser.conftest import Opened, Visitor
from tests.story.company import Company, eventually


@dataclass
class Host:
    """The company's own site, which signs its customers in."""

    company: Company
    kid: str
    secret: str

    def path(self, user_id: str, **claims: object) -> str:
        """Opens the portal for a customer."""
        said = {
            "sub": user_id,
            "aud": f"http://localhost:{self.company.port}",
            "jti": uuid4().hex,
            "exp": datetime.now(UTC) + timedelta(minutes=4),
        }
        token = jwt.encode(said | claims, self.secret, "HS256", headers={"kid": self.kid})
        return f"/me/enter?token={token}"


@pytest.fixture(scope="module")
def host(company: Company) -> Host:
    """With a portal key."""
    key, secret = make("tester", "portal", is_test=False, now=datetime.now(UTC))
    return Host(company, str(key.id), secret)


def enrolled(visitor: Visitor, host: Host, user_id: str, **claims: object) -> None:
    """Signed in and taking part in the program `friends`."""
    visitor.go(host.path(user_id, next="/me/p/friends/", **claims))
    visitor.page.locator("form[action$='/join'] button").click()
    expect(visitor.page.locator("form[data-share]")).to_be_visible()


def code_of(visitor: Visitor) -> str:
    """The code on the page of a program."""
    return visitor.page.locator(".mine__code").inner_text()


@pytest.mark.parametrize("size", ["phone", "desktop"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_customer_takes_part_and_every_page_is_sound(
    company: Company, host: Host, visitors: Opened, size: str, language: str
) -> None:
    visitor = visitors(size=size, language=language)
    ann = f"ann-{size}-{language}"
    visitor.go(host.path(ann, name="安宁" if language == "zh-hans" else "Ann Boleyn"))
    visitor.check()
    visitor.shoot("home-new")
    visitor.go("/me/p/friends/")
    visitor.check()
    visitor.shoot("program-new")
    visitor.page.locator("form[action$='/join'] button").click()
    visitor.check()
    visitor.shoot("share")
    code = code_of(visitor)
    names = ["王小明", "Ben Jonson", "欧阳娜娜"]
    for number, name in enumerate(names):
        friend = f"f{number}-{ann}"
        company.shop.track("Signed Up", friend, f"s-{friend}", referral_code=code)
        said = {"userId": friend, "traits": {"name": name}}
        assert company.office.post("/identify", said).status == 200
    for number in range(2):
        friend = f"f{number}-{ann}"
        company.shop.track(
            "Order Completed", friend, f"o-{friend}", order_id=f"o-{friend}", total=80,
            currency="CNY",
        )  # fmt: skip
    eventually(lambda: len(company.office.get(f"/decisions?beneficiary={ann}").json["data"]), 2)
    for path, name in [
        ("/me/", "home"),
        ("/me/friends/", "friends"),
        ("/me/rewards/", "rewards"),
        ("/me/inbox/", "inbox"),
        ("/me/settings/", "settings"),
        ("/me/settings/erase", "erase"),
        ("/me/disputes/", "disputes"),
        ("/me/p/friends/", "share-busy"),
        ("/me/p/friends/rules/", "rules"),
        ("/me/p/friends/questions/", "questions"),
        ("/me/p/friends/share/wechat/", "wechat"),
        ("/me/p/friends/share/email/", "email"),
        ("/me/p/friends/share/poster/", "poster"),
    ]:
        visitor.go(path)
        visitor.check()
        visitor.shoot(name)
    visitor.go("/me/friends/")
    visitor.page.locator("a.friend").first.click()
    visitor.check()
    visitor.shoot("friend")
    visitor.go("/me/rewards/")
    visitor.page.locator(".list__whole").first.click()
    visitor.check()
    visitor.shoot("reward")
    visitor.page.locator("a[href$='/dispute']").click()
    visitor.page.locator("textarea").fill("It should be more.")
    visitor.check()
    visitor.shoot("dispute-new")
    visitor.page.locator("main form button").click()
    visitor.check()
    visitor.shoot("dispute")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_three_taps_from_opening_the_portal_to_the_share_sheet(
    company: Company, host: Host, visitors: Opened, language: str
) -> None:
    visitor = visitors(size="phone", language=language)
    enrolled(visitor, host, f"tapper-{language}")
    # What the telephone would show is counted in its place.
    visitor.page.add_init_script(
        "window.sheets = [];navigator.share = async (what) => { window.sheets.push(what); };"
    )
    began = time.monotonic()
    visitor.go("/me/")  # the first: the portal is opened
    invite = visitor.page.locator("#invite-friends")
    assert is_seen_at_once(visitor, invite)
    invite.tap()  # the second
    channel = visitor.page.locator("button[value=system]")
    assert is_seen_at_once(visitor, channel)
    channel.tap()  # the third
    visitor.page.wait_for_function("window.sheets.length === 1")
    seconds = time.monotonic() - began
    print(f"\n3 taps, {seconds:.1f} s")  # noqa: T201
    assert seconds < 5
    [sheet] = visitor.page.evaluate("window.sheets")
    assert f"/r/{code_of(visitor)}?c=wechat&s=" in sheet["text"]
    eventually(lambda: shared_by(company, f"tapper-{language}"), ["system"])
    visitor.check()


def test_each_quick_channel_opens_what_it_says_and_is_recorded(
    company: Company, host: Host, visitors: Opened
) -> None:
    visitor = visitors(size="phone", permissions=["clipboard-read", "clipboard-write"])
    enrolled(visitor, host, "quick")
    visitor.page.locator("button[value=copy]").tap()
    expect(visitor.page.get_by_role("status")).to_have_text(re.compile("Copied"))
    copied = visitor.page.evaluate("navigator.clipboard.readText()")
    assert f"/r/{code_of(visitor)}?c=copy&s=" in copied
    visitor.page.locator("[data-copy]").tap()
    url = visitor.page.evaluate("navigator.clipboard.readText()")
    assert url == f"{visitor.origin}/r/{code_of(visitor)}"
    for channel, scheme in (("sms", "sms:?&body="), ("email", "mailto:?subject=")):
        way = visitor.page.locator(f"button[value={channel}]")
        assert (way.get_attribute("data-open") or "").startswith(scheme)
    visitor.page.locator("button[value=wechat]").tap()
    expect(visitor.page.locator("#ready")).to_have_value(re.compile(r"\?c=wechat"))
    visitor.check()
    eventually(lambda: shared_by(company, "quick"), ["copy", "wechat"])


def test_everything_works_without_scripts(company: Company, host: Host, visitors: Opened) -> None:
    visitor = visitors(size="phone", java_script_enabled=False)
    enrolled(visitor, host, "plain")
    visitor.page.locator("button[value=email]").click()
    expect(visitor.page.locator("a[href^='mailto:']")).to_be_visible()
    assert "?c=email" in (visitor.page.locator("#ready").input_value())
    for path in ("/me/", "/me/friends/", "/me/rewards/", "/me/inbox/"):
        visitor.go(path)
        expect(visitor.page.locator("main h1")).to_be_visible()
    visitor.go("/me/settings/")
    visitor.page.locator("#shown").fill("Plain Jane")
    visitor.page.locator("#name button").click()
    expect(visitor.page.get_by_text("Now: Plain Jane")).to_be_visible()
    assert visitor.errors == []


NAMES = {
    "long": "Wolfeschlegelsteinhausenbergerdorff " * 5,
    "unbroken": "W" * 200,
    "emoji": "👩‍👩‍👧‍👦🎉 Zoë 🦄",
    "right-to-left": "محمد بن عبد الله الأنصاري",
    "mixed": "ישראל ישראלי & <b>Sons</b> “GmbH”",
    "chinese": "欧阳" * 50,
}


@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_names_of_any_length_and_script_break_nothing(
    company: Company, host: Host, visitors: Opened, size: str
) -> None:
    visitor = visitors(size=size)
    ann = f"names-{size}"
    enrolled(visitor, host, ann, name=NAMES["long"])
    code = code_of(visitor)
    for number, name in enumerate(NAMES.values()):
        friend = f"{ann}-{number}"
        company.shop.track("Signed Up", friend, f"s-{friend}", referral_code=code)
        company.office.post("/identify", {"userId": friend, "traits": {"name": name}})
        said = {"userId": friend, "event": "Consent Given", "messageId": f"c-{friend}"}
        company.office.post("/track", said | {"properties": {"purpose": "name_shown"}})
        company.shop.track(
            "Order Completed", friend, f"o-{friend}", order_id=f"o-{friend}", total=80,
            currency="CNY",
        )  # fmt: skip
    eventually(
        lambda: len(company.office.get(f"/decisions?beneficiary={ann}").json["data"]), len(NAMES)
    )
    for path, name in (("/me/", "names-home"), ("/me/friends/", "names-friends"),
                       ("/me/rewards/", "names-rewards")):  # fmt: skip
        visitor.go(path)
        visitor.check()
        visitor.shoot(name)
    visitor.go("/me/friends/?q=" + "W" * 20)
    expect(visitor.page.locator("a.friend")).to_have_count(1)
    visitor.page.locator("a.friend").click()
    visitor.check()
    visitor.go("/me/settings/")
    visitor.page.locator("#shown").fill("🎉" * 20)
    visitor.page.locator("#name button").click()
    visitor.check()
    visitor.shoot("names-settings")


def test_a_keyboard_reaches_everything_in_order(
    company: Company, host: Host, visitors: Opened
) -> None:
    visitor = visitors(size="desktop")
    enrolled(visitor, host, "keys")
    visitor.go("/me/")
    visitor.page.keyboard.press("Tab")
    assert visitor.page.evaluate("document.activeElement.className") == "skip"
    visitor.page.keyboard.press("Enter")
    visitor.page.keyboard.press("Tab")
    assert visitor.page.evaluate("document.activeElement.id") == "invite-friends"
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator("form[data-share]")).to_be_visible()


def test_signing_in_by_code_in_the_browser(company: Company, visitors: Opened) -> None:
    visitor = visitors(size="phone", language="zh-hans")
    visitor.go("/me/friends/")
    visitor.check()
    visitor.shoot("sign-in")
    visitor.page.locator("#contact").fill("nobody@example.com")
    visitor.page.locator("main form button").tap()
    expect(visitor.page.locator("#code")).to_be_focused()
    visitor.check()
    visitor.shoot("code")
    visitor.page.locator("#code").fill("000000")
    visitor.page.locator("main form button").tap()
    expect(visitor.page.get_by_role("alert")).to_be_visible()
    visitor.errors.clear()  # the browser itself says that it was refused
    visitor.check()
    visitor.shoot("code-wrong")


def shared_by(company: Company, user_id: str) -> list[str]:
    """Through which channels somebody has passed their link on, as the log has it."""
    events = company.office.get(f"/customers/{user_id}/events?limit=20").json["data"]
    shared = [one["body"] for one in events if one["event"] == "Referral Shared"]
    return sorted(body["properties"]["channel"] for body in shared)


def is_seen_at_once(visitor: Visitor, target: Locator) -> bool:
    """Whether it stands on the first screen and above the tabs, without scrolling."""
    place, tabs = target.bounding_box(), visitor.page.locator(".tabs").bounding_box()
    return bool(place and tabs and place["y"] + place["height"] <= tabs["y"])
