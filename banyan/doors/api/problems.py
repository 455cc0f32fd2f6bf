"""problems: everything that goes wrong, answered as RFC 9457 problem+json."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from banyan.core.events.acts import NotAccepted
from banyan.core.programs import acts as programs
from banyan.core.programs.codes import BadCode
from banyan.core.programs.read import NoSuchVersion
from banyan.doors.api.codes import CODES
from banyan.engine.language import Finding, ProgramError
from banyan.engine.language.book import BookProblem
from banyan.kernel.errors import Problem
from banyan.kernel.money import UnknownCurrency
from banyan.trust.access import idempotency
from banyan.trust.sources.acts import BadSource
from banyan.trust.sources.options import BadOption

MEDIA_TYPE = "application/problem+json"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")

# Codes of the rooms' errors, where the error does not carry its own; any other is `refused`.
ROOMS: dict[type[Problem], str] = {
    BadCode: "invalid",
    BookProblem: "program_invalid",
    NoSuchVersion: "not_found",
    NotAccepted: "event_refused",
    ProgramError: "program_invalid",
    idempotency.InFlight: "idempotency_in_flight",
    idempotency.Reused: "idempotency_reused",
    BadOption: "source_refused",
    BadSource: "source_refused",
    UnknownCurrency: "source_refused",
    programs.CodeTaken: "code_taken",
    programs.NoSuchProgram: "not_found",
    programs.NotPublishable: "program_invalid",
    programs.VersionTaken: "version_taken",
    programs.WrongStatus: "wrong_status",
}


@dataclass(frozen=True)
class Fault:
    """One field that is wrong: a JSON Pointer into the body, or into query, path or header."""

    pointer: str
    detail: str
    place: str = "body"


class Trouble(Problem):
    """A request that cannot be answered as it was meant: a code, a sentence, faulty fields."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.faults = tuple(faults)
        self.headers = headers or {}
        self.more = more or {}


def pointer(*parts: str | int) -> str:
    """A JSON Pointer (RFC 6901)."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


def missing(what: str) -> Trouble:
    """There is no such thing."""
    return Trouble("not_found", f"{what} is not here.")


def answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The reply that tells a problem."""
    trouble = problem if isinstance(problem, Trouble) else _of_room(problem)
    known = CODES[trouble.code]
    body: dict[str, object] = {
        "type": f"{settings.BASE_URL}/v1/problems/{trouble.code}",
        "title": known.title,
        "status": known.status,
        "detail": trouble.sentence,
        "code": trouble.code,
        "instance": f"urn:request:{request_id(request)}",
    }
    if trouble.faults:
        body["errors"] = [
            {"in": fault.place, "pointer": fault.pointer, "detail": fault.detail}
            for fault in trouble.faults
        ]
    return HttpResponse(
        json.dumps(body | dict(trouble.more), ensure_ascii=False),
        status=known.status,
        content_type=MEDIA_TYPE,
        headers=dict(trouble.headers),
    )


def request_id(request: HttpRequest) -> str:
    """The caller's `X-Request-Id` if it is a plain one, else a new one, the same all along."""
    known: str | None = getattr(request, "banyan_request_id", None)
    if known is None:
        given = request.headers.get("X-Request-Id", "")
        known = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        # Kept on the request, whose type in Django names no attribute of ours.
        request.banyan_request_id = known  # type: ignore[attr-defined]
    return known


def _of_room(problem: Problem) -> Trouble:
    code: str = ROOMS.get(type(problem), "") or getattr(problem, "code", "refused")
    found: Sequence[Finding] = getattr(problem, "findings", ())
    if not found:
        return Trouble(code, problem.sentence)
    return Trouble(code, str(found[0]), more={"findings": [flaw(one) for one in found]})


def flaw(found: Finding) -> dict[str, object]:
    """A finding about a program as the door tells it."""
    parts = found.key.replace("[", ".").replace("]", "").split(".") if found.key else []
    return {
        "severity": found.severity,
        "key": found.key,
        "pointer": pointer(*parts),
        "line": found.line,
        "column": found.column,
        "sentence": found.sentence,
    }


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 400 below /v1, such as a host that is not ours."""
    return _said(request, "bad_request", "The request is malformed, or its Host is not served.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 404 below /v1."""
    return _said(request, "not_found", "There is nothing at this address; see /v1/openapi.json.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's 500 below /v1: a fault of ours. Its traceback is logged under the request id."""
    detail = f"Ask the operator to look up request {request_id(request)} in the log."
    return _said(request, "internal_error", detail)


def _said(request: HttpRequest, code: str, detail: str) -> HttpResponse:
    reply = answer(request, Trouble(code, detail))
    reply["X-Request-Id"] = request_id(request)
    return reply
