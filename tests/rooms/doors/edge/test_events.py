"""Events sent over HTTP, as SDKs and browsers send them."""

from __future__ import annotations

import base64
import gzip
import json
import os
import zlib
from pathlib import Path
from typing import Any

import pytest
import segment.analytics as segment

from banyan.core.events import read
from tests.rooms.doors.edge.serving import Answer, Site

EVENT = {"type": "track", "event": "Thing Done", "userId": "u1"}


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def stored(site: Site, path: str, content: Any, key: str = "write") -> tuple[Answer, list[Any]]:
    """Send, and the bodies that stand in the log when the reply is there."""
    before = read.head()
    answer = site.send(path, content, key)
    return answer, [json.loads(body) for body in read.after(before, 2000)["body"]]


def posted(site: Site, path: str, body: bytes, **headers: str) -> tuple[Answer, int]:
    """Post bytes with the write key, and how many events that made."""
    before = read.head()
    given = basic(site.keys["write"] + ":") | {k.replace("_", "-"): v for k, v in headers.items()}
    return site.call("POST", path, body, given), read.head() - before


def test_a_batch_is_durable_when_the_reply_leaves(site: Site) -> None:
    sent = [EVENT | {"properties": {"i": i}} for i in range(100)]
    answer, bodies = stored(site, "/v1/batch", {"batch": sent, "sentAt": "2026-03-01T00:00:00Z"})
    assert (answer.status, answer.json) == (200, {"success": True})
    assert [body["properties"]["i"] for body in bodies] == list(range(100))
    rows = read.after(read.head() - 100, 100)
    assert rows["source"].unique().to_list() == ["key:1"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/track", "track"),
        ("/v1/identify", "identify"),
        ("/v1/page", "page"),
        ("/v1/screen", "screen"),
        ("/v1/group", "group"),
        ("/v1/alias", "alias"),
        ("/v1/t", "track"),
        ("/v1/i", "identify"),
        ("/v1/p", "page"),
    ],
)
def test_an_address_for_each_type(site: Site, path: str, kind: str) -> None:
    content = {"userId": "u1", "event": "Thing Done", "previousId": "v1", "groupId": "g"}
    answer, [body] = stored(site, path, content)
    assert (answer.status, answer.json) == (200, {"success": True})
    assert body["type"] == kind
    assert body["previousId"] == "v1"


def test_what_is_not_accepted_is_listed_and_the_rest_stands(site: Site) -> None:
    content = {"batch": [EVENT, {"type": "page"}, 7, EVENT | {"event": "Wallet Spent"}, EVENT]}
    answer, bodies = stored(site, "/v1/batch", content)
    assert answer.status == 200
    assert answer.json["success"] is True
    told = [(error["index"], error["code"]) for error in answer.json["errors"]]
    assert told == [(1, "no_id"), (2, "bad_json"), (3, "forbidden_event")]
    assert answer.json["errors"][0]["sentence"] == (
        "The event has neither `userId` nor `anonymousId`; give one of them."
    )
    assert len(bodies) == 2


def test_nothing_accepted_is_no_success(site: Site) -> None:
    answer, bodies = stored(site, "/v1/track", {"event": "Thing Done"})
    assert (answer.status, answer.json["success"], bodies) == (200, False, [])
    assert stored(site, "/v1/batch", {"batch": []})[0].json == {"success": True}


def test_a_retry_is_harmless(site: Site) -> None:
    content = {"batch": [EVENT | {"messageId": "again"}, EVENT | {"messageId": "again"}]}
    first, bodies = stored(site, "/v1/batch", content)
    second, none = stored(site, "/v1/batch", content)
    assert first.json == second.json == {"success": True}
    assert (len(bodies), none) == (1, [])


@pytest.mark.parametrize(
    "header",
    [
        lambda key: basic(f"{key}:"),
        lambda key: basic(f"{key}:anything"),
        lambda key: basic(key),
        lambda key: {"authorization": "basic " + base64.b64encode(key.encode()).decode()},
        lambda key: {"Authorization": f"Bearer {key}"},
        lambda key: {"Authorization": key},
    ],
)
def test_where_the_key_may_stand(site: Site, header: Any) -> None:
    body = json.dumps({"batch": [EVENT]})
    answer = site.call("POST", "/v1/batch", body, header(site.keys["write"]))
    assert (answer.status, answer.json) == (200, {"success": True})


def test_the_key_may_stand_in_the_body_and_is_not_kept(site: Site) -> None:
    key = site.keys["write"]
    for path, content in (
        ("/v1/batch", {"writeKey": key, "batch": [EVENT | {"writeKey": key}]}),
        ("/v1/t", EVENT | {"writeKey": key}),
    ):
        answer, [body] = stored(site, path, content, key="")
        assert answer.json == {"success": True}
        assert key not in json.dumps(body)


@pytest.mark.parametrize(
    ("headers", "code", "status"),
    [
        ({}, "no_key", 401),
        ({"Authorization": "Basic !!!"}, "no_key", 401),
        (basic(":"), "no_key", 401),
        ({"Authorization": "Bearer wk_live_nobody"}, "bad_key", 401),
        (basic("wk_live_\N{LATIN SMALL LETTER E WITH ACUTE}:"), "bad_key", 401),
    ],
)
def test_without_a_good_key_nothing_enters(
    site: Site, headers: dict[str, str], code: str, status: int
) -> None:
    before = read.head()
    answer = site.call("POST", "/v1/batch", json.dumps({"batch": [EVENT]}), headers)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert read.head() == before


def test_roles(site: Site) -> None:
    spent = EVENT | {"event": "Wallet Spent"}
    assert len(stored(site, "/v1/track", spent, "secret")[1]) == 1
    assert stored(site, "/v1/track", spent, "write")[1] == []
    assert stored(site, "/v1/track", EVENT, "publishable")[1] == []
    answer = site.send("/v1/track", EVENT, "restricted")
    assert (answer.status, answer.json["code"]) == (403, "missing_scope")
    assert "events:write" in answer.json["detail"]
    assert len(stored(site, "/v1/track", EVENT, "sender")[1]) == 1
    refused, written = stored(site, "/v1/track", spent, "sender")
    assert ([each["code"] for each in refused.json["errors"]], written) == (["forbidden_event"], [])
    page = {"anonymousId": "v9"}
    _, [of_browser] = stored(site, "/v1/page", page, "publishable")
    _, [of_server] = stored(site, "/v1/page", page, "write")
    assert len(of_browser["context"]["ip"]) == 32
    assert "context" not in of_server


@pytest.mark.parametrize(
    "body",
    [b"", b"hello", b"{", b"null", b'{"batch":{}}', b'{"events":[]}', b"\x1f\x8b broken", b"\xff",
     gzip.compress(b'{"batch":[]}', mtime=0)[:-6], b'{"batch":' + b"[" * 100_000, b'"x"'],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(site: Site, body: bytes) -> None:
    answer, count = posted(site, "/v1/batch", body)
    assert (answer.status, answer.json["code"], count) == (400, "bad_json", 0)


@pytest.mark.parametrize("body", [b"[]", b"7", b"", b"nope"])
def test_a_single_event_must_be_an_object(site: Site, body: bytes) -> None:
    answer, count = posted(site, "/v1/track", body)
    assert (answer.status, answer.json["code"], count) == (400, "bad_json", 0)


def test_one_event_that_is_no_json_does_not_lose_the_others(site: Site) -> None:
    good = json.dumps(EVENT | {"properties": {"total": 1}}).replace("1}}", "1.10000000000000001}}")
    for bad in ('{"type":"page","userId":"u","properties":{"x":NaN}}', '{"userId":"\\ud800"}'):
        before = read.head()
        answer, count = posted(site, "/v1/batch", f'{{"batch":[{bad},{good}]}}'.encode())
        assert (answer.status, count) == (200, 1)
        assert [(e["index"], e["code"]) for e in answer.json["errors"]] == [(0, "bad_json")]
        assert '"total":1.10000000000000001' in read.after(before, 1)["body"][0]


def test_an_event_that_is_not_utf_8_does_not_lose_the_others(site: Site) -> None:
    body = b'{"batch":[{"type":"page","userId":"\xff"},' + json.dumps(EVENT).encode() + b"]}"
    answer, count = posted(site, "/v1/batch", body)
    assert (answer.status, count) == (200, 1)
    assert answer.json["errors"][0]["code"] == "bad_json"


def test_a_bare_array_is_a_batch(site: Site) -> None:
    answer, count = posted(site, "/v1/batch", json.dumps([EVENT, EVENT]).encode())
    assert (answer.status, count) == (200, 2)


def test_the_context_of_a_batch_is_that_of_its_events(site: Site) -> None:
    content = {
        "context": {"device": {"id": "d1"}},
        "batch": [EVENT, EVENT | {"context": {"device": {"id": "d2"}}}],
    }
    _, bodies = stored(site, "/v1/batch", content)
    assert [body["context"]["device"]["id"] for body in bodies] == ["d1", "d2"]


@pytest.mark.parametrize(
    "headers",
    [{"Content_Encoding": "gzip"}, {}, {"Content_Encoding": "identity"},
     {"Content_Type": "text/plain"}, {"Content_Type": "application/gzip"}],
)  # fmt: skip
def test_gzip_is_unpacked_whatever_its_label(site: Site, headers: dict[str, str]) -> None:
    answer, count = posted(
        site, "/v1/batch", gzip.compress(json.dumps({"batch": [EVENT]}).encode()), **headers
    )
    assert (answer.json, count) == ({"success": True}, 1)


def test_plain_json_that_is_labelled_gzip_is_read(site: Site) -> None:
    body = json.dumps({"batch": [EVENT]}).encode()
    answer, count = posted(site, "/v1/batch", body, Content_Encoding="gzip")
    assert (answer.json, count) == ({"success": True}, 1)


def test_limits(site: Site) -> None:
    large = EVENT | {"properties": {"x": "y" * 33_000}}
    answer, count = posted(site, "/v1/batch", json.dumps({"batch": [EVENT, large]}).encode())
    assert (answer.status, count) == (200, 1)
    assert [(e["index"], e["code"]) for e in answer.json["errors"]] == [(1, "too_large")]
    for path, content in (("/v1/batch", {"batch": [large]}), ("/v1/track", large)):
        answer, count = posted(site, path, json.dumps(content).encode())
        assert (answer.status, answer.json["code"], count) == (413, "too_large", 0)
    many = {"batch": [EVENT | {"properties": {"x": "y" * 920}}] * 520}
    body = json.dumps(many).encode()
    assert len(body) > 512_000
    answer, count = posted(site, "/v1/batch", body)
    assert (answer.status, answer.json["code"], count) == (413, "too_large", 0)
    answer, count = posted(site, "/v1/batch", gzip.compress(body, mtime=0))
    assert (answer.status, answer.json["code"], count) == (413, "too_large", 0)
    many["batch"] = many["batch"][:500]
    answer, count = posted(site, "/v1/batch", json.dumps(many).encode())
    assert (answer.json, count) == ({"success": True}, 500)


def test_a_bomb_is_stopped_at_the_limit(site: Site) -> None:
    packer = zlib.compressobj(9, wbits=31)
    zeros = b"0" * (1 << 20)
    bomb = b"".join(packer.compress(zeros) for _ in range(300)) + packer.flush()
    assert len(bomb) < 512_000
    answer, count = posted(site, "/v1/batch", bomb)
    assert (answer.status, answer.json["code"], count) == (413, "too_large", 0)


def test_a_page_may_send_from_anywhere(site: Site) -> None:
    origin = {"Origin": "https://shop.example.com"}
    asked = origin | {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    preflight = site.call("OPTIONS", "/v1/batch", headers=asked)
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    simple = origin | {"Content-Type": "text/plain;charset=UTF-8"}
    body = json.dumps(
        {"writeKey": site.keys["publishable"], "batch": [{"type": "page", "anonymousId": "v"}]}
    )
    answer = site.call("POST", "/v1/b", body, simple)
    assert (answer.status, answer.json) == (200, {"success": True})
    assert answer.headers["access-control-allow-origin"] == "*"
    refused = site.call("POST", "/v1/batch", body[:-1], simple)
    assert (refused.status, refused.headers["access-control-allow-origin"]) == (400, "*")


def test_other_methods_and_the_library_s_own_figures(site: Site) -> None:
    answer = site.call("GET", "/v1/batch")
    assert (answer.status, answer.json["code"]) == (405, "method_not_allowed")
    assert site.call("POST", "/v1/m", b'{"series":[]}').json == {"success": True}


def test_a_request_keeps_its_id(site: Site) -> None:
    answer = site.call("POST", "/v1/batch", b"{", {"X-Request-Id": "abc-1"})
    assert answer.headers["x-request-id"] == "abc-1"
    assert answer.json["instance"] == "urn:request:abc-1"


@pytest.mark.parametrize("packed", [False, True])
def test_the_python_sdk_works_unchanged(site: Site, packed: bool) -> None:
    before = read.head()
    failed: list[object] = []
    client = segment.Client(
        site.keys["write"],
        host=f"http://127.0.0.1:{site.port}",
        gzip=packed,
        on_error=lambda error, items: failed.append(error),
        max_retries=0,
    )
    client.identify("u7", {"email": "ann@example.com", "plan": "gold"})
    client.track("u7", "Order Completed", {"order_id": "o1", "total": 19.99, "currency": "USD"})
    client.page("u7", "Docs", "Home", {"url": "https://shop.example.com/"})
    client.screen("u7", "App", "Home")
    client.group("u7", "g1", {"name": "ACME"})
    client.alias("v7", "u7")
    client.flush()
    client.shutdown()
    assert failed == []
    rows = read.after(before, 10)
    assert rows["kind"].to_list() == ["identify", "track", "page", "screen", "group", "alias"]
    assert json.loads(rows["body"][1])["properties"] == {
        "order_id": "o1",
        "total": 19.99,
        "currency": "USD",
    }
    assert not any("ann@example.com" in body for body in rows["body"])


CAPTURES = Path(os.environ.get("BANYAN_REAL_DATA", "")) / "sdk-captures"


@pytest.mark.skipif(
    "BANYAN_REAL_DATA" not in os.environ, reason="BANYAN_REAL_DATA names no folder of real data"
)
def test_requests_as_they_were_recorded(site: Site) -> None:
    lines = [line for f in sorted(CAPTURES.glob("*.jsonl")) for line in f.read_text().splitlines()]
    assert lines
    for line in lines:
        seen = json.loads(line)
        sent = json.dumps(seen["body"]).replace("wk_test", site.keys["write"]).encode()
        headers = {k: v for k, v in seen["headers"].items() if k not in ("host", "content-length")}
        headers["authorization"] = basic(site.keys["write"] + ":")["Authorization"]
        before = read.head()
        body = gzip.compress(sent, mtime=0) if seen["gzip"] else sent
        answer = site.call(seen["method"], seen["path"], body, headers)
        assert (answer.status, answer.json) == (200, {"success": True})
        ids = [event["messageId"] for event in seen["body"]["batch"]]
        new = [m for m in ids if m in set(read.after(before, 100)["message_id"])]
        assert new == ids
