"""Frames go in and come out as they were, on both databases."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from django.db import DatabaseError, IntegrityError, connection

from banyan.core.events import acts as log
from banyan.core.events.incoming import Incoming
from banyan.core.events.models import Event
from banyan.kernel.database import among, one_transaction, put, read, write
from tests.installation import Installation

AT = datetime(2026, 1, 31, 8, 0, 0, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def event(position: int, **changes: object) -> dict[str, object]:
    row = {
        "position": position,
        "message_id": f"m{position}",
        "kind": "track",
        "name": 'said "hi", \\N\n张三',
        "user_id": "",
        "anonymous_id": "\\N",
        "occurred_at": AT,
        "received_at": AT,
        "source": "test",
        "body": "{}",
        "sealed": None,
    }
    return row | changes


def frame(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(
        rows,
        schema_overrides={
            "sealed": pl.Binary,
            "occurred_at": pl.Datetime("us", "UTC"),
            "received_at": pl.Datetime("us", "UTC"),
        },
    )


def test_what_was_written_is_read(installation: Installation) -> None:
    write("events_event", frame(event(1), event(2, sealed=b"\x00\xff")))
    rows = read(
        "SELECT position, name, anonymous_id, sealed FROM events_event ORDER BY position",
        [],
        {"position": pl.Int64, "name": pl.String, "anonymous_id": pl.String, "sealed": pl.Binary},
    )
    assert rows.rows() == [
        (1, 'said "hi", \\N\n张三', "\\N", None),
        (2, 'said "hi", \\N\n张三', "\\N", b"\x00\xff"),
    ]


def test_django_reads_the_same_moment(installation: Installation) -> None:
    from banyan.core.events.models import Event

    write("events_event", frame(event(1)))
    assert Event.objects.get().occurred_at == AT


def test_a_broken_constraint_leaves_nothing(installation: Installation) -> None:
    with pytest.raises(IntegrityError), one_transaction():
        write("events_event", frame(event(1), event(2, message_id="m1")))
    assert read("SELECT count(*) FROM events_event", [], {"n": pl.Int64}).item() == 0


def test_an_acknowledged_event_does_not_change(installation: Installation) -> None:
    write("events_event", frame(event(1, sealed=b"x")))
    with pytest.raises(DatabaseError, match="never changed"), connection.cursor() as cursor:
        cursor.execute("UPDATE events_event SET body = '[]'")
    with pytest.raises(DatabaseError, match="never changed"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_event")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE events_event SET sealed = NULL")
    rows = read(
        "SELECT body, sealed FROM events_event", [], {"body": pl.String, "sealed": pl.Binary}
    )
    assert rows.rows() == [("{}", None)]


def test_put_replaces_the_row_of_its_key(installation: Installation) -> None:
    rows = {
        "account": ["a", "b"],
        "unit": ["points", "points"],
        "amount": [1, 2],
        "position": [1, 1],
    }
    key = ("account", "unit")
    with one_transaction():
        put("ledger_balance", pl.DataFrame(rows), key)
        put("ledger_balance", pl.DataFrame(rows)[:1].with_columns(amount=pl.lit(-7)), key)
    found = read(
        "SELECT account, amount FROM ledger_balance ORDER BY 1",
        [],
        {"account": pl.String, "amount": pl.Int64},
    )
    assert found.rows() == [("a", -7), ("b", 2)]


def test_among_takes_any_number_of_values(installation: Installation) -> None:
    write("events_event", frame(event(1), event(2), event(3)))
    where, parameters = among("message_id", ["m1", "m3", *(f"x{i}" for i in range(70_000))])
    sql = f"SELECT position FROM events_event WHERE {where} ORDER BY 1"
    assert read(sql, parameters, {"p": pl.Int64})["p"].to_list() == [1, 3]


@pytest.mark.parametrize("microsecond", [0, 1, 500_000])
def test_a_moment_is_the_same_however_it_was_written(
    installation: Installation, microsecond: int
) -> None:
    """Whole seconds are common, and periods begin and end at them."""
    at = datetime(2026, 1, 31, tzinfo=UTC).replace(microsecond=microsecond)
    log.append([Incoming("m1", "track", "", "", "", at, at, "test", "{}")])
    write("events_event", frame(event(2, occurred_at=at)))
    Event.objects.create(**event(3, occurred_at=at))
    moments = (at - MICROSECOND, at, at + MICROSECOND)
    for sign, expected in (
        ("<", (0, 0, 3)),
        ("<=", (0, 3, 3)),
        (">=", (3, 3, 0)),
        ("=", (0, 3, 0)),
    ):
        sql = f"SELECT COUNT(*) FROM events_event WHERE occurred_at {sign} %s"
        found = tuple(read(sql, [moment], {"n": pl.Int64})["n"][0] for moment in moments)
        assert found == expected, sign
    for name, expected in (("lt", (0, 0, 3)), ("lte", (0, 3, 3)), ("gte", (3, 3, 0))):
        counts = [Event.objects.filter(**{f"occurred_at__{name}": one}).count() for one in moments]
        assert tuple(counts) == expected, name
