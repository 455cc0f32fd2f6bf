"""events: the doors through which events come in, in the shape of Segment's HTTP API."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import msgspec
from django.conf import settings

from banyan.core.events.incoming import Incoming, Refusal
from banyan.core.events.intake import Role, accept
from banyan.doors.edge import payload
from banyan.doors.edge.desk import Desk
from banyan.doors.edge.exchange import Reply, Request, problem
from banyan.doors.edge.payload import Batch, TooLarge, Unreadable
from banyan.kernel import counters
from banyan.trust.access.keys import Key
from banyan.trust.access.rates import Meter

BATCHES = frozenset({"/v1/batch", "/v1/import", "/v1/b"})
# The short addresses are those of the browser library that speaks this protocol.
SINGLES = {
    "/v1/track": "track",
    "/v1/identify": "identify",
    "/v1/page": "page",
    "/v1/screen": "screen",
    "/v1/group": "group",
    "/v1/alias": "alias",
    "/v1/t": "track",
    "/v1/i": "identify",
    "/v1/p": "page",
    "/v1/s": "screen",
    "/v1/g": "group",
    "/v1/a": "alias",
}
# That library's figures about itself; taken so that it does not try again, and not kept.
LIBRARY_METRICS = "/v1/m"
_SENDERS = ("write", "secret", "publishable")
"""Roles that say of themselves which events they may send; other keys send what a write key may."""

PATHS = BATCHES | SINGLES.keys() | {LIBRARY_METRICS}

_OPEN = [("access-control-allow-origin", "*"), ("cache-control", "no-store")]
_PREFLIGHT = [
    *_OPEN,
    ("access-control-allow-methods", "POST"),
    ("access-control-allow-headers", "authorization, content-type, content-encoding, x-request-id"),
    ("access-control-max-age", "86400"),
]

_meter = Meter()


class _Stopped(Exception):
    """Ends a request with its reply."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply


async def answer(desk: Desk, request: Request) -> Reply:
    """Take a request's events; the reply leaves once each accepted one is durable.

    Events that are not accepted are listed in it; the others stand all the same. Raises Unavailable
    when the log cannot be written: then nothing of the request is in it.
    """
    if request.method == "OPTIONS":
        return Reply(204, _PREFLIGHT)
    if request.method != "POST":
        return _problem(request, 405, "method_not_allowed", "Send events with POST.", allow="POST")
    if request.path == LIBRARY_METRICS:
        return _success([])
    try:
        sent = _read(request)
        key = await _caller(desk, request, sent.write_key)
        _check_rate(request, key, len(sent.events))
        return await _taken(desk, request, key, sent.events)
    except _Stopped as stopped:
        return stopped.reply


async def _taken(desk: Desk, request: Request, key: Key, events: Sequence[bytes]) -> Reply:
    good, refused = _sorted_out(events, key, request, await desk.now())
    for each in refused:
        counters.refused(each["code"])
    if good:
        await desk.append(good)
        counters.accepted(key.role, len(good))
    elif any(each["code"] == "too_large" for each in refused):
        detail = "Every event is above 32 KB; leave out what no program uses."
        return _problem(request, 413, "too_large", detail, errors=refused)
    return _success(refused, is_success=bool(good) or not refused)


def _read(request: Request) -> Batch:
    try:
        data = payload.unpacked(request.body)
        if request.path in BATCHES:
            return payload.batch(data)
        return payload.single(data, SINGLES[request.path])
    except TooLarge as large:
        raise _Stopped(_problem(request, 413, "too_large", large.sentence)) from None
    except Unreadable as unreadable:
        raise _Stopped(_problem(request, 400, "bad_json", unreadable.sentence)) from None


async def _caller(desk: Desk, request: Request, in_body: str) -> Key:
    secret = _secret(request.headers.get("authorization") or "") or in_body
    challenge = {"www-authenticate": 'Basic realm="banyan", charset="UTF-8"'}
    if not secret:
        detail = "Send a write key as user name of basic authentication, or as `writeKey`."
        raise _Stopped(_problem(request, 401, "no_key", detail, **challenge))
    key = await desk.key(secret)
    if key is None:
        detail = "The key is not known or was revoked; `banyan keys list` lists the good ones."
        raise _Stopped(_problem(request, 401, "bad_key", detail, **challenge))
    if key.role not in _SENDERS and not key.may("events:write"):
        detail = f"This {key.role} key lacks the scope events:write; use a write key."
        raise _Stopped(_problem(request, 403, "missing_scope", detail))
    return key


def _secret(authorization: str) -> str:
    """The key in an `Authorization` header: `Basic` (the user name), `Bearer`, or bare."""
    scheme, _, rest = authorization.strip().partition(" ")
    match scheme.lower():
        case "basic":
            try:
                pair = base64.b64decode(rest.strip() + "==").decode()
            except (binascii.Error, ValueError):
                return ""
            return pair.partition(":")[0]
        case "bearer":
            return rest.strip()
    return "" if rest else scheme


def _check_rate(request: Request, key: Key, events: int) -> None:
    limit = settings.EVENTS_PER_MINUTE
    allowance = _meter.take(key.id, limit=limit, now_s=time.monotonic(), cost=events)
    if not allowance.is_allowed:
        detail = (
            f"This key may send {allowance.limit} events a minute; "
            f"send again in {allowance.resets_in_s} s."
        )
        wait = {"retry-after": str(allowance.resets_in_s)}
        raise _Stopped(_problem(request, 429, "too_many_requests", detail, **wait))


def _sorted_out(
    events: Sequence[bytes], key: Key, request: Request, now: datetime
) -> tuple[list[Incoming], list[dict[str, Any]]]:
    """Events that are good, and for each other one its place, code and sentence."""
    good: list[Incoming] = []
    refused: list[dict[str, Any]] = []
    # Of a server that sends events we would only learn where it stands.
    ip = request.client if key.role == "publishable" else ""
    role = cast(Role, key.role if key.role in _SENDERS else "write")
    for index, event in enumerate(events):
        read = accept(event, now=now, source=key.actor, role=role, ip=ip)
        if isinstance(read, Refusal):
            refused.append({"index": index, "code": read.code, "sentence": read.sentence})
        else:
            good.append(read)
    return good, refused


def _success(refused: Sequence[object], *, is_success: bool = True) -> Reply:
    told: dict[str, object] = {"success": is_success}
    if refused:
        told["errors"] = refused
    return Reply(200, [*_OPEN, ("content-type", "application/json")], msgspec.json.encode(told))


def _problem(
    request: Request,
    status: int,
    code: str,
    detail: str,
    errors: Sequence[object] = (),
    **headers: str,
) -> Reply:
    # Without it a page could not read why its events were refused.
    more = {"access-control-allow-origin": "*"} | headers
    return problem(request.id, status, code, detail, headers=more, errors=errors)
