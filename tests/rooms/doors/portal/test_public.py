"""The pages for everybody: which programs have one, what stands on it, how it is kept."""

from __future__ import annotations

from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.test import Client

from banyan.core.programs import acts
from banyan.growth.feedback.clocks import LAST_WITHIN
from banyan.growth.toolkit.calls import set_call
from tests.installation import Installation
from tests.rooms.pipeline.line import PROGRAM, Line

TITLED = PROGRAM.replace(
    "version: 1\n", 'version: 1\ntitle: {en: "Give <b>5</b>", zh-hans: "好友同享"}\n'
)
OTHER = PROGRAM.replace("program: spring", "program: autumn")
SELF = """
program: points
version: 1
currency: USD
milestones: {bought: {on: Order Completed}}
rewards: {earn: {to: self, on: bought, give: points, amount: 10}}
limits: [{give: points, per: program, amount: 1000}]
"""


class Text(HTMLParser):
    """What a page says to a reader, and where its links lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links.append(dict(attrs)["href"] or "")

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(data.strip())


def get(path: str, *, language: str = "en", **headers: str) -> tuple[int, Text]:
    """The status, and what the page says."""
    client = Client(headers={"host": "localhost", "accept-language": language, **headers})
    reply = client.get(path)
    return reply.status_code, Text(reply.content.decode())


@pytest.fixture
def line(installation: Installation) -> Line:
    """Nothing published yet."""
    return Line()


def test_without_a_live_program_the_first_page_says_so_and_what_to_do(line: Line) -> None:
    for language, words in (
        ("en", "No program is open right now"),
        ("zh-CN", "目前没有开放的推荐计划"),
    ):
        status, page = get("/", language=language)
        assert status == 200
        assert words in page.words
        assert "banyan publish program.yaml" in " ".join(page.words)


def test_a_single_program_is_the_first_page_and_two_are_a_list(line: Line) -> None:
    line.publish(TITLED)
    status, page = get("/")
    assert (status, page.words.count("Give <b>5</b>")) == (200, 2)  # the title and the heading
    assert "/me/p/spring/" in page.links
    line.publish(OTHER)
    _, page = get("/")
    assert {"/programs/spring/", "/me/p/spring/", "/programs/autumn/", "/me/p/autumn/"} <= set(
        page.links
    )
    assert "Questions and answers" not in page.words
    acts.pause("tester", "autumn")
    _, page = get("/")
    assert "/me/p/autumn/" not in page.links
    assert "Questions and answers" in page.words


def test_drafts_and_nothing_have_no_page(line: Line) -> None:
    acts.save_draft("tester", TITLED, now=line.now)
    for path in ("/programs/spring/", "/programs/spring/rules/", "/programs/nothing/"):
        assert get(path)[0] == 404, path
    line.publish(TITLED)
    assert get("/programs/spring/")[0] == 200
    assert get("/programs/spring/rules/2/")[0] == 404
    assert get("/programs/nothing/rules/1/")[0] == 404


def test_a_paused_and_a_closed_program_say_so_and_take_nobody(line: Line) -> None:
    line.publish(TITLED)
    acts.pause("tester", "spring")
    _, page = get("/programs/spring/")
    assert any(words.startswith("This program is paused.") for words in page.words)
    assert "/me/p/spring/" not in page.links
    acts.close("tester", "spring")
    _, page = get("/programs/spring/", language="zh-CN")
    assert "计划已结束。已承诺的继续有效。" in page.words
    assert "/me/p/spring/" not in page.links
    assert get("/programs/spring/rules/")[0] == 200


def test_a_program_that_calls_some_alone_is_no_page_for_all(line: Line) -> None:
    line.publish(TITLED)
    line.publish(OTHER)
    set_call("user:1", "autumn", place="tagged", tags=["east"], now=line.now)
    _, page = get("/")
    assert "/me/p/spring/" in page.links
    assert "/me/p/autumn/" not in page.links
    _, page = get("/programs/autumn/")
    assert any(words.startswith("At present this program looks for people") for words in page.words)
    assert "/me/p/autumn/" in page.links
    set_call("user:1", "autumn", place="nowhere", now=line.now)
    _, page = get("/programs/autumn/", language="zh-CN")
    assert "该计划目前不招募新人。已作的承诺不变。" in page.words
    assert "/me/p/autumn/" not in page.links
    assert get("/programs/autumn/rules/")[0] == 200


def test_the_page_tells_what_both_get_the_way_and_the_promised_times(line: Line) -> None:
    line.publish(TITLED)
    _, page = get("/programs/spring/")
    said = " ".join(page.words)
    assert "$20 in cash for each friend" in said
    assert "100 points" in said
    assert "within 30 days of the invitation" in said
    assert f"at the latest within {LAST_WITHIN // timedelta(hours=1)}" in said
    assert "Version 1, published on March 1, 2026." in said
    assert {"/me/p/spring/", "/i/", "/programs/spring/rules/"} <= set(page.links)


def test_a_program_without_friends_asks_for_none(line: Line) -> None:
    line.publish(SELF)
    status, page = get("/programs/points/")
    assert status == 200
    assert "Take part" in page.words
    assert "For your friend" not in page.words
    assert "Whom it suits" not in page.words
    assert "/i/" not in page.links[:-3]  # the foot has it on every page


def test_every_published_version_keeps_its_rules(line: Line) -> None:
    line.publish(TITLED)
    later = line.now + timedelta(days=2)
    line.now = later
    line.publish(TITLED.replace("version: 1", "version: 2").replace("20.00", "25.00"))
    _, newest = get("/programs/spring/rules/")
    _, first = get("/programs/spring/rules/1/")
    assert "$25.00" in " ".join(newest.words)
    assert "$20.00" in " ".join(first.words)
    assert "Version 2, published on March 3, 2026." in newest.words
    assert "/programs/spring/rules/1/" in newest.links
    assert any(words.startswith("This is an older version.") for words in first.words)
    assert not any("older version" in words for words in newest.words)


def test_a_version_that_starts_later_is_shown_as_such(line: Line) -> None:
    line.publish(TITLED)
    line.publish(
        TITLED.replace("version: 1", "version: 2"), starts_at=line.now + timedelta(days=3650)
    )
    _, page = get("/programs/spring/rules/")
    assert "Version 1, published on March 1, 2026." in page.words
    _, coming = get("/programs/spring/rules/2/")
    assert any(words.startswith("This version is not in force yet.") for words in coming.words)


@pytest.mark.parametrize(
    ("language", "listed", "told", "void"),
    [
        (
            "en",
            "Version 2, from July 1, 2099 on.",
            "This version is not in force yet. It holds from July 1, 2099 on.",
            "This version never came into force.",
        ),
        (
            "zh-CN",
            "第 2 版，自 2099 年 7 月 1 日起适用。",
            "此版本尚未生效。 自 2099 年 7 月 1 日起适用。",
            "此版本从未生效。",
        ),
    ],
)
def test_what_never_came_into_force_is_no_older_version(
    line: Line, language: str, listed: str, told: str, void: str
) -> None:
    second = "/programs/spring/rules/2/"
    line.publish(TITLED)
    line.publish(TITLED.replace("version: 1", "version: 2") + "runs: {from: 2099-07-01}\n")
    for path in ("/programs/spring/", "/programs/spring/rules/"):
        assert listed in get(path, language=language)[1].words
    assert told in get(second, language=language)[1].words
    line.publish(TITLED.replace("version: 1", "version: 3"))
    for path in ("/programs/spring/", "/programs/spring/rules/"):
        _, page = get(path, language=language)
        assert (second in page.links, "/programs/spring/rules/1/" in page.links) == (False, True)
    assert void in get(second, language=language)[1].words


def test_texts_of_a_program_are_no_markup(line: Line) -> None:
    line.publish(TITLED.replace("<b>5</b>", "<script>alert(1)</script>"))
    for path in ("/", "/programs/spring/", "/programs/spring/rules/"):
        body = Client(headers={"host": "localhost"}).get(path).content
        assert b"<script>alert" not in body, path
        assert b"&lt;script&gt;alert(1)" in body, path


def test_questions_are_searched_by_every_word(line: Line) -> None:
    line.publish(TITLED)
    _, every = get("/programs/spring/")
    _, some = get("/programs/spring/?q=REFUNDED+full")
    _, none = get("/programs/spring/?q=%00nothing+like+it" + "x" * 200)
    assert "Do rewards expire?" in every.words
    assert "What happens if an order is returned?" in some.words
    assert "Do rewards expire?" not in some.words
    assert "No question holds these words." in none.words
    assert "Show all" in none.words


def test_pages_are_kept_for_a_minute_and_not_sent_again(line: Line) -> None:
    line.publish(TITLED)
    client = Client(headers={"host": "localhost"})
    for path in ("/", "/programs/spring/", "/programs/spring/rules/"):
        reply = client.get(path)
        assert reply.headers["Cache-Control"] == "public, max-age=60", path
        assert "Set-Cookie" not in reply.headers
        again = client.get(path, headers={"if-none-match": reply.headers["ETag"]})
        assert again.status_code == 304, path
        assert len(reply.content) < 60_000, path
        assert client.head(path).status_code == 200
        assert client.post(path).status_code in (403, 405)
    chosen = client.get("/?lang=zh-hans")
    assert chosen.headers["Cache-Control"] == "private, no-cache"
    assert "banyan_language=zh-hans" in str(chosen.cookies)
