"""The tables of the engine's state: emptied where they fit, made anew where they do not."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from banyan.pipeline import shelf
from tests.installation import Installation
from tests.rooms.pipeline.line import Line


def ask(sql: str) -> list[tuple[Any, ...]]:
    """What the database answers; nothing where it has nothing to say."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


def rows() -> dict[str, int]:
    """How many rows each table holds."""
    return {name: ask(f"SELECT count(*) FROM state_{name}")[0][0] for name in shelf.KEPT}


def columns() -> list[str]:
    """Of one table."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_table_description(cursor, "state_grants")
    return [column.name for column in found]


@pytest.fixture
def line(installation: Installation) -> Line:
    """Rewards are granted, and wait; a table has a column that the engine does not know."""
    line = Line()
    line.publish()
    line.story()
    line.work()
    assert rows()["grants"] > 0
    ask("ALTER TABLE state_grants ADD COLUMN other TEXT")
    return line


def test_tables_that_fit_are_emptied(line: Line) -> None:
    shelf.make_anew()
    assert set(rows().values()) == {0}
    assert "other" in columns()


def test_tables_of_another_release_are_made_anew(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "_MARK", "state_timers_due_of_another")
    shelf.make_anew()
    assert set(rows().values()) == {0}
    assert "other" not in columns()
    ask("ALTER TABLE state_grants ADD COLUMN other TEXT")
    shelf.make_anew()
    assert "other" in columns()
    monkeypatch.undo()
    shelf.make_anew()
    assert "other" not in columns()


def test_a_table_that_is_gone_is_made_again(line: Line) -> None:
    ask("DROP TABLE state_timers")
    shelf.make_anew()
    assert rows()["timers"] == 0
