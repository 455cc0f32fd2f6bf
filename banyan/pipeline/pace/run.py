"""run: all measures of the live line, on fresh installations over PostgreSQL, from a command.

Each part is a process of its own, since a process works on one installation. What an installation
at hand holds is neither read nor changed.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import IO

import msgspec

from banyan.kernel.errors import Problem
from banyan.pipeline.pace import load, scratch
from banyan.pipeline.pace.rates import Rate

PARTS = ("line", "doors")
_PACKAGES = {"wrk": "wrk", "nginx": "nginx-light", "initdb": "postgresql", "pg_ctl": "postgresql"}


class Missing(Problem):
    """Programs that the measures need and that are not installed."""


class Failed(Problem):
    """A part that ended before its measures were taken."""


def measured(progress: Callable[[str], None]) -> Iterator[Rate]:
    """Every measure, as it is taken; `progress` is told what is under way.

    A server of one's own is started unless DATABASE_URL names a PostgreSQL: then each part works in
    a new database of that server, dropped afterwards. Raises Missing before anything is done.
    """
    named = os.environ.get("DATABASE_URL", "")
    is_named = named.startswith(("postgres:", "postgresql:"))
    _check(needs_server=not is_named)
    with nullcontext(named) if is_named else scratch.server() as server:
        for part in PARTS:
            with (
                scratch.database(server) as url,
                tempfile.TemporaryDirectory(prefix="banyan-bench-") as folder,
            ):
                yield from _part(part, url, Path(folder), progress)


def _check(*, needs_server: bool) -> None:
    if find_spec("psycopg") is None:
        raise Missing("The driver of PostgreSQL is missing; run: pip install 'banyan[postgres]'")
    absent = [*load.missing(), *(scratch.missing() if needs_server else [])]
    if absent:
        packages = dict.fromkeys(_PACKAGES[name] for name in absent)
        cure = f"apt-get install {' '.join(packages)}"
        elsewhere = ", or let DATABASE_URL name a PostgreSQL" if "initdb" in absent else ""
        raise Missing(
            f"The live measures need {', '.join(absent)}; install what is missing ({cure})"
            f"{elsewhere}."
        )


def _part(part: str, url: str, folder: Path, progress: Callable[[str], None]) -> Iterator[Rate]:
    own = {
        "DATABASE_URL": url,
        "BANYAN_HOME": str(folder / "home"),
        "BANYAN_SECRET_KEY": secrets.token_hex(32),
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BANYAN_")}
    (folder / "home").mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "banyan.pipeline.pace", part, str(folder)],
        env=kept | own,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said: list[str] = []
        listener = Thread(target=_listen, args=(process.stderr, said, progress))
        listener.start()
        try:
            for line in process.stdout:
                yield msgspec.json.decode(line, type=Rate)
        finally:
            if sys.exc_info()[0] is not None:
                process.terminate()
            listener.join()
    if process.returncode:
        raise Failed(f"The part {part!r} of the live measures failed: {said[-1]}")


def _listen(errors: IO[bytes], said: list[str], progress: Callable[[str], None]) -> None:
    for line in errors:
        said.append(line.decode().rstrip())
        progress(said[-1])
