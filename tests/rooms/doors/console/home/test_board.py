"""The first page: figures for who may see them, and what waits for whom."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.test import override_settings

from banyan.core.events import clock
from banyan.doors.console.home import waiting as waiting_room
from banyan.growth.journeys.providers import mail_provider
from banyan.growth.tasks.acts import open_task
from banyan.pipeline import sample
from banyan.pipeline.alarms import raise_alarm
from banyan.pipeline.approving.budget import set_budget
from banyan.pipeline.publish import publish, settled
from banyan.trust.privacy.acts import open_request
from tests.installation import Installation
from tests.rooms.doors.console.conftest import Staff
from tests.rooms.doors.console.pages import said
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
    assert told["finance"][-2:] == ["Payouts to approve", "Corrections and goodwill"]
    assert told["legal"] == [
        "Programs to review for legal",
        "Stopped programs to let go on",
        "Live programs to look at again",
        "Disputes",
        "Stuck referrals",
        "Tasks of my role",
        "Privacy requests",
    ]
    assert told["analyst"] == []
    # Support sees no figures.
    page = staff("support").get("/console/")
    assert page.status_code == 200
    assert 'id="asked-program"' not in page.content.decode()


def test_an_admin_stands_in_for_every_role(installation: Installation, staff: Staff) -> None:
    now = clock.now()
    for role, due in (("legal", -1), ("sales", 1)):
        open_task(
            "exception", f"x:{role}", owner_role=role, due_at=now + timedelta(hours=due), now=now
        )
    page = staff("admin").get("/console/").content.decode()
    assert dict(waiting(page))["Tasks of my role"] == 2
    assert re.findall(r">(\d+) late<", page) == ["1"]
    sales = dict(waiting(staff("sales").get("/console/").content.decode()))
    assert sales["Tasks of my role"] == 1


def test_what_is_late_for_legal_is_told(installation: Installation, staff: Staff) -> None:
    line = Line()
    line.publish()
    line.story()
    line.work()
    long_ago = clock.now() - timedelta(days=200)
    open_request("user:1", "access", "ann", now=long_ago)
    open_request("user:1", "access", "ben", now=clock.now())
    text = staff("legal").get("/console/").content.decode()
    waits = dict(waiting(text))
    # Published without a review, so nobody of legal has looked at it.
    assert waits["Live programs to look at again"] == 1
    assert waits["Privacy requests"] == 2
    assert re.findall(r">(\d+) late<", text) == ["1", "1"]


def test_more_requests_than_are_counted_are_said_to_be_more(
    installation: Installation, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line()
    line.publish()
    line.story()
    line.work()
    now = clock.now()
    # The newest stand first; that which is late was there before.
    open_request("user:1", "access", "ann", now=now - timedelta(days=200))
    open_request("user:1", "access", "ben", now=now)
    legal = staff("legal")
    told = re.compile(r'class="a-wait"[^>]*><span>Privacy requests</span>.*?</a>', re.DOTALL)

    def requests_said() -> tuple[str, list[str]]:
        [line] = told.findall(legal.get("/console/").content.decode())
        return re.findall(r"<strong>(.*?)</strong>", line)[0], re.findall(r">(\d+) late<", line)

    assert requests_said() == ("2", ["1"])
    monkeypatch.setattr(waiting_room, "_MOST_REQUESTS", 1)
    assert requests_said() == ("1+", ["1"])


def test_alarms_stand_on_top(installation: Installation, staff: Staff) -> None:
    client = staff("growth")
    assert "alert" not in client.get("/console/").content.decode()
    raise_alarm("worker_stuck", "The worker cannot go on; its log has the trace.", now=NOW)
    text = client.get("/console/").content.decode()
    assert "The worker cannot go on; its log has the trace." in text
    assert 'role="alert"' in text


def test_the_board_says_when_alarms_are_mailed_to_nobody(
    installation: Installation, staff: Staff
) -> None:
    client = staff("growth")
    says = "No mail server is set up, so alarms stand here alone"
    with override_settings(EMAIL_PROVIDER=None):
        assert says in client.get("/console/").content.decode()
    with override_settings(EMAIL_PROVIDER=mail_provider("smtp://127.0.0.1:9")):
        assert says not in client.get("/console/").content.decode()


def test_a_budget_of_the_program_goes_before_what_is_assumed(
    installation: Installation, staff: Staff
) -> None:
    line = Line()
    line.publish()
    line.say("Referral Link Created", "ann", code="ANN", program="spring")
    line.say("Signed Up", "ben", referral_code="ANN")
    line.say("Order Completed", "ben", order_id="o1", total=100, currency="USD")
    line.work()
    growth, asked = staff("growth"), f"/console/?program=spring&{DAYS}"
    assumed = said(growth.get(asked))
    # 20.00 of 20 per cent of 100.00.
    assert "Budget used 100.0%" in assumed
    assert "of 20.00 USD · the share assumed under Money" in assumed
    set_budget(
        "user:1",
        "spring",
        percent=Decimal(40),
        days=30,
        smallest=0,
        action="warn",
        grace_days=7,
        now=NOW,
    )
    own = growth.get(asked)
    assert "Budget used 50.0%" in said(own)
    assert "of 40.00 USD · the program’s own budget" in said(own)
    assert 'href="/console/programs/p/spring/budget/"' in own.content.decode()
    # Of all programs together there is none.
    assert "of 20.00 USD · the share assumed" in said(growth.get(f"/console/?{DAYS}"))


def test_today_beside_yesterday_and_again_for_an_hour(
    installation: Installation, staff: Staff
) -> None:
    line = Line()
    line.now = clock.now() - timedelta(days=1)
    line.publish()
    line.say("Referral Link Created", "ann", code="ANN", program="spring")
    line.say("Signed Up", "ben", referral_code="ANN")
    line.now = clock.now()
    for friend in ("cid", "dan"):
        line.say("Signed Up", friend, referral_code="ANN")
    line.say("Order Completed", "cid", order_id="o1", total=100, currency="USD")
    line.work()
    growth = staff("growth")
    with override_settings(OPERATOR_TIME_ZONE="UTC"):
        file = growth.get("/console/?format=csv&table=today").content.decode()
        board = growth.get("/console/").content.decode()
        [(first, address)] = re.findall(
            r'<div hx-get="([^"]*)" hx-trigger="load delay:(\d+s)"', board
        )
        part = growth.get(f"/console/{unescape(first)}")
    assert file.splitlines() == [
        "\ufeffFigure,Since midnight,Yesterday",
        "Initiated,2,1",
        "Accepted,2,1",
        "Registered,2,1",
        "First purchase,1,0",
        "Bought again,0,0",
        "Rewards granted,20.0,0.0",
        "Revenue of friends,100.0,0.0",
    ]
    assert address == "60s"
    assert "turn=2" in part.content.decode()
    assert "<html" not in part.content.decode()
    assert "Since midnight Yesterday" in said(part)
    last = growth.get("/console/?table=today&turn=60").content.decode()
    assert "hx-get" not in last
    assert "hx-get" not in growth.get("/console/?table=today&turn=nothing").content.decode()
    # Who sees no figures gets the board without them.
    assert "Since midnight" not in said(staff("support").get("/console/?table=today&turn=1"))


def test_the_sample_says_what_is_made_up(installation: Installation, staff: Staff) -> None:
    growth = staff("growth")
    line = Line()
    line.publish()
    line.work()
    assert "simulated" not in said(growth.get("/console/"))
    row = publish(sample.ACTOR, PROGRAM.replace("spring", "summer"), starts_at=None, now=line.now)
    line.work()
    assert settled(row.program, row.number, timeout_s=30).status == "published"
    assert "the invitations among its households are simulated" in said(growth.get("/console/"))
    chinese = growth.get("/console/", headers={"accept-language": "zh-hans"})
    assert "家庭之间的邀请为模拟数据" in said(chinese)
