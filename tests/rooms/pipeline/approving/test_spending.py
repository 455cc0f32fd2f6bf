"""What rewards take of what friends bring: warned of, paused, or left alone, to the cent."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from threading import Event
from typing import Any

import pytest

from banyan.core.programs.read import program, versions
from banyan.core.referrals.read import decisions
from banyan.growth.tasks.read import steps, tasks
from banyan.insight.metrics.rebuild import start_again
from banyan.pipeline import verify
from banyan.pipeline.alarms import raised
from banyan.pipeline.approving import life
from banyan.pipeline.approving.budget import (
    BadBudget,
    WhyMissing,
    budget,
    drop_budget,
    is_reached,
    set_budget,
)
from banyan.pipeline.approving.spending import Spent, look, spent
from banyan.pipeline.approving.stops import approve_restart, ask_restart, stop_now
from banyan.pipeline.figures import rebuild
from banyan.trust.audit.read import entries
from tests.installation import Installation
from tests.rooms.pipeline.line import PROGRAM, START, Line

NONE_PAUSED = "{} budgets, 0 programs paused, 0 not judged as figures are being made again."
ONE_PAUSED = "1 budgets, 1 programs paused, 0 not judged as figures are being made again."
HOUR = timedelta(hours=1)


def a_line(*, total: str = "100.00") -> Line:
    """Ann brings ben, who buys: 20.00 USD in cash of what he pays."""
    line = Line()
    line.publish()
    line.say("Referral Link Created", "ann", code="ANN", program="spring")
    line.say("Signed Up", "ben", referral_code="ANN")
    line.say("Order Completed", "ben", order_id="o1", total=total, currency="USD")
    line.work()
    return line


def keep(program: str = "spring", **other: Any) -> None:
    """A stop at 20 % of 30 days, but for what is said otherwise."""
    values: dict[str, Any] = {
        "percent": Decimal(20),
        "days": 30,
        "smallest": 0,
        "action": "stop",
        "grace_days": 7,
    }
    set_budget("user:7", program, **(values | other), now=START)


def state(slug: str = "spring") -> tuple[str, str]:
    """On which side of its budget a program is, and its status."""
    row, found = budget(slug), program(slug)
    assert row is not None
    assert found is not None
    return row.state, found.status


def test_the_share_is_judged_to_the_cent() -> None:
    assert is_reached(2_000, 10_000, 2_000)
    assert not is_reached(1_999, 10_000, 2_000)
    assert not is_reached(2_000, 10_001, 2_000)
    # Where a float of 17.55 % is a little more than it says.
    assert is_reached(3_510_000_000_000_000, 20_000_000_000_000_000, 1_755)
    assert not is_reached(3_509_999_999_999_999, 20_000_000_000_000_000, 1_755)
    assert is_reached(1, 0, 2_000)
    assert not is_reached(0, 0, 2_000)


def test_one_warns_one_is_paused_one_is_under(installation: Installation) -> None:
    line = a_line()
    for slug, total in (("warned", 100), ("under", "100.01")):
        line.publish(PROGRAM.replace("program: spring", f"program: {slug}"))
        line.say("Referral Link Created", "ann", code=slug, program=slug)
        line.say("Signed Up", f"friend-{slug}", referral_code=slug)
        line.say("Order Completed", f"friend-{slug}", order_id=slug, total=total, currency="USD")
    line.work()
    keep()
    keep("warned", action="warn")
    keep("under")
    assert spent("spring", days=30, now=line.now) == Spent(2_000, 10_000)
    assert spent("under", days=30, now=line.now) == Spent(2_000, 10_001)
    assert look(line.now, Event()) == (
        "3 budgets, 1 programs paused, 0 not judged as figures are being made again."
    )
    assert state() == ("stopped", "paused")
    assert state("warned") == ("over", "live")
    assert state("under") == ("under", "live")
    assert {one.kind: one.sentence for one in raised()} == {
        "budget:spring": "The program spring was paused: its rewards took 20.00 USD in 30 days, in "
        "which its friends brought 100.00 USD; that reaches its budget of 20 %.",
        "budget:warned": "Rewards of warned took 20.00 USD in 30 days, in which its friends "
        "brought 100.00 USD; that reaches its budget of 20 %.",
    }
    notes = {one.about: [step.note for step in steps(one.number)] for one in tasks(limit=10)}
    assert notes == {one.kind: [one.sentence] for one in raised()}
    found = [(one.kind, one.about, one.role) for one in tasks(limit=10)]
    assert sorted(found) == [
        ("exception", "budget:spring", "finance"),
        ("exception", "budget:warned", "finance"),
    ]
    [paused] = [one for one in entries(limit=50) if one.verb == "program.paused"]
    assert (paused.actor, paused.about) == ("system", "program:spring")
    assert paused.reason.startswith("The program spring was paused: its rewards took 20.00 USD")


def test_it_is_paused_once_and_the_books_stay_sound(installation: Installation) -> None:
    line = a_line()
    line.say("Signed Up", "cid", referral_code="ANN")
    line.work()
    before = [(one.number, one.source) for one in versions("spring")]
    keep()
    assert look(line.now, Event()) == ONE_PAUSED
    assert look(line.now + HOUR, Event()) == NONE_PAUSED.format(1)
    assert state() == ("stopped", "paused")
    assert [one.verb for one in entries(limit=50)].count("program.paused") == 1
    # What was promised to who came before is still decided and paid, under the same terms.
    line.say("Order Completed", "cid", order_id="o2", total=70, currency="USD")
    line.work()
    last = decisions(order="asc")[-1]
    assert (last.reward, last.outcome, last.amount) == ("thanks", "granted", 2_000)
    assert [(one.number, one.source) for one in versions("spring")] == before
    report = verify.run()
    assert (report.is_sound, report.count) == (True, 0)


def test_a_program_that_a_person_paused_is_not_paused_again(installation: Installation) -> None:
    line = a_line()
    keep()
    life.pause("user:7", "spring", reason="Holidays.", now=line.now)
    assert look(line.now, Event()) == NONE_PAUSED.format(1)
    assert state() == ("over", "paused")
    # Whoever opens it knows: it would be paused within the hour.
    with pytest.raises(WhyMissing):
        life.resume("user:7", "spring", reason=" ", now=line.now)
    assert state() == ("over", "paused")
    life.resume("user:7", "spring", reason="Back.", now=line.now)
    assert look(line.now + HOUR, Event()) == NONE_PAUSED.format(1)
    assert state() == ("over", "live")


def test_a_person_lets_it_go_on_for_the_days_of_grace(installation: Installation) -> None:
    line = a_line()
    keep()
    look(line.now, Event())
    with pytest.raises(WhyMissing, match="say why it goes on all the same"):
        life.resume("user:7", "spring", reason="", now=line.now)
    assert state() == ("stopped", "paused")
    life.resume("user:7", "spring", reason="The board agreed.", now=line.now)
    assert raised() == []
    assert look(line.now + HOUR, Event()) == NONE_PAUSED.format(1)
    assert state() == ("over", "live")
    assert [one.sentence[:24] for one in raised()] == ["Rewards of spring took 2"]
    almost = line.now + timedelta(days=7) - timedelta(microseconds=1)
    assert look(almost, Event()) == NONE_PAUSED.format(1)
    assert look(line.now + timedelta(days=7), Event()) == ONE_PAUSED
    assert state() == ("stopped", "paused")


def test_once_under_the_limit_it_is_judged_anew_at_once(installation: Installation) -> None:
    line = a_line()
    keep()
    look(line.now, Event())
    life.resume("user:7", "spring", reason="The board agreed.", now=line.now)
    line.say("Order Completed", "ben", order_id="o2", total="0.01", currency="USD")
    line.work()
    look(line.now, Event())
    row = budget("spring")
    assert row is not None
    assert (row.state, row.spared_until, row.cost, row.revenue) == ("under", None, 2_000, 10_001)
    assert raised() == []
    assert tasks(limit=10) == []
    line.say("Order Refunded", "ben", order_id="o2")
    line.work()
    assert look(line.now, Event()) == ONE_PAUSED


def test_little_revenue_is_not_judged(installation: Installation) -> None:
    line = a_line()
    keep(smallest=10_001)
    assert look(line.now, Event()) == NONE_PAUSED.format(1)
    assert state() == ("under", "live")
    keep(smallest=10_000)
    assert look(line.now, Event()) == ONE_PAUSED


def test_only_the_days_that_are_asked_for_count(installation: Installation) -> None:
    line = a_line()
    assert spent("spring", days=30, now=line.now + timedelta(days=29)) == Spent(2_000, 10_000)
    assert spent("spring", days=30, now=line.now + timedelta(days=30)) == Spent(0, 0)


def test_nothing_is_judged_while_figures_are_made_again(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = a_line()
    keep()
    monkeypatch.setattr("banyan.pipeline.approving.spending.MOST_BEHIND", 2)
    start_again()
    assert look(line.now, Event()) == (
        "1 budgets, 0 programs paused, 1 not judged as figures are being made again."
    )
    assert state() == ("under", "live")
    rebuild(progress=lambda _done, _of: None)
    assert look(line.now, Event()) == ONE_PAUSED


def test_going_on_after_an_order_is_going_on_for_the_budget_too(
    installation: Installation,
) -> None:
    line = a_line()
    keep()
    look(line.now, Event())
    stop_now("user:7", "spring", reason="An order.", notice="It rests.", now=line.now)
    line.work()
    ask_restart("user:7", "spring", why="The order was lifted.", now=line.now)
    approve_restart("user:8", "spring", now=line.now)
    line.work()
    assert look(line.now + HOUR, Event()) == NONE_PAUSED.format(1)
    assert state() == ("over", "live")


def test_a_budget_taken_away_leaves_the_program_as_it_is(installation: Installation) -> None:
    line = a_line()
    keep()
    look(line.now, Event())
    drop_budget("user:7", "spring", now=line.now)
    found = program("spring")
    assert found is not None
    assert (found.status, raised(), tasks(limit=10)) == ("paused", [], [])
    life.resume("user:7", "spring", reason="", now=line.now)
    with pytest.raises(BadBudget):
        drop_budget("user:7", "spring", now=line.now)
    told = [(one.verb, one.actor) for one in entries(limit=50)]
    assert ("program.budget_dropped", "user:7") in told
    assert ("program.budget_set", "user:7") in told


def test_what_is_no_budget_is_refused(installation: Installation) -> None:
    a_line()
    wrong: list[dict[str, Any]] = [
        {"percent": Decimal(0)},
        {"percent": Decimal("17.555")},
        {"percent": Decimal("100.01")},
        {"days": 0},
        {"days": 367},
        {"grace_days": 0},
        {"grace_days": 91},
        {"smallest": -1},
        {"action": "shout"},
        {"program": "nothing"},
    ]
    for one in wrong:
        with pytest.raises(BadBudget):
            keep(**one)
    assert budget("spring") is None
    keep(percent=Decimal("17.55"))
    row = budget("spring")
    assert row is not None
    assert (row.share_bp, row.percent) == (1_755, "17.55")
