"""door: which requests are answered here, before Django, and by whom."""

from __future__ import annotations

import time

import structlog

from banyan.doors.edge import clicks, events, health, metrics, script
from banyan.doors.edge.appender import Unavailable
from banyan.doors.edge.desk import Desk
from banyan.doors.edge.exchange import Reply, Request, problem
from banyan.kernel import counters

RETRY_S = "1"

log = structlog.get_logger("banyan.edge")


def name_of(path: str) -> str | None:
    """The hot door behind a path; None where Django answers."""
    if path.startswith(clicks.PREFIX):
        return "click"
    if path in events.PATHS:
        return "intake"
    if path == script.PATH:
        return "script"
    if path in health.PATHS:
        return "health"
    return "metrics" if path == metrics.PATH else None


async def answer(desk: Desk, name: str, request: Request) -> Reply:
    """The reply of the door of that name; a fault of ours is logged and answered 500."""
    started = time.perf_counter()
    try:
        reply = await _answered(desk, name, request)
    except Unavailable as away:
        headers = {"retry-after": RETRY_S, "access-control-allow-origin": "*"}
        reply = problem(request.id, 503, "unavailable", away.sentence, headers=headers)
    except Exception:
        # The edge of the loop: one request's fault ends that request alone.
        request_id = request.id
        log.exception("door_failed", door=name, request_id=request_id)
        detail = f"Ask the operator to look up request {request_id} in the log."
        reply = problem(request_id, 500, "internal_error", detail)
    counters.answered(name, reply.status, time.perf_counter() - started)
    return reply


async def _answered(desk: Desk, name: str, request: Request) -> Reply:
    match name:
        case "click":
            return await clicks.answer(desk, request)
        case "intake":
            return await events.answer(desk, request)
        case "script":
            return script.answer(request)
        case "health":
            found = await desk.ask(lambda: health.respond(request.path))
        case _:
            found = await desk.ask(
                lambda: metrics.respond(peer=request.client, headers=request.headers)
            )
    return Reply(*found)
