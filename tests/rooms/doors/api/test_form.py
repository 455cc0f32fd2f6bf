"""Requests that are malformed, too large, hostile or lost: each is told so, none is our fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError

from banyan.core.events.read import head
from banyan.core.programs import acts
from banyan.core.programs.read import links_of
from banyan.doors.api import decisions
from banyan.doors.api.codes import CODES
from banyan.doors.api.problems import ROOMS
from banyan.kernel.errors import Problem
from tests.installation import Installation
from tests.rooms.doors.api.calling import Caller, caller
from tests.rooms.doors.api.offers import SPRING
from tests.rooms.pipeline.line import Line

LINK = {"program": "spring", "advocate": "ann"}
INJECTIONS = (
    "' OR '1'='1",
    "'; DROP TABLE events_event; --",
    '" OR ""="',
    "ann%' --",
    "ann' UNION SELECT secret_sha256 FROM access_key --",
    "$$; SELECT pg_sleep(5); $$",
    "\\'; --",
    "%s%s%s",
    "{0}",
    "_" * 50,
)


BODIES: list[tuple[Any, str, list[str]]] = [
    (b"", "invalid", [""]),
    (b"{", "bad_json", []),
    (b"{'a': 1}", "bad_json", []),
    (b'{"program": NaN}', "bad_json", []),
    (b'\xff\xfe{"a"', "bad_json", []),
    (b'"\\ud800"', "bad_json", []),
    (b"[" * 100_000, "bad_json", []),
    (b"[" * 70 + b"]" * 70, "invalid", ["/0" * 65]),
    (b"null", "invalid", [""]),
    (b"[]", "invalid", [""]),
    (b"{}", "invalid", ["/program", "/advocate"]),
    ({**LINK, "advocate": 1}, "invalid", ["/advocate"]),
    ({**LINK, "advocate": None}, "invalid", ["/advocate"]),
    ({**LINK, "advocate": ""}, "invalid", ["/advocate"]),
    ({**LINK, "advocate": "x" * 256}, "invalid", ["/advocate"]),
    ({**LINK, "advocate": ["ann"]}, "invalid", ["/advocate"]),
    ({**LINK, "advocate": "a\0b"}, "invalid", ["/advocate"]),
    ({**LINK, "a\0b": "c"}, "invalid", [""]),
    ({**LINK, "colour/~": "red"}, "invalid", ["/colour~1~0"]),
    ({**LINK, "code": "a b"}, "invalid", []),
    ({**LINK, "code": "../x"}, "invalid", []),
]


def test_a_body_is_what_the_file_says(installation: Installation) -> None:
    Line().publish(SPRING)
    shop = caller()
    for body, code, pointers in BODIES:
        reply = shop.post("/links", body)
        assert (reply.status, reply.code) == (CODES[code].status, code), body
        assert [fault["pointer"] for fault in reply.json.get("errors", [])] == pointers, body
    assert links_of("ann") == []
    assert head() == 0


def test_an_amount_is_a_whole_number_above_zero(installation: Installation) -> None:
    shop = caller()
    for amount in (0, -1, 1.5, "5", True, None, 10**12 + 1, 2**63, 2**64, 10**400):
        spend = {"unit": "points", "amount": amount, "reference": "r"}
        reply = shop.post("/customers/ann/wallet/spend?dry_run=true", spend)
        assert (reply.status, reply.code) == (422, "invalid"), amount
        assert reply.json["errors"][0]["pointer"] == "/amount", amount
    for amount in (1, 10**12):
        spend = {"unit": "points", "amount": amount, "reference": "r"}
        reply = shop.post("/customers/ann/wallet/spend?dry_run=true", spend)
        assert (reply.status, reply.code) == (409, "insufficient_balance"), amount


ADDRESSES = (
    "/programs?colour=red",
    "/programs?limit=0",
    "/programs?limit=201",
    "/programs?limit=99999999999999999999999999",
    "/programs?limit=1&limit=2",
    "/programs?a/b~=1",
    "/programs?status=asleep",
    "/programs?lang=fr",
    "/links",
    "/links?advocate=a%00b",
    "/customers/a%00b/wallet",
    "/audit?since=yesterday",
    "/audit?since=9999-12-31T23:59:59Z",
    "/programs/spring/versions/one",
    "/programs/spring/rules?format=pdf",
)


def test_parameters_are_what_the_file_says(installation: Installation) -> None:
    shop = caller()
    for address in ADDRESSES:
        reply = shop.get(address)
        assert (reply.status, reply.code) == (422, "invalid"), address
        assert reply.json["errors"][0]["pointer"].startswith("/"), address


def test_more_parameters_than_anybody_means(installation: Installation) -> None:
    address = "/programs?" + "&".join(f"a{number}=1" for number in range(1001))
    assert caller().get(address).code == "bad_request"


def test_numbers_that_no_row_can_have_are_not_found(installation: Installation) -> None:
    shop = caller()
    for number in (0, -1, 2**31, 2**63, 10**30):
        assert shop.get(f"/programs/spring/versions/{number}").code == "not_found"
        replay = shop.post(f"/webhooks/x/deliveries/{number}/replay")
        assert replay.code == "not_found"


def test_media_types_and_sizes(installation: Installation) -> None:
    shop = caller()
    form = shop.post("/links", b"program=spring", Content_Type="application/x-www-form-urlencoded")
    assert (form.status, form.code) == (415, "unsupported_media_type")
    other = shop.post("/links", LINK, Content_Type="application/vnd.api+json; charset=utf-8")
    assert other.code == "not_found"  # it was read: there is no such program
    fits, too_large = (b'"' + b"x" * (size - 2) + b'"' for size in (2**20, 2**20 + 1))
    assert shop.post("/links", fits).code == "invalid"
    assert (shop.post("/links", too_large).status, shop.post("/links", too_large).code) == (
        413,
        "too_large",
    )


def test_no_text_becomes_sql(installation: Installation) -> None:
    shop, line = caller(), Line()
    line.publish(SPRING)
    line.story()
    line.work()
    before = head()
    for text in INJECTIONS:
        for address in _addresses(shop, text):
            reply = shop.get(address)
            assert reply.status in (200, 404, 422), (address, reply.body)
            if reply.status == 200:
                assert reply.json.get("data", []) == [], address
                assert reply.json.get("balances", []) == [], address
        made = shop.post("/links", {"program": "spring", "advocate": text})
        assert made.json["advocate"] == text
        assert [row.advocate for row in links_of(text)] == [text]
    assert head() == before + len(INJECTIONS)


def _addresses(shop: Caller, text: str) -> Iterator[str]:
    from urllib.parse import quote

    said = quote(text, safe="")
    yield f"/decisions?beneficiary={said}"
    yield f"/decisions?program={said}"
    yield f"/decisions/{said}"
    yield f"/referrals?advocate={said}"
    yield f"/referrals?friend={said}"
    yield f"/referrals/{said}/{said}"
    yield f"/links/{said}"
    yield f"/links?advocate={said}"
    yield f"/customers?search={said}"
    yield f"/customers/{said}"
    yield f"/customers/{said}/wallet"
    yield f"/customers/{said}/wallet/statement?unit={said}"
    yield f"/customers/{said}/events"
    yield f"/audit?verb={said}"
    yield f"/programs?cursor={said}"
    yield f"/webhooks/{said}/deliveries"


def test_addresses_and_methods_that_are_none(installation: Installation) -> None:
    shop, stranger = caller(), Caller()
    for address in ("/nothing", "/programs/", "/", "/links/a/b/c", "/docs/x"):
        assert (shop.get(address).status, shop.get(address).code) == (404, "not_found"), address
    for method, address, allowed in (
        ("DELETE", "/links", "GET, HEAD, POST"),
        ("HEAD", "/programs/check", "POST"),
        ("TRACE", "/programs/spring/rules", "GET, HEAD"),
        ("POST", "/customers/ann", "GET, HEAD, PUT"),
    ):
        reply = stranger.send(method, address)
        assert (reply.status, reply.headers["Allow"]) == (405, allowed)
    foreign = shop.get("/programs", Host="evil.example")
    assert (foreign.status, foreign.code) == (400, "bad_request")


def test_head_is_answered_as_get_without_the_body(installation: Installation) -> None:
    shop = caller()
    for address in ("/programs", "/programs/none", "/openapi.json", "/docs"):
        got, head = shop.get(address), shop.send("HEAD", address)
        assert (head.status, head.body) == (got.status, b""), address
        assert got.body, address
        assert head.headers["Content-Length"] == str(len(got.body)), address
        assert head.headers["Content-Type"] == got.headers["Content-Type"], address
    assert Caller().send("HEAD", "/programs").status == 401
    assert Caller().send("HEAD", "/problems/no_key").status == 200


def test_a_request_has_an_id(installation: Installation) -> None:
    shop = caller()
    given = shop.get("/programs", X_Request_Id="shop-4711")
    assert given.headers["X-Request-Id"] == "shop-4711"
    made = [shop.get("/programs").headers["X-Request-Id"] for _ in range(2)]
    assert len(made[0]) == 32
    assert made[0] != made[1]
    strange = shop.get("/programs", X_Request_Id="a b\x7f<script>")
    assert len(strange.headers["X-Request-Id"]) == 32
    lost = shop.get("/nothing", X_Request_Id="shop-4712")
    assert lost.json["instance"] == "urn:request:shop-4712"
    assert lost.headers["X-Request-Id"] == "shop-4712"


def test_a_fault_of_ours_is_told_without_its_details(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(**options: object) -> None:
        raise RuntimeError("the password is swordfish")

    shop = caller()
    monkeypatch.setattr(decisions.read, "decisions", broken)
    reply = shop.get("/decisions", X_Request_Id="shop-4713")
    assert (reply.status, reply.code) == (500, "internal_error")
    assert b"swordfish" not in reply.body
    assert reply.headers["X-Request-Id"] == "shop-4713"
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    [fault] = [line for line in lines if line["event"] == "fault"]
    assert (fault["request_id"], fault["level"]) == ("shop-4713", "error")


def test_a_database_that_is_away_is_told_as_such(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **options: object) -> None:
        raise OperationalError("the server went away")

    shop = caller()
    monkeypatch.setattr(acts, "make_link", away)
    reply = shop.post("/links", LINK, Idempotency_Key="k")
    assert (reply.status, reply.code, reply.headers["Retry-After"]) == (503, "unavailable", "2")
    assert b"went away" not in reply.body
    monkeypatch.undo()
    # Nothing was kept, so the same request may be sent again.
    assert shop.post("/links", LINK, Idempotency_Key="k").code == "not_found"


def test_the_log_names_the_operation_and_not_who_was_asked_for(
    installation: Installation, capfd: pytest.CaptureFixture[str]
) -> None:
    shop = caller()
    capfd.readouterr()
    shop.get("/customers/ann@example.com", X_Request_Id="shop-1")
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    [line] = [one for one in lines if one["event"] == "request"]
    assert (line["operation"], line["status"], line["request_id"]) == (
        "get_customer",
        404,
        "shop-1",
    )
    assert "ann@example.com" not in json.dumps(lines)


def test_codes_of_the_rooms_are_codes_of_the_door() -> None:
    found = {}
    for kind in _problems(Problem):
        code = ROOMS.get(kind) or getattr(kind, "code", None)
        if isinstance(code, str) and kind.__module__.startswith("banyan."):
            found[kind.__qualname__] = (code, CODES[code].status if code in CODES else None)
            status = getattr(kind, "status", None)
            assert status in (None, CODES[code].status), kind
    assert [name for name, (_, status) in found.items() if status is None] == []
    assert len(found) > 15


def test_what_a_code_means_can_be_read_by_anybody(installation: Installation) -> None:
    stranger = Caller()
    assert [row["code"] for row in stranger.get("/problems").json["data"]] == list(CODES)
    told = stranger.get("/programs").json
    where = told["type"].partition("/v1")[2]
    assert stranger.get(where).json == {
        "code": "no_key",
        "status": 401,
        "title": told["title"],
    }


def _problems(kind: type[Problem]) -> Iterator[type[Problem]]:
    for each in kind.__subclasses__():
        yield each
        yield from _problems(each)
