"""script: `/banyan.js`, which remembers a referral in the visitor's browser."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from banyan.doors.edge.exchange import Reply, Request, problem

PATH = "/banyan.js"
# Short, since the address stays the same when the script changes.
FRESH_S = 3600


def answer(request: Request) -> Reply:
    """The script, or 304 when the browser has it."""
    if request.method not in ("GET", "HEAD"):
        detail = "The script is fetched with GET."
        return problem(
            request.id, 405, "method_not_allowed", detail, headers={"allow": "GET, HEAD"}
        )
    text, tag = _script()
    headers = [
        ("content-type", "text/javascript; charset=utf-8"),
        ("cache-control", f"public, max-age={FRESH_S}"),
        ("etag", tag),
        ("access-control-allow-origin", "*"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("x-content-type-options", "nosniff"),
    ]
    known = (request.headers.get("if-none-match") or "").replace("W/", "").split(",")
    if tag in (each.strip() for each in known):
        return Reply(304, headers)
    return Reply(200, headers, b"" if request.method == "HEAD" else text)


@cache
def _script() -> tuple[bytes, str]:
    text = Path(__file__).with_name("banyan.js").read_bytes()
    return text, f'"{hashlib.sha256(text).hexdigest()[:16]}"'
