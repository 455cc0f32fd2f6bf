"""measures: every measure of the live line, in two parts, each on an installation of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from banyan.pipeline.pace import doors, line
from banyan.pipeline.pace.rates import Rate
from banyan.pipeline.pace.site import serving

# Behind the end of the benchmark's log.
_AFTER_LOG = datetime(2029, 1, 1, tzinfo=UTC)

Progress = Callable[[str], None]


def of_line(folder: Path, progress: Progress) -> Iterator[Rate]:
    """Measures of the worker and of imports; wants an empty installation that nobody serves."""
    progress("deciding a log")
    yield line.postings(folder, now=_AFTER_LOG)
    for form in ("jsonl", "csv"):
        progress(f"importing {form}")
        yield line.imports(folder, form, now=_AFTER_LOG)


def of_doors(environment: Mapping[str, str], folder: Path, progress: Progress) -> Iterator[Rate]:
    """Measures of a site that is started on the installation that `environment` names."""
    key = doors.prepare()
    with serving(environment) as site:
        # First, since a database tidies up behind hundreds of thousands of new rows.
        progress("counting clicks, and nginx alone")
        yield doors.clicks(site, folder)
        progress("taking in batches")
        yield doors.batches(site, key, folder)
        progress("waiting for rewards")
        yield doors.rewards(site, key)
