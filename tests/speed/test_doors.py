"""How fast the hot doors are, durably, over PostgreSQL with its safe settings.

Wants `wrk` and `nginx`, and two cores that do nothing else: all share them, the worker too.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from banyan.core.events import read
from banyan.core.programs.models import Link, Program
from banyan.trust.access.keys import make
from tests.installation import fresh, migrated, postgres
from tests.rooms.doors.edge.serving import Site, free_port, serving

pytestmark = [
    pytest.mark.speed,
    pytest.mark.skipif(
        not (shutil.which("wrk") and shutil.which("nginx")), reason="wrk or nginx is not installed"
    ),
]

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SECONDS = 8
EVENTS = 50_000

BATCHES = """
local n, sent = 0, {}
request = function()
  for i = 1, 100 do
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

NGINX = """
worker_processes 1; daemon off; pid FOLDER/pid; error_log FOLDER/log;
events {}
http {
  access_log off;
  server { listen 127.0.0.1:PORT; location / { return 302 http://a.example/; } }
}
"""


@dataclass(frozen=True)
class Load:
    """What wrk measured."""

    requests: int
    per_second: float
    p99_ms: float


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The whole product, worker and all, on a PostgreSQL that waits for its disk."""
    home = tmp_path_factory.mktemp("home")
    with postgres(durable=True) as server:
        migrated(server.make_database("banyan_template"), home)
        with fresh("postgres", home, template=Path(), server=server) as installation:
            Program.objects.create(slug="p", status="live", created_at=NOW)
            Link.objects.create(
                key="SPEED", code="SPEED", program="p", advocate="ann", created_at=NOW
            )
            key = make("test", "write", is_test=False, now=NOW)[1]
            with serving(installation) as running:
                running.keys["write"] = key
                yield running


def test_batches(site: Site, tmp_path: Path) -> None:
    script = tmp_path / "batches.lua"
    script.write_text(BATCHES.replace("KEY", site.keys["write"]))
    before = read.head()
    load = wrk(f"http://127.0.0.1:{site.port}/v1/batch", connections=8, script=script)
    taken = read.head() - before
    assert taken >= 100 * load.requests
    raw = raw_copy(site)
    per_second = taken / SECONDS
    print(f"\n{per_second:,.0f} events/s; COPY alone {raw:,.0f}; {per_second / raw:.0%}")  # noqa: T201
    assert per_second >= 10_000
    assert per_second >= 0.15 * raw


def test_clicks(site: Site, tmp_path: Path) -> None:
    settle(site)
    before = read.head()
    load = wrk(f"http://127.0.0.1:{site.port}/r/SPEED", connections=32)
    taken = read.head() - before
    with bare_nginx(tmp_path) as port:
        bare = wrk(f"http://127.0.0.1:{port}/r/SPEED", connections=32)
    share = load.per_second / bare.per_second
    print(  # noqa: T201
        f"\n{load.per_second:,.0f} clicks/s, p99 {load.p99_ms:.1f} ms; "
        f"nginx alone {bare.per_second:,.0f}; {share:.1%}"
    )
    assert taken >= load.requests
    assert load.per_second >= 5_000
    assert share >= 0.08
    assert load.p99_ms < 25


def test_clicks_are_counted_soon(site: Site) -> None:
    settle(site)
    before = Link.objects.get(key="SPEED").clicks
    position = read.head()
    wrk(f"http://127.0.0.1:{site.port}/r/SPEED", connections=32)
    time.sleep(2)
    assert Link.objects.get(key="SPEED").clicks - before >= read.head() - position


def settle(site: Site) -> None:
    """Wait until the worker has decided all, so that one measure does not pay for another."""
    while site.call("GET", "/readyz").json.get("cursor") != read.head():
        time.sleep(0.2)


def raw_copy(site: Site) -> float:
    """Rows a second when the same rows come back by one COPY into a table with the same indexes."""
    with psycopg.connect(site.installation.database_url, autocommit=True) as link:
        link.execute("DROP TABLE IF EXISTS bare")
        link.execute("CREATE TABLE bare (LIKE events_event INCLUDING ALL)")
        rows = f"SELECT * FROM events_event WHERE name = 'Order Completed' LIMIT {EVENTS}"
        with link.cursor() as cursor:
            with cursor.copy(f"COPY ({rows}) TO STDOUT") as out:
                text = b"".join(bytes(block) for block in out)
            started = time.perf_counter()
            with cursor.copy("COPY bare FROM STDIN") as into:
                into.write(text)
            spent_s = time.perf_counter() - started
    return text.count(b"\n") / spent_s


def wrk(url: str, *, connections: int, script: Path | None = None) -> Load:
    """Load an address from one thread; no reply may be anything but success or redirect."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency"]
    command += ["-s", str(script)] if script else []
    told = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in told, told
    assert "Socket errors" not in told, told
    requests = re.search(r"(\d+) requests in", told)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", told)
    assert requests is not None
    assert rate is not None
    assert p99 is not None
    scale = {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99[2]]
    return Load(int(requests[1]), float(rate[1]), float(p99[1]) * scale)


@contextmanager
def bare_nginx(folder: Path) -> Iterator[int]:
    """nginx that does nothing but redirect; its port."""
    port = free_port()
    settings = folder / "nginx.conf"
    settings.write_text(NGINX.replace("FOLDER", str(folder)).replace("PORT", str(port)))
    process = subprocess.Popen(["nginx", "-c", str(settings)], stderr=subprocess.DEVNULL)
    time.sleep(1)
    try:
        yield port
    finally:
        process.terminate()
        process.wait()
