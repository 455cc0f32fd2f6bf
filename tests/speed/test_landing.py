"""How soon pages of a friend show something on a slow line and a slow phone, and react."""

from __future__ import annotations

import pytest

from tests.browser import conftest, test_landing
from tests.browser.conftest import Opened, weighed
from tests.story.company import Company

pytestmark = pytest.mark.speed

FIRST_PAINT_MS = 3_000
BLOCKED_MS = 200
VISITS = 3
NOTHING = "/healthz"
"""A few letters without style or script: what the line and the browser themselves cost."""

company = conftest.company
chromium = conftest.chromium
browsers = conftest.browsers
sizes = conftest.sizes
visitors = conftest.visitors
link = test_landing.link


def test_pages_paint_soon_and_react(company: Company, visitors: Opened, link: str) -> None:
    least = min(weighed(visitors(is_new=True), NOTHING).paint_ms for _ in range(VISITS))
    slow = {}
    for path in (f"/i/{link}", "/programs/friends/", "/me/sign-in"):
        found = [weighed(visitors(is_new=True), path) for _ in range(VISITS)]
        paint, blocked = min(one.paint_ms for one in found), min(one.blocked_ms for one in found)
        print(
            f"\n{company.installation.kind} {path}: painted after {paint:.0f} ms, "
            f"{paint / least:.1f} times what nothing takes, blocked for {blocked:.0f} ms"
        )
        if paint >= FIRST_PAINT_MS or blocked >= BLOCKED_MS:
            slow[path] = (paint, blocked)
    assert slow == {}
