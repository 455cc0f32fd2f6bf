"""door: the REST door as one object: how it reads, writes, refuses and describes itself."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, NoReturn

import msgspec
from django.http import Http404, HttpRequest
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser
from ninja.renderers import BaseRenderer

from banyan.doors.api.codes import CODES, Code
from banyan.doors.api.docs import Offline
from banyan.doors.api.problems import Fault, Trouble, missing, pointer

DEEPEST = 64

DESCRIPTION = """Everything but the intake of events and the redirect of links.

Keys go into `Authorization: Bearer …` or into basic auth as the user name. Writes take
`Idempotency-Key` and `dry_run=true`. Lists page by `cursor`. Amounts are whole numbers: minor units
of a currency, or counts. Errors are `application/problem+json` (RFC 9457) with a stable `code`.
"""

PROBLEM = {
    "title": "Problem",
    "description": "RFC 9457. `code` is stable; `errors` names each field that is wrong.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "instance"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["in", "pointer", "detail"],
                "properties": {
                    "in": {"type": "string", "enum": ["body", "query", "path", "header"]},
                    "pointer": {"type": "string", "description": "RFC 6901"},
                    "detail": {"type": "string"},
                },
            },
        },
        "findings": {
            "type": "array",
            "description": "What is wrong with a program, with its place",
            "items": {"$ref": "#/components/schemas/Finding"},
        },
    },
}


class Json(BaseRenderer):
    """Replies as JSON."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        """UTF-8."""
        return msgspec.json.encode(data)


class Strict(Parser):
    """Bodies as JSON, to the letter."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The value. Raises Trouble for what is no JSON, or could not be stored as text."""
        try:
            value = msgspec.json.decode(request.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
            reason = "is nested too deeply" if isinstance(wrong, RecursionError) else str(wrong)
            raise Trouble("bad_json", f"The body is no JSON: {reason}.") from None
        faults = list(_unfit(value, "", 0))
        if faults:
            raise Trouble("invalid", _sentence(faults), faults=faults)
        return value


def _unfit(value: Any, place: str, depth: int) -> Iterator[Fault]:
    """Texts that no database takes, and nesting that nobody means."""
    if depth > DEEPEST:
        yield Fault(place, f"is nested deeper than {DEEPEST} levels")
    elif isinstance(value, str) and "\x00" in value:
        yield Fault(place, "holds a NUL character")
    elif isinstance(value, dict):
        for name, inner in value.items():
            if "\x00" in name:
                yield Fault(place, "has a field with a NUL character in its name")
            yield from _unfit(inner, place + pointer(name), depth + 1)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _unfit(inner, place + pointer(number), depth + 1)


class Door(NinjaAPI):
    """Ninja's API with our problems, parser and a schema that says what our gate adds."""

    _schema: OpenAPISchema | None = None

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """The OpenAPI file; what the gate answers is in it. Made once, since it never changes."""
        if self._schema is None:
            self._schema = self._described(**options)
        return self._schema

    def _described(self, **options: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**options)
        schema["components"]["schemas"]["Problem"] = PROBLEM
        schema["components"]["examples"] = {
            code: {"value": _example(code, known)} for code, known in CODES.items()
        }
        return schema


def _example(code: str, known: Code) -> dict[str, object]:
    return {
        "type": f"https://refer.example.com/v1/problems/{code}",
        "title": known.title,
        "status": known.status,
        "detail": known.title,
        "code": code,
        "instance": "urn:request:3f0c1d5e8b7a4c2f9e6d1b0a5c4e3f2d",
    }


def make_door() -> Door:
    """The door without its operations."""
    door = Door(
        title="Banyan",
        version=version("banyan"),
        description=DESCRIPTION,
        urls_namespace="api",
        docs=Offline(),
        renderer=Json(),
        parser=Strict(),
    )
    # Everything is raised through the gate, which undoes what was written; it answers, not ninja.
    door.add_exception_handler(ValidationError, _invalid)
    door.add_exception_handler(Http404, _nothing)
    door.add_exception_handler(AuthenticationError, _stranger)
    door.add_exception_handler(HttpError, _unreadable)
    return door


def _invalid(request: HttpRequest, wrong: Any) -> NoReturn:
    faults = [_fault(error) for error in wrong.errors]
    raise Trouble("invalid", _sentence(faults), faults=faults) from None


def _nothing(request: HttpRequest, wrong: Any) -> NoReturn:
    raise missing("What the address names")


def _stranger(request: HttpRequest, wrong: Any) -> NoReturn:
    raise Trouble("no_key", "Send a key: `Authorization: Bearer sk_live_…`.")


def _unreadable(request: HttpRequest, wrong: Any) -> NoReturn:
    """Ninja wraps what our parser raises."""
    if isinstance(wrong.__cause__, Trouble):
        raise wrong.__cause__ from None
    raise Trouble("bad_request", str(wrong)) from None


def _fault(error: dict[str, Any]) -> Fault:
    """One of Pydantic's errors; ninja puts where it stands, and a body's parameter, in front."""
    place, *path = error["loc"]
    if place == "body" and path[:1] == ["body"]:
        path = path[1:]
    return Fault(pointer(*path), _said(error), str(place))


def _said(error: dict[str, Any]) -> str:
    match error["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "is not known here"
        case "value_error":
            return str(error["msg"]).removeprefix("Value error, ")
    message = str(error["msg"])
    return message[:1].lower() + message[1:]


def _sentence(faults: list[Fault]) -> str:
    first = faults[0]
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{first.place} {first.pointer or '/'}: {first.detail}{more}"
