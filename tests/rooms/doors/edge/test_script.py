"""`banyan.js` in a real browser, on the pages of a shop of another origin."""

from __future__ import annotations

import json
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from banyan.core.events import read
from tests.chromium import CHROMIUM
from tests.rooms.doors.edge.serving import Site

in_browser = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

Shop = Callable[..., Any]

PAGE = """<!doctype html><meta charset="utf-8"><title>Shop</title>
<form id="marked" data-banyan><input name="email"></form>
<form id="own"><input name="referral_code"></form>
<form id="search"><input name="q"></form>
<script>var before = Object.getOwnPropertyNames(window);</script>
<script src="http://127.0.0.1:PORT/banyan.js" data-key="KEY" DATA></script>
<script>
var wait = ms => new Promise(done => setTimeout(done, ms));
(async () => {
  var result;
  try { result = await (async () => { SCRIPT })(); } catch (e) { result = "" + e; }
  var out = document.createElement("pre");
  out.id = "out"; out.textContent = JSON.stringify(result); document.body.append(out);
})();
</script>"""


class Quiet(SimpleHTTPRequestHandler):
    """A folder over HTTP without a word."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def shop(site: Site, tmp_path: Path) -> Iterator[Shop]:
    """Runs a script on a page of the shop at a query; the browser remembers between pages."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    tag = f'<script src="http://127.0.0.1:{site.port}/banyan.js" data-consent="granted"'
    (tmp_path / "inner.html").write_text(f'{tag} data-key="{site.keys["publishable"]}"></script>')
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def visit(query: str, script: str, data: str = "") -> Any:
        page = PAGE.replace("PORT", str(site.port)).replace("KEY", site.keys["publishable"])
        (tmp_path / "page.html").write_text(page.replace("DATA", data).replace("SCRIPT", script))
        assert CHROMIUM is not None
        command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
                   "--disable-background-networking", "--no-first-run",
                   f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=4000",
                   f"http://127.0.0.1:{server.server_port}/page.html{query}"]  # fmt: skip
        ran = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True)
        found = re.search(r'<pre id="out">(.*?)</pre>', ran.stdout, re.S)
        return json.loads(unescape(found[1])) if found else ran.stdout

    try:
        yield visit
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def new_bodies(position: int, count: int) -> list[Any]:
    """The events after a position, once that many are there."""
    end = time.monotonic() + 10
    while read.head() < position + count and time.monotonic() < end:
        time.sleep(0.05)
    return [json.loads(body) for body in read.after(position, 100)["body"]]


def test_the_script_is_small_and_cached(site: Site) -> None:
    answer = site.call("GET", "/banyan.js")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert len(answer.body) < 6 * 1024
    tag = answer.headers["etag"]
    again = site.call("GET", "/banyan.js", headers={"If-None-Match": f'"x", W/{tag}'})
    assert (again.status, again.body) == (304, b"")
    assert site.call("GET", "/banyan.js", headers={"If-None-Match": '"x"'}).status == 200
    head = site.call("HEAD", "/banyan.js")
    assert (head.status, head.body, head.headers["etag"]) == (200, b"", tag)
    assert site.call("POST", "/banyan.js").status == 405


@in_browser
def test_nothing_is_stored_or_sent_without_consent(site: Site, shop: Shop) -> None:
    position = read.head()
    result = shop(
        "?referral_code=OPEN-1",
        """banyan.identify("u1", {email: "a@b.com"}); banyan.track("Signed Up"); banyan.page();
        await wait(500);
        return [banyan.code(), banyan.visitor(), localStorage.length, document.cookie,
          Object.getOwnPropertyNames(window).filter(n => !before.includes(n) && n != "wait")];""",
    )
    assert result == ["OPEN-1", None, 0, "", ["banyan"]]
    assert read.head() == position
    assert shop("", "return banyan.code();") is None


@in_browser
def test_after_consent_the_touch_is_kept_and_goes_with_the_sign_up(site: Site, shop: Shop) -> None:
    position = read.head()
    visitor = shop(
        "?referral_code=OPEN-1&referral_channel=mail&referral_script=b",
        """banyan.page("Welcome"); banyan.consent(true); await wait(500);
        return banyan.visitor();""",
    )
    assert re.fullmatch("[0-9a-f-]{36}", visitor)
    [page] = new_bodies(position, 1)
    assert (page["type"], page["name"], page["anonymousId"]) == ("page", "Welcome", visitor)
    assert len(page["context"]["ip"]) == 32

    position = read.head()
    result = shop(
        "",
        """history.pushState({}, "", "/other.html"); banyan.identify("u5", {email: "a@b.com"});
        banyan.track("Signed Up", {plan: "gold"}); banyan.track("NPS Answered", {score: 9});
        await wait(500); return [banyan.code(), banyan.visitor()];""",
        'data-consent="granted"',
    )
    assert result == ["OPEN-1", visitor]
    identified, signed_up, answered = new_bodies(position, 3)
    assert identified["userId"] == "u5"
    assert "a@b.com" not in json.dumps(identified)
    assert (signed_up["userId"], signed_up["anonymousId"]) == ("u5", visitor)
    assert signed_up["properties"] == {
        "plan": "gold",
        "referral_code": "OPEN-1",
        "channel": "mail",
        "script": "b",
    }
    assert answered["properties"] == {"score": 9}


@in_browser
def test_consent_taken_back_leaves_nothing(site: Site, shop: Shop) -> None:
    position = read.head()
    result = shop(
        "?referral_code=OPEN-1",
        """banyan.consent(true); var had = [localStorage.length, document.cookie.length > 0];
        banyan.consent(false); banyan.track("Signed Up"); await wait(300);
        return [had, localStorage.length, document.cookie, banyan.code()];""",
    )
    assert result == [[1, True], 0, "", None]
    assert read.head() == position


@in_browser
def test_forms_carry_the_code(site: Site, shop: Shop) -> None:
    result = shop(
        "?referral_code=OPEN-1",
        """var value = id => document.querySelector("#" + id + " [name=referral_code]");
        var late = document.createElement("form"); late.setAttribute("data-banyan", "");
        late.id = "late"; late.action = "javascript:void 0"; document.body.append(late);
        late.requestSubmit(); await wait(200);
        return [value("marked").type, value("marked").value, value("own").value,
          value("search"), value("late").value];""",
    )
    assert result == ["hidden", "OPEN-1", "OPEN-1", None, "OPEN-1"]


@in_browser
def test_events_outlive_the_page(site: Site, shop: Shop) -> None:
    position = read.head()
    result = shop(
        "",
        """var frame = document.createElement("iframe"); frame.src = "/inner.html";
        var loaded = new Promise(done => { frame.onload = done; });
        document.body.append(frame); await loaded; var page = frame.contentWindow;
        page.fetch = () => Promise.reject(new Error("away"));
        page.banyan.track("Referral Shared", {channel: "mail"}); await wait(200);
        frame.remove(); await wait(500); return "left";""",
    )
    assert result == "left"
    [shared] = new_bodies(position, 1)
    assert (shared["event"], shared["properties"]) == ("Referral Shared", {"channel": "mail"})


@in_browser
def test_a_failed_sending_is_repeated_and_counted_once(site: Site, shop: Shop) -> None:
    position = read.head()
    shop(
        "",
        """var real = window.fetch, calls = 0;
        window.fetch = (...a) => calls++ ? real(...a) : real(...a).then(() => { throw 1; });
        banyan.page("Once"); await wait(3500); return calls;""",
        'data-consent="granted"',
    )
    [page] = new_bodies(position, 1)
    assert page["name"] == "Once"
