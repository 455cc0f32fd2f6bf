"""Who may do what: every operation with every kind of key."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from banyan.trust.access import keys
from banyan.trust.access.scopes import PUBLIC, SCOPES
from tests.installation import Installation
from tests.rooms.doors.api.calling import Caller, Reply, caller
from tests.rooms.doors.api.described import Operation, operations

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def callers(installation: Installation) -> dict[str, Caller]:
    """One of each kind."""
    key, secret = keys.make("tester", "secret", is_test=False, now=NOW)
    keys.revoke("tester", key.id, now=NOW)
    return {
        "stranger": Caller(),
        "liar": Caller("sk_live_no_such_key_was_ever_made_here"),
        "revoked": Caller(secret),
        "write": caller("write"),
        "publishable": caller("publishable"),
        "live": caller("secret"),
        "test": caller("secret", is_test=True),
    }


def test_each_operation_with_each_kind_of_key(callers: dict[str, Caller]) -> None:
    found = {
        (operation.name, kind): _asked(who, operation)
        for operation in operations()
        for kind, who in callers.items()
    }
    wanted = {
        (operation.name, kind): _due(operation, kind)
        for operation in operations()
        for kind in callers
    }
    assert found == wanted


def test_a_restricted_key_may_do_what_it_lists_and_nothing_else(
    installation: Installation,
) -> None:
    for scope in SCOPES:
        who = caller("secret", is_test=True, scopes=[scope])
        found = {operation.name: _asked(who, operation) for operation in operations()}
        wanted = {
            operation.name: "let in" if operation.scope in (None, scope) else "missing_scope"
            for operation in operations()
        }
        assert found == wanted, scope


def test_every_scope_opens_something() -> None:
    """`events:write` opens the intake, which stands before this door."""
    opened = {operation.scope for operation in operations()} - {None}
    assert opened | {"events:write"} == set(SCOPES)
    assert "events:write" not in opened


def test_a_secret_also_goes_as_the_user_name_of_basic_auth(callers: dict[str, Caller]) -> None:
    stranger = callers["stranger"]
    good = base64.b64encode(f"{callers['live'].secret}:".encode()).decode()
    assert stranger.get("/programs", Authorization=f"Basic {good}").status == 200
    for wrong in ("Basic !!!", "Basic /w==", "Digest abc", "Bearer", "Basic", "\xff"):
        reply = stranger.get("/programs", Authorization=wrong)
        assert (reply.status, reply.headers["WWW-Authenticate"][:6]) == (401, "Bearer"), wrong


def test_pages_of_any_origin_may_read_what_publishable_keys_are_for(
    callers: dict[str, Caller],
) -> None:
    page = callers["publishable"]
    rules = page.get("/programs/nothing/rules", Origin="https://shop.example")
    assert (rules.status, rules.headers["Access-Control-Allow-Origin"]) == (404, "*")
    asked = page.send("OPTIONS", "/links/ANN/landing", Origin="https://shop.example")
    assert (asked.status, asked.headers["Access-Control-Allow-Headers"]) == (
        204,
        "Authorization, X-Request-Id",
    )
    hidden = callers["live"].get("/programs", Origin="https://shop.example")
    assert "Access-Control-Allow-Origin" not in hidden.headers
    assert callers["live"].send("OPTIONS", "/programs").code == "method_not_allowed"


def test_too_many_requests_are_told_when_to_come_back(installation: Installation) -> None:
    busy, other = caller(requests_per_minute=3), caller()
    replies = [busy.get("/programs") for _ in range(5)]
    if replies[-1].status == 200:  # the minute turned over in between
        replies = [busy.get("/programs") for _ in range(5)]
    assert [reply.status for reply in replies][-2:] == [429, 429]
    assert replies[-1].code == "too_many_requests"
    assert 1 <= int(replies[-1].headers["Retry-After"]) <= 60
    assert replies[-1].headers["RateLimit-Policy"] == '"key";q=3;w=60'
    assert replies[-1].headers["RateLimit"].startswith('"key";r=0;t=')
    assert other.get("/programs").status == 200


def _asked(who: Caller, operation: Operation) -> str:
    reply: Reply = who.send(operation.method, _rehearsing(operation), operation.body)
    assert reply.status < 500, (operation.name, reply.body)
    if reply.status in (401, 403):
        return reply.code
    return "let in"


def _rehearsing(operation: Operation) -> str:
    return operation.address + ("?dry_run=true" if operation.writes else "")


def _due(operation: Operation, kind: str) -> str:
    if operation.scope is None:
        return "let in"
    if kind == "stranger":
        return "no_key"
    if kind in ("liar", "revoked"):
        return "bad_key"
    if kind == "write":
        return "missing_scope"
    if kind == "publishable":
        return "let in" if operation.scope in PUBLIC else "missing_scope"
    if kind == "live" and operation.name == "advance_clock":
        return "test_key_needed"
    return "let in"
