"""Referral links, clicked over HTTP."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import pytest

from banyan.core.events import read
from tests.rooms.doors.edge.serving import Answer, Site

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
OURS = "banyan_vid=0f8fad5b-d9cb-469f-a165-70867728950e"


def click(site: Site, path: str, method: str = "GET", **headers: str) -> tuple[Answer, list[Any]]:
    """Click, and the events that stand in the log when the reply is there."""
    before = read.head()
    sent = {"User-Agent": FIREFOX} | {k.replace("_", "-"): v for k, v in headers.items()}
    answer = site.call(method, path, headers=sent)
    return answer, [json.loads(body) for body in read.after(before, 10)["body"]]


def test_a_click_leads_to_the_program_s_page_and_is_durable(site: Site) -> None:
    answer, [event] = click(site, "/r/OPEN-1?channel=mail&script=b")
    assert answer.status == 302
    assert answer.headers["location"] == (
        "https://shop.example.com/welcome?from=friend&referral_code=OPEN-1"
        "&referral_channel=mail&referral_script=b#top"
    )
    assert answer.headers["cache-control"] == "no-store"
    assert answer.body == b""
    cookie = answer.headers["set-cookie"]
    found = re.fullmatch(
        r"banyan_vid=([0-9a-f-]{36}); Path=/; Max-Age=34560000; SameSite=Lax", cookie
    )
    assert found is not None
    assert event["type"] == "track"
    assert event["event"] == "Referral Link Clicked"
    assert event["anonymousId"] == found[1]
    assert event["properties"] == {"code": "OPEN-1", "channel": "mail", "script": "b"}
    assert event["context"]["userAgent"] == FIREFOX
    assert re.fullmatch("[0-9a-f]{32}", event["context"]["ip"])


def test_short_names_of_channel_and_script(site: Site) -> None:
    _, [event] = click(site, "/r/OPEN-1?c=wechat&s=%E4%B8%80")
    assert event["properties"] == {"code": "OPEN-1", "channel": "wechat", "script": "一"}


def test_no_word_of_a_link_keeps_a_nul(site: Site) -> None:
    _, [event] = click(site, "/r/OPEN%00-1?c=we%00chat&s=%00")
    assert event["properties"] == {"code": "OPEN-1", "channel": "wechat"}


def test_a_visitor_who_comes_back_keeps_the_id(site: Site) -> None:
    answer, [event] = click(site, "/r/OPEN-1", Cookie=f"a=b; {OURS}; c=d")
    assert event["anonymousId"] == OURS.partition("=")[2]
    assert answer.headers["set-cookie"].startswith(OURS + "; ")


@pytest.mark.parametrize("value", ["x", "0F8FAD5B-D9CB-469F-A165-70867728950E", "u1", ""])
def test_a_made_up_visitor_id_is_not_taken(site: Site, value: str) -> None:
    _, [event] = click(site, "/r/OPEN-1", Cookie=f"banyan_vid={value}")
    assert event["anonymousId"] != value
    assert re.fullmatch("[0-9a-f-]{36}", event["anonymousId"])


@pytest.mark.parametrize("path", ["/r/open-1", "/r/%20Open-1%20"])
def test_codes_compare_trimmed_and_in_upper_case(site: Site, path: str) -> None:
    answer, [event] = click(site, path)
    assert "referral_code=OPEN-1" in answer.headers["location"]
    assert event["properties"]["code"] == "OPEN-1"


def test_a_code_may_hold_any_letter(site: Site) -> None:
    answer, [event] = click(site, "/r/" + quote("榕树"))
    assert f"referral_code={quote('榕树')}" in answer.headers["location"]
    assert event["properties"]["code"] == "榕树"


def test_a_program_without_a_page_leads_to_the_default_one(site: Site) -> None:
    answer, [_] = click(site, "/r/PLAIN-1")
    assert answer.headers["location"] == "https://www.example.com/?referral_code=PLAIN-1"


def test_an_unknown_code_is_recorded_and_leads_to_the_default_page(site: Site) -> None:
    answer, [event] = click(site, "/r/NOBODY")
    assert (answer.status, answer.headers["location"]) == (302, "https://www.example.com/")
    assert event["properties"]["code"] == "NOBODY"


@pytest.mark.parametrize("code", ["RESTING-1", "OVER-1"])
def test_a_program_that_is_not_live_takes_no_clicks(site: Site, code: str) -> None:
    answer, events = click(site, f"/r/{code}")
    assert events == []
    assert answer.status == 302
    assert "banyan=paused" in answer.headers["location"]
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"User_Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"User_Agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"},
        {"User_Agent": "facebookexternalhit/1.1"},
        {"User_Agent": "curl/8.5.0"},
        {"Sec_Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
    ],
)
def test_who_is_no_person_is_led_and_not_counted(site: Site, headers: dict[str, str]) -> None:
    answer, events = click(site, "/r/OPEN-1", **headers)
    assert events == []
    assert answer.status == 302
    assert answer.headers["location"].startswith("https://shop.example.com/welcome")
    assert "set-cookie" not in answer.headers


def test_head_is_led_and_not_counted(site: Site) -> None:
    answer, events = click(site, "/r/OPEN-1", method="HEAD")
    assert (answer.status, events) == (302, [])
    assert answer.headers["location"].startswith("https://shop.example.com/welcome")


@pytest.mark.parametrize("header", ["DNT", "Sec_GPC"])
def test_who_asks_for_privacy_gets_no_cookie_and_is_not_described(site: Site, header: str) -> None:
    answer, [event] = click(site, "/r/OPEN-1", Cookie=OURS, **{header: "1"})
    assert answer.status == 302
    assert "set-cookie" not in answer.headers
    assert event["anonymousId"] != OURS.partition("=")[2]
    assert "context" not in event


@pytest.mark.parametrize(
    "path",
    [
        "/r/https://evil.example",
        "/r//evil.example",
        "/r/%0d%0aLocation:%20https://evil.example",
        "/r/OPEN-1?url=https://evil.example&next=//evil.example",
        "/r/OPEN-1?channel=%0d%0aSet-Cookie:%20a=b",
        "/r/" + "x" * 3000,
        "/r/%00",
        "/r/%ff%fe",
        "/r/",
    ],
)
def test_no_request_decides_where_it_leads(site: Site, path: str) -> None:
    answer, _ = click(site, path)
    assert answer.status == 302
    assert re.match(r"https://(shop|www)\.example\.com/", answer.headers["location"])
    assert "evil" not in answer.headers["location"]
    assert answer.headers.get("set-cookie", "banyan_vid=").startswith("banyan_vid=")


def test_other_methods_are_refused(site: Site) -> None:
    answer, events = click(site, "/r/OPEN-1", method="POST")
    assert (answer.status, answer.json["code"], events) == (405, "method_not_allowed", [])
    assert answer.headers["allow"] == "GET, HEAD"
