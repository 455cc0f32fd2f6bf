"""metrics: the installation's figures as Prometheus reads them (`/metrics`), for insiders."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version

import msgspec
from django.conf import settings
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from banyan.core.events import clock
from banyan.doors.edge.health import NotReady, Reply, look
from banyan.growth.feedback.read import backlog
from banyan.kernel import counters
from banyan.pipeline.outbox.sender import system_time
from banyan.pipeline.standing import Standing

PATH = "/metrics"
FAILURE_TARGET = 0.005
"""At most one request in two hundred may fail for a reason of ours."""
_LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")
# What a proxy on this machine says of the one it speaks for.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def respond(*, peer: str, headers: Mapping[str, str]) -> Reply:
    """The reply to a request for PATH from the address `peer`; header names in lower case.

    With BANYAN_METRICS_TOKEN set, whoever bears it is answered; without it, this machine alone, and
    not through a proxy.
    """
    if not _may_read(peer, headers):
        return _refusal()
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(everything()))
    return 200, [("Content-Type", CONTENT_TYPE_LATEST)], generate_latest(registry)


def everything() -> Iterator[Metric]:
    """What the processes counted, and what the database tells."""
    counted = counters.counted()
    yield from counted
    yield InfoMetricFamily("banyan", "This release", value={"version": version("banyan")})
    yield _gauge(
        "request_failure_ratio",
        "Share of requests answered with 5xx since the server started",
        counters.failure_ratio(counted),
    )
    yield _gauge("request_failure_ratio_target", "The most it should be", FAILURE_TARGET)
    try:
        found = look()
    except NotReady:
        yield _gauge("database_up", "Whether the database answers and is up to date", 0)
        return
    yield _gauge("database_up", "Whether the database answers and is up to date", 1)
    yield from _line(found)
    yield from _webhooks(found)
    yield from _alarms_and_jobs(found)
    yield from _disputes()


def _line(found: Standing) -> Iterator[Metric]:
    yield _gauge("log_head", "The last position of the log", found.head)
    yield _gauge("cursor", "The last position decided", found.cursor)
    yield _gauge("lag_seconds", "How long the oldest undecided event has waited", found.lag_s)
    yield _gauge("lag_limit_seconds", "Above this the line is not ready", settings.LAG_LIMIT_S)


def _webhooks(found: Standing) -> Iterator[Metric]:
    box = found.outbox
    age_s = (system_time() - box.oldest_since).total_seconds() if box.oldest_since else 0.0
    yield _gauge("webhooks_waiting", "Deliveries that wait for an attempt", box.waiting)
    yield _gauge("webhooks_dead", "Deliveries given up, until they are replayed", box.dead)
    yield _gauge("webhooks_oldest_seconds", "How long the oldest has waited", max(0.0, age_s))
    yield _gauge("messages_not_given_out", "Messages behind the last webhook", box.not_given_out)


def _alarms_and_jobs(found: Standing) -> Iterator[Metric]:
    yield _gauge("alarms_open", "Alarms that need a person", len(found.alarms))
    alarm = GaugeMetricFamily("banyan_alarm", "One for each open alarm", labels=["kind"])
    well = GaugeMetricFamily("banyan_job_ok", "Whether the last run succeeded", labels=["job"])
    age = GaugeMetricFamily(
        "banyan_job_age_seconds", "Since the last success of scheduled work", labels=["job"]
    )
    for one in found.alarms:
        alarm.add_metric([one.kind], 1)
    for job in found.jobs:
        well.add_metric([job.name], float(job.is_well))
        if job.succeeded_at is not None:
            since_s = (system_time() - job.succeeded_at).total_seconds()
            age.add_metric([job.name], max(0.0, since_s))
    yield from (alarm, well, age)


def _disputes() -> Iterator[Metric]:
    found = backlog(now=clock.now())
    yield _gauge("disputes_open", "Disputes that wait for an answer", found.waiting)
    yield _gauge("disputes_late", "Those of them that missed a promised time", found.late)


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"banyan_{name}", help_text, value=value)


class _Once(Collector):
    """Metrics that were gathered, as the writer of the text wants them."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _may_read(peer: str, headers: Mapping[str, str]) -> bool:
    token = settings.METRICS_TOKEN
    if token:
        given = headers.get("authorization", "").encode()
        return hmac.compare_digest(given, f"Bearer {token}".encode())
    is_proxied = settings.BEHIND_PROXY or any(name in headers for name in _FORWARDED)
    return peer in _LOOPBACK and not is_proxied


def _refusal() -> Reply:
    problem = {
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
        "code": "metrics_forbidden",
        "detail": "Metrics are read on this machine itself, or elsewhere with the bearer token "
        "that is set as BANYAN_METRICS_TOKEN.",
        "instance": PATH,
    }
    headers = [("Content-Type", "application/problem+json"), ("Cache-Control", "no-store")]
    return 403, headers, msgspec.json.encode(problem)
