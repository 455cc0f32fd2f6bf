"""countbook: where the processes of one server put what they count, so that any can tell it all.

Kept apart from `counters`, which must not be imported before the book is open: prometheus-client
chooses once, at its import, whether a process counts alone or into a file.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def shared() -> Iterator[Mapping[str, str]]:
    """The environment variables that let child processes count together, until the end.

    Counts are as old as the server: they begin at nothing when it starts, and outlive a child that
    dies. The folder is a temporary one of this server alone, since files in it go by process
    number, and two containers over one volume would both have a process 7.
    """
    with tempfile.TemporaryDirectory(prefix="banyan-counts-") as folder:
        yield {VARIABLE: folder}


def join(book: Mapping[str, str]) -> None:
    """Let this process itself count into the book, not its children alone."""
    assert "prometheus_client" not in sys.modules, "open the book before anything counts"
    os.environ.update(book)
