"""What the guide says for Tableau and Power BI, taken out of it word for word, gives figures."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.installation import Installation
from tests.rooms.pipeline.line import Line
from tests.shape.repository import ROOT

GUIDES = ("import-export.md", "import-export.zh.md")
DAY = date(2026, 3, 1)
FIGURES = (
    "metrics_advocate",
    "metrics_buyer",
    "metrics_day",
    "metrics_friend",
    "metrics_slice",
)
DECISIONS = """\
decision_id,program,version,reward,to,beneficiary,advocate,friend,milestone,ordinal,position,\
occurred_at,unit,raw_amount,amount,outcome,reason,available_at,expires_at
spring/welcome/ben/3,spring,1,welcome,friend,ben,ann,ben,joined,1,3,\
2026-03-01T08:03:00Z,points,100,100,granted,,2026-03-01T08:03:00Z,
spring/welcome/cid/4,spring,1,welcome,friend,cid,ann,cid,joined,1,4,\
2026-03-01T08:04:00Z,points,100,100,granted,,2026-03-01T08:04:00Z,
spring/thanks/ann/5,spring,1,thanks,advocate,ann,ann,ben,bought,1,5,\
2026-03-01T08:05:00Z,cash USD,2000,2000,granted,,2026-03-15T08:05:00Z,
spring/thanks/ann/6,spring,1,thanks,advocate,ann,ann,cid,bought,2,6,\
2026-03-01T08:06:00Z,cash USD,2000,2000,granted,,2026-03-15T08:06:00Z,
"""
on_postgres = pytest.mark.parametrize("installation", ["postgres"], indirect=True)


def part(guide: str) -> str:
    """The guide's paragraphs on these tools."""
    text = (ROOT / "docs/guide" / guide).read_text("utf-8")
    [found] = re.findall(r"(?ms)^[^\n]*Tableau.*", text)
    return str(found)


def statements(guide: str) -> str:
    """The SQL of these paragraphs."""
    [found] = re.findall(r"(?s)```sql\n(.*?)```", part(guide))
    return str(found)


@pytest.fixture
def story(installation: Installation) -> None:
    """Ann brings ben and cid, who buy; ben's order comes back."""
    line = Line()
    line.publish()
    line.story()
    line.work()


@pytest.fixture
def reader(
    request: pytest.FixtureRequest, installation: Installation, story: None
) -> Iterator[psycopg.Connection]:
    """A tool's own connection, after an administrator did what the guide says."""
    with psycopg.connect(installation.database_url, autocommit=True) as admin:
        admin.execute(statements(request.param).encode())
        try:
            address = psycopg.conninfo.make_conninfo(
                installation.database_url, user="bi", password="…"
            )
            with psycopg.connect(address, autocommit=True) as link:
                yield link
        finally:
            # A role is one of the whole server.
            admin.execute("DROP OWNED BY bi")
            admin.execute("DROP ROLE bi")


def asked(reader: psycopg.Connection, table: str, columns: str) -> list[tuple[Any, ...]]:
    """Columns of a table as the tool asks for them, in order."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns.split()))
    text = sql.SQL("SELECT {} FROM {} ORDER BY {}")
    return reader.execute(text.format(names, sql.Identifier(table), names)).fetchall()


@on_postgres
@pytest.mark.parametrize("reader", GUIDES, indirect=True)
def test_a_tool_reads_the_figures_of_the_board(reader: psycopg.Connection) -> None:
    usd, points = "cash USD", "points"
    assert asked(reader, "metrics_day", "day program measure item unit n amount") == [
        (DAY, "", "shop_new", "", "USD", 2, 0),
        (DAY, "", "shop_new_referred", "", "USD", 2, 0),
        (DAY, "", "shop_orders", "", "USD", 3, 13000),
        (DAY, "", "shop_orders_referred", "", "USD", 3, 13000),
        (DAY, "", "shop_refunds", "", "USD", 1, 5000),
        (DAY, "", "shop_refunds_referred", "", "USD", 1, 5000),
        (DAY, "spring", "accepted", "", "", 2, 0),
        (DAY, "spring", "activated", "", "", 2, 0),
        (DAY, "spring", "available", "welcome", points, 2, 200),
        (DAY, "spring", "clicks", "", "", 1, 0),
        (DAY, "spring", "decided", "", "", 4, 0),
        (DAY, "spring", "friend_orders", "", "USD", 3, 13000),
        (DAY, "spring", "friend_refunds", "", "USD", 1, 5000),
        (DAY, "spring", "granted", "thanks", usd, 2, 4000),
        (DAY, "spring", "granted", "welcome", points, 2, 200),
        (DAY, "spring", "initiated", "", "", 2, 0),
        (DAY, "spring", "joined", "", "", 2, 2),
        (DAY, "spring", "purchased", "", "", 2, 0),
        (DAY, "spring", "repurchased", "", "", 1, 0),
        (DAY, "spring", "rewarded", "", "", 2, 0),
        (DAY, "spring", "taken_pending", "thanks", usd, 1, 2000),
    ]
    slices = asked(reader, "metrics_slice", "measure version channel script variant n amount")
    assert [row for row in slices if row[0] in ("initiated", "friend_orders", "repurchased")] == [
        ("friend_orders", 1, "", "", "", 1, 7000),
        ("friend_orders", 1, "wechat", "", "", 2, 6000),
        ("initiated", 1, "", "", "", 1, 0),
        ("initiated", 1, "wechat", "", "", 1, 0),
        ("repurchased", 1, "wechat", "", "", 1, 0),
    ]
    days = "accepted_on activated_on purchased_on rewarded_on repurchased_on lost_on"
    columns = f"program friend advocate channel {days} orders revenue refunded cost"
    assert asked(reader, "metrics_friend", columns) == [
        ("spring", "ben", "ann", "wechat", *[DAY] * 5, None, 2, 6000, 5000, 0),
        ("spring", "cid", "ann", "", *[DAY] * 4, None, None, 1, 7000, 0, 2000),
    ]
    assert asked(reader, "metrics_advocate", "user_id initiated joined purchased") == [
        ("ann", 2, 2, 2)
    ]
    assert asked(reader, "metrics_buyer", "user_id orders currency revenue referred") == [
        ("ben", 2, "USD", 6000, True),  # what came back is told by metrics_day
        ("cid", 1, "USD", 7000, True),
    ]


@on_postgres
@pytest.mark.parametrize("reader", GUIDES, indirect=True)
def test_a_tool_sees_the_figures_alone(reader: psycopg.Connection) -> None:
    may = "has_table_privilege('bi', format('%I.%I', schemaname, tablename), '{}')"
    ours = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND {} ORDER BY 1"
    seen = reader.execute(ours.format(may.format("SELECT")).encode()).fetchall()
    assert [name for (name,) in seen] == list(FIGURES)
    changed = may.format("INSERT, UPDATE, DELETE, TRUNCATE")
    assert reader.execute(ours.format(changed).encode()).fetchall() == []
    for refused in (
        b"SELECT * FROM people_contact",
        b"SELECT body FROM events_event",
        b"UPDATE metrics_day SET n = 1",
        b"CREATE TABLE mine (n int)",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(refused)


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("story")
def test_a_timer_writes_the_file_that_a_tool_reads(
    installation: Installation, tmp_path: Path
) -> None:
    [command] = {one for guide in GUIDES for one in re.findall(r"`(banyan [^`]+)`", part(guide))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=tmp_path,
        env={**installation.environment, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "decisions.csv").read_text() == DECISIONS
