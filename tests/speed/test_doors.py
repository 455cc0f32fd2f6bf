"""How fast the hot doors are, durably, over PostgreSQL with its safe settings.

Wants `wrk` and `nginx`, and two cores that do nothing else: all share them, the worker too.
`banyan bench --live` takes the same measures.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from banyan.pipeline.pace import doors, load
from banyan.pipeline.pace.rates import Rate
from banyan.pipeline.pace.site import Site, serving
from tests.installation import fresh, migrated, postgres

pytestmark = [
    pytest.mark.speed,
    pytest.mark.skipif(bool(load.missing()), reason="wrk or nginx is not installed"),
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    """The whole product, worker and all, on a PostgreSQL that waits for its disk; its key."""
    home = tmp_path_factory.mktemp("home")
    with postgres(durable=True) as server:
        migrated(server.make_database("banyan_template"), home)
        with fresh("postgres", home, template=Path(), server=server) as installation:
            key = doors.prepare()
            with serving(installation.environment) as site:
                yield site, key


def test_batches(running: tuple[Site, str], tmp_path: Path) -> None:
    check(doors.batches(*running, tmp_path))


def test_clicks(running: tuple[Site, str], tmp_path: Path) -> None:
    check(doors.clicks(running[0], tmp_path))


def test_event_to_visible_reward(running: tuple[Site, str]) -> None:
    check(doors.rewards(*running))


def check(rate: Rate) -> None:
    print(f"\n{rate.name}: {rate.told}; {rate.limit_name}; {rate.why}")
    assert rate.broken == []
