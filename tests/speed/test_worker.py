"""How fast the worker turns the log into postings, over PostgreSQL with its safe settings.

`banyan bench --live` takes the same measures.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from banyan.pipeline.pace import line
from tests.installation import fresh, migrated, postgres

pytestmark = pytest.mark.speed

NOW = datetime(2029, 1, 1, tzinfo=UTC)


def test_log_to_postings(tmp_path: Path) -> None:
    with postgres(durable=True) as server:
        migrated(server.make_database("banyan_template"), tmp_path)
        with fresh("postgres", tmp_path, template=Path(), server=server):
            rate = line.postings(tmp_path, now=NOW)
    print(f"\n{rate.told}; {rate.limit_name}; {rate.why}")
    assert rate.broken == []
