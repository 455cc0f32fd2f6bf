"""meaning: what the stable codes of problems mean, for whoever follows a problem's `type`."""

from __future__ import annotations

from typing import Any

from ninja import Router

from banyan.doors.api.codes import CODES
from banyan.doors.api.gate import ApiRequest
from banyan.doors.api.operations import operation
from banyan.doors.api.problems import missing
from banyan.doors.api.shapes import Shape

router = Router(tags=["Problems"])


class Meaning(Shape):
    """A code and what it means."""

    code: str
    status: int
    title: str


class Meanings(Shape):
    """Every code."""

    data: list[Meaning]


EXAMPLE = {"code": "not_found", "status": 404, "title": "There is no such thing."}


@operation(
    router,
    "GET",
    "/problems",
    scope=None,
    summary="List the codes of problems",
    reply=Meanings,
    example={"data": [EXAMPLE]},
)
def list_problems(request: ApiRequest) -> dict[str, Any]:
    """They are stable: programs may rely on them."""
    return {"data": [_meaning(code) for code in CODES]}


@operation(
    router,
    "GET",
    "/problems/{code}",
    scope=None,
    summary="Read what a code means",
    reply=Meaning,
    example=EXAMPLE,
)
def get_problem(request: ApiRequest, code: str) -> dict[str, Any]:
    """Where the `type` of a problem leads."""
    if code not in CODES:
        raise missing(f"Code {code[:64]!r}")
    return _meaning(code)


def _meaning(code: str) -> dict[str, Any]:
    known = CODES[code]
    return {"code": code, "status": known.status, "title": known.title}
