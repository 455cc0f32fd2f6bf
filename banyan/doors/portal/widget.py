"""widget: the addresses behind `<banyan-refer>`, which stands in pages of a host.

No cookie is looked at. The host's server signs who its customer is (`banyan.trust.access.signin`),
so pages of any origin may ask; without a token they are told what everybody may know.
"""

from __future__ import annotations

import gzip
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, wraps
from hashlib import sha256
from pathlib import Path
from typing import Any

import structlog
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from banyan.core.events import clock
from banyan.core.people.names import ids_of, speaker
from banyan.core.programs.force import Running, running_one
from banyan.doors.portal import widget_data
from banyan.doors.portal.enrolment import MayNotTakePart, Membership, enrol, memberships
from banyan.doors.portal.person import Person, say
from banyan.doors.portal.signin import identify
from banyan.engine.language.explain import Language
from banyan.growth.toolkit.read import script as script_of
from banyan.kernel.errors import Problem
from banyan.trust.access.rates import Meter
from banyan.trust.access.signin import BadClaim, HostClaim, read_claim

SCRIPT_FRESH_S = 3600
DATA_FRESH_S = 60
REQUESTS_PER_MINUTE = 120
"""Of one customer."""
LARGEST_BODY_BYTES = 2_048
CHANNELS = ("copy", "system", "qr")
"""Ways in which the widget passes a link on; `system` is the device's own sheet."""

_VISITOR = re.compile(r"[0-9a-f-]{36}")
_meter = Meter()
log = structlog.get_logger("banyan.widget")


class Refused(Problem):
    """A request of the widget that is not answered as it was meant."""

    def __init__(self, status: int, code: str, sentence: str, *, retry_s: int = 0) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code
        self.retry_s = retry_s


@dataclass(frozen=True)
class Asked:
    """Who asks for which program, in which language; `claim` and `person` are None without a
    token."""

    running: Running
    language: Language
    claim: HostClaim | None
    person: Person | None
    body: Mapping[str, Any]

    def member(self) -> tuple[Person, Membership]:
        """Who asks, and how they stand to the program. Raises Refused without a token."""
        if self.person is None:
            raise Refused(401, "no_token", "Send a token that your server signed, as a bearer.")
        slug = self.running.program.slug
        [one] = memberships(self.person, {slug: self.running})
        return self.person, one


View = Callable[[Asked], HttpResponse]


@require_safe
def script(request: HttpRequest) -> HttpResponse:
    """`/widget.js`, for pages of any origin; 304 to who has it."""
    content, packed, tag = _script()
    headers = {
        "Vary": "Accept-Encoding",
        "Cache-Control": f"public, max-age={SCRIPT_FRESH_S}",
        "ETag": tag,
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    known = request.headers.get("If-None-Match", "").split(",")
    if tag in (one.strip() for one in known):
        return HttpResponse(status=304, headers=headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        content, headers["Content-Encoding"] = packed, "gzip"
    return HttpResponse(content, content_type="text/javascript; charset=utf-8", headers=headers)


def answering(method: str) -> Callable[[View], Callable[..., HttpResponse]]:
    """Around each address: who asks, the preflight of browsers, problems as RFC 9457."""

    def around(view: View) -> Callable[..., HttpResponse]:
        @wraps(view)
        def answer(request: HttpRequest, slug: str) -> HttpResponse:
            if request.method == "OPTIONS":
                return _open(_preflight())
            try:
                if request.method != method:
                    sentence = f"This address takes {method}."
                    raise Refused(405, "method_not_allowed", sentence)
                ask = _asked(request, slug)
                with translation.override(ask.language):
                    response = view(ask)
                _mark(response, ask)
            except Problem as problem:
                response = _problem(problem)
            return _open(response)

        return answer

    return around


@answering("GET")
def show(ask: Asked) -> HttpResponse:
    """What the widget shows: the offer to everybody, the rest to a host's customer."""
    if ask.person is None:
        return JsonResponse(widget_data.for_anybody(ask.running, ask.language, now=clock.now()))
    person, one = ask.member()
    return JsonResponse(widget_data.for_customer(person, one))


@answering("POST")
def join(ask: Asked) -> HttpResponse:
    """Agree to the rules in force: `{"version": N}`, N being the version that was read.

    202 when the worker has not taken it up yet; ask again then. 409 `rules_changed` when another
    version is in force, `may_not_join` with the reason.
    """
    person, one = ask.member()
    assert ask.claim is not None
    if ask.body.get("version") != ask.running.version.number:
        sentence = "Another version of the rules is in force now; read it first."
        raise Refused(409, "rules_changed", sentence)
    identify(ask.claim)
    try:
        is_taken_up = enrol(person, one)
    except MayNotTakePart as closed:
        raise Refused(409, "may_not_join", closed.sentence) from None
    if not is_taken_up:
        return JsonResponse({"state": "waiting"}, status=202)
    _person, one = ask.member()
    return JsonResponse(widget_data.for_customer(person, one))


@answering("POST")
def shared(ask: Asked) -> HttpResponse:
    """Note that the link was passed on: `{"channel": "copy", "script": "…", "visitor": "…"}`.

    `visitor` is that of banyan.js, which has one only when the visitor consented.
    """
    person, one = ask.member()
    if not (one.is_member and ask.running.is_open):
        raise Refused(409, "nothing_to_share", "There is no link to share now.")
    channel, visitor = ask.body.get("channel"), ask.body.get("visitor")
    if channel not in CHANNELS:
        raise Refused(422, "invalid", f"`channel` is one of {', '.join(CHANNELS)}.")
    if visitor is not None and not (isinstance(visitor, str) and _VISITOR.fullmatch(visitor)):
        raise Refused(422, "invalid", "`visitor` is what `banyan.visitor()` gives, or nothing.")
    properties = {"program": one.slug, "channel": channel, "code": one.code}
    chosen = ask.body.get("script")
    if isinstance(chosen, str) and (found := script_of(chosen)) is not None:
        properties["script"] = found.id
    event = {"type": "track", "event": "Referral Shared", "properties": properties}
    say(person, event | ({"anonymousId": visitor} if visitor else {}))
    return HttpResponse(status=204)


def _asked(request: HttpRequest, slug: str) -> Asked:
    now = clock.now()
    running = running_one(slug, now)
    if running is None or running.terms.is_self:
        raise Refused(404, "not_found", f"There is no program {slug[:64]!r} to refer to.")
    claim = _claim(request)
    language = _language(request, claim)
    body = _body(request) if request.method == "POST" else {}
    if claim is None:
        return Asked(running, language, None, None, body)
    user_id = speaker(claim.user_id)
    _count(claim.key_id, user_id)
    return Asked(running, language, claim, Person(user_id, ids_of(user_id), language, now), body)


def _claim(request: HttpRequest) -> HostClaim | None:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if not scheme:
        return None
    try:
        return read_claim(token.strip() if scheme.lower() == "bearer" else "", now=clock.now())
    except BadClaim as bad:
        log.warning("host_token_refused", reason=bad.sentence)
        raise Refused(401, "bad_token", bad.sentence) from None


def _language(request: HttpRequest, claim: HostClaim | None) -> Language:
    """What the element says, else the host of its customer, else the browser."""
    wanted = request.GET.get("lang") or (claim.locale if claim else "")
    wanted = wanted or translation.get_language_from_request(request)
    return "zh-hans" if wanted.lower().startswith("zh") else "en"


def _body(request: HttpRequest) -> Mapping[str, Any]:
    length = request.headers.get("Content-Length") or "0"
    if not length.isdigit() or int(length) > LARGEST_BODY_BYTES:
        raise Refused(413, "too_large", f"A body may have at most {LARGEST_BODY_BYTES} bytes.")
    try:
        said = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        raise Refused(400, "bad_json", "The body is no JSON.") from None
    if not isinstance(said, dict):
        raise Refused(422, "invalid", "The body is a JSON object.")
    return said


def _count(key_id: int, user_id: str) -> None:
    allowance = _meter.take(
        hash((key_id, user_id)), limit=REQUESTS_PER_MINUTE, now_s=time.monotonic()
    )
    if not allowance.is_allowed:
        raise Refused(
            429,
            "too_many_requests",
            f"At most {REQUESTS_PER_MINUTE} requests a minute for one customer.",
            retry_s=allowance.resets_in_s,
        )


def _mark(response: HttpResponse, ask: Asked) -> None:
    is_public = ask.claim is None
    response["Cache-Control"] = f"public, max-age={DATA_FRESH_S}" if is_public else "no-store"
    patch_vary_headers(response, ["Authorization", "Accept-Language"])


def _problem(problem: Problem) -> HttpResponse:
    status: int = getattr(problem, "status", 422)
    code: str = getattr(problem, "code", "refused")
    told = {
        "type": "about:blank",
        "title": code.replace("_", " "),
        "status": status,
        "detail": problem.sentence,
        "code": code,
    }
    response = HttpResponse(
        json.dumps(told, ensure_ascii=False),
        status=status,
        content_type="application/problem+json",
        headers={"Cache-Control": "no-store"},
    )
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="banyan"'
    if isinstance(problem, Refused) and problem.retry_s:
        response["Retry-After"] = str(problem.retry_s)
    # Else Django would log the address of what was refused.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _preflight() -> HttpResponse:
    headers = {
        "Access-Control-Allow-Methods": "GET, POST",
        "Access-Control-Allow-Headers": "Authorization, Content-Type",
        "Access-Control-Max-Age": "86400",
    }
    return HttpResponse(status=204, headers=headers)


def _open(response: HttpResponse) -> HttpResponse:
    """Readable by pages of any origin: nothing in it depends on a cookie."""
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@cache
def _script() -> tuple[bytes, bytes, str]:
    """The script, the same packed, and its tag."""
    file = finders.find("portal/widget.js")
    assert file, "the widget's script is missing in this package"
    content = Path(str(file)).read_bytes()
    return content, gzip.compress(content, 9, mtime=0), f'W/"{sha256(content).hexdigest()[:16]}"'
