"""The widget in a page of a host, as its customers meet it: the example host before a real server.

The host's policy allows scripts and requests of our origin and nothing inline; a breach would stand
in the browser's console, which must stay empty.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from banyan.trust.access import keys
from tests.browser.conftest import PROGRAMS, Opened, Visitor, published
from tests.installation import fresh
from tests.rooms.doors.edge.serving import free_port
from tests.story.company import Caller, Company, eventually, serving, until_ready

EXAMPLE = Path("clients/widget/example/server.py")
PATIENCE_S = 90
SIZES = ["phone", "desktop"]
LANGUAGES = ["en", "zh-hans"]
WORDS = {
    "en": {
        "title": "Bring a friend",
        "sign_in": "Sign in to get your link",
        "shop": "Sign in as Ann",
        "join": "Get my link",
        "tick": "Tick the box first.",
        "copy": "Copy link",
        "text": "Copy text with link",
        "copied": "Copied. Paste it wherever your friend will read it.",
        "qr": "QR code",
        "nobody": "Nobody has come by your link yet.",
    },
    "zh-hans": {
        "title": "好友同享",
        "sign_in": "登录后获取专属链接",
        "shop": "以 Ann 登录",
        "join": "获取我的链接",
        "tick": "请先勾选同意。",
        "copy": "复制链接",
        "text": "复制推荐语和链接",
        "copied": "已复制，去粘贴给好友吧。",
        "qr": "二维码",
        "nobody": "还没有好友通过您的链接加入。",
    },
}


@dataclass(frozen=True)
class Shop:
    """A host site and the company's installation behind it."""

    company: Company
    origin: str
    banyan: str


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """The example host and a served installation that knows its own address."""
    server = request.getfixturevalue("postgres_server") if request.param == "postgres" else None
    template = request.getfixturevalue("sqlite_template") if server is None else Path()
    folder = tmp_path_factory.mktemp("shop")
    with fresh(request.param, folder / "home", template=template, server=server) as installation:
        made = {
            role: keys.make("tester", role, is_test=role == "secret", now=datetime.now(UTC))
            for role in ("write", "secret", "portal", "publishable")
        }
        for file in sorted(PROGRAMS.glob("*.yaml")):
            published(file.read_text())
        key, secret = made["portal"]
        with serving(installation, folder / "serve.log") as port:
            banyan = f"http://localhost:{port}"
            words = ["--program", "friends", "--key-id", str(key.id)]
            words += ["--banyan", banyan, "--browser-key", made["publishable"][1]]
            with _host(words, folder / "host.log", PORTAL_KEY=secret) as host_port:
                callers = [Caller(port, made[role][1]) for role in ("write", "secret")]
                company = Company(installation, port, *callers)
                yield Shop(company, f"http://localhost:{host_port}", banyan)


@contextmanager
def _host(words: list[str], log: Path, **variables: str) -> Iterator[int]:
    """The example host until the end; its port."""
    port = free_port()
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, str(EXAMPLE), *words, "--port", str(port)],
            env={**os.environ, **variables},
            stdout=file,
            stderr=file,
        )
    try:
        until_ready(port, lambda: process.poll() is None, log, path="/")
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


@pytest.fixture
def open_shop(shop: Shop, visitors: Opened) -> Opened:
    """Opens browsers before the shop's page."""

    def opened(**options: object) -> Visitor:
        language = str(options.get("language", "en"))
        visitor = visitors(**options)
        visitor.origin = shop.origin
        visitor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        visitor.go(f"/?lang={language}")
        return visitor

    return opened


@pytest.fixture
def company(shop: Shop) -> Company:
    """What the fixture of browsers asks for; theirs knows no address of its own."""
    return shop.company


def widget(page: Page) -> Locator:
    """The element; locators look into its shadow."""
    return page.locator("banyan-refer")


def sign_in(visitor: Visitor, language: str = "en") -> None:
    """At the shop."""
    visitor.page.get_by_role("button", name=WORDS[language]["shop"]).click()
    visitor.page.wait_for_url("**/?lang=*")


def join(visitor: Visitor, language: str = "en") -> None:
    """Agree to the rules, unless that was done before."""
    page, words = visitor.page, WORDS[language]
    expect(widget(page).get_by_role("heading", level=2)).to_have_text(words["title"])
    expect(widget(page).locator("[aria-busy=false]")).to_be_attached()
    if widget(page).get_by_role("checkbox").count():
        widget(page).get_by_role("checkbox").check()
        widget(page).get_by_role("button", name=words["join"]).click()
    expect(widget(page).get_by_role("button", name=words["copy"])).to_be_visible()


def soon(page: Page, holds: Callable[[], bool]) -> None:
    """Wait for something; the page's policy forbids the browser's own way of waiting, `eval`."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end
        page.wait_for_timeout(50)


def check(visitor: Visitor, shop: Shop) -> None:
    """As every page is checked, where asking our own installation is no leaving."""
    visitor.left = [url for url in visitor.left if not url.startswith(shop.banyan + "/")]
    visitor.check()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_from_stranger_to_shared_link(
    shop: Shop, open_shop: Opened, size: str, language: str
) -> None:
    words = WORDS[language]
    visitor = open_shop(size=size, language=language)
    page, element = visitor.page, widget(visitor.page)
    expect(element.get_by_role("heading", level=2)).to_have_text(words["title"])
    expect(element.get_by_role("link", name=words["sign_in"])).to_be_visible()
    assert element.locator("dl.two dd").count() == 3
    check(visitor, shop)
    visitor.shoot("widget-stranger")
    sign_in(visitor, language)
    expect(element.locator("[aria-busy=false]")).to_be_attached()
    if element.get_by_role("checkbox").count():
        element.get_by_role("button", name=words["join"]).click()
        expect(element.get_by_role("alert")).to_have_text(words["tick"])
        expect(element.get_by_role("checkbox")).to_be_focused()
        check(visitor, shop)
        visitor.shoot("widget-terms")
        element.get_by_role("checkbox").check()
        element.get_by_role("button", name=words["join"]).click()
        expect(element.get_by_role("heading", level=2)).to_be_focused()
    expect(element.get_by_role("button", name=words["copy"])).to_be_visible()
    element.get_by_role("button", name=words["copy"]).click()
    expect(element.get_by_role("status")).to_have_text(words["copied"])
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(shop.banyan + "/r/")
    assert "c=copy" in link
    element.get_by_role("button", name=words["text"]).click()
    soon(page, lambda: len(page.evaluate("navigator.clipboard.readText()")) > len(link))
    assert link in page.evaluate("navigator.clipboard.readText()")
    element.get_by_role("button", name=words["qr"]).click()
    expect(element.locator("svg")).to_be_visible()
    check(visitor, shop)
    visitor.shoot("widget-member")
    for button in element.get_by_role("button").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44


def test_friends_and_rewards_are_seen(shop: Shop, open_shop: Opened) -> None:
    visitor = open_shop()
    page, element = visitor.page, widget(visitor.page)
    sign_in(visitor)
    join(visitor)
    code = element.locator("p.s").filter(has_text="Your code: ").inner_text().split()[-1]
    shop.company.shop.post(
        "/identify", {"userId": "ben", "traits": {"name": "Benjamin Chang"}, "messageId": "w1"}
    )
    shop.company.shop.track("Signed Up", "cid", "w2", referral_code=code)
    shop.company.shop.track("Order Completed", "cid", "w3", order_id="o1", total=60, currency="CNY")

    def joined() -> int:
        return len(shop.company.office.get("/decisions?friend=cid").json["data"])

    eventually(joined, 2)
    page.evaluate("document.querySelector('banyan-refer').refresh()")
    expect(element.locator("li .k")).to_have_text(["Bought"])
    expect(element.get_by_text("CN¥20.00 on the way")).to_be_visible()
    check(visitor, shop)
    visitor.shoot("widget-friends")


def test_by_the_keyboard_alone(shop: Shop, open_shop: Opened) -> None:
    visitor = open_shop(size="desktop")
    page, element = visitor.page, widget(visitor.page)
    sign_in(visitor)
    join(visitor)
    page.evaluate("document.activeElement.blur()")
    page.reload()
    expect(element.get_by_role("button", name="Copy link")).to_be_visible()
    focused = "document.activeElement.shadowRoot?.activeElement?.textContent"
    for _step in range(10):
        page.keyboard.press("Tab")
        if page.evaluate(focused) == "Copy link":
            break
    assert page.evaluate(focused) == "Copy link"
    ring = "getComputedStyle(document.activeElement.shadowRoot.activeElement).outlineStyle"
    assert page.evaluate(ring) == "solid"
    page.keyboard.press("Enter")
    expect(element.get_by_role("status")).to_have_text(WORDS["en"]["copied"])
    assert page.evaluate(focused) == "Copy link"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "QR code"
    page.keyboard.press("Space")
    expect(element.get_by_role("button", name="QR code")).to_have_attribute("aria-expanded", "true")
    expect(element.get_by_role("img", name="QR code of your link")).to_be_visible()


def test_the_look_is_the_hosts_in_light_and_dark(shop: Shop, open_shop: Opened) -> None:
    def colours(visitor: Visitor) -> tuple[str, str]:
        sign = widget(visitor.page).get_by_role("link", name="Sign in to get your link")
        expect(sign).to_be_visible()
        card = widget(visitor.page).locator("section")
        return tuple(  # type: ignore[return-value]
            one.evaluate("one => getComputedStyle(one).backgroundColor") for one in (sign, card)
        )

    light = open_shop()
    assert colours(light) == ("rgb(122, 46, 138)", "rgb(255, 255, 255)")
    dark = open_shop(color_scheme="dark")
    assert colours(dark) == ("rgb(217, 163, 230)", "rgb(24, 33, 29)")
    check(dark, shop)
    dark.shoot("widget-dark")
    dark.page.evaluate("document.querySelector('banyan-refer').setAttribute('theme', 'light')")
    assert colours(dark)[1] == "rgb(255, 255, 255)"
    # Nothing of ours gets out.
    assert (
        dark.page.locator("h1")
        .evaluate("one => getComputedStyle(one).fontFamily")
        .startswith("Georgia")
    )


def test_a_paused_program_says_so_and_shares_nothing(shop: Shop, open_shop: Opened) -> None:
    visitor = open_shop()
    sign_in(visitor)
    join(visitor)
    element = widget(visitor.page)
    office = shop.company.office
    assert office.post("/programs/friends/pause", {"reason": "Stock."}).status == 200
    try:
        visitor.page.reload()
        expect(
            element.get_by_text("This program is paused. What you have earned stays.")
        ).to_be_visible()
        assert element.get_by_role("button").count() == 0
        expect(element.get_by_text("Your friends")).to_be_visible()
        check(visitor, shop)
        visitor.shoot("widget-paused")
    finally:
        assert office.post("/programs/friends/resume", {"reason": "Stock."}).status == 200


def test_what_cannot_be_reached_can_be_tried_again(shop: Shop, open_shop: Opened) -> None:
    visitor = open_shop(language="zh-hans")
    page, element = visitor.page, widget(visitor.page)
    expect(element.get_by_role("heading", level=2)).to_be_visible()
    page.route("**/v1/portal/**", lambda route: route.abort())
    page.evaluate("document.querySelector('banyan-refer').refresh()")
    expect(element.get_by_role("alert")).to_have_text("暂时无法显示。")
    visitor.shoot("widget-error")
    page.unroute("**/v1/portal/**")
    element.get_by_role("button", name="重试").click()
    expect(element.get_by_role("heading", level=2)).to_have_text("好友同享")


def test_a_token_that_ran_out_is_fetched_again_once(shop: Shop, open_shop: Opened) -> None:
    visitor = open_shop()
    sign_in(visitor)
    join(visitor)
    given: list[str] = []

    def old_first(route: Route) -> None:
        given.append(route.request.url)
        if len(given) == 1:
            route.fulfill(json={"token": "old.old.old"})
        else:
            route.continue_()

    visitor.page.route("**/banyan-token", old_first)
    visitor.page.reload()
    expect(widget(visitor.page).get_by_role("button", name="Copy link")).to_be_visible()
    assert len(given) == 2


def test_beside_banyan_js_consent_and_code_are_one(shop: Shop, open_shop: Opened) -> None:
    visitor = open_shop()
    page, element = visitor.page, widget(visitor.page)
    visitor.go("/?lang=en&referral_code=ANN7")
    expect(element.get_by_text("You came with code ANN7.")).to_be_visible()
    told: list[dict[str, object]] = []
    page.on(
        "request",
        lambda request: (
            request.url.split("?")[0].endswith("/shared")
            and request.method == "POST"
            and told.append(request.post_data_json)
        ),
    )
    sign_in(visitor)
    join(visitor)
    element.get_by_role("button", name="Copy link").click()
    soon(page, lambda: len(told) == 1)
    page.evaluate("banyan.consent(true)")
    element.get_by_role("button", name="Copy text with link").click()
    soon(page, lambda: len(told) == 2)
    known = page.evaluate("banyan.visitor()")
    assert [one.get("visitor") for one in told] == [None, known]
    # The widget itself keeps nothing: what is stored is what banyan.js keeps, with consent.
    assert page.evaluate("Object.keys(localStorage)") == ["banyan"]
    assert page.evaluate("Object.keys(sessionStorage)") == []


def test_events_reach_the_page(shop: Shop, open_shop: Opened) -> None:
    visitor = open_shop()
    sign_in(visitor)
    join(visitor)
    page = visitor.page
    page.evaluate(
        """() => {
          window.heard = [];
          for (const name of ["ready", "shared"])
            document.addEventListener("banyan:" + name, (e) => heard.push([name, e.detail]));
          document.querySelector("banyan-refer").refresh();
        }"""
    )
    soon(page, lambda: page.evaluate("heard.length") == 1)
    widget(page).get_by_role("button", name="QR code").click()
    soon(page, lambda: page.evaluate("heard.length") == 2)
    assert page.evaluate("heard") == [
        ["ready", {"state": "member"}],
        ["shared", {"channel": "qr"}],
    ]


def test_the_package_loads_the_element_once(shop: Shop, visitors: Opened) -> None:
    visitor = visitors()
    visitor.origin = shop.banyan
    page = visitor.page
    source = Path("clients/widget/index.js").read_text()
    page.route(
        "**/package.js*", lambda route: route.fulfill(body=source, content_type="text/javascript")
    )
    visitor.go("/")
    told = page.evaluate(
        """async (origin) => {
          const { load } = await import("/package.js");
          await Promise.all([load(origin), load(origin)]);
          return [document.querySelectorAll("script[src$='/widget.js']").length,
                  typeof customElements.get("banyan-refer")];
        }""",
        shop.banyan,
    )
    assert told == [1, "function"]
    refused = page.evaluate(
        """async () => {
          const { load } = await import("/package.js?again");
          return load("http://localhost:9").catch((error) => error.message);
        }"""
    )
    assert refused.startswith("http://localhost:9/widget.js did not load;")
