"""Exposure on the console's pages: exact numbers, the target, the file, and what an empty page
teaches."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from django.test import Client, override_settings

from banyan.core.events import clock
from banyan.insight.exposure import counting
from banyan.insight.exposure.save import Page
from banyan.insight.metrics import figures
from banyan.insight.metrics.lines import Line as Goal
from banyan.insight.metrics.lines import draw
from banyan.insight.metrics.periods import Period
from banyan.insight.metrics.scope import scope
from tests.installation import Installation
from tests.rooms.doors.console.analytics.test_pages import table
from tests.rooms.doors.console.conftest import Staff
from tests.rooms.insight.exposure.salted import salt
from tests.rooms.pipeline.line import PROGRAM, Line

OTHER = PROGRAM.replace("program: spring", "program: autumn")
NONE = "Nobody has seen a page of the program in these days."


def look(program: str, page: Page, *numbers: int, now: datetime) -> None:
    """Visitors with these numbers look at a page."""
    for number in numbers:
        counting.seen(program, page, network=f"198.51.100.{number}", agent="Mozilla", now=now)


def seen(now: datetime) -> None:
    """On a day three saw spring's pages, the day after two; one saw autumn's on the first."""
    salt(now.date())
    counting.start()
    look("spring", "program", 1, 2, 2, now=now - timedelta(days=1))
    look("spring", "landing", 2, 3, now=now - timedelta(days=1))
    look("spring", "landing", 1, 1, 4, now=now)
    look("autumn", "program", 9, now=now - timedelta(days=1))
    counting.stop()


def text_of(client: Client, path: str) -> str:
    """A page's text without marks, in one line."""
    reply = client.get(path)
    assert reply.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", reply.content.decode()).split())


def test_the_days_and_the_programs_with_their_target(
    installation: Installation, staff: Staff
) -> None:
    line = Line()
    line.publish()
    line.publish(OTHER)
    now, analyst = clock.now(), staff("analyst")
    seen(now)
    days = [(now - timedelta(days=back)).date().isoformat() for back in (1, 0)]
    path = "analytics/exposure/?program=spring&days=7"
    assert table(analyst, path, "exposure") == [
        [days[0], "3", "2", "2", "5000", "3", "2"],
        [days[1], "2", "0", "2", "5000", "0", "3"],
    ]
    draw("spring", "exposure", Goal(target=3))
    assert [row[4] for row in table(analyst, path, "exposure")] == ["3", "3"]
    text = text_of(analyst, f"/console/{path}")
    assert "1 of 2 days reached the target." in text
    assert "Visitors a day 2 " in text  # (3 + 2) / 2, rounded to even
    assert "target: 3" in text
    path = "analytics/exposure/?days=7"
    assert [row[1] for row in table(analyst, path, "exposure")] == ["4", "2"]
    assert table(analyst, path, "exposure-by-program") == [
        ["autumn", "0", "1", "1", "0"],
        ["spring", "2", "3", "3", "5"],
    ]
    text = text_of(analyst, f"/console/{path}")
    assert "0 of 2 days reached the target." in text
    assert "Visitors a day 3 " in text


def test_the_programs_first_page_shows_the_same(installation: Installation, staff: Staff) -> None:
    Line().publish()
    growth, support = staff("growth"), staff("support")
    assert NONE in text_of(growth, "/console/programs/p/spring/")
    now = clock.now()
    seen(now)
    text = text_of(growth, "/console/programs/p/spring/")
    assert NONE not in text
    assert f"{now.date().isoformat()} 2 0 2 5,000 0 3" in text
    assert table(growth, "programs/p/spring/", "exposure")[1][1:] == [
        "2",
        "0",
        "2",
        "5000",
        "0",
        "3",
    ]
    assert "Exposure by day" not in text_of(support, "/console/programs/p/spring/")
    growth.cookies["banyan_language"] = "zh-hans"
    assert "每日曝光" in text_of(growth, "/console/programs/p/spring/")


def test_an_empty_page_teaches(installation: Installation, staff: Staff) -> None:
    Line().publish()
    text = text_of(staff("analyst"), "/console/analytics/exposure/")
    assert NONE in text
    assert "days reached the target" not in text


def test_a_long_stretch_shows_its_newest_days_and_the_file_has_all(
    installation: Installation, staff: Staff
) -> None:
    Line().publish()
    analyst, now = staff("analyst"), clock.now()
    salt(now.date())
    counting.start()
    look("spring", "landing", 1, now=now - timedelta(days=59))
    look("spring", "landing", 1, 2, now=now)
    counting.stop()
    path = "analytics/exposure/?program=spring&days=90"
    assert len(table(analyst, path, "exposure")) == 60
    text = text_of(analyst, f"/console/{path}")
    assert "10 earlier days are in the file." in text
    assert f"{now.date().isoformat()} 2 0 2" in text
    assert (now - timedelta(days=50)).date().isoformat() + " 0 0 0" not in text


def test_the_figure_is_the_mean_of_days_since_the_first(installation: Installation) -> None:
    Line().publish()
    with override_settings(OPERATOR_TIME_ZONE="UTC"):
        seen(datetime(2026, 3, 10, 12, tzinfo=UTC))
        [figure] = figures.reach(
            Period(date(2026, 3, 1), date(2026, 3, 31)), scope("spring"), today=date(2026, 3, 12)
        )
    assert (figure.value, figure.before, figure.line.target) == (5 / 4, None, 5000)
    assert figure.trend[:2] == (("2026-03-09", 3.0), ("2026-03-10", 2.0))
    assert figure.colour is None  # a target alone raises no alarm
