"""The first page: figures for who may see them, and what waits for whom."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from banyan.pipeline.alarms import raise_alarm
from tests.installation import Installation
from tests.rooms.doors.console.conftest import Staff
from tests.rooms.pipeline.line import PROGRAM, Line

NOW = datetime(2026, 3, 2, tzinfo=UTC)
RISKY = PROGRAM + 'risk:\n  - {id: any, when: "friends_total > 0", then: hold}\n'
DAYS = "from=2026-03-01&to=2026-03-01"


def waiting(text: str) -> list[tuple[str, int]]:
    """What waits, and how many."""
    found = re.findall(r'class="a-wait"[^>]*><span>([^<]+)</span>.*?<strong>(\d+)</strong>', text)
    return [(title, int(n)) for title, n in found]


def test_the_board_shows_figures_and_what_waits(installation: Installation, staff: Staff) -> None:
    line = Line()
    line.publish(RISKY)
    line.story()
    line.work()
    growth = staff("growth")
    page = growth.get(f"/console/?{DAYS}")
    text = page.content.decode()
    waits = dict(waiting(text))
    # Three rewards for two friends wait: one of ben's was taken back with his order.
    assert waits["Held decisions"] == 3
    assert "Disputes" not in waits
    cards = re.findall(r"<dt>([^<]+)</dt>\s*<dd>([^< ]+)", text)
    for card in (
        ("Referrals initiated", "2"),
        ("Acceptance rate", "100.0%"),
        ("Conversion rate", "100.0%"),
        ("Redemption rate", "—"),
        ("Depth of referrals", "1.00"),
        ("Revenue of friends", "80.00"),
        ("Share of new customers", "100.0%"),
    ):
        assert card in cards
    assert "<dt>Figures</dt><dd>up to date</dd>" in text
    assert 'data-chart="across"' in text
    assert 'href="/console/analytics/?program=&amp;from=2026-03-01&amp;to=2026-03-01"' in text


def test_each_role_has_its_own_part_of_the_board(installation: Installation, staff: Staff) -> None:
    told = {
        role: [title for title, _n in waiting(staff(role).get("/console/").content.decode())]
        for role in ("growth", "support", "finance", "legal", "analyst")
    }
    assert told["support"] == ["Held decisions", "Disputes", "Stuck referrals", "Tasks of my role"]
    assert "Programs to review for finance" in told["finance"]
    assert "Payouts to approve" in told["finance"]
    assert told["legal"][0] == "Programs to review for legal"
    assert told["analyst"] == []
    # Support sees no figures.
    page = staff("support").get("/console/")
    assert page.status_code == 200
    assert 'id="asked-program"' not in page.content.decode()


def test_alarms_stand_on_top(installation: Installation, staff: Staff) -> None:
    client = staff("growth")
    assert "alert" not in client.get("/console/").content.decode()
    raise_alarm("worker_stuck", "The worker cannot go on; its log has the trace.", now=NOW)
    text = client.get("/console/").content.decode()
    assert "The worker cannot go on; its log has the trace." in text
    assert 'role="alert"' in text
