"""The page of a program's budget: who sets it, what it shows, and how a pause by it ends."""

from __future__ import annotations

import re
from threading import Event
from typing import Any

import pytest
from django.test import Client

from banyan.core.events import clock
from banyan.core.programs.read import program
from banyan.pipeline.approving.budget import budget
from banyan.pipeline.approving.spending import look
from banyan.trust.audit.read import entries
from tests.installation import Installation
from tests.rooms.doors.console.conftest import Staff
from tests.rooms.doors.console.pages import said
from tests.rooms.pipeline.line import Line

PAGE = "/console/programs/p/spring/"
TYPED = {
    "percent": "20",
    "days": "30",
    "smallest": "50.00",
    "action": "stop",
    "grace_days": "7",
}


@pytest.fixture
def line(installation: Installation) -> Line:
    """Ann brought ben, who paid 100.00 USD; she gets 20.00."""
    made = Line()
    made.now = clock.now()
    made.publish()
    made.say("Referral Link Created", "ann", code="ANN", program="spring")
    made.say("Signed Up", "ben", referral_code="ANN")
    made.say("Order Completed", "ben", order_id="o1", total=100, currency="USD")
    made.work()
    return made


def kept(client: Client, **other: str) -> Any:
    return client.post(f"{PAGE}budget/keep/", TYPED | other)


def test_a_budget_is_set_shown_and_taken_away(line: Line, staff: Staff) -> None:
    finance = staff("finance")
    empty = said(finance.get(f"{PAGE}budget/"))
    assert "Rewards in money 20.00 USD Brought by friends 100.00 USD Share taken 20.00 %" in empty
    assert "Take the budget away" not in empty
    assert kept(finance, percent="25").status_code == 302
    row = budget("spring")
    assert row is not None
    assert (row.share_bp, row.smallest, row.action) == (2_500, 5_000, "stop")
    shown = said(finance.get(f"{PAGE}budget/"))
    assert "Share taken 20.00 % of 25 %, which is 25.00 USD" in shown
    assert "under the budget" in shown
    assert 'width: 80%"' in finance.get(f"{PAGE}budget/").content.decode()
    assert finance.post(f"{PAGE}budget/drop/").status_code == 302
    assert budget("spring") is None
    found = [one for one in entries(limit=10) if one.verb.startswith("program.budget")]
    assert [one.verb for one in found] == ["program.budget_dropped", "program.budget_set"]
    assert found[1].after == {
        "percent": "25",
        "days": 30,
        "smallest": "50.00 USD",
        "action": "stop",
        "grace_days": 7,
    }


def test_what_is_wrong_is_said_and_nothing_typed_is_lost(line: Line, staff: Staff) -> None:
    growth = staff("growth")
    for field, text, words in (
        ("percent", "a fifth", "a fifth is no number such as 20 or 17.5."),
        ("percent", "17.555", "at most two decimals"),
        ("days", "9.5", "9.5 is no whole number."),
        ("smallest", "1.005", "1.005 has more than 2 decimals."),
    ):
        reply = kept(growth, **{field: text})
        assert reply.status_code == 422
        assert words in said(reply)
        assert f'value="{text}"' in reply.content.decode()
    assert budget("spring") is None
    support = staff("support")
    assert support.get(f"{PAGE}budget/").status_code == 200
    assert kept(support).status_code == 403
    assert support.post(f"{PAGE}budget/drop/").status_code == 403
    assert budget("spring") is None


def test_a_pause_by_the_budget_is_seen_and_ends_with_a_reason(line: Line, staff: Staff) -> None:
    growth = staff("growth")
    kept(growth)
    look(clock.now(), Event())
    board = said(growth.get("/console/"))
    assert "The program spring was paused: its rewards took 20.00 USD in 30 days" in board
    assert "The budget paused this program." in said(growth.get(PAGE))
    assert "paused by the budget" in said(growth.get(f"{PAGE}budget/"))
    assert "Say why it goes on all the same" in said(growth.get(f"{PAGE}review/"))
    chinese = said(growth.get("/console/", headers={"accept-language": "zh-hans"}))
    assert "计划 spring 已暂停：其奖励在 30 天内用了 20.00 USD，同期好友带来 100.00 USD" in chinese
    refused = growth.post(f"{PAGE}life/resume/", {"reason": ""})
    assert refused.status_code == 409
    assert "say why it goes on all the same" in said(refused)
    assert growth.post(f"{PAGE}life/resume/", {"reason": "Agreed."}).status_code == 302
    row = program("spring")
    assert row is not None
    assert row.status == "live"
    look(clock.now(), Event())
    page = said(growth.get(f"{PAGE}budget/"))
    assert "budget reached" in page
    assert "it is not paused again before" in page
    # The task leads to the page.
    [task] = re.findall(
        r"/console/tasks/\d+/", staff("finance").get("/console/tasks/").content.decode()
    )[:1]
    finance = staff("finance")
    assert f'href="{PAGE}budget/"' in finance.get(task).content.decode()
    told = said(finance.get(task))
    assert "The rewards of a program reached its budget, see “What was done”." in told
    assert "The program spring was paused: its rewards took 20.00 USD in 30 days" in told
    assert "was not done in time" not in told
    chinese = said(finance.get(task, headers={"accept-language": "zh-hans"}))
    assert "计划 spring 已暂停：其奖励在 30 天内用了 20.00 USD，同期好友带来 100.00 USD" in chinese


def test_the_badge_says_what_the_figures_beside_it_say(line: Line, staff: Staff) -> None:
    growth = staff("growth")

    def badge() -> str:
        page = growth.get(f"{PAGE}budget/").content.decode()
        [found] = re.findall(r'id="stands">[^<]+<span class="c-badge c-badge--(\w+">[^<]+)<', page)
        return str(found)

    kept(growth, action="warn")
    # Before the hour comes, and after it.
    assert badge() == 'wait">budget reached'
    look(clock.now(), Event())
    assert badge() == 'wait">budget reached'
    line.say("Order Completed", "ben", order_id="o2", total=1, currency="USD")
    line.work()
    assert badge() == 'good">under the budget'
    row = budget("spring")
    assert row is not None
    assert row.state == "over"
    # Of too little to judge, the last look says on which side it is.
    kept(growth, action="warn", smallest="500.00")
    assert badge() == 'wait">budget reached'
