"""clicks: `GET /r/CODE` leads to a program's landing page, and the click stands in the log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from urllib.parse import parse_qs, quote, urlencode, urlsplit, urlunsplit

from django.conf import settings

from banyan.core.events.click import clicked, new_id
from banyan.core.events.incoming import Incoming
from banyan.core.events.robots import is_no_person
from banyan.core.programs.codes import LONGEST, normal
from banyan.core.programs.read import Landing
from banyan.doors.edge.desk import Desk
from banyan.doors.edge.exchange import Reply, Request, problem
from banyan.kernel import counters

PREFIX = "/r/"
COOKIE = "banyan_vid"
# What browsers admit at most.
COOKIE_S = 400 * 24 * 3600
LONGEST_WORD = 64
LONGEST_AGENT = 512

_VISITOR = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Characters that may stand in an address as they are; `%` since the rest may be quoted already.
_SAFE = "%/:?#[]@!$&'()*+,;=-._~"
_HEADERS = [
    ("cache-control", "no-store"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("x-robots-tag", "noindex"),
    ("content-length", "0"),
]


async def answer(desk: Desk, request: Request) -> Reply:
    """Redirect to where the code leads, once the click is durable.

    An unknown code leads to the default page and its click is recorded as it came, so that the
    engine names it among the rejects. Robots, `HEAD` and prefetching browsers are led, not counted;
    neither is a click on a program that is paused or closed. Raises Unavailable.
    """
    if request.method not in ("GET", "HEAD"):
        detail = "A referral link is opened with GET."
        return problem(
            request.id, 405, "method_not_allowed", detail, headers={"allow": "GET, HEAD"}
        )
    code = normal(request.path[len(PREFIX) :].replace("\x00", ""))[: LONGEST + 1]
    landing = await desk.landing(code) if 0 < len(code) <= LONGEST else None
    words = _words(request.query)
    if landing is not None and landing.status != "live":
        return Reply(302, [("location", _to(landing.landing_url, ("banyan", "paused"))), *_HEADERS])
    headers = [("location", _location(code, landing, words)), *_HEADERS]
    if request.method == "HEAD" or is_no_person(request.headers):
        return Reply(302, headers)
    is_private = _asks_for_privacy(request.headers)
    visitor = "" if is_private else _known_visitor(request.headers)
    visitor = visitor or new_id()
    await desk.append(
        [_click(code, visitor, words, request, now=await desk.now(), is_private=is_private)]
    )
    counters.accepted("click")
    if not is_private:
        headers.append(("set-cookie", _cookie(visitor, request)))
    return Reply(302, headers)


def _words(query: str) -> dict[str, str]:
    """The channel and the script that a link names."""
    if not query:
        return {}
    given = parse_qs(query, max_num_fields=50) if query.count("&") < 50 else {}
    words = {}
    for name in ("channel", "script"):
        found, *_ = given.get(name) or given.get(name[0]) or [""]
        if word := found.replace("\x00", "").strip()[:LONGEST_WORD]:
            words[name] = word
    return words


def _location(code: str, landing: Landing | None, words: Mapping[str, str]) -> str:
    if landing is None:
        return _to(settings.DEFAULT_LANDING_URL)
    passed = ((f"referral_{name}", word) for name, word in words.items())
    return _to(landing.landing_url, ("referral_code", code), *passed)


@lru_cache(maxsize=20_000)
def _to(url: str, *parameters: tuple[str, str]) -> str:
    """An address of ours with parameters added; nothing of a request decides where it leads."""
    parts = urlsplit(quote(url, safe=_SAFE))
    query = "&".join(filter(None, (parts.query, urlencode(parameters))))
    return urlunsplit(parts._replace(query=query))


def _click(
    code: str,
    visitor: str,
    words: Mapping[str, str],
    request: Request,
    *,
    now: datetime,
    is_private: bool,
) -> Incoming:
    ip, agent = "", ""
    if not is_private:
        ip, agent = request.client, (request.headers.get("user-agent") or "")[:LONGEST_AGENT]
    return clicked({"code": code, **words}, visitor, ip=ip, agent=agent, now=now)


def _asks_for_privacy(headers: Mapping[str, str]) -> bool:
    """Global Privacy Control or Do Not Track: such a visitor gets no cookie, and the log learns
    neither address nor browser. The click itself counts, under an id used once."""
    return headers.get("sec-gpc") == "1" or headers.get("dnt") == "1"


def _known_visitor(headers: Mapping[str, str]) -> str:
    for part in (headers.get("cookie") or "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE and _VISITOR.fullmatch(value):
            return value
    return ""


def _cookie(visitor: str, request: Request) -> str:
    """Readable by scripts on purpose: a landing page on our host joins the visit to a sign-up."""
    secure = "; Secure" if request.is_secure else ""
    return f"{COOKIE}={visitor}; Path=/; Max-Age={COOKIE_S}; SameSite=Lax{secure}"
