"""load: wrk, which asks as fast as it is answered, and nginx, which does nothing but redirect."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from banyan.kernel.errors import Problem
from banyan.pipeline.pace.scratch import free_port

PROGRAMS = ("wrk", "nginx")
_NGINX = """
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/log;
events {{}}
http {{
  access_log off;
  server {{ listen 127.0.0.1:{port}; location / {{ return 302 http://a.example/; }} }}
}}
"""
_START_S = 10.0


class BadLoad(Problem):
    """A load that was not answered as it should be."""


@dataclass(frozen=True)
class Load:
    """What wrk measured."""

    requests: int
    per_second: float
    p99_ms: float


def missing() -> list[str]:
    """The programs of PROGRAMS that are not installed."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


def wrk(url: str, *, connections: int, seconds: int, script: Path | None = None) -> Load:
    """Load an address from one thread. Raises BadLoad for any reply but success or redirect."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    command += ["-s", str(script)] if script else []
    told = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    for sign in ("Non-2xx", "Socket errors"):
        if sign in told:
            [line] = [line.strip() for line in told.splitlines() if sign in line]
            raise BadLoad(f"{url}: {line}; the server's log says why.")
    scale = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
    p99, unit = _figures(told, r"99%\s+([\d.]+)(us|ms|s|m)")
    return Load(
        requests=int(_figures(told, r"(\d+) requests in")[0]),
        per_second=float(_figures(told, r"Requests/sec:\s+([\d.]+)")[0]),
        p99_ms=float(p99) * scale[unit],
    )


@contextmanager
def bare_nginx(folder: Path) -> Iterator[str]:
    """nginx that does nothing but redirect, its files in `folder`; its address."""
    port = free_port()
    settings = folder / "nginx.conf"
    settings.write_text(_NGINX.format(folder=folder, port=port))
    process = subprocess.Popen(["nginx", "-c", str(settings)], stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + _START_S
        while not (folder / "pid").exists():
            if process.poll() is not None or time.monotonic() > end:
                raise BadLoad("nginx does not start; `nginx -t` says more.")
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _figures(told: str, pattern: str) -> tuple[str, ...]:
    found = re.search(pattern, told)
    if found is None:
        raise BadLoad(f"wrk says nothing like {pattern!r}; is it wrk 4?")
    return found.groups()
