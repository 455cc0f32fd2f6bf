"""What a split showed, its end, and the draft of its winner."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest

from banyan.core.programs.drafts import draft
from banyan.engine.language.program import Program
from banyan.insight.experiments import acts
from banyan.insight.experiments.acts import BadPlan, Plan
from banyan.insight.experiments.read import experiment, experiments
from banyan.insight.experiments.report import NoSuchSplit, after, report, split, splits
from banyan.insight.experiments.sizes import BadSize
from banyan.kernel.database import read
from tests.installation import Installation
from tests.rooms.insight.metrics.busy import busy
from tests.rooms.pipeline.line import PROGRAM, Line

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
NOW = datetime(2026, 9, 1, tzinfo=UTC)
SPLIT = PROGRAM + "experiments:\n  rate: {split: {a: 50, b: 50}, by: advocate}  # the test\n"
PLAN = Plan(
    program="spring",
    split="rate",
    hypothesis="More for the advocate brings more friends.",
    metric="friends",
    baseline=1.5,
    effect=0.5,
    deviation=1,
    alpha=0.05,
    power=0.8,
    starts_on=date(2026, 3, 1),
    ends_on=date(2026, 4, 1),
)


def test_friends_are_compared_by_variant(installation: Installation) -> None:
    busy()
    [found] = splits()
    assert (found.program, found.name, found.by, found.versions) == (
        "friends",
        "rate",
        "friend",
        (1, 2),
    )
    told = report(found, metric="bought", first=FIRST, last=LAST, alpha=0.05)
    rows = read(
        "SELECT variant, COUNT(*), COUNT(purchased_on) FROM metrics_friend GROUP BY 1 ORDER BY 1",
        [],
        {"variant": pl.String, "n": pl.Int64, "bought": pl.Int64},
    ).rows()
    assert [(f"rate={a.name}", a.people, a.hits) for a in told.arms] == rows
    control, other = told.arms
    assert control.test is None
    assert other.test is not None
    assert other.test.difference == pytest.approx((other.value or 0) - (control.value or 0))
    assert other.test.low < other.test.difference < other.test.high
    assert other.p == other.test.p
    assert not told.is_mismatched
    # Nobody joined before the first day of the log.
    early = report(found, metric="bought", first=date(2025, 1, 1), last=FIRST, alpha=0.05)
    assert [(arm.people, arm.value, arm.test) for arm in early.arms] == [(0, None, None)] * 2
    assert early.mismatch_p is None


def test_a_split_by_advocate_counts_each_advocate_once(installation: Installation) -> None:
    line = Line()
    line.publish(SPLIT)
    for number in range(6):
        line.say("Referral Link Created", f"adv-{number}", code=f"C{number}", program="spring")
        for friend in range(number + 1):
            line.say("Signed Up", f"f-{number}-{friend}", referral_code=f"C{number}")
    line.work()
    of = split("spring", "rate")
    told = report(of, metric="friends", first=FIRST, last=LAST, alpha=0.05)
    assert sum(arm.people for arm in told.arms) == 6
    assert sum((arm.value or 0) * arm.people for arm in told.arms) == 21
    bought = report(of, metric="bought", first=FIRST, last=LAST, alpha=0.05)
    assert [arm.hits for arm in bought.arms] == [None, None]  # means of advocates are no counts
    assert {arm.value for arm in bought.arms} == {0.0}
    with pytest.raises(NoSuchSplit, match="has an experiment 'luck'"):
        split("spring", "luck")


def test_a_plan_is_kept_with_its_size_and_ended_once(installation: Installation) -> None:
    Line().publish(SPLIT)
    made = acts.begin("user:1", PLAN, now=NOW)
    assert (made.size, made.winner, made.ended_at) == (64, "", None)
    assert experiments(program="spring") == [made]
    with pytest.raises(BadPlan, match="conclusion: say in a sentence"):
        acts.end("user:1", made.number, winner="b", conclusion=" ", now=NOW)
    with pytest.raises(BadPlan, match="there is no variant 'c'"):
        acts.end("user:1", made.number, winner="c", conclusion="c is best", now=NOW)
    with pytest.raises(BadPlan, match="end the experiment with a winner first"):
        acts.apply("user:1", made.number, now=NOW)
    ended = acts.end("user:2", made.number, winner="b", conclusion="b brings more", now=NOW)
    assert (ended.winner, ended.ended_by, ended.conclusion) == ("b", "user:2", "b brings more")
    with pytest.raises(BadPlan, match="ended already"):
        acts.end("user:2", made.number, winner="a", conclusion="no, a", now=NOW)
    assert experiment(made.number) == ended


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"hypothesis": " "}, "hypothesis: say"),
        ({"ends_on": date(2026, 3, 1)}, "ends_on: must be after"),
        ({"metric": "luck"}, "metric: expected one of"),
        ({"deviation": None}, "deviation: the people compared"),
        ({"audience": "nobody"}, "audience: there is no segment"),
    ],
)
def test_a_plan_that_cannot_be(
    installation: Installation, change: dict[str, object], told: str
) -> None:
    Line().publish(SPLIT)
    with pytest.raises(BadPlan, match=told):
        acts.begin("user:1", replace(PLAN, **change), now=NOW)  # type: ignore[arg-type]
    assert experiments() == []


@pytest.mark.parametrize("baseline", [1.5, -0.05])
def test_a_share_of_advocates_is_one_too(installation: Installation, baseline: float) -> None:
    Line().publish(SPLIT)
    plan = replace(PLAN, metric="bought", baseline=0.1, effect=0.03, deviation=0.3)
    assert acts.size(plan) == 1571
    with pytest.raises(BadSize, match="baseline: the share"):
        acts.begin("user:1", replace(plan, baseline=baseline), now=NOW)
    assert experiments() == []


def test_the_winner_becomes_a_draft_and_what_follows_is_compared(
    installation: Installation,
) -> None:
    line = Line()
    line.publish(SPLIT)
    made = acts.begin("user:1", PLAN, now=NOW)
    acts.end("user:1", made.number, winner="b", conclusion="b brings more", now=NOW)
    applied = acts.apply("user:1", made.number, now=NOW)
    assert applied.version == 2
    assert applied.draft is not None
    source = draft(applied.draft).source
    terms = Program.parse(source)
    assert (terms.version, dict(terms.experiments["rate"].split)) == (2, {"b": 100})
    # Everything else is what the running version says.
    before = Program.parse(SPLIT)
    assert (terms.rewards, terms.limits) == (before.rewards, before.limits)
    with pytest.raises(BadPlan, match=f"in draft {applied.draft} already"):
        acts.apply("user:1", made.number, now=NOW)
    of = split("spring", "rate")
    assert after(of, metric="friends", version=2) is None
    line.publish(source)
    line.say("Referral Link Created", "ann", code="ANN", program="spring")
    line.say("Signed Up", "ben", referral_code="ANN")
    line.say("Signed Up", "cid", referral_code="ANN")
    line.work()
    since = after(of, metric="friends", version=2)
    assert since is not None
    assert (since.people, since.value) == (1, 2.0)
