"""stages: which stages a funnel shows and in what order: a program's own, else those of all, else
ours.

Beside the five that every referral has, a stage may be an event that the friend does from the join
on, or a milestone of a program. Such a stage's key is also the measure it is counted by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from banyan.core.programs.read import published
from banyan.insight.metrics import measures as of
from banyan.insight.metrics.lines import Changed
from banyan.insight.metrics.models import FunnelStage
from banyan.insight.metrics.scope import Scope
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem

EVENT, MILESTONE = "event:", "milestone:"
"""How keys of stages begin that are not built in."""
HALF = 0.5
"""What share of the stage before should come on in one of which nothing is known."""
FEWEST, MOST = 2, 12
LONGEST = 100
"""Of a name, characters."""


class BadStages(Problem):
    """Stages that make no funnel."""


@dataclass(frozen=True)
class Stage:
    """`usual` is the share of the stage before that should come on, where no period before is there
    to compare; empty names are those of the event, milestone or built-in stage."""

    key: str
    usual: float = HALF
    name_en: str = ""
    name_zh: str = ""

    @property
    def is_built_in(self) -> bool:
        """Whether every referral has it, so that it is counted anyway."""
        return not self.key.startswith((EVENT, MILESTONE))

    @property
    def plain_name(self) -> str:
        """Of the event or milestone; of a built-in stage its key."""
        return self.key.removeprefix(EVENT).removeprefix(MILESTONE)


OURS = (
    Stage(of.INITIATED, 1),
    Stage(of.ACCEPTED, 0.25),
    Stage(of.ACTIVATED, 0.7),
    Stage(of.PURCHASED, 0.5),
    Stage(of.REPURCHASED, 0.3),
)
"""推荐发起, 邀请接受, 激活注册, 首次消费, 复购行为."""
BUILT_IN = {stage.key: stage for stage in OURS}


@dataclass(frozen=True)
class Plan:
    """The stages of a funnel, and who said so: the program itself, all programs together, or we."""

    stages: tuple[Stage, ...]
    said_by: Literal["program", "all", "ours"]


@dataclass(frozen=True)
class Payable:
    """A milestone that pays. `is_always`: in each version some reward on it asks for nothing
    further, so that whoever reaches it has a decision that tells."""

    name: str
    is_always: bool


def plan(program: str) -> Plan:
    """Of a program; of an empty slug that of all programs together."""
    kept: dict[str, list[Stage]] = {}
    rows = FunnelStage.objects.filter(program__in=["", program]).order_by("program", "place")
    for row in rows:
        stage = Stage(row.key, row.usual, row.name_en, row.name_zh)
        kept.setdefault(row.program, []).append(stage)
    if program and program in kept:
        return Plan(tuple(kept[program]), "program")
    return Plan(tuple(kept[""]), "all") if "" in kept else Plan(OURS, "ours")


def wanted() -> list[str]:
    """Keys of all stages in any funnel that are not built in, by name."""
    keys = set(FunnelStage.objects.values_list("key", flat=True))
    return sorted(keys - BUILT_IN.keys())


def configure(scope: Scope, stages: Sequence[Stage]) -> Changed:
    """Show these stages in this order from now on. Raises BadStages."""
    _check(scope, stages)
    with one_transaction():
        before = plan(scope.program)
        FunnelStage.objects.filter(program=scope.program).delete()
        FunnelStage.objects.bulk_create(
            FunnelStage(program=scope.program, place=place, **asdict(stage))
            for place, stage in enumerate(stages)
        )
    return Changed(_plain(before), _plain(Plan(tuple(stages), "program")))


def reset(scope: Scope) -> Changed:
    """Forget what was chosen: the stages of all programs hold again, or ours."""
    with one_transaction():
        before = plan(scope.program)
        FunnelStage.objects.filter(program=scope.program).delete()
    return Changed(_plain(before), _plain(plan(scope.program)))


def payable(scope: Scope) -> list[Payable]:
    """The milestones of the scope's programs on which some version has a reward, by name."""
    found: dict[str, bool] = {}
    for row in published():
        if row.program not in scope.programs:
            continue
        terms = row.terms
        for name in terms.milestones:
            paid = [one for one in terms.rewards.values() if one.on == name]
            is_always = any(one.when is None and one.to != "upline" for one in paid)
            if paid or name in found:
                found[name] = found.get(name, True) and is_always
    return [Payable(name, is_always) for name, is_always in sorted(found.items())]


def _check(scope: Scope, stages: Sequence[Stage]) -> None:
    if not FEWEST <= len(stages) <= MOST:
        raise BadStages(f"stages: expected {FEWEST} to {MOST} of them")
    keys = [stage.key for stage in stages]
    milestones = {f"{MILESTONE}{one.name}" for one in payable(scope)}
    for stage in stages:
        if keys.count(stage.key) > 1:
            raise BadStages(f"stages: {stage.plain_name} stands there twice")
        if stage.key.startswith(MILESTONE) and stage.key not in milestones:
            raise BadStages(f"stages: no reward is on a milestone {stage.plain_name}")
        if stage.is_built_in and stage.key not in BUILT_IN:
            raise BadStages(f"stages: there is no stage {stage.plain_name}")
        for text in (stage.plain_name, stage.name_en, stage.name_zh):
            if len(text) > LONGEST or not text.isprintable():
                raise BadStages(f"stages: a name has at most {LONGEST} characters, on one line")
        if not stage.plain_name.strip():
            raise BadStages("stages: say which event it is")
        if not 0 < stage.usual <= 1:
            raise BadStages("stages: what should come on is more than 0 % and at most 100 %")


def _plain(found: Plan) -> dict[str, object]:
    """As the audit keeps it: numbers as text."""
    stages = [asdict(stage) | {"usual": str(stage.usual)} for stage in found.stages]
    return {"said_by": found.said_by, "stages": stages}
