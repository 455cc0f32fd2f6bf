"""What the widget is told, what it may do, and from where; the script itself."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest
import zxingcpp
from django.conf import settings
from django.test import Client
from PIL import Image, ImageDraw

from banyan.core.events.person import events_of
from banyan.core.people.read import consents
from banyan.core.programs import acts
from banyan.core.programs.read import links_of
from banyan.doors.api.codes import CODES
from banyan.doors.portal import widget
from banyan.growth.toolkit.calls import set_call
from banyan.trust.access import keys
from tests.installation import Installation
from tests.rooms.doors.api.calling import working
from tests.rooms.pipeline.line import PROGRAM, Line

TITLED = PROGRAM.replace(
    "version: 1\n", 'version: 1\ntitle: {en: "Bring a friend", zh-hans: "好友同享"}\n'
)
CHOOSY = TITLED.replace("program: spring", "program: choosy").replace(
    "currency: USD", 'currency: USD\nadvocates: {where: "orders >= 1"}'
)
POINTS = """
program: points
version: 1
currency: USD
milestones: {bought: {on: Order Completed}}
rewards: {earn: {to: self, on: bought, give: points, amount: 10}}
"""


class Host:
    """A shop's server that signs for its customers, and the widget in its pages."""

    def __init__(self) -> None:
        self.key, self.secret = keys.make("tester", "portal", is_test=False, now=datetime.now(UTC))
        self.client = Client(headers={"host": "localhost", "origin": "https://shop.example"})

    def token(self, user_id: str = "ann", **changes: Any) -> str:
        """Signed as the guide says; `changes` replace claims."""
        claims = {
            "sub": user_id,
            "aud": settings.BASE_URL,
            "exp": datetime.now(UTC) + timedelta(minutes=2),
            "jti": uuid4().hex,
        }
        return jwt.encode(
            claims | changes, self.secret, algorithm="HS256", headers={"kid": str(self.key.id)}
        )

    def ask(
        self,
        path: str = "/spring",
        body: object = None,
        *,
        token: str | None = None,
        method: str = "",
        lang: str = "en",
        **headers: str,
    ) -> Any:
        """A request of the widget; JSON in and out."""
        given = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return self.client.generic(
            method or ("GET" if body is None else "POST"),
            f"/v1/portal/programs{path}?lang={lang}",
            b"" if body is None else body if isinstance(body, bytes) else json.dumps(body),
            content_type="application/json",
            headers=given | headers,
        )


@pytest.fixture
def line(installation: Installation) -> Line:
    """Two programs for friends, one of them for customers alone, and one without friends."""
    line = Line()
    for source in (TITLED, CHOOSY, POINTS):
        line.publish(source)
    return line


@pytest.fixture
def host(line: Line) -> Host:
    """A shop with a portal key."""
    return Host()


def code(reply: Any) -> tuple[int, str]:
    """Of a problem, which must be told as one and readable by the page."""
    assert reply.headers["Content-Type"] == "application/problem+json", reply.content
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert reply.json()["status"] == reply.status_code
    return reply.status_code, reply.json()["code"]


def joined(host: Host, user_id: str = "ann") -> Mapping[str, Any]:
    """What the widget is told after that customer agreed."""
    with working():
        reply = host.ask("/spring/join", {"version": 1}, token=host.token(user_id))
    assert reply.status_code == 200, reply.content
    told: Mapping[str, Any] = reply.json()
    return told


def test_everybody_is_told_the_offer_and_nothing_else(host: Host) -> None:
    reply = host.ask()
    told = reply.json()
    assert told["state"] == "signed_out"
    assert told["program"]["title"] == "Bring a friend"
    assert told["offer"]["you"] == ["$20 in cash for each friend, after the first order"]
    assert told["rules"] == {
        "version": 1,
        "url": f"{settings.BASE_URL}/programs/spring/rules/1/?lang=en",
    }
    assert not told.keys() & {"link", "share", "figures"}
    assert reply.headers["Cache-Control"] == "public, max-age=60"
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in reply.headers
    assert host.ask(lang="zh-hans").json()["program"]["title"] == "好友同享"
    assert host.ask(lang="zh-CN").json()["texts"]["join"] == "获取我的链接"
    spoken = host.ask(lang="", **{"Accept-Language": "zh-CN,zh;q=0.9"}).json()
    assert spoken["lang"] == "zh-hans"


def test_what_is_not_there_or_has_no_friends_is_not_found(host: Host) -> None:
    acts.save_draft(
        "tester", TITLED.replace("program: spring", "program: draft"), now=datetime.now(UTC)
    )
    for path in ("/nothing", "/points", "/draft"):
        assert code(host.ask(path)) == (404, "not_found"), path
        assert code(host.ask(path, token=host.token())) == (404, "not_found"), path


def test_a_customer_agrees_and_gets_the_link(host: Host) -> None:
    before = host.ask(token=host.token())
    assert before.json()["state"] == "open"
    assert before.headers["Cache-Control"] == "no-store"
    assert not before.json().keys() & {"link", "share", "figures"}
    told = joined(host)
    assert told["state"] == "member"
    [link] = links_of("ann")
    assert told["link"]["code"] == link.code
    assert told["link"]["url"] == f"{settings.BASE_URL}/r/{link.code}"
    assert told["share"]["copy"]["url"] in told["share"]["copy"]["text"]
    assert told["share"]["system"]["url"] in told["share"]["system"]["text"]
    assert "c=system" in told["share"]["system"]["url"]
    assert [(row.purpose, row.text_version) for row in consents("ann")] == [
        ("program.spring", "v1")
    ]
    assert told["figures"]["states"] == [
        {"state": "submitted", "label": "Submitted", "count": 0},
        {"state": "contacted", "label": "Contacted", "count": 0},
        {"state": "closed", "label": "Bought", "count": 0},
    ]
    # A token is good for as many questions as there are in its time; the link stays the same one.
    token = host.token()
    assert host.ask(token=token).json() == host.ask(token=token).json()
    assert joined(host)["link"]["code"] == link.code
    assert host.ask(token=host.token("bob")).json()["state"] == "open"


def test_the_qr_code_can_be_read(host: Host) -> None:
    told = joined(host)
    qr = told["link"]["qr"]
    picture = Image.new("L", (qr["size"], qr["size"]), 255)
    draw = ImageDraw.Draw(picture)
    for part in qr["path"].split("M")[1:]:
        start, width = part.split("h")[0], part.split("h")[1].split("v")[0]
        x, y = map(int, start.split())
        draw.line([(x, y), (x + int(width) - 1, y)], fill=0)
    big = picture.resize((qr["size"] * 8,) * 2, Image.Resampling.NEAREST)
    [found] = zxingcpp.read_barcodes(big)
    assert found.text == f"{told['link']['url']}?c=qr"
    assert len(qr["path"]) < 6_000


def test_friends_and_rewards_are_told_without_names(host: Host, line: Line) -> None:
    told = joined(host)
    line.now = datetime.now(UTC)
    line.say("identify", "cid", traits={"name": "Cidney Poe", "email": "cid@example.com"})
    line.say("Signed Up", "cid", referral_code=told["link"]["code"])
    line.say("Order Completed", "cid", order_id="o1", total=50, currency="USD")
    line.work()
    reply = host.ask(token=host.token())
    figures = reply.json()["figures"]
    assert figures["joined"] == 1
    [friend] = figures["friends"]
    assert (friend["name"], friend["label"]) == ("C*** P***", "Bought")
    assert figures["balances"] == [{"name": "Cash", "available": "$0.00", "pending": "$20.00"}]
    assert b"cid" not in reply.content
    assert host.ask(token=host.token("cid")).json()["state"] == "open"


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": datetime(2020, 1, 1, tzinfo=UTC)},
        {"exp": datetime.now(UTC) + timedelta(hours=2)},
        {"aud": "https://elsewhere.example"},
        {"sub": ""},
    ],
    ids=["old", "too long", "for others", "of nobody"],
)
def test_tokens_that_do_not_hold_are_refused(host: Host, changes: Mapping[str, Any]) -> None:
    token = host.token(**changes)
    for path, body in (("/spring", None), ("/spring/join", {"version": 1})):
        reply = host.ask(path, body, token=token)
        assert code(reply) == (401, "bad_token")
        assert reply.headers["WWW-Authenticate"] == 'Bearer realm="banyan"'
    assert consents("ann") == []


def test_a_foreign_signature_a_revoked_key_and_no_token_do_nothing(host: Host) -> None:
    other = jwt.encode(
        jwt.decode(host.token(), options={"verify_signature": False}),
        "another-secret-of-some-length-here",
        algorithm="HS256",
        headers={"kid": str(host.key.id)},
    )
    assert code(host.ask(token=other)) == (401, "bad_token")
    assert code(host.ask(token="")) == (401, "bad_token")
    assert code(host.ask("/spring/join", {"version": 1})) == (401, "no_token")
    assert code(host.ask("/spring/shared", {"channel": "copy"})) == (401, "no_token")
    token = host.token()
    keys.revoke("tester", host.key.id, now=datetime.now(UTC))
    assert code(host.ask(token=token)) == (401, "bad_token")
    assert links_of("ann") == []


def test_what_is_agreed_to_is_what_was_read(host: Host) -> None:
    for body in ({"version": 2}, {"version": "1"}, {}):
        reply = host.ask("/spring/join", body, token=host.token())
        assert code(reply) == (409, "rules_changed"), body
    assert consents("ann") == []
    assert links_of("ann") == []


def test_who_does_not_meet_the_condition_is_told_it(host: Host, line: Line) -> None:
    told = host.ask("/choosy", token=host.token()).json()
    assert told["state"] == "stopped"
    assert told["note"].startswith("To take part, this must be so: ")
    with working():
        reply = host.ask("/choosy/join", {"version": 1}, token=host.token())
    assert code(reply) == (409, "may_not_join")
    line.say("Order Completed", "ann", order_id="o1", total=50, currency="USD")
    line.work()
    assert host.ask("/choosy", token=host.token()).json()["state"] == "open"


def test_a_program_that_calls_nobody_shows_no_call(host: Host) -> None:
    set_call("user:1", "spring", place="nowhere", now=datetime.now(UTC))
    told = host.ask().json()
    assert told["state"] == "stopped"
    assert told["note"].startswith("This program is not looking for anybody")
    assert host.ask(token=host.token()).json()["state"] == "stopped"
    with working():
        reply = host.ask("/spring/join", {"version": 1}, token=host.token())
    assert code(reply) == (409, "may_not_join")
    set_call("user:1", "spring", place="everywhere", now=datetime.now(UTC))
    assert host.ask(token=host.token()).json()["state"] == "open"


def test_a_paused_program_shares_nothing_and_keeps_the_figures(host: Host) -> None:
    joined(host)
    acts.pause("tester", "spring")
    told = host.ask(token=host.token()).json()
    assert (told["state"], told["note"]) == (
        "stopped",
        "This program is paused. What you have earned stays.",
    )
    assert "figures" in told
    assert not told.keys() & {"link", "share"}
    reply = host.ask("/spring/shared", {"channel": "copy"}, token=host.token())
    assert code(reply) == (409, "nothing_to_share")
    assert host.ask().json()["state"] == "stopped"
    with working():
        reply = host.ask("/spring/join", {"version": 1}, token=host.token("bob"))
    assert code(reply) == (409, "may_not_join")


def test_what_was_shared_is_written_down(host: Host) -> None:
    told = joined(host)
    visitor = str(uuid4())
    body = {"channel": "copy", "script": told["share"]["copy"]["script"], "visitor": visitor}
    reply = host.ask("/spring/shared", body, token=host.token())
    assert (reply.status_code, reply.content) == (204, b"")
    assert host.ask("/spring/shared", {"channel": "qr"}, token=host.token()).status_code == 204
    found = [one for one in events_of(["ann"], []) if one["name"] == "Referral Shared"]
    assert [one["anonymous_id"] for one in found] == [visitor, ""]
    assert f'"script":"{body["script"]}"' in str(found[0]["body"]).replace(": ", ":")
    for wrong in (
        {"channel": "carrier pigeon"},
        {},
        {"channel": "copy", "visitor": "<script>"},
        {"channel": "copy", "visitor": 7},
    ):
        assert code(host.ask("/spring/shared", wrong, token=host.token())) == (422, "invalid")
    assert len([1 for one in events_of(["ann"], []) if one["name"] == "Referral Shared"]) == 2


def test_bodies_and_methods_that_do_not_fit(host: Host) -> None:
    token = host.token()
    assert code(host.ask("/spring/join", b"{", token=token)) == (400, "bad_json")
    assert code(host.ask("/spring/join", b"[]", token=token)) == (422, "invalid")
    assert code(host.ask("/spring/join", b" " * 3_000, token=token)) == (413, "too_large")
    assert code(host.ask("/spring", {}, token=token)) == (405, "method_not_allowed")
    assert code(host.ask("/spring/join", token=token)) == (405, "method_not_allowed")


def test_browsers_are_told_that_they_may_ask(host: Host) -> None:
    reply = host.ask("/spring/join", method="OPTIONS")
    assert reply.status_code == 204
    assert reply.headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert reply.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type"
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in reply.headers


def test_one_customer_cannot_ask_for_ever(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(widget, "REQUESTS_PER_MINUTE", 3)
    user = f"busy-{uuid4()}"
    replies = [host.ask(token=host.token(user)) for _ in range(5)]
    if replies[-1].status_code == 200:  # the minute turned over in between
        replies = [host.ask(token=host.token(user)) for _ in range(5)]
    assert code(replies[-1]) == (429, "too_many_requests")
    assert 1 <= int(replies[-1].headers["Retry-After"]) <= 60
    assert host.ask(token=host.token("somebody else")).status_code == 200


def test_the_script_is_small_and_for_every_page(host: Host) -> None:
    plain = host.client.get("/widget.js")
    packed = host.client.get("/widget.js", headers={"accept-encoding": "br, gzip"})
    assert gzip.decompress(packed.content) == plain.content
    assert len(packed.content) < 7_000
    for name, value in {
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Cache-Control": "public, max-age=3600",
        "Content-Type": "text/javascript; charset=utf-8",
    }.items():
        assert packed.headers[name] == value
    again = host.client.get("/widget.js", headers={"if-none-match": plain.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert host.client.post("/widget.js").status_code in (403, 405)
    # What a strict policy would refuse.
    text = plain.content.decode()
    for forbidden in ("innerHTML", "eval(", "new Function", "style=", ".style", "localStorage"):
        assert forbidden not in text


def test_the_package_holds_what_it_names() -> None:
    folder = Path("clients/widget")
    told = json.loads((folder / "package.json").read_text())
    named = {told["main"], told["types"], *told["files"]}
    assert [name for name in sorted(named) if not (folder / name).is_file()] == []
    assert not told.keys() & {"dependencies", "devDependencies", "scripts"}
    states = set(re.findall(r'"(\w+)"', (folder / "index.d.ts").read_text().split(";")[1]))
    assert states == {"signed_out", "open", "member", "stopped", "error"}


def test_every_code_the_widget_answers_with_stands_in_the_public_list() -> None:
    source = Path(widget.__file__).read_text()
    raised = set(re.findall(r'Refused\(\s*(\d+), "(\w+)"', source))
    assert ("409", "rules_changed") in raised
    known = {(str(code.status), name) for name, code in CODES.items()}
    assert raised - known == set()


EXAMPLE = "clients/widget/example/server.py"


def test_the_example_host_says_what_it_lacks() -> None:
    ran = subprocess.run(
        [
            sys.executable,
            "clients/widget/example/server.py",
            "--banyan",
            "http://x",
            "--key-id",
            "3",
        ],
        env={name: text for name, text in os.environ.items() if name != "PORTAL_KEY"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 2
    assert ran.stderr.endswith(
        "error: PORTAL_KEY is not set; it is what `banyan keys create portal` printed\n"
    )
