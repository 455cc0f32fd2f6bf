"""processes: the web and the worker of an installation as real processes that can be killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE_S = 90.0
"""How long anything may take on a busy machine before it counts as not recovered."""


@dataclass(frozen=True)
class Running:
    """A process with its children, and the file both write to."""

    pid: int
    log: Path

    @property
    def is_alive(self) -> bool:
        """Whether the process is there; a zombie is not."""
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return False
        return state not in "ZX"

    @property
    def children(self) -> list[int]:
        """The ids of its direct children."""
        try:
            text = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return []
        return [int(pid) for pid in text.split()]

    @property
    def words(self) -> list[str]:
        """Its command line; that of the nursery for what was forked there."""
        try:
            return Path(f"/proc/{self.pid}/cmdline").read_text().split("\0")
        except (FileNotFoundError, ProcessLookupError):
            return []

    def signal(self, number: int) -> None:
        """Send a signal to the process and all its children, if it is there."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """SIGKILL, to all of them; returns when it is gone."""
        self.signal(signal.SIGKILL)
        until(lambda: not self.is_alive, f"process {self.pid} to be gone")

    def stop(self) -> None:
        """Ask it to end as an operator would; returns when it is gone."""
        self.signal(signal.SIGCONT)
        if self.is_alive:
            os.kill(self.pid, signal.SIGTERM)
        until(lambda: not self.is_alive, f"process {self.pid} to end, see {self.log}")

    def said(self) -> str:
        """Everything it wrote."""
        return self.log.read_text() if self.log.exists() else ""


class Nursery:
    """Forks `banyan` commands from a process that has loaded the libraries already."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(self, *words: str, variables: Mapping[str, str], log: Path) -> Running:
        """Run `banyan WORDS` with these variables as its whole environment."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"words": words, "variables": dict(variables), "log": str(log)}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return Running(int(self._process.stdout.readline()), log)


@contextmanager
def nursery() -> Iterator[Nursery]:
    """A nursery, until the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.nursery"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Nursery(process)
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.wait(PATIENCE_S)
        process.stdout.close()


def until(holds: Callable[[], bool], what: str, *, within_s: float = PATIENCE_S) -> None:
    """Return once `holds()`. Raises AssertionError that names what was waited for."""
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, f"waited {within_s:.0f} s in vain for {what}"
        time.sleep(0.02)
