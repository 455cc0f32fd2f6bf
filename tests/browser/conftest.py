"""A running company on each database, and a real browser that looks at it."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    sync_playwright,
)

from banyan.core.events import clock
from banyan.pipeline.publish import publish, settled
from banyan.trust.access.keys import make
from tests.chromium import CHROMIUM
from tests.installation import fresh
from tests.shape.repository import ROOT
from tests.story.company import Caller, Company, serving

PATIENCE_MS = 30_000
MOST_FREE = 6
"""Browsers that wait for their next visitor; each is a process of some 80 MB."""
PROGRAMS = Path(__file__).parent / "programs"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    # A new page finds the process of the one that `Browsers` keeps open.
    "--process-per-site",
]
SIZES = {"phone": (360, 780), "desktop": (1280, 800)}
LOCALES = {"en": "en-GB", "zh-hans": "zh-CN"}


def _in_looks(*looks: tuple[str, str, str]) -> pytest.MarkDecorator:
    # Of the module, as the company is: else each test would start one of its own.
    return pytest.mark.parametrize(
        ("company", "size", "language"), looks, indirect=["company"], scope="module"
    )


# Every size in every language once, and either of them on either database, which draw the same.
EACH_LOOK = _in_looks(
    ("sqlite", "desktop", "en"),
    ("sqlite", "phone", "zh-hans"),
    ("postgres", "desktop", "zh-hans"),
    ("postgres", "phone", "en"),
)
# For what hardly differs by size and language.
TWO_LOOKS = _in_looks(("sqlite", "phone", "zh-hans"), ("postgres", "desktop", "en"))

Opened = Callable[..., "Visitor"]
TAKEN: set[str] = set()
"""Pictures of this run."""

# Every rule of axe; of what it finds, the rule, its impact and the first element.
FIND = """axe.run({ resultTypes: ["violations"] }).then(({ violations }) =>
violations.map((one) => [one.id, one.impact, one.nodes[0].html]))"""


@dataclass
class Visitor:
    """Somebody with a browser of their own; what goes wrong in it is written down."""

    page: Page
    origin: str
    name: str
    is_looked_at: bool
    """Whether axe looks: on one database, since both draw the same page."""
    errors: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    """The origins of everything that was asked for."""

    def go(self, path: str) -> None:
        """Open one of our pages."""
        self.page.goto(self.origin + path)

    def shoot(self, name: str) -> None:
        """Keep a picture of the whole page, in `build/screenshots` or where BANYAN_SHOTS says; one
        in each size and language."""
        picture = f"{name}-{self.name}.png"
        if picture in TAKEN:
            return
        TAKEN.add(picture)
        folder = Path(os.environ.get("BANYAN_SHOTS") or ROOT / "build" / "screenshots")
        self.page.screenshot(path=folder / picture, full_page=True)

    def check(self, *, only: Collection[str] = ()) -> None:
        """No error in the console, nothing asked of anybody else, nothing in the way of readers
        and keyboards (or `only` what axe calls that bad), nothing wider than the screen."""
        assert (self.errors, self.left) == ([], [])
        if self.is_looked_at:
            self.page.evaluate(AXE_SCRIPT)
            found = self.page.evaluate(FIND)
            assert [one for one in found if not only or one[1] in only] == [], self.page.url
        wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{self.page.url} is {wide} px wider than the screen"

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(f"{self.page.url}: {message.text}")

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("data", "blob"):
            return
        origin = f"{parts.scheme}://{parts.netloc}"
        self.asked.add(origin)
        if origin != self.origin:
            self.left.append(request.url)


def sound(visitor: Visitor) -> None:
    """As `check`, for the console: nothing serious in the way of readers and keyboards."""
    visitor.check(only=("serious", "critical"))


@dataclass(frozen=True)
class Browsers:
    """Browsers of visitors, used again when one is gone: the next one's first page costs less,
    since the process for it runs already."""

    chromium: Browser
    free: list[tuple[str, BrowserContext]] = field(default_factory=list)

    def new(self, **options: Any) -> BrowserContext:
        """One that has never run."""
        context = self.chromium.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        return context

    def lend(self, kind: str, origin: str, **options: Any) -> BrowserContext:
        """One that knows nothing of any visitor; `kind` names its options."""
        for at, (each, context) in enumerate(self.free):
            if each == kind:
                del self.free[at]
                if "permissions" in options:
                    context.grant_permissions(options["permissions"])
                return context
        context = self.new(**options)
        # This page stays, and with it the process of its site.
        context.new_page().goto(origin + "/healthz")
        return context

    def take_back(self, kind: str, context: BrowserContext, *, origins: Collection[str]) -> None:
        """Forget the visitor, who was nowhere but there; the one not used for longest is closed."""
        keeper, *pages = context.pages
        for page in pages:
            page.close()
        context.clear_cookies()
        context.clear_permissions()
        session = context.new_cdp_session(keeper)
        for origin in origins:
            session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        session.send("Network.clearBrowserCache")
        session.detach()
        self.free.append((kind, context))
        if len(self.free) > MOST_FREE:
            self.free.pop(0)[1].close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, for the tests of one module: as long as it runs, this thread has a
    running event loop, in which Django refuses to work and other tests cannot start their own."""
    assert CHROMIUM, "Chromium is not installed (Debian: apt-get install chromium)"
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def company(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Company]:
    """A served installation with every program of the folder `programs`, for all tests of a
    module. Its links lead to its own pages."""
    server = request.getfixturevalue("postgres_server") if request.param == "postgres" else None
    template = request.getfixturevalue("sqlite_template") if server is None else Path()
    folder = tmp_path_factory.mktemp("company")
    with fresh(request.param, folder / "home", template=template, server=server) as installation:
        now = clock.now()
        keys = {
            role: make("test", role, is_test=role == "secret", now=now)[1]
            for role in ("write", "secret")
        }
        for file in sorted(PROGRAMS.glob("*.yaml")):
            published(file.read_text())
        with serving(installation, folder / "serve.log") as port:
            yield Company(
                installation, port, Caller(port, keys["write"]), Caller(port, keys["secret"])
            )


def published(source: str) -> None:
    """Publish a program in the installation that this process is connected to."""
    row = publish("test", source, starts_at=None, now=clock.now())
    assert settled(row.program, row.number, timeout_s=60).status == "published"


@pytest.fixture(scope="module")
def browsers(chromium: Browser) -> Browsers:
    """The browsers of a module."""
    return Browsers(chromium)


@pytest.fixture
def sizes() -> Mapping[str, tuple[int, int]]:
    """Width and height of each kind of screen; a folder of tests may have its own."""
    return SIZES


@pytest.fixture
def visitors(
    company: Company, browsers: Browsers, sizes: Mapping[str, tuple[int, int]]
) -> Iterator[Opened]:
    """Opens browsers: `visitors(size="phone", language="zh-hans")`, each without cookies, storage
    or cache. One that `is_new` has never run before, either."""
    gone = ExitStack()

    def opened(
        *, size: str = "phone", language: str = "en", is_new: bool = False, **options: Any
    ) -> Visitor:
        width, height = sizes[size]
        options |= {
            "viewport": {"width": width, "height": height},
            "locale": LOCALES[language],
            "has_touch": size == "phone",
            "reduced_motion": "reduce",
        }
        origin = f"http://localhost:{company.port}"
        kind = repr(options)
        context = browsers.new(**options) if is_new else browsers.lend(kind, origin, **options)
        is_looked_at = company.installation.kind == "sqlite"
        visitor = Visitor(context.new_page(), origin, f"{size}-{language}", is_looked_at)
        if is_new:
            gone.callback(context.close)
        else:
            gone.callback(browsers.take_back, kind, context, origins=visitor.asked)
        visitor.page.on("console", visitor._said)
        visitor.page.on("pageerror", lambda error: visitor.errors.append(str(error)))
        visitor.page.on("request", visitor._asked)
        return visitor

    with gone:
        yield opened


@dataclass(frozen=True)
class Weight:
    """What a page costs somebody who opens it for the first time on a slow line."""

    bytes: int
    requests: int
    paint_ms: float
    blocked_ms: float
    """For how long the page did not react, beyond the first 50 ms of each task."""


# In the page before its own scripts: what a browser's developer tools call total blocking time.
COUNT_BLOCKED = """
window.blockedMs = 0;
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) window.blockedMs += Math.max(0, task.duration - 50);
}).observe({ type: "longtask", buffered: true });
"""


def weighed(visitor: Visitor, path: str) -> Weight:
    """Open a page of ours on a slow line and a slow phone."""
    page, sizes = visitor.page, []

    def count(request: Request) -> None:
        size = request.sizes()
        sizes.append(size["responseBodySize"] + size["responseHeadersSize"])

    page.add_init_script(COUNT_BLOCKED)
    page.on("requestfinished", count)
    with slow_3g(page):
        visitor.go(path)
        page.wait_for_load_state("networkidle")
        entry = "performance.getEntriesByName('first-contentful-paint')[0]"
        page.wait_for_function(entry)
        paint = page.evaluate(f"{entry}.startTime")
    page.remove_listener("requestfinished", count)
    return Weight(sum(sizes), len(sizes), paint, page.evaluate("window.blockedMs"))


@contextmanager
def slow_3g(page: Page) -> Iterator[None]:
    """400 kbit/s each way, 400 ms to and fro, and a processor of a quarter of this one's speed."""
    session = page.context.new_cdp_session(page)
    rate = 400 * 1000 / 8
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 400, "downloadThroughput": rate, "uploadThroughput": rate},
    )
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    yield
    session.detach()
