"""gate: what every request passes before its operation, and every reply on its way out.

    who calls, may they, how often → is the request well formed → rehearsal, idempotency, one
    transaction → the operation

Operations themselves see a `Call` and plain values. What they raise undoes what they wrote.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import wraps
from typing import Any, cast
from uuid import uuid4

import structlog
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError, transaction
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils.translation import get_language_from_request

from banyan.core.events import clock
from banyan.doors.api.problems import (
    Fault,
    Trouble,
    answer,
    bad_request,
    not_found,
    pointer,
    request_id,
    server_error,
)
from banyan.engine.language.explain import Language
from banyan.kernel.errors import Problem
from banyan.kernel.sealing import token
from banyan.trust.access import idempotency, keys
from banyan.trust.access.idempotency import Answer, Claim
from banyan.trust.access.rates import Allowance, Meter

LARGEST_BODY_BYTES = 1_048_576
_IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,255}")
_KEPT_HEADERS = ("Content-Type", "Location", "Retry-After")

logger = structlog.get_logger("banyan.api")
_meter = Meter()


@dataclass(frozen=True)
class Terms:
    """What an operation asks of its callers. `waits`: it appends to the log and waits for the
    worker, so it cannot run inside one transaction and rehearses by itself."""

    name: str
    scope: str | None
    writes: bool
    waits: bool
    query: frozenset[str]


@dataclass(frozen=True)
class Call:
    """Who calls, when, and how they want to be answered."""

    key: keys.Key | None
    now: datetime
    lang: Language
    is_rehearsal: bool
    message_id: str
    """Of the event this call appends: the same for each attempt under one idempotency key."""

    @property
    def actor(self) -> str:
        """For the log and the audit."""
        return self.key.actor if self.key else "anybody"


class ApiRequest(HttpRequest):
    """A request that passed the gate."""

    call: Call
    terms: Terms


Run = Callable[..., HttpResponseBase]


@contextmanager
def rehearsed(call: Call) -> Iterator[None]:
    """One transaction, undone at its end in a rehearsal."""
    with transaction.atomic():
        yield
        if call.is_rehearsal:
            transaction.set_rollback(True)


def gated(terms: Terms) -> Callable[[Run], Run]:
    """Put the gate before an operation."""

    def wrap(run: Run) -> Run:
        @wraps(run)
        def passed(request: HttpRequest, **path: Any) -> HttpResponseBase:
            asked = cast(ApiRequest, request)
            asked.terms = terms
            key = _caller(request, terms)
            _check_form(request, terms, path)
            asked.call = _call(request, terms, key)
            if not terms.writes:
                return run(request, **path)
            return _written(asked, lambda: cast(HttpResponse, run(request, **path)))

        return passed

    return wrap


def answered(
    view: Callable[..., HttpResponseBase], *, is_for_browsers: bool
) -> Callable[..., HttpResponseBase]:
    """The outermost layer: problems become replies, every reply gets its headers and a log line.

    `is_for_browsers`: pages of any origin may read the reply. Publishable keys are made for that,
    and no cookie is ever looked at.
    """

    def reply(request: HttpRequest, **path: Any) -> HttpResponseBase:
        began_s = time.perf_counter()
        method = request.method
        if method == "HEAD":
            request.method = "GET"
        with structlog.contextvars.bound_contextvars(request_id=request_id(request)):
            with _told(request) as told:
                told.append(view(request, **path))
            response = told[-1]
            if response.status_code == 405:
                is_preflight = is_for_browsers and request.method == "OPTIONS"
                response = _preflight() if is_preflight else _not_allowed(request, response)
            _finish(request, response)
            # Else Django would log refusals with their address, which may hold a customer's id; the
            # stubs do not know the mark by which it tells.
            response._has_been_logged = True  # type: ignore[attr-defined]
            if is_for_browsers:
                response["Access-Control-Allow-Origin"] = "*"
            terms: Terms | None = getattr(request, "terms", None)
            # The address may hold a customer's id, so the operation's name stands for it.
            logger.info(
                "request",
                operation=terms.name if terms else "unknown",
                method=method,
                status=response.status_code,
                ms=round((time.perf_counter() - began_s) * 1000, 1),
            )
        return _headers_alone(response) if method == "HEAD" else response

    # Callers bring keys, not cookies; Django reads this off the function, which types do not show.
    reply.csrf_exempt = True  # type: ignore[attr-defined]
    return reply


@contextmanager
def _told(request: HttpRequest) -> Iterator[list[HttpResponseBase]]:
    """Collects the reply, or what becomes of an exception."""
    replies: list[HttpResponseBase] = []
    try:
        yield replies
    except Problem as problem:
        replies.append(answer(request, problem))
    except Http404 as nothing:
        replies.append(not_found(request, nothing))
    except SuspiciousOperation as odd:
        replies.append(bad_request(request, odd))
    except (OperationalError, InterfaceError):
        logger.exception("database")
        detail = "The database does not answer; try again shortly, under the same Idempotency-Key."
        trouble = Trouble("unavailable", detail, headers={"Retry-After": "2"})
        replies.append(answer(request, trouble))
    except Exception:  # the door's edge, where a fault ends one request alone
        # Whatever it is, the log gets its trace under the id that the caller gets.
        logger.exception("fault")
        replies.append(server_error(request))


def _headers_alone(response: HttpResponseBase) -> HttpResponse:
    """What a GET would have been answered, without its body."""
    whole = cast(HttpResponse, response)
    whole["Content-Length"] = str(len(whole.content))
    whole.content = b""
    return whole


def _not_allowed(request: HttpRequest, response: HttpResponseBase) -> HttpResponse:
    methods = set(response["Allow"].split(", "))
    allowed = ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))
    detail = f"{request.method} is not known here; allowed: {allowed}."
    return answer(request, Trouble("method_not_allowed", detail, headers={"Allow": allowed}))


def _finish(request: HttpRequest, response: HttpResponseBase) -> None:
    response["X-Request-Id"] = request_id(request)
    response.setdefault("Cache-Control", "no-store")
    allowance: Allowance | None = getattr(request, "allowance", None)
    if allowance is not None:
        response["RateLimit-Policy"] = f'"key";q={allowance.limit};w=60'
        response["RateLimit"] = f'"key";r={allowance.remaining};t={allowance.resets_in_s}'


def _preflight() -> HttpResponse:
    headers = {
        "Access-Control-Allow-Methods": "GET, HEAD",
        "Access-Control-Allow-Headers": "Authorization, X-Request-Id",
        "Access-Control-Max-Age": "86400",
    }
    return HttpResponse(status=204, headers=headers)


def _caller(request: HttpRequest, terms: Terms) -> keys.Key | None:
    if terms.scope is None:
        return None
    key = keys.find(_secret(request))
    if key is None:
        raise _unauthorised("bad_key", "The key is not known or was revoked.")
    allowance = _meter.take(key.id, limit=key.requests_per_minute, now_s=time.monotonic())
    # For the reply's headers; Django's requests take attributes that their type does not name.
    request.allowance = allowance  # type: ignore[attr-defined]
    if not allowance.is_allowed:
        raise Trouble(
            "too_many_requests",
            f"This key may call {allowance.limit} times a minute; "
            f"try again in {allowance.resets_in_s} s.",
            headers={"Retry-After": str(allowance.resets_in_s)},
        )
    if not key.may(terms.scope):
        raise Trouble(
            "missing_scope",
            f"This {key.role} key lacks the scope {terms.scope}; use a secret key, or one "
            "that has it.",
        )
    return key


def _secret(request: HttpRequest) -> str:
    """The secret of `Authorization: Bearer SECRET`, or of basic auth as the user name."""
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and rest.strip():
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            user, _, _ = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise _unauthorised(
                "bad_key", "Authorization: is no basic auth; send it again."
            ) from None
        if user:
            return user
    raise _unauthorised("no_key", "Send a key: `Authorization: Bearer sk_live_…`.")


def _unauthorised(code: str, detail: str) -> Trouble:
    return Trouble(code, detail, headers={"WWW-Authenticate": 'Bearer realm="banyan"'})


def _check_form(request: HttpRequest, terms: Terms, path: Mapping[str, Any]) -> None:
    """What holds for every operation: size, media type, names of parameters, no NUL characters."""
    faults = []
    for name in request.GET:
        if name not in terms.query:
            known = ", ".join(sorted(terms.query)) or "none"
            faults.append(Fault(pointer(name), f"is not known here; known are: {known}", "query"))
        elif any("\x00" in value for value in request.GET.getlist(name)):
            faults.append(Fault(pointer(name), "holds a NUL character", "query"))
        elif len(request.GET.getlist(name)) > 1:
            faults.append(Fault(pointer(name), "is given more than once", "query"))
    faults += [
        Fault(pointer(name), "holds a NUL character", "path")
        for name, value in path.items()
        if "\x00" in str(value)
    ]
    if faults:
        raise Trouble(
            "invalid", "; ".join(f"{f.pointer[1:]}: {f.detail}" for f in faults), faults=faults
        )
    body = _body(request)
    media = (
        request.headers.get("Content-Type", "application/json").partition(";")[0].strip().lower()
    )
    if body and media != "application/json" and not media.endswith("+json"):
        raise Trouble(
            "unsupported_media_type", f"Content-Type: send application/json, not {media}."
        )


def _body(request: HttpRequest) -> bytes:
    too_large = Trouble("too_large", f"A body may have at most {LARGEST_BODY_BYTES:,} bytes.")
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdigit() and int(length) > LARGEST_BODY_BYTES:
        raise too_large
    try:
        return request.body
    except RequestDataTooBig:
        raise too_large from None
    except UnreadablePostError:
        raise Trouble("bad_request", "The body ended before its announced length.") from None


def _call(request: HttpRequest, terms: Terms, key: keys.Key | None) -> Call:
    return Call(
        key=key,
        now=clock.now(),
        lang=_language(request),
        is_rehearsal=_is_rehearsal(request, terms),
        message_id=f"api:{uuid4().hex}",
    )


def _idempotency_key(request: HttpRequest) -> str:
    name = request.headers.get("Idempotency-Key")
    if name is None:
        return ""
    if not _IDEMPOTENCY_KEY.fullmatch(name):
        detail = "needs 1 to 255 printable ASCII characters without spaces"
        raise Trouble(
            "invalid",
            f"Idempotency-Key: {detail}",
            faults=[Fault("/Idempotency-Key", detail, "header")],
        )
    return name


def _language(request: HttpRequest) -> Language:
    """`lang` if it is given, else what the browser or program prefers."""
    given = request.GET.get("lang")
    if given is None:
        return "zh-hans" if get_language_from_request(request).startswith("zh") else "en"
    if given == "en":
        return "en"
    if given == "zh-hans":
        return "zh-hans"
    detail = "is en or zh-hans"
    raise Trouble("invalid", f"lang: {detail}", faults=[Fault("/lang", detail, "query")])


def _is_rehearsal(request: HttpRequest, terms: Terms) -> bool:
    given = request.GET.get("dry_run", "false")
    if given in ("true", "false"):
        return given == "true"
    detail = "is true or false"
    raise Trouble("invalid", f"dry_run: {detail}", faults=[Fault("/dry_run", detail, "query")])


def _written(request: ApiRequest, run: Callable[[], HttpResponse]) -> HttpResponse:
    name = _idempotency_key(request)
    if not name or request.call.key is None or request.call.is_rehearsal:
        return _run(request, run)
    # By the system's clock: a test that moves the installation's ahead must not forget replies.
    held = idempotency.claim(
        request.call.key.id, name, _fingerprint(request), now=datetime.now(UTC)
    )
    if isinstance(held, Answer):
        return _replayed(held)
    request.call = replace(request.call, message_id=f"api:{held.work}")
    return _kept(request, run, held)


def _run(request: ApiRequest, run: Callable[[], HttpResponse]) -> HttpResponse:
    """In a rehearsal everything is done and checked, then undone. An operation that waits for the
    worker cannot run in one transaction, and rehearses by itself."""
    if request.terms.waits:
        response = run()
    else:
        with rehearsed(request.call):
            response = run()
    if request.call.is_rehearsal:
        response["Dry-Run"] = "true"
    return response


def _kept(request: ApiRequest, run: Callable[[], HttpResponse], held: Claim) -> HttpResponse:
    """The reply is kept in the transaction that did the work; a refusal is kept after it was
    undone; after a failure of ours nothing is kept, so that the caller may try again."""
    is_kept = False
    try:
        if request.terms.waits:
            response = run()
            idempotency.keep(held, _answer(response))
        else:
            with transaction.atomic():
                response = run()
                idempotency.keep(held, _answer(response))
        is_kept = True
    except Problem as problem:
        response = answer(request, problem)
        if response.status_code < 500:
            idempotency.keep(held, _answer(response))
            is_kept = True
    finally:
        if not is_kept:
            idempotency.give_up(held)
    return response


def _answer(response: HttpResponse) -> Answer:
    headers = {name: response[name] for name in _KEPT_HEADERS if response.has_header(name)}
    return Answer(response.status_code, headers, response.content)


def _replayed(kept: Answer) -> HttpResponse:
    headers = dict(kept.headers) | {"Idempotent-Replayed": "true"}
    return HttpResponse(kept.body, status=kept.status, headers=headers)


def _fingerprint(request: HttpRequest) -> str:
    """Keyed, since a plain hash of a short body would tell what it was."""
    said = [request.method or "", request.get_full_path(), ""]
    digest = hashlib.sha256("\0".join(said).encode() + request.body).hexdigest()
    return token(digest, purpose="request")
