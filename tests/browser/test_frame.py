"""What every page has around it: the error page stands for all of them."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Opened


@pytest.mark.parametrize("size", ["phone", "desktop"])
@pytest.mark.parametrize(
    ("language", "title", "other"),
    [
        ("en", "There is nothing at this address", "简体中文"),
        ("zh-hans", "页面不存在", "English"),
    ],
)
def test_a_page_that_is_not_there_says_so_and_leads_on(
    visitors: Opened, size: str, language: str, title: str, other: str
) -> None:
    visitor = visitors(size=size, language=language)
    reply = visitor.page.goto(visitor.origin + "/no/such/page")
    assert reply is not None
    assert reply.status == 404
    assert visitor.page.get_by_role("heading", level=1).inner_text() == title
    visitor.errors.clear()  # the browser itself says that there was a 404
    visitor.check()
    visitor.shoot("not-found")
    visitor.page.get_by_role("link", name=other).click()
    assert visitor.page.locator("html").get_attribute("lang") != language
    # The choice is kept.
    visitor.go("/no/such/page/either")
    assert visitor.page.get_by_role("heading", level=1).inner_text() != title
