"""health: whether this process lives (`/healthz`) and whether it should get work (`/readyz`)."""

from __future__ import annotations

import msgspec
import structlog
from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor

from banyan.core.events import clock
from banyan.kernel.errors import Problem
from banyan.pipeline.standing import Standing, standing

Reply = tuple[int, list[tuple[str, str]], bytes]

PATHS = ("/healthz", "/readyz")
_HEADERS = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]

log = structlog.get_logger("banyan.edge")

# Databases whose tables were found to be this release's: that does not change while we run.
_up_to_date: set[str] = set()


class NotReady(Problem):
    """Why nothing can be said about how the installation stands."""


def respond(path: str) -> Reply:
    """The reply to one of PATHS: status, headers, body. It asks the database, so it may block.

    Alive says only that the process answers: who restarted it for more would restart it in vain
    while the database is away. Alarms are shown and do not make it unready: they need a person.
    """
    if path == "/healthz":
        return _reply(200, {"status": "alive"})
    try:
        found = look()
    except NotReady as reason:
        checks = {"database": {"ok": False, "detail": str(reason)}}
        return _reply(503, {"status": "not ready", "checks": checks, "alarms": []})
    is_ready = found.lag_s <= settings.LAG_LIMIT_S
    return _reply(200 if is_ready else 503, _told(found, is_ready=is_ready))


def look() -> Standing:
    """How the installation stands now. Raises NotReady.

    A connection that broke while nobody used it says nothing about the database, so the second try
    is made over a new one.
    """
    try:
        return _look_once()
    except Error:
        connection.close()
    try:
        return _look_once()
    except Error:
        log.warning("database_failed", exc_info=True)
        connection.close()
        raise NotReady("The database does not answer; the log says more.") from None


def _look_once() -> Standing:
    name = str(connection.settings_dict["NAME"])
    if name not in _up_to_date:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise NotReady("The database is not up to date with this release; run: banyan migrate")
        _up_to_date.add(name)
    return standing(clock.now())


def _told(found: Standing, *, is_ready: bool) -> dict[str, object]:
    lag = (
        f"The oldest event that is not decided has waited {found.lag_s:.1f} s; "
        f"BANYAN_LAG_LIMIT is {settings.LAG_LIMIT_S} s."
    )
    return {
        "status": "ready" if is_ready else "not ready",
        "checks": {
            "database": {"ok": True, "detail": "It answers and is up to date."},
            "worker": {"ok": is_ready, "detail": lag},
        },
        "head": found.head,
        "cursor": found.cursor,
        "alarms": [{"kind": one.kind, "opened_at": one.opened_at} for one in found.alarms],
    }


def _reply(status: int, content: object) -> Reply:
    return status, _HEADERS, msgspec.json.encode(content)
