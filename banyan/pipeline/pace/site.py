"""site: `banyan serve` as a process of its own, web doors and worker, until the end."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from banyan.kernel.errors import Problem
from banyan.pipeline.pace.scratch import free_port

START_S = 60.0
STOP_S = 40.0


class NotServed(Problem):
    """A site that did not start."""


@dataclass(frozen=True)
class Site:
    """A running site."""

    url: str
    process: int
    """The number of the process that looks after all others."""


@contextmanager
def serving(environment: Mapping[str, str]) -> Iterator[Site]:
    """Serve the installation that these variables name. Raises NotServed."""
    port = free_port()
    command = [sys.executable, "-m", "banyan", "serve", "--port", str(port)]
    with tempfile.NamedTemporaryFile(mode="ab") as errors:
        process = subprocess.Popen(
            command, env=dict(environment), stdout=subprocess.DEVNULL, stderr=errors
        )
        site = Site(f"http://127.0.0.1:{port}", process.pid)
        try:
            _wait_until_alive(site, process, Path(errors.name))
            yield site
        finally:
            process.terminate()
            process.wait(STOP_S)


def _wait_until_alive(site: Site, process: subprocess.Popen[bytes], errors: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{site.url}/healthz", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    said = errors.read_text("utf-8").strip().splitlines() or ["it did not say why"]
    raise NotServed(f"`banyan serve` did not start ({said[-1]}).")
