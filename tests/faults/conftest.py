"""What the simulations share: a nursery of processes, a durable PostgreSQL, small disks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.company import Company, company
from tests.faults.disks import can_mount
from tests.faults.processes import Nursery, nursery
from tests.installation import Server, migrated, postgres


@pytest.fixture(scope="session")
def processes() -> Iterator[Nursery]:
    """Starts web and workers."""
    with nursery() as made:
        yield made


@pytest.fixture(scope="session")
def durable_server() -> Iterator[Server]:
    """A PostgreSQL that keeps what it has confirmed, with a migrated template database."""
    with postgres(durable=True) as server:
        migrated(server.make_database("banyan_template"), Path(os.environ["BANYAN_HOME"]))
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def shop(request: pytest.FixtureRequest, processes: Nursery, tmp_path: Path) -> Iterator[Company]:
    """A fresh company on each database, on a disk that can be filled where this user may mount."""
    server = request.getfixturevalue("durable_server") if request.param == "postgres" else None
    template = request.getfixturevalue("sqlite_template") if server is None else Path()
    with company(
        request.param,
        tmp_path,
        nursery=processes,
        template=template,
        server=server,
        has_small_disk=can_mount(),
    ) as made:
        yield made
