"""Pages of figures on paper, printed from a dark screen: dark words on white, and charts whose
colours show there."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.conftest import Opened
from tests.browser.console.staff import sign_in, somebody
from tests.browser.console.test_customers import wang
from tests.story.company import Company

WHITE = (255, 255, 255)
WORDS, SHAPES = 4.5, 3.0
"""Contrast that can be read, and that can be seen; of WCAG 2."""
A4: ViewportSize = {"width": 718, "height": 1046}
"""In CSS pixels, within a centimetre's margin."""
Colour = tuple[int, int, int]

# What is measured is on paper: backgrounds need not be printed, so that words are held against
# white as well as against what lies below them.
PRINTED = """() => {
  const rgb = (text) => {
    const context = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    context.fillStyle = text;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const below = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const found = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement;
    const box = one.getBoundingClientRect();
    if (!walker.currentNode.data.trim() || box.width < 2 || box.height < 2) continue;
    if (!one.checkVisibility({visibilityProperty: true})) continue;
    const colours = [rgb(getComputedStyle(one).color).slice(0, 3), below(one)];
    found.set(JSON.stringify(colours), [walker.currentNode.data.trim(), ...colours]);
  }
  return [...found.values()];
}"""
DRAWN = """() => [...document.querySelectorAll("figure[data-chart] canvas")].map((canvas) => {
  const {options, data, legend, scales} = Chart.getChart(canvas);
  const box = canvas.getBoundingClientRect();
  return {
    name: canvas.getAttribute("aria-label"),
    is_there: box.width > 100 && box.height > 100,
    words: [
      options.plugins.legend.labels.color,
      ...Object.values(scales).map((one) => one.options.ticks.color),
    ],
    shapes: data.datasets.flatMap((one) => [one.backgroundColor, one.borderColor]),
  };
})"""
DRAWN_AGAIN = """() => Chart.getChart(document.querySelector("#funnel canvas"))
.options.plugins.legend.labels.color ===
getComputedStyle(document.documentElement).getPropertyValue("--ink").trim()"""
OVERHANGING = """() => [...document.querySelectorAll("#main *")]
.filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1)
.map((one) => one.outerHTML.slice(0, 200))"""
SCREEN = "getComputedStyle(document.body).backgroundColor"


@pytest.mark.parametrize(
    "path", ["/console/?program=friends", "/console/analytics/funnel/?program=friends"]
)
@pytest.mark.parametrize("company", ["sqlite"], indirect=True)
def test_figures_print_dark_on_white_from_a_dark_screen(
    company: Company, visitors: Opened, path: str
) -> None:
    visitor = visitors(size="desktop", language="en", color_scheme="dark")
    page = visitor.page
    wang(company, f"paper-{len(path)}")
    sign_in(visitor, somebody("analyst"), path)
    page.wait_for_url(f"**{path}")
    expect(page.locator("html")).to_have_class("dark")
    expect(page.locator("#funnel canvas")).to_be_visible()
    # The same measure finds the screen unfit for paper.
    assert faint_words(page) != {}
    assert faint_charts(page) != {}
    page.emulate_media(media="print")
    expect(page.locator("#nav-sidebar")).to_be_hidden()
    page.wait_for_function(DRAWN_AGAIN)
    assert faint_words(page) == {}
    assert faint_charts(page) == {}
    charts = page.evaluate(DRAWN)
    assert charts
    assert [one["name"] for one in charts if not one["is_there"]] == []
    assert page.evaluate(SCREEN) == "rgb(255, 255, 255)"
    # Of a sheet that something overhangs the browser would make everything smaller.
    page.set_viewport_size(A4)
    page.wait_for_function(f"({OVERHANGING})().length === 0")
    visitor.shoot(f"console-paper-{'home' if path.startswith('/console/?') else 'funnel'}")


# Of a meter what browsers leave off paper, and whether anything sets it off from the paper.
METER = """() => [...document.querySelectorAll(".c-meter, .c-meter > *")].map((one) => [
  getComputedStyle(one).printColorAdjust,
  getComputedStyle(one).backgroundColor,
])"""


@pytest.mark.parametrize("company", ["sqlite"], indirect=True)
def test_the_band_at_the_top_is_not_printed_and_the_meter_is(
    company: Company, visitors: Opened
) -> None:
    visitor = visitors(size="desktop", language="en", color_scheme="dark")
    page, path = visitor.page, "/console/analytics/money/?program=friends"
    wang(company, "paper-money")
    sign_in(visitor, somebody("analyst"), path)
    page.wait_for_url(f"**{path}")
    band = page.locator(":has(> * > #header-inner)")
    expect(band).to_be_visible()
    page.emulate_media(media="print")
    expect(band).to_be_hidden()
    expect(page.locator(".c-meter")).to_be_visible()
    assert page.evaluate(METER) == [
        ["exact", "rgb(187, 187, 187)"],
        ["exact", "rgb(11, 122, 82)"],
    ]
    visitor.shoot("console-paper-money")


def faint_words(page: Page) -> dict[str, list[float]]:
    """Words that cannot be read on white, or not on what lies below them."""
    found = {}
    for text, ink, below in page.evaluate(PRINTED):
        told = [round(contrast(ink, paper), 1) for paper in (WHITE, below)]
        if min(told) < WORDS:
            found[text] = told
    return found


def faint_charts(page: Page) -> dict[str, list[str]]:
    """Of charts the colours of words that cannot be read on white, and of bars and lines that
    cannot be seen."""
    found = {}
    for chart in page.evaluate(DRAWN):
        faint = [one for one in chart["words"] if contrast(hexed(one), WHITE) < WORDS]
        faint += [one for one in chart["shapes"] if contrast(hexed(one), WHITE) < SHAPES]
        if faint:
            found[chart["name"]] = faint
    return found


def contrast(one: Colour, other: Colour) -> float:
    """From 1, the same, to 21, black on white."""
    low, high = sorted(map(light, (one, other)))
    return (high + 0.05) / (low + 0.05)


def light(colour: Colour) -> float:
    """Relative luminance, 0 to 1."""
    parts = [part / 255 for part in colour]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def hexed(text: str) -> Colour:
    """`#0b7a52` or `#000` as numbers."""
    digits = text.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue
