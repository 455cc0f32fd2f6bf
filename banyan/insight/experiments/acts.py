"""acts: experiments are planned, ended, and their winner is made a draft.

The doors write it down in the audit: insight knows no trust.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from banyan.core.programs import drafts, editing
from banyan.core.programs.read import versions
from banyan.engine.language.source import Written
from banyan.insight.experiments.models import Experiment
from banyan.insight.experiments.read import ExperimentRow, experiment
from banyan.insight.experiments.report import METRICS, SHARES, Metric, split
from banyan.insight.experiments.sizes import check_shares, size_of_means, size_of_shares
from banyan.insight.segments.read import known
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem

LONGEST_TEXT = 2_000
LONGEST_DAYS = 730


class BadPlan(Problem):
    """An experiment that cannot be planned or ended like this."""


@dataclass(frozen=True)
class Plan:
    """What somebody wants to find out. Shares as 0.2, money in whole units."""

    program: str
    split: str
    hypothesis: str
    metric: Metric
    baseline: float
    effect: float
    deviation: float | None
    alpha: float
    power: float
    starts_on: date
    ends_on: date
    audience: str = ""


def size(plan: Plan) -> int:
    """People needed in each variant. Raises NoSuchSplit, BadPlan, BadSize.

    Where the split is by advocate they are advocates, whatever the metric.
    """
    of = split(plan.program, plan.split)
    if plan.metric not in METRICS:
        raise BadPlan(f"metric: expected one of {', '.join(METRICS)}")
    if plan.metric in SHARES and of.by == "friend":
        return size_of_shares(
            baseline=plan.baseline, effect=plan.effect, alpha=plan.alpha, power=plan.power
        )
    if plan.deviation is None:
        raise BadPlan(
            "deviation: the people compared are no yes or no here; say by how much they scatter"
        )
    if plan.metric in SHARES:
        check_shares(plan.baseline, plan.effect)
    return size_of_means(
        effect=plan.effect, deviation=plan.deviation, alpha=plan.alpha, power=plan.power
    )


def begin(actor: str, plan: Plan, *, now: datetime) -> ExperimentRow:
    """Keep a plan, with the size it needs. Raises NoSuchSplit, BadPlan, BadSize."""
    needed = size(plan)
    if not plan.hypothesis.strip() or len(plan.hypothesis) > LONGEST_TEXT:
        raise BadPlan("hypothesis: say in a sentence what you expect, and why")
    if not 0 < (plan.ends_on - plan.starts_on).days <= LONGEST_DAYS:
        raise BadPlan(f"ends_on: must be after the start, within {LONGEST_DAYS} days")
    if plan.audience and plan.audience not in known([plan.audience]):
        raise BadPlan(f"audience: there is no segment {plan.audience!r}")
    row = Experiment.objects.create(
        program=plan.program,
        split=plan.split,
        hypothesis=plan.hypothesis.strip(),
        metric=plan.metric,
        audience=plan.audience,
        baseline=plan.baseline,
        effect=plan.effect,
        deviation=plan.deviation,
        alpha=plan.alpha,
        power=plan.power,
        size=needed,
        starts_on=plan.starts_on,
        ends_on=plan.ends_on,
        made_by=actor,
        made_at=now,
    )
    return _kept(row.pk)


def end(actor: str, number: int, *, winner: str, conclusion: str, now: datetime) -> ExperimentRow:
    """Say what came of it; no winner: nothing changes. The split itself runs on until a version
    without it is published. Raises BadPlan."""
    if not conclusion.strip() or len(conclusion) > LONGEST_TEXT:
        raise BadPlan("conclusion: say in a sentence what was found")
    row = _kept(number)
    if winner and winner not in split(row.program, row.split).shares:
        raise BadPlan(f"winner: there is no variant {winner!r}")
    ended = Experiment.objects.filter(pk=number, ended_at=None).update(
        winner=winner, conclusion=conclusion.strip(), ended_by=actor, ended_at=now
    )
    if not ended:
        raise BadPlan("It is ended already.")
    return _kept(number)


def apply(actor: str, number: int, *, now: datetime) -> ExperimentRow:
    """A draft of the next version in which everybody gets the winner's terms: of the split only the
    winner is left. Who was invited under other terms keeps them. Raises BadPlan."""
    row = _kept(number)
    if not row.winner:
        raise BadPlan("winner: end the experiment with a winner first")
    if row.draft is not None:
        raise BadPlan(f"draft: the winner is in draft {row.draft} already")
    kept = versions(row.program)
    running = next(one for one in kept if one.status == "published")
    following = max(one.number for one in kept) + 1
    source = editing.put(running.source, ("version",), Written(str(following), "number"))
    place = ("experiments", row.split, "split")
    source = editing.put(source, place, {row.winner: Written("100", "number")})
    with one_transaction():
        made = drafts.start(
            actor, source, origin=f"program:{row.program}/{running.number}", now=now
        )
        changed = Experiment.objects.filter(pk=number, draft=None).update(
            draft=made.id, version=following
        )
        if not changed:
            raise BadPlan("draft: somebody made it a moment ago")
    return _kept(number)


def _kept(number: int) -> ExperimentRow:
    found = experiment(number)
    if found is None:
        raise BadPlan(f"experiment: there is no experiment {number}")
    return found
