"""How fast the console's pages are: the first one and the list of chains with ten million events,
and every page with a real year of shopping, as `banyan demo` shows it.

Beside the seconds stands how many pages of the database the queries of a visit look at, which other
programs on the machine do not change: with ten million events they must not grow with the log.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from banyan.core.events import clock
from banyan.core.programs import drafts
from banyan.core.programs.read import programs, versions
from banyan.doors.console.records.kinds import KINDS
from banyan.growth.feedback.acts import raise_dispute
from banyan.growth.tasks import acts as tasks
from banyan.insight.segments import acts as segments
from banyan.insight.segments.rules import Condition, Group, Rules
from banyan.insight.segments.worth import ORDERS
from banyan.kernel.database import read
from banyan.trust.staff import acts
from banyan.trust.staff.read import members
from tests.installation import Installation, fresh, migrated, postgres
from tests.rooms.doors.console.test_permissions import PAGES
from tests.speed import grown

pytestmark = pytest.mark.speed

FEW, TIMES = 100_000, 100
"""The line decides a log of so many events, and all of it is there so many times."""
HOME_S, PAGE_S = 0.300, 0.500
HOME_VISITS, PAGE_VISITS = 20, 2
MOST_GROWTH = 3.0
"""Of what a page's queries look at, while the log grows a hundred times."""
NOW = datetime.now(UTC)
PASSWORD = "correct horse battery"
HOMES = ("/console/", "/console/?days=365")
CHAINS = tuple(f"/console/chains/?by={by}" for by in ORDERS)


@dataclass(frozen=True)
class Visits:
    """Of some visits to a page after the first: seconds, and of this process alone."""

    median_s: float
    worst_s: float
    own_s: float

    def __str__(self) -> str:
        return (
            f"median {self.median_s * 1000:.0f} ms, worst {self.worst_s * 1000:.0f} ms, of which "
            f"{self.own_s * 1000:.0f} ms computing here"
        )


def test_home_and_chains_with_ten_million_events(tmp_path: Path) -> None:
    with postgres() as server:
        migrated(server.make_database("banyan_template"), tmp_path)
        with fresh("postgres", tmp_path, template=Path(), server=server):
            events = grown.decided(tmp_path, events=FEW, now=NOW)
            staff = {role: signed_in(role) for role in ("admin", "growth")}
            asked = [(role, path) for role in staff for path in HOMES + CHAINS]
            before = {one: home(staff[one[0]], one[1]) for one in asked}
            looked_at = {one: blocks(staff[one[0]], one[1]) for one in asked}
            all_events = grown.grow(TIMES).events
            slow, grew = {}, {}
            for one in asked:
                found = home(staff[one[0]], one[1])
                many, few = blocks(staff[one[0]], one[1]), looked_at[one]
                print(
                    f"\n{one[0]} {one[1]}: {found} with {all_events:,} events; median "
                    f"{before[one].median_s * 1000:.0f} ms with {events:,}: "
                    f"{found.median_s / before[one].median_s:.2f} times as long; "
                    f"{many:,} pages of the database looked at instead of {few:,}"
                )
                if found.worst_s >= (HOME_S if one[1] in HOMES else PAGE_S):
                    slow[one] = found
                if many > MOST_GROWTH * few:
                    grew[one] = (few, many)
    assert all_events >= 10_000_000
    assert (slow, grew) == ({}, {})


def test_every_page_at_the_size_of_the_demo(installation: Installation, tmp_path: Path) -> None:
    sample(tmp_path)
    client = signed_in("admin")
    spent, unseen = {}, []
    for name, path in [("index", "/console/"), *pages()]:
        if found := visited(client, path, PAGE_VISITS):
            spent[path] = found
        else:
            unseen.append(name)
    slowest = sorted(spent, key=lambda path: -spent[path].worst_s)
    shown = {path: spent[path] for path in slowest}
    print(f"\n{installation.kind}: {len(spent)} addresses; the slowest:")
    for path in slowest[:8]:
        print(f"  {path}: {shown[path]}")
    floor = min(one.median_s for one in spent.values())
    print(
        f"  the fastest takes {floor * 1000:.0f} ms: "
        f"{shown[slowest[0]].median_s / floor:.1f} times as long at most"
    )
    assert len(spent) > 250, unseen
    assert {path: str(one) for path, one in shown.items() if one.worst_s >= PAGE_S} == {}


def sample(folder: Path) -> None:
    """The year of shopping, decided, in an empty installation."""
    from banyan.growth.planning.journey import journey_programs
    from banyan.pipeline import sample as room
    from banyan.pipeline.demonstration import EVENTS, run_demonstration

    def nothing(done: float, whole: float | None, told: str) -> None:
        """No progress is shown."""

    shown = run_demonstration(out=folder / "demo", seed=1, progress=nothing)
    room.load(
        shown.run.out / EVENTS,
        journey_programs(),
        names=[shown.statement.household],
        now=clock.now(),
        progress=nothing,
    )


def signed_in(role: str) -> Client:
    """Somebody of the staff with a browser."""
    email = f"{role}@example.com"
    acts.add("system", email, roles=[role], password=PASSWORD, now=clock.now())
    client = Client(HTTP_HOST="localhost")
    assert client.login(username=email, password=PASSWORD)
    return client


def visited(client: Client, path: str, visits: int) -> Visits | None:
    """Visits after the first; None for a page that is not there."""
    first = client.get(path)
    assert first.getvalue() is not None  # a file is closed with its last part
    if first.status_code != 200:
        return None
    times, own = [], []
    for _ in range(visits):
        began, computed = time.perf_counter(), time.process_time()
        content = client.get(path).getvalue()
        times.append(time.perf_counter() - began)
        own.append(time.process_time() - computed)
        assert content, path
    return Visits(statistics.median(times), max(times), statistics.median(own))


def home(client: Client, path: str) -> Visits:
    """The first page, or another that is always there."""
    found = visited(client, path, HOME_VISITS)
    assert found is not None, path
    return found


def blocks(client: Client, path: str) -> int:
    """How many pages of the database the questions of one visit look at, on PostgreSQL."""
    with CaptureQueriesContext(connection) as asked:
        client.get(path)
    found = 0
    with connection.cursor() as cursor:
        for query in asked.captured_queries:
            if not query["sql"].startswith("SELECT"):
                continue
            cursor.cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query['sql']}")
            [[told]] = cursor.fetchall()
            [plan] = json.loads(told) if isinstance(told, str) else told
            top = plan["Plan"]
            found += top["Shared Hit Blocks"] + top["Shared Read Blocks"]
    return found


def pages() -> Iterator[tuple[str, str]]:
    """Every address of the console about something that the demo has, by the page's name."""
    known = things()
    for name, (_rights, arguments) in PAGES.items():
        if name.startswith("record") and "nothing" in arguments:
            continue  # each list stands below
        for chosen in known.about(name, arguments):
            yield name, reverse(f"admin:{name}", args=chosen)
    for kind in KINDS:
        path = reverse("admin:record_list", args=[kind.slug])
        yield "record_list", path
        for order in kind.sorts:
            yield "record_list", f"{path}?o={order}"
        for one in kind.filters:
            yield "record_list", f"{path}?{one}=nothing"
        if kind.search:
            yield "record_list", f"{path}?q=household-4"


@dataclass(frozen=True)
class Things:
    """What pages are opened with: of each kind that to which most belongs."""

    slugs: list[str]
    people: list[str]
    referrals: list[tuple[str, str]]
    decisions: list[str]
    segments: list[str]
    numbers: dict[str, int]
    """By the beginning of a page's name."""

    def about(self, name: str, arguments: tuple[object, ...]) -> list[list[object]]:
        """The arguments of a page's addresses in the place of those that only show their form."""
        number = next((n for start, n in self.numbers.items() if name.startswith(start)), 1)
        if {"spring", "u-1"} <= set(arguments):
            return [list(pair) for pair in self.referrals]
        known: dict[object, list[object]] = {
            "spring": [*self.slugs],
            "u-1": [*self.people],
            "p/r/u/1": [*self.decisions],
            "s": [*self.segments],
            1: [number],
            999: [number],
        }
        most = max((len(known.get(one, [])) for one in arguments), default=1) or 1
        return [
            [known[one][turn % len(known[one])] if one in known else one for one in arguments]
            for turn in range(most)
        ]


def things() -> Things:
    """What the demo has, and one draft, task, dispute and segment besides."""
    decisions = [
        text("SELECT decision_id FROM referrals_decision WHERE program = %s "
             "ORDER BY position DESC LIMIT 1", row.slug)
        for row in programs()
    ]  # fmt: skip
    buyer = text("SELECT user_id FROM metrics_buyer ORDER BY orders DESC LIMIT 1")
    slug = programs()[0].slug
    draft = drafts.start("user:1", versions(slug)[0].source, origin=f"program:{slug}", now=NOW)
    task = tasks.open_task(
        "follow_up", "referral:x/y", owner_role="growth", due_at=NOW + timedelta(days=1), now=NOW
    )
    person = text("SELECT beneficiary FROM referrals_decision WHERE decision_id = %s", decisions[0])
    dispute = raise_dispute(person, about=decisions[0], text="Why so little?", now=NOW)
    loyal = Rules("all", (Group("all", (Condition("orders", "at_least", "2"),)),))
    segments.make("user:1", "loyal", name="Loyal", rules=loyal, now=NOW)
    pair = read(
        "SELECT program, friend FROM metrics_friend ORDER BY orders DESC LIMIT 1",
        [],
        {"program": pl.String, "friend": pl.String},
    )
    return Things(
        slugs=[row.slug for row in programs()],
        people=[text("SELECT user_id FROM metrics_advocate ORDER BY joined DESC LIMIT 1"), buyer],
        referrals=list(pair.rows()),
        decisions=decisions,
        segments=["loyal"],
        numbers={
            "draft": draft.id,
            "task": task,
            "dispute": dispute.number,
            "staff": members()[0].id,
        },
    )


def text(sql: str, *parameters: object) -> str:
    """The one value of a query."""
    return str(read(sql, list(parameters), {"value": pl.String})["value"][0])
