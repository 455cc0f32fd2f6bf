"""A running company on each database, and a real browser that looks at it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from banyan.core.events import clock
from banyan.pipeline.publish import publish, settled
from banyan.trust.access.keys import make
from tests.installation import fresh
from tests.shape.repository import ROOT
from tests.story.company import Caller, Company, serving

PROGRAMS = Path(__file__).parent / "programs"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SIZES = {"phone": (360, 780), "desktop": (1280, 800)}
LOCALES = {"en": "en-GB", "zh-hans": "zh-CN"}

Opened = Callable[..., "Visitor"]


@dataclass
class Visitor:
    """Somebody with a browser of their own; what goes wrong in it is written down."""

    page: Page
    origin: str
    name: str
    errors: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Open one of our pages."""
        self.page.goto(self.origin + path)

    def shoot(self, name: str) -> Path:
        """Keep a picture of the whole page, in `build/screenshots` or where BANYAN_SHOTS says."""
        folder = Path(os.environ.get("BANYAN_SHOTS") or ROOT / "build" / "screenshots")
        file = folder / f"{name}-{self.name}.png"
        self.page.screenshot(path=file, full_page=True)
        return file

    def check(self) -> None:
        """No error in the console, nothing asked of anybody else, nothing in the way of readers
        and keyboards, nothing wider than the screen."""
        assert self.errors == []
        assert self.left == []
        found = Axe().run(self.page).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
        wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{self.page.url} is {wide} px wider than the screen"

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(f"{self.page.url}: {message.text}")

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if (
            parts.scheme not in ("data", "blob")
            and f"{parts.scheme}://{parts.netloc}" != self.origin
        ):
            self.left.append(request.url)


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
            row = publish("test", file.read_text(), starts_at=None, now=now, name=file.name)
            assert settled(row.program, row.number, timeout_s=60).status == "published"
        with serving(installation, folder / "serve.log") as port:
            yield Company(
                installation, port, Caller(port, keys["write"]), Caller(port, keys["secret"])
            )


@pytest.fixture
def visitors(company: Company, chromium: Browser) -> Iterator[Opened]:
    """Opens browsers: `visitors(size="phone", language="zh-hans")`, each without cookies."""
    contexts = []

    def opened(*, size: str = "phone", language: str = "en", **options: object) -> Visitor:
        width, height = SIZES[size]
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            locale=LOCALES[language],
            has_touch=size == "phone",
            reduced_motion="reduce",
            **options,  # type: ignore[arg-type]  # whatever else a context of Playwright takes
        )
        contexts.append(context)
        context.set_default_timeout(30_000)
        origin = f"http://localhost:{company.port}"
        visitor = Visitor(context.new_page(), origin, f"{size}-{language}")
        visitor.page.on("console", visitor._said)
        visitor.page.on("pageerror", lambda error: visitor.errors.append(str(error)))
        visitor.page.on("request", visitor._asked)
        return visitor

    yield opened
    for context in contexts:
        context.close()


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
