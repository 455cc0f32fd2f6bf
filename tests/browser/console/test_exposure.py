"""Somebody looks at a program's page, and the staff see that it was looked at, beside a target."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from playwright.sync_api import expect

from banyan.core.events import clock
from banyan.insight.exposure.read import days
from tests.browser.conftest import TWO_LOOKS, Opened, published, sound
from tests.browser.console.staff import signed_in
from tests.browser.console.test_running import PREPARED
from tests.story.company import Company, eventually

SAID = {
    "en": {"none": "0 of 1 day reached the target.", "one": "1 of 1 day reached the target."},
    "zh-hans": {"none": "1 天中有 0 天达到目标。", "one": "1 天中有 1 天达到目标。"},
}


def seen(slug: str) -> list[tuple[int, int]]:
    """Views and visitors of both pages, day by day."""
    now = clock.now().date()
    found = days([slug], first=now - timedelta(days=2), last=now + timedelta(days=2))
    return [(one.either.views, one.either.visitors) for one in found if one.either.views]


@TWO_LOOKS
def test_who_looks_is_counted_beside_a_target(
    company: Company, visitors: Opened, size: str, language: str
) -> None:
    analyst = visitors(size=size, language=language)
    slug, words = f"seen-{analyst.name}", SAID[language]
    published(PREPARED.format(slug=slug))
    for _ in range(3):
        assert company.browser().open(f"/programs/{slug}/").status == 200
    address = f"/console/analytics/exposure/?program={slug}"
    signed_in(analyst, "analyst", address)
    page = analyst.page
    eventually(lambda: seen(slug), [(3, 1)])
    analyst.go(address)
    expect(page.get_by_text(words["none"])).to_be_visible()
    sound(analyst)
    analyst.shoot("console-exposure")
    part = page.locator("#exposure")
    part.locator("summary").click()
    expect(part.locator("tbody tr")).to_have_count(1)
    with page.expect_download() as download:
        part.locator("a[href*='format=csv']").click()
    [row] = pl.read_csv(download.value.path()).rows()
    assert row[1:6] == (1, 1, 0, 5000, 3)

    # The target is the admin's to draw; whoever reads the figures sees it at once.
    admin = visitors(size=size, language=language)
    lines = f"/console/analytics/lines/?program={slug}"
    signed_in(admin, "admin", lines)
    form = admin.page.locator("form#exposure")
    form.locator("#exposure-target").fill("1")
    form.locator("button").click()
    admin.page.wait_for_url(f"**{lines}#exposure")
    sound(admin)
    admin.shoot("console-exposure-target")
    analyst.go(address)
    expect(page.get_by_text(words["one"])).to_be_visible()
    analyst.go(lines)
    expect(page.locator("form#exposure button")).to_have_count(0)
