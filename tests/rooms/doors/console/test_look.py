"""The console and the portal wear the same colours, and the frame can be used by keyboard."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client

from tests.rooms.doors.console.conftest import Staff
from tests.shape.repository import ROOT

CONSOLE = ROOT / "banyan/doors/console/static/console/console.css"
PORTAL = ROOT / "banyan/doors/portal/static/portal/portal.css"
TEMPLATES = ROOT / "banyan/doors/console/templates"


def colours(file: Path, *, is_dark: bool) -> dict[str, str]:
    """The colours that a style sheet names, by day or by night."""
    css = file.read_text()
    if is_dark:
        by_class, by_system = r":root\.dark\s*\{([^}]*)\}", r"dark\)\s*\{\s*:root\s*\{([^}]*)\}"
        found = re.search(f"{by_class}|{by_system}", css)
    else:
        found = re.search(r":root\s*\{([^}]*)\}", css)
    assert found is not None
    block = next(filter(None, found.groups()))
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", block))


@pytest.mark.parametrize("is_dark", [False, True])
def test_the_colours_of_both_doors_are_the_same(is_dark: bool) -> None:
    console, portal = colours(CONSOLE, is_dark=is_dark), colours(PORTAL, is_dark=is_dark)
    both = console.keys() & portal.keys()
    assert {"accent", "ink", "paper", "card", "line"} <= both
    assert {name: console[name] for name in both} == {name: portal[name] for name in both}


def test_no_colour_is_written_outside_the_tokens() -> None:
    written = {
        (file.name, colour)
        for file in sorted(CONSOLE.parent.glob("*.css"))
        for line in file.read_text().splitlines()
        if not re.search(r"^\s*--|--\w+:", line)
        for colour in re.findall(r"#[0-9a-fA-F]{3,8}\b", line)
    }
    # White behind a QR code and on paper, whatever the theme.
    assert {name for name in written if name[1] not in ("#fff", "#000", "#333", "#bbb")} == set()


def test_what_opens_and_closes_in_the_frame_is_a_button(staff: Staff) -> None:
    page = staff("growth").get("/console/account/").content.decode()
    clickable = re.findall(r"<(\w+)[^>]*x-on:click=", page)
    assert set(clickable) == {"button"}
    assert 'hreflang="zh-hans"' in page
    assert "榕荐" in page


def test_no_page_holds_a_script_of_its_own() -> None:
    for file in TEMPLATES.rglob("*.html"):
        assert not re.search(r"<script(?![^>]*\bsrc=)|<\w[^>{%]*\son\w+=", file.read_text()), file


def test_the_log_in_page_bears_our_name_in_both_languages(staff: Staff) -> None:
    for lang, title in (("en", "Sign in"), ("zh-hans", "登录")):
        page = Client(HTTP_HOST="localhost").get(f"/console/login/?lang={lang}").content.decode()
        assert ("Banyan" in page, "榕荐" in page, f">{title}</h1>" in page) == (True, True, True)
