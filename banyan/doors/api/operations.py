"""operations: how an operation of the door is declared: address, scope, words, replies, examples.

One declaration gives the route, the gate before it, and its page in the OpenAPI file, so that none
of the three can be forgotten or differ from the others.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar

from ninja import Router
from ninja.decorators import decorate_view
from ninja.security import HttpBasicAuth, HttpBearer

from banyan.doors.api.codes import CODES
from banyan.doors.api.gate import ApiRequest, Terms, gated
from banyan.doors.api.problems import MEDIA_TYPE

View = TypeVar("View", bound=Callable[..., Any])
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

# What can go wrong whatever the operation.
ALWAYS = ("bad_request", "invalid", "internal_error", "unavailable")
_WITH_KEY = ("no_key", "bad_key", "missing_scope", "too_many_requests")
_WITH_BODY = ("bad_json", "too_large", "unsupported_media_type")
_WRITES = ("idempotency_in_flight", "idempotency_reused")


class Bearer(HttpBearer):
    """`Authorization: Bearer SECRET`. The gate has looked the key up already."""

    def authenticate(self, request: Any, token: str) -> Any:
        """The caller's key."""
        return request.call.key


class Basic(HttpBasicAuth):
    """Basic auth with the secret as user name and no password."""

    def authenticate(self, request: Any, username: str, password: str) -> Any:
        """The caller's key."""
        return request.call.key


_AUTH = (Bearer(), Basic())


def operation(
    router: Router,
    method: Method,
    path: str,
    *,
    scope: str | None,
    summary: str,
    reply: Any,
    example: object,
    sends: object = None,
    errors: Sequence[str] = (),
    status: int = 200,
    waits: bool = False,
) -> Callable[[View], View]:
    """Declare the function below it as an operation.

    `scope` is what a key needs (None: no key at all), `reply` the type of what it returns,
    `example` and `sends` what a reply and a body look like, `errors` the codes it may answer with
    besides those that every operation has.
    """

    def declare(view: View) -> View:
        writes = method != "GET"
        names = inspect.signature(view).parameters
        in_path = set(re.findall(r"{(?:\w+:)?(\w+)}", path))
        query = {name for name in names if name not in ("request", "body", *in_path)}
        has_body = "body" in names
        common = {"lang"} | ({"dry_run"} if writes else set())
        terms = Terms(view.__name__, scope, writes, waits, frozenset(query | common))
        codes = (
            *ALWAYS,
            *(_WITH_KEY if scope else ()),
            *(_WITH_BODY if has_body else ()),
            *(_WRITES if writes else ()),
            *(("not_found",) if in_path else ()),
            *errors,
        )
        extra: dict[str, Any] = {
            "parameters": _parameters(writes=writes),
            "responses": {status: _success(example)} | _refusals(codes),
        }
        if has_body:
            extra["requestBody"] = {
                "content": {"application/json": {"examples": {"usual": {"value": sends}}}},
            }
        if scope:
            extra["x-scope"] = scope
        router.api_operation(
            [method],
            path,
            auth=list(_AUTH) if scope else None,
            response={status: reply},
            operation_id=view.__name__,
            summary=summary,
            description=_description(view, scope),
            openapi_extra=extra,
        )(decorate_view(gated(terms))(view))
        return view

    return declare


def _description(view: Callable[..., Any], scope: str | None) -> str:
    text = inspect.getdoc(view) or ""
    return f"{text}\n\nScope: `{scope}`." if scope else f"{text}\n\nNeeds no key."


def _parameters(*, writes: bool) -> list[dict[str, Any]]:
    language = {
        "in": "query",
        "name": "lang",
        "required": False,
        "description": "Language of texts for people; else that of `Accept-Language`",
        "schema": {"type": "string", "enum": ["en", "zh-hans"]},
    }
    rehearsal = {
        "in": "query",
        "name": "dry_run",
        "required": False,
        "description": "Make every check and answer as usual, but change nothing",
        "schema": {"type": "string", "enum": ["true", "false"]},
    }
    idempotency = {
        "in": "header",
        "name": "Idempotency-Key",
        "required": False,
        "description": "The same key with the same request gets the same reply for 24 hours, and "
        "what is asked for is done once",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    }
    return [language, rehearsal, idempotency] if writes else [language]


def _success(example: object) -> dict[str, Any]:
    if example is None:
        return {}
    return {"content": {"application/json": {"examples": {"usual": {"value": example}}}}}


def _refusals(codes: Sequence[str]) -> dict[int, dict[str, Any]]:
    """The refusals by status; each code is an example of its own."""
    by_status: dict[int, dict[str, Any]] = {}
    for code in sorted(set(codes)):
        known = CODES[code]
        told = by_status.setdefault(known.status, {"description": "", "content": {}})
        told["description"] = f"{told['description']} `{code}`: {known.title}".strip()
        content = told["content"].setdefault(
            MEDIA_TYPE, {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}
        )
        content["examples"][code] = {"$ref": f"#/components/examples/{code}"}
    return by_status


__all__ = ["ALWAYS", "ApiRequest", "operation"]
