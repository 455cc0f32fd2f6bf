"""Looks at the pages of real servers with two processes each; told to end, they write all."""

from __future__ import annotations

from datetime import timedelta

from banyan.core.events import clock
from banyan.core.programs.acts import make_link
from banyan.insight.exposure import read
from banyan.insight.exposure.read import Count, Day
from tests.installation import Installation
from tests.rooms.doors.edge.serving import Site, serving, stop
from tests.rooms.insight.exposure.salted import salt
from tests.rooms.pipeline.line import Line

PHONES = [f"Mozilla/5.0 (Phone {number})" for number in range(12)]


def look(site: Site, path: str, phones: list[str]) -> None:
    """Each phone opens the page on a connection of its own, which either process may take."""
    for phone in phones:
        assert site.call("GET", path, headers={"User-Agent": phone}).status == 200


def test_processes_and_restarts_add_up(installation: Installation) -> None:
    line = Line()
    line.publish()
    make_link("tester", program="spring", advocate="ann", code="ANN", now=line.now)
    today = clock.now().date()
    salt(today)
    with serving(installation, "web", "--workers", "2") as site:
        look(site, "/programs/spring/", PHONES)
        look(site, "/i/ANN", PHONES[:6])
        stop(site)
    with serving(installation, "web", "--workers", "2") as site:
        look(site, "/programs/spring/", PHONES[:3])
        said = stop(site)
    assert "exposure" not in said
    days = read.days(["spring"], first=today, last=today + timedelta(days=1))
    if days[1].either.views:  # midnight came meanwhile: visitors of each day stand for themselves
        assert sum(one.either.views for one in days) == 21
    else:
        assert days[0] == Day(today, Count(15, 12), Count(6, 6), Count(21, 12))
