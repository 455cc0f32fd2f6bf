"""parts: which part of the line used the processors, as Linux tells it.

Where there is no `/proc`, or the database is on another machine, that part is not told.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection

from banyan.kernel.database import is_postgres

_PROC = Path("/proc")
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_ALL_BUSY = 0.9
_MUCH = 0.3
"""Cores that others use from which on a measure should be taken again."""

LOAD = "load"
HERE = "this command"


@dataclass
class Spent:
    """What a measure cost, once it is over: CPU seconds by part, and how busy the machine was."""

    seconds: float = 0.0
    cpu_s: dict[str, float] = field(default_factory=dict)
    busy_cores: float = 0.0
    cores: int = os.cpu_count() or 1

    def sentence(self, units: int, unit: str) -> str:
        """Where the limit lies; the parts' CPU for one of `units`."""
        ours = sum(self.cpu_s.values()) / self.seconds
        each = ", ".join(
            f"{name} {1e6 * spent / units:,.0f}"
            for name, spent in sorted(self.cpu_s.items(), key=lambda part: -part[1])
            if spent
        )
        told = f"µs of CPU for {unit}: {each}. "
        others = self.busy_cores - ours
        if others > _MUCH:
            return told + (
                f"Other programs used {others:.1f} of {self.cores} cores; measure again when the "
                "machine is idle."
            )
        first = max(self.cpu_s, key=lambda name: self.cpu_s[name])
        if self.busy_cores >= _ALL_BUSY * self.cores:
            return told + f"All {self.cores} cores were busy, {first} the most: that is the limit."
        return told + (
            f"{self.busy_cores:.1f} of {self.cores} cores were busy: the limit is one thread of "
            f"{first} and its waiting for commits."
        )


@contextmanager
def watching(site: int | None = None) -> Iterator[Spent]:
    """What the work inside costs: that of the site whose head is process `site`, of PostgreSQL, of
    this process and of the programs that it starts and waits for."""
    spent = Spent()
    before, busy = _cpu(_groups(site)), _busy_s()
    # Our own clocks next to the work: to look through all processes costs CPU of ours as well.
    before, started = before | _own(), time.perf_counter()
    try:
        yield spent
    finally:
        spent.seconds, own = time.perf_counter() - started, _own()
        spent.busy_cores = (_busy_s() - busy) / spent.seconds
        after = _cpu(_groups(site)) | own  # some processes are new, and count whole
        # What is gone by now has told nothing since.
        spent.cpu_s = {
            name: max(0.0, after.get(name, then) - then) for name, then in before.items()
        }


def _groups(site: int | None) -> Mapping[str, list[int]]:
    """Process numbers by part."""
    backend = _backend()
    parents = dict(_parents())
    groups: dict[str, list[int]] = {}
    if site is not None:
        for process in _below(site, parents):
            words = _read(_PROC / str(process) / "cmdline").split("\x00")
            groups.setdefault("worker" if "worker" in words else "web", []).append(process)
    if _read(_PROC / str(backend) / "comm").startswith("postgres"):
        groups["PostgreSQL"] = _below(parents[backend], parents)
    return groups


def _backend() -> int:
    """The number of the process that serves our connection; 0 where that is none of its own."""
    if not is_postgres():
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [backend] = cursor.fetchone()
    return int(backend)


def _below(head: int, parents: Mapping[int, int]) -> list[int]:
    found = [head]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found


def _parents() -> Iterator[tuple[int, int]]:
    for folder in _PROC.glob("[0-9]*"):
        fields = _read(folder / "stat").rpartition(")")[2].split()
        if fields:
            yield int(folder.name), int(fields[1])


def _cpu(groups: Mapping[str, list[int]]) -> dict[str, float]:
    """CPU seconds so far by part."""
    return {name: sum(map(_process_s, processes)) for name, processes in groups.items()}


def _own() -> dict[str, float]:
    """CPU seconds so far of this process and of the programs it waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {LOAD: children.ru_utime + children.ru_stime, HERE: time.process_time()}


def _process_s(process: int) -> float:
    """Its own CPU seconds and those of its children that have ended."""
    fields = _read(_PROC / str(process) / "stat").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) * _TICK_S


def _busy_s() -> float:
    """Seconds that all cores together were busy since the start of the machine."""
    ticks = [int(word) for word in _read(_PROC / "stat").partition("\n")[0].split()[1:]]
    return (sum(ticks[:8]) - ticks[3] - ticks[4]) * _TICK_S if ticks else 0.0


def _read(path: Path) -> str:
    """A file of /proc; empty for a process that is gone."""
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
