"""A browser that is used again knows nothing of whoever had it before."""

from __future__ import annotations

from playwright.sync_api import BrowserContext

from tests.browser.conftest import Browsers
from tests.story.company import Company

PAGE = "/programs/friends/"
KEEP = """async () => {
  localStorage.setItem("mine", "1"); sessionStorage.setItem("mine", "1");
  document.cookie = "mine=1"; await (await caches.open("mine")).put("/mine", new Response("1"));
}"""
KNOWN = """async () => [
  {...localStorage}, {...sessionStorage}, document.cookie, await caches.keys(),
  (await navigator.permissions.query({name: "geolocation"})).state,
  performance.getEntriesByType("navigation")[0].transferSize === 0,
]"""


def known(context: BrowserContext, origin: str) -> object:
    """What a new page finds, and whether it came out of the cache."""
    page = context.new_page()
    page.goto(origin + PAGE)
    return page.evaluate(KNOWN)


def test_the_next_visitor_finds_an_empty_browser(company: Company, browsers: Browsers) -> None:
    origin = f"http://localhost:{company.port}"
    first = browsers.lend("a kind", origin)
    nothing = known(first, origin)
    assert nothing == [{}, {}, "", [], "prompt", False]
    assert known(first, origin) == [{}, {}, "", [], "prompt", True]
    first.grant_permissions(["geolocation"])
    first.pages[-1].evaluate(KEEP)
    first.add_cookies([{"name": "theirs", "value": "1", "url": origin, "httpOnly": True}])
    # Another cookie is another page for the cache.
    assert known(first, origin) == [{"mine": "1"}, {}, "mine=1", ["mine"], "granted", False]
    # Whoever comes meanwhile gets another.
    second = browsers.lend("a kind", origin)
    assert second is not first
    assert known(second, origin) == nothing
    browsers.take_back("a kind", first, origins=[origin])
    assert browsers.lend("another kind", origin) is not first
    third = browsers.lend("a kind", origin)
    assert third is first
    assert (len(third.pages), third.cookies()) == (1, [])
    assert known(third, origin) == nothing
