"""doors: how fast a running site takes events and clicks in, and how soon a reward is seen."""

from __future__ import annotations

import json
import statistics
import time
import urllib.request
from pathlib import Path

from banyan.core.events import clock
from banyan.core.events import read as log
from banyan.core.ledger.read import balances
from banyan.core.programs.read import link_row
from banyan.kernel.errors import Problem
from banyan.pipeline.links import make_link
from banyan.pipeline.pace.copying import copied
from banyan.pipeline.pace.load import bare_nginx, wrk
from banyan.pipeline.pace.parts import watching
from banyan.pipeline.pace.rates import Bound, Rate, at_least, below
from banyan.pipeline.pace.site import Site
from banyan.pipeline.publish import publish, settled
from banyan.pipeline.wait import decided
from banyan.trust.access.keys import make

SECONDS = 8
BATCH = 100
COPIED = 50_000
COUNTED_AFTER_S = 2.0
REWARDS = 60
PATIENCE_S = 60.0
PAUSE_S = 0.002

PROGRAM = """
program: bench-doors
version: 1
currency: USD
attribution: {window: 30d, prefer: [code, click]}
milestones:
  bought: {on: Order Completed, within: 60d}
rewards:
  thanks: {to: advocate, on: bought, give: cash, amount: 20.00, hold: 14d,
           caps: [{per: advocate, count: 2}]}
  welcome: {to: friend, on: joined, give: points, amount: 100}
limits:
  - {give: cash, per: program, amount: 1000.00}
"""
CODE = "BENCHDOORS"

_BATCHES = """
local n, sent = 0, {}
request = function()
  for i = 1, BATCH do
    n = n + 1
    sent[i] = '{"type":"track","event":"Order Completed","userId":"user-' .. n % 5000 ..
      '","messageId":"wrk-' .. n .. '","timestamp":"2026-02-01T00:00:00Z","context":{"library":' ..
      '{"name":"wrk"}},"properties":{"order_id":"o-' .. n .. '","total":19.99,"currency":"USD",' ..
      '"products":[{"sku":"a","price":1.5,"quantity":2}]}}'
  end
  return wrk.format("POST", "/v1/batch", {["Authorization"] = "Bearer KEY"},
    '{"batch":[' .. table.concat(sent, ",") .. ']}')
end
"""


class TooSlow(Problem):
    """Something that did not come about in the time it must never take."""


def prepare() -> str:
    """Publish PROGRAM, make its link CODE; a secret key that may send events."""
    now = clock.now()
    row = publish("bench", PROGRAM, starts_at=None, now=now)
    assert settled(row.program, row.number, timeout_s=PATIENCE_S).status == "published"
    make_link("bench", program="bench-doors", advocate="bench-ann", code=CODE, now=now)
    return make("bench", "secret", is_test=False, now=now)[1]


def batches(site: Site, key: str, folder: Path, *, seconds: int = SECONDS) -> Rate:
    """`POST /v1/batch` with 100 events a request, beside COPY of the same rows."""
    _settle()
    script = folder / "batches.lua"
    script.write_text(_BATCHES.replace("KEY", key).replace("BATCH", str(BATCH)))
    before = log.head()
    with watching(site.process) as spent:
        load = wrk(f"{site.url}/v1/batch", connections=8, seconds=seconds, script=script)
    taken = log.head() - before
    assert taken >= BATCH * load.requests
    rows, copy_s = copied("events_event", f"position BETWEEN {before + 1} AND {before + COPIED}")
    per_s, copied_per_s = taken / seconds, rows / copy_s
    return Rate(
        name=f"intake, batches of {BATCH}",
        figure=per_s,
        unit="events/s",
        told=f"{per_s:,.0f} events/s, p99 {load.p99_ms:.0f} ms",
        limit=copied_per_s,
        limit_name=f"COPY of the same rows: {copied_per_s:,.0f}/s",
        bounds=[
            at_least(per_s / copied_per_s, 0.15, "15 %"),
            at_least(per_s, 10_000, "10,000/s"),
        ],
        why=spent.sentence(taken, "an event"),
    )


def clicks(site: Site, folder: Path, *, seconds: int = SECONDS) -> Rate:
    """`GET /r/CODE`, durable and counted, beside nginx that does nothing but redirect."""
    _settle()
    before, counted_before = log.head(), _counted()
    with watching(site.process) as spent:
        load = wrk(f"{site.url}/r/{CODE}", connections=32, seconds=seconds)
    time.sleep(COUNTED_AFTER_S)
    counted, taken = _counted() - counted_before, log.head() - before
    with bare_nginx(folder) as url:
        bare = wrk(f"{url}/r/{CODE}", connections=32, seconds=seconds)
    return Rate(
        name="counted redirects",
        figure=load.per_second,
        unit="clicks/s",
        told=f"{load.per_second:,.0f} clicks/s, p99 {load.p99_ms:.1f} ms",
        limit=bare.per_second,
        limit_name=f"nginx, bare 302: {bare.per_second:,.0f}/s",
        bounds=[
            at_least(load.per_second / bare.per_second, 0.08, "8 %"),
            at_least(load.per_second, 5_000, "5,000/s"),
            below(load.p99_ms, 25, "25 ms p99"),
            Bound("all counted 2 s later", counted >= taken >= load.requests),
        ],
        why=spent.sentence(load.requests, "a click"),
    )


def rewards(site: Site, key: str, *, times: int = REWARDS) -> Rate:
    """From an event to the reward that can be seen, one at a time."""
    _settle()
    with watching(site.process) as spent:
        found = [_visible_after_s(site, key, f"bench-friend-{number}") for number in range(times)]
    median_ms = 1000 * statistics.median(found)
    return Rate(
        name="event → visible reward",
        figure=median_ms,
        unit="ms",
        told=f"median {median_ms:.0f} ms, longest {1000 * max(found):.0f} ms",
        limit=None,
        limit_name="",
        bounds=[below(median_ms, 150, "150 ms median")],
        why=spent.sentence(times, "a reward"),
    )


def _visible_after_s(site: Site, key: str, friend: str) -> float:
    event = {"userId": friend, "event": "Signed Up", "properties": {"referral_code": CODE}}
    request = urllib.request.Request(
        f"{site.url}/v1/track",
        json.dumps(event).encode(),
        {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    started = time.perf_counter()
    with urllib.request.urlopen(request, timeout=PATIENCE_S):
        pass
    while not balances(friend):
        if time.perf_counter() - started > PATIENCE_S:
            raise TooSlow(f"{friend} has no reward after {PATIENCE_S:.0f} s; does the worker run?")
        time.sleep(PAUSE_S)
    return time.perf_counter() - started


def _settle() -> None:
    """Wait until the worker has decided all, so that one measure does not pay for another."""
    if not decided(log.head(), timeout_s=PATIENCE_S):
        raise TooSlow(f"The worker is behind the log after {PATIENCE_S:.0f} s.")


def _counted() -> int:
    link = link_row(CODE)
    assert link is not None
    return link.clicks
