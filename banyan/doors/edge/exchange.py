"""exchange: a request and its reply as plain values; what server they came through is not seen."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping

import msgspec
from django.conf import settings

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")

# As `banyan.doors.api` has them: the codes of both doors are one public list.
TITLES = {
    400: "The request cannot be understood.",
    401: "The request carries no good key.",
    403: "The key may not do this.",
    404: "There is no such thing.",
    405: "The address does not know this method.",
    413: "The body is too large.",
    429: "The key calls too often.",
    500: "Something broke on our side.",
    503: "The database cannot be reached.",
}


class Request(msgspec.Struct, frozen=True):
    """One HTTP request. `path` is decoded, `query` is not; names of headers are in lower case;
    `client` is the sender's address."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    client: str
    is_secure: bool = False
    body: bytes = b""

    @property
    def id(self) -> str:
        """The caller's `X-Request-Id` if it is a plain one, else a new one."""
        given = self.headers.get("x-request-id") or ""
        return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


class Reply(msgspec.Struct, frozen=True):
    """One HTTP reply."""

    status: int
    headers: list[tuple[str, str]] = []
    body: bytes = b""


def problem(
    request_id: str,
    status: int,
    code: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    errors: object = None,
) -> Reply:
    """The reply that tells what is wrong, as RFC 9457 has it; `detail` names place and cure."""
    told = {
        "type": f"{settings.BASE_URL}/v1/problems/{code}",
        "title": TITLES[status],
        "status": status,
        "detail": detail,
        "code": code,
        "instance": f"urn:request:{request_id}",
    }
    if errors:
        told["errors"] = errors
    return Reply(
        status,
        [
            ("content-type", "application/problem+json"),
            ("cache-control", "no-store"),
            ("x-request-id", request_id),
            *(headers or {}).items(),
        ],
        msgspec.json.encode(told),
    )
