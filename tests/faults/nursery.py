"""nursery: a process that has loaded libraries and forks `banyan …` commands from itself.

A command started that way costs a fraction of a second instead of three, so that a simulation can
afford to kill hundreds. Only what starts no thread is loaded here: a fork takes one thread along
and leaves the locks of the others as they were, held for ever. Polars starts its own when it is
imported, so each command imports it itself; NumPy does without where it is told to.

One request a line on standard input: {"words": [...], "variables": {...}, "log": path}; one process
id a line on standard output. What still runs when standard input ends is killed.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NoReturn

LIBRARIES = (
    "babel.dates",
    "babel.messages.catalog",
    "click",
    "cryptography.fernet",
    "django.core.handlers.wsgi",
    "django.core.management",
    "django.db.migrations.executor",
    "django.db.models",
    "granian",
    "httpcore2",
    "httpx2",
    "jwt",
    "markdown_it",
    "msgspec",
    "numpy",
    "psycopg",
    "pydantic",
    "rich.progress",
    "sqlglot",
    "structlog",
    "xlsxwriter",
    "yaml",
)


def main() -> None:
    """Serve requests until standard input ends."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    for name in LIBRARIES:
        importlib.import_module(name)
    # Nobody here waits for children; those that end must not stay as zombies.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    started = []
    for line in sys.stdin:
        request = json.loads(line)
        _alone()
        pid = os.fork()
        if pid == 0:
            _become(request["words"], request["variables"], request["log"])
        # Here as well as in the child: whoever is told the id may kill the group at once.
        with suppress(PermissionError, ProcessLookupError):
            os.setpgid(pid, pid)
        started.append(pid)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
    for pid in started:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def _alone() -> None:
    """Raises where a thread is alive, Python's or a library's own."""
    threads = os.listdir("/proc/self/task")
    if len(threads) > 1:
        raise RuntimeError(f"{len(threads)} threads at a fork; import what starts them later")


def _become(words: Sequence[str], variables: Mapping[str, str], log: str) -> NoReturn:
    """Be that command: a process group and a log file of its own, then the real entry point."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setpgid(0, 0)
    os.environ.clear()
    os.environ.update(variables)
    for target, path, mode in ((0, os.devnull, os.O_RDONLY), (1, log, _APPEND), (2, log, _APPEND)):
        opened = os.open(path, mode, 0o644)
        os.dup2(opened, target)
        os.close(opened)
    sys.argv = ["banyan", *words]
    code = 1
    try:
        importlib.import_module("banyan.doors.cli.main").main(list(words))
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0
    except BaseException:  # noqa: BLE001 - the process ends here, and its log must say why
        importlib.import_module("traceback").print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    # Not `sys.exit`: the loop above belongs to the parent.
    os._exit(code)


_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND

if __name__ == "__main__":
    main()
