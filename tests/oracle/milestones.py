"""Milestones: which events match, and which match reaches one."""

from dataclasses import dataclass
from fractions import Fraction

from tests.oracle.attribution import Referral
from tests.oracle.reading import Event
from tests.oracle.sql import Names, holds
from tests.oracle.terms import Milestone, Version


@dataclass
class Run:
    """How far somebody has come towards a milestone."""

    matches: int = 0
    total: Fraction = Fraction(0)
    best: Fraction = Fraction(0)  # the greatest the total has been
    times: int = 0  # reached so far


class Milestones:
    """The running counts and sums of every referral, and of every customer of a self program."""

    def __init__(self) -> None:
        self.runs: dict[tuple[str, str, str], Run] = {}

    def reached(
        self, event: Event, version: Version, referral: Referral | None, names: Names
    ) -> set[str]:
        """Name the milestones that the event of a friend (or of a customer) reaches."""
        reached = set()
        for milestone in version.milestones:
            if matches(milestone, event, version, referral, names):
                key = (version.slug, event.user or "", milestone.name)
                if step(self.runs.setdefault(key, Run()), milestone, event):
                    reached.add(milestone.name)
        return reached


def matches(
    milestone: Milestone, event: Event, version: Version, referral: Referral | None, names: Names
) -> bool:
    if event.type != "track" or event.user is None or event.name != milestone.on:
        return False
    if event.text("currency") not in (None, version.currency):
        return False
    passed = max(0, event.at - referral.join.at) if referral else 0
    if milestone.within is not None and passed > milestone.within:
        return False
    return holds(milestone.where, names)


def step(run: Run, milestone: Milestone, event: Event) -> bool:
    """Count a match; whether it reaches the milestone (again)."""
    before = multiples(run, milestone)
    run.matches += 1
    if milestone.sum_of:
        run.total += event.value(milestone.sum_of, "number") or 0
        run.best = max(run.best, run.total)
    after = multiples(run, milestone)
    if milestone.up_to is None:
        is_reached = before < 1 <= after
    else:
        is_reached = before < after and run.times < milestone.up_to
    run.times += is_reached
    return is_reached


def multiples(run: Run, milestone: Milestone) -> int:
    """How many whole multiples of the count, or of the sum to reach, were got to so far."""
    if milestone.reaches is not None:
        return int(run.best // milestone.reaches)
    return run.matches // milestone.count
