"""advice: mistakes that programs are known to die of, told while one is designed.

What the lint says already is not said again here; this is about the program's plan as much as about
its rules, so it never forbids anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from banyan.engine.language.program import Program
from banyan.growth.planning.share import EXPENSIVE_FELT, LEAST_FELT, shares

MOST_STEPS = 3

Facts = Mapping[str, str]


@dataclass(frozen=True)
class Advice:
    """One likely mistake: where it stands in the program, why it hurts, what mends it."""

    id: str
    path: tuple[str, ...]
    reason: str
    cure: str


def advice(program: Program, facts: Facts) -> list[Advice]:
    """Everything to think of again. `facts` are the notes beside the file."""
    return [found for rule in _RULES for found in rule(program, facts)]


def _anybody_refers(program: Program, facts: Facts) -> Iterator[Advice]:
    if program.is_self or program.advocates.where.strip().upper() != "TRUE":
        return
    yield Advice(
        "no-member-check",
        ("advocates",),
        _(
            "Anybody may refer, also people who are no customers: hotels that did so paid mostly "
            "for calls from strangers."
        ),
        _("Ask for a first order, or at least for somebody you know."),
    )


def _way_is_long(program: Program, facts: Facts) -> Iterator[Advice]:
    steps = facts.get("steps", "").strip()
    if not steps.isdigit() or int(steps) <= MOST_STEPS:
        return
    yield Advice(
        "many-steps",
        ("attribution",),
        _("A friend has to take {steps} steps; with eight, seven in ten give up.").format(
            steps=int(steps)
        ),
        _("Bring it down to three: open, leave a number or sign up, done."),
    )


def _nobody_is_named(program: Program, facts: Facts) -> Iterator[Advice]:
    attribution = program.attribution
    if attribution is None or "code" in attribution.prefer:
        return
    yield Advice(
        "no-referrer-id",
        ("attribution", "prefer"),
        _(
            "A friend who comes by telephone or into the shop cannot name their advocate: without "
            "a code four in five such referrals are lost."
        ),
        _("Let codes count, too."),
    )


def _departments_are_apart(program: Program, facts: Facts) -> Iterator[Advice]:
    if facts.get("owner", "").strip() and facts.get("follow_owner", "").strip():
        return
    yield Advice(
        "departments-apart",
        (),
        _(
            "Nobody is named who runs the program, or who calls new friends: where departments "
            "are not linked, a third of the friends is lost before the first use."
        ),
        _("Name an owner (step 9) and who follows up (step 12)."),
    )


def _successes_are_alike(program: Program, facts: Facts) -> Iterator[Advice]:
    """The lint tells of rewards on one milestone; this one of programs that promise only once."""
    mine = [one for one in program.rewards.values() if one.to == "advocate"]
    if program.is_self or mine or not program.rewards:
        return
    yield Advice(
        "nothing-for-advocates",
        ("rewards",),
        _("Advocates get nothing, so few think of it twice."),
        _("Give a little thanks, or write in step 11 how you thank them otherwise."),
    )


def _benefit_is_small(program: Program, facts: Facts) -> Iterator[Advice]:
    """Beside what a friend usually spends, where the notes say that."""
    price = price_of(facts)
    if price is None:
        return
    is_expensive = facts.get("expensive") == "yes"
    for one in shares(program, price, is_expensive=is_expensive):
        if one.verdict not in ("unfelt", "small"):
            continue
        least = EXPENSIVE_FELT if one.verdict == "small" or is_expensive else LEAST_FELT
        yield Advice(
            "small-benefit",
            ("rewards", one.reward, "amount"),
            _("{reward} is {share} % of a price of {price}, too little to be felt.").format(
                reward=one.reward, share=one.low, price=f"{price:,f}"
            ),
            _("Give {least} % or more, or less often.").format(least=f"{least:f}"),
        )


def price_of(facts: Facts) -> Decimal | None:
    """What a friend usually spends, in major units; None where no sensible number is noted."""
    try:
        found = Decimal(facts.get("price", "").replace(",", "").strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() and 0 < found < 10**12 else None


_RULES: tuple[Callable[[Program, Facts], Iterator[Advice]], ...] = (
    _anybody_refers,
    _way_is_long,
    _nobody_is_named,
    _departments_are_apart,
    _successes_are_alike,
    _benefit_is_small,
)
