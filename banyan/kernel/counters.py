"""counters: what each process counts of its own doing, and the sum over the server's processes.

What can be read from the database is read there when somebody asks; here is only what leaves no
trace in it. Counting costs a microsecond or two and takes no lock that another process holds.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Histogram, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from banyan.kernel.countbook import VARIABLE

HEALTH = "health"
"""The door at which others ask how we are."""

_OWN = CollectorRegistry()
_REQUESTS = Counter(
    "banyan_requests", "Requests answered, by door and HTTP status", ["door", "status"],
    registry=_OWN,
)  # fmt: skip
_REQUEST_SECONDS = Histogram(
    "banyan_request_seconds", "Time to answer a request, by door", ["door"], registry=_OWN,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)  # fmt: skip
_ACCEPTED = Counter(
    "banyan_events_accepted", "Events that entered the log, by source", ["source"], registry=_OWN
)
_REFUSED = Counter(
    "banyan_events_refused", "Events that were not accepted, by code", ["code"], registry=_OWN
)
_HEARD = Counter(
    "banyan_inbound_messages", "Messages of shops and payment providers, by what became of them",
    ["kind", "outcome"], registry=_OWN,
)  # fmt: skip
_COMMIT_EVENTS = Histogram(
    "banyan_commit_events", "Events written by one commit", registry=_OWN,
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000),
)  # fmt: skip
_COMMIT_SECONDS = Histogram(
    "banyan_commit_seconds", "Time of one commit of events", registry=_OWN,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)  # fmt: skip

_NOTICES = Counter(
    "banyan_notices", "Notices attempted or held back, by channel and outcome",
    ["channel", "outcome"], registry=_OWN,
)  # fmt: skip


def answered(door: str, status: int, seconds: float) -> None:
    """A request was answered. `door` is one of a few fixed names: `click`, `intake`, `api` …"""
    requests, durations = _of_answers(door, status)
    requests.inc()
    durations.observe(seconds)


def accepted(source: str, events: int = 1) -> None:
    """Events entered the log. `source` is a kind of door, not a key or a person."""
    _of_accepted(source).inc(events)


def refused(code: str, events: int = 1) -> None:
    """Events were not accepted, for one of the published codes."""
    _REFUSED.labels(code).inc(events)


def notified(channel: str, outcome: str) -> None:
    """A notice was attempted by a channel, or held back (channel `none`)."""
    _NOTICES.labels(channel, outcome).inc()


def heard(kind: str, outcome: str) -> None:
    """A shop or payment provider of that kind sent a message, and what became of it."""
    _HEARD.labels(kind, outcome).inc()


def committed(events: int, seconds: float) -> None:
    """One commit wrote that many events in that time."""
    _COMMIT_EVENTS.observe(events)
    _COMMIT_SECONDS.observe(seconds)


# To find a counter by its labels costs more than to count.
@cache
def _of_answers(door: str, status: int) -> tuple[Counter, Histogram]:
    return _REQUESTS.labels(door, str(status)), _REQUEST_SECONDS.labels(door)


@cache
def _of_accepted(source: str) -> Counter:
    return _ACCEPTED.labels(source)


def counted() -> list[Metric]:
    """What all processes of this server counted; without a shared book, this one alone."""
    if VARIABLE in os.environ:
        return list(MultiProcessCollector(None).collect())  # type: ignore[no-untyped-call]
    return list(_OWN.collect())


def failure_ratio(metrics: Iterable[Metric]) -> float:
    """The share of requests that we failed to answer (5xx) among all in `metrics`; 0 of none.

    Questions after our health are left out: a 503 is the right answer there.
    """
    requests = [
        sample
        for metric in metrics
        for sample in metric.samples
        if sample.name == "banyan_requests_total" and sample.labels["door"] != HEALTH
    ]
    failed = sum(one.value for one in requests if one.labels["status"].startswith("5"))
    return failed / sum(one.value for one in requests) if requests else 0.0
