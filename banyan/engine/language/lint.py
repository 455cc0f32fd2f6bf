"""What can be said in the language but should not be promised, and what is unwise.

Errors stop a program from being published: promises without bound, or that break a law or common
decency. Warnings are advice from experience. Every finding names the key, says why in a sentence
and what would mend it. One function a rule, in the order of the language's own list.

Some listed errors cannot reach the lint, because no program can be read with them: a ladder without
`steps`, `repeats` without `up_to`, a negative span, and a beneficiary beyond `upline`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal

from sqlglot import exp

from banyan.engine.language.amounts import Draw, Fixed, Ladder, Percent
from banyan.engine.language.findings import Finding, Severity
from banyan.engine.language.names import columns
from banyan.engine.language.program import Program
from banyan.engine.language.source import Source
from banyan.engine.language.sql import compile_sql, parse_sql
from banyan.engine.language.terms import Cap, Milestone, Reward
from banyan.kernel.times import UNITS_US, duration_text

PURCHASE = "Order Completed"
_DAY = UNITS_US["d"]
_LEAST_BENEFIT = Decimal("0.05")


def lint(program: Program) -> tuple[Finding, ...]:
    """Every finding about a program that could be read, in file order."""
    desk = _Desk(program, program.source)
    return tuple(sorted({found for rule in _RULES for found in rule(desk)}))


class _Desk:
    """A program beside its source, and how a finding about it is written down."""

    def __init__(self, program: Program, source: Source) -> None:
        self.program = program
        self.source = source

    def error(self, path: tuple[str | int, ...], sentence: str) -> Finding:
        return self._finding(path, sentence, "error")

    def warning(self, path: tuple[str | int, ...], sentence: str) -> Finding:
        return self._finding(path, sentence, "warning")

    def _finding(self, path: tuple[str | int, ...], sentence: str, severity: Severity) -> Finding:
        return self.source.finding(self.source.find(path)[0], path, sentence, severity)

    def rewards(self) -> Iterator[tuple[tuple[str, str], Reward]]:
        for name, reward in self.program.rewards.items():
            yield ("rewards", name), reward

    def milestone(self, reward: Reward) -> Milestone | None:
        """The milestone a reward is on; None for `joined`."""
        return self.program.milestones.get(reward.on)

    def caps(self, reward: Reward) -> list[Cap]:
        """Everything that bounds a reward: its caps, and the limits of what it gives."""
        limits = [limit for limit in self.program.limits if limit.give in reward.gives]
        return [*reward.caps, *limits]


# Errors


def _rising_is_bounded(desk: _Desk) -> Iterator[Finding]:
    for path, reward in desk.rewards():
        milestone = desk.milestone(reward)
        if isinstance(reward.amount, Ladder):
            what = "a ladder"
        elif milestone is not None and milestone.times > 1:
            what = "a reward on a milestone that repeats"
        else:
            continue
        bounds = {cap.per for cap in desk.caps(reward)}
        if not bounds & _bounding(reward):
            yield desk.error(
                (*path, "caps"),
                f"{what} without a cap per beneficiary promises one person any amount; "
                "add {per: beneficiary, period: year, amount: …} to its caps",
            )
        if "program" not in bounds:
            yield desk.error(
                (*path, "caps"),
                f"{what} without a cap or limit for the program has no budget; "
                "add {per: program, amount: …} to its caps or to limits",
            )


def _bounding(reward: Reward) -> set[str]:
    """Caps that bound what one beneficiary can get.

    A friend has one advocate, so the advocate's cap holds for the friend as well; a charity is one
    beneficiary, so any cap over the program holds for it.
    """
    if reward.to == "friend":
        return {"beneficiary", "friend", "advocate"}
    if reward.to.startswith("charity:"):
        return {"beneficiary", "program"}
    return {"beneficiary", reward.to}


def _percent_is_bounded(desk: _Desk) -> Iterator[Finding]:
    for path, reward in desk.rewards():
        open_ended = isinstance(reward.amount, Percent) and reward.amount.max is None
        if open_ended and not desk.caps(reward):
            yield desk.error(
                (*path, "amount"),
                "a percentage without max or a cap pays any amount for one large order; "
                "add max to the amount, or a cap",
            )


def _upline_is_modest(desk: _Desk) -> Iterator[Finding]:
    for path, reward in desk.rewards():
        if reward.to != "upline":
            continue
        if not isinstance(reward.amount, Fixed):
            yield desk.error(
                (*path, "amount"),
                "a reward for the upline that grows with sales or success is what pyramid schemes "
                "pay; give a fixed amount",
            )
        milestone = desk.milestone(reward)
        if milestone is None or milestone.on != PURCHASE:
            yield desk.error(
                (*path, "on"),
                "a reward for the upline without a purchase pays for recruiting, which the law of "
                f"many countries forbids; put it on a milestone of {PURCHASE}",
            )


_SHARING = re.compile(
    r"shared|.* shared|referral link (created|clicked)|referral submitted"
    r"|(invite|invitation|referral) sent",
    re.IGNORECASE,
)


def _sharing_is_free(desk: _Desk) -> Iterator[Finding]:
    for path, reward in desk.rewards():
        milestone = desk.milestone(reward)
        if milestone is not None and _SHARING.fullmatch(milestone.on.strip()):
            yield desk.error(
                (*path, "on"),
                f"{milestone.on} is the act of sharing; paying for it buys spam, not customers; "
                "reward what the friend does, such as a first order",
            )


def _draws_are_fair(desk: _Desk) -> Iterator[Finding]:
    for path, reward in desk.rewards():
        if not isinstance(reward.amount, Draw):
            continue
        if desk.program.seed_sha256 is None:
            yield desk.error(
                (*path, "amount"),
                "nobody can check a draw whose seed was not fixed beforehand; "
                "publish seed_sha256, the SHA-256 of a secret text",
            )
        if not any(_is_sure(base, beside=reward) for _, base in desk.rewards()):
            yield desk.error(
                (*path, "amount"),
                f"who reaches {reward.on} may go away with nothing; give {reward.to} a sure "
                "reward on the same milestone beside the draw",
            )


def _is_sure(base: Reward, *, beside: Reward) -> bool:
    """Whether whoever takes part in the draw gets this one in any case."""
    if (base.on, base.to) != (beside.on, beside.to) or isinstance(base.amount, Draw):
        return False
    if isinstance(base.amount, Fixed) and base.amount.value == 0:
        return False
    return base.when in (None, beside.when) or str(base.when).strip().upper() == "TRUE"


def _ranges_have_length(desk: _Desk) -> Iterator[Finding]:
    first, last = desk.program.runs_us
    if first is not None and last is not None and last <= first:
        yield desk.error(
            ("runs", "until"),
            "the program ends before it begins, so it is never in force; put until after from",
        )
    for number, stop in enumerate(desk.program.stops):
        if stop.until and desk.program.at_us(stop.until) <= desk.program.at_us(stop.from_):
            yield desk.error(
                ("stops", number, "until"),
                "the stop ends before it begins, so it never holds; put until after from",
            )
    for path, reward in desk.rewards():
        for number, boost in enumerate(reward.boosts):
            if desk.program.at_us(boost.until) <= desk.program.at_us(boost.from_):
                yield desk.error(
                    (*path, "boosts", number, "until"),
                    "the boost ends before it begins, so it never holds; put until after from",
                )


def _coupons_outlive_their_hold(desk: _Desk) -> Iterator[Finding]:
    for path, reward in desk.rewards():
        if reward.expires is None or not any(give.startswith("coupon:") for give in reward.gives):
            continue
        if reward.expires < reward.hold or reward.expires == 0:
            yield desk.error(
                (*path, "expires"),
                f"a coupon good for {duration_text(reward.expires)} and held for "
                f"{duration_text(reward.hold)} is dead before it can be used: shops count from the "
                "day it is issued; let it expire after the hold",
            )


# Warnings


def _joining_earns_no_cash(desk: _Desk) -> Iterator[Finding]:
    for path, reward in desk.rewards():
        if reward.on == "joined" and "cash" in reward.gives:
            yield desk.warning(
                (*path, "on"),
                "cash for joining draws people who invent friends; "
                "pay on a purchase, or give credit instead",
            )


def _window_is_usual(desk: _Desk) -> Iterator[Finding]:
    attribution = desk.program.attribution
    if attribution is None or 30 * _DAY <= attribution.window <= 45 * _DAY:
        return
    short = attribution.window < 30 * _DAY
    yield desk.warning(
        ("attribution", "window"),
        f"{duration_text(attribution.window)} is "
        + (
            "short: friends who think it over are lost to their advocates"
            if short
            else "long: friends count who would have come by themselves"
        )
        + "; 30d to 45d is usual",
    )


def _paid_milestones_end(desk: _Desk) -> Iterator[Finding]:
    if desk.program.is_self:
        return
    paid = {reward.on for _, reward in desk.rewards() if _has_worth(reward)}
    for name, milestone in desk.program.milestones.items():
        if name in paid and milestone.within is None:
            yield desk.warning(
                ("milestones", name),
                "a paid milestone without within stays a debt for ever: a friend may reach it "
                "years later; add within, such as 60d",
            )


def _refunds_are_waited_for(desk: _Desk) -> Iterator[Finding]:
    for path, reward in desk.rewards():
        milestone = desk.milestone(reward)
        if milestone is None or milestone.on != PURCHASE or not _has_worth(reward):
            continue
        if reward.hold == 0 and reward.refund_policy != "keep":
            yield desk.warning(
                path,
                "orders can be refunded, but this is available at once and may be spent by then; "
                "add hold, such as 14d, as long as goods may come back",
            )


def _has_worth(reward: Reward) -> bool:
    return any(not give.startswith("badge:") for give in reward.gives)


def _benefit_is_felt(desk: _Desk) -> Iterator[Finding]:
    for path, reward in desk.rewards():
        milestone = desk.milestone(reward)
        if milestone is None or reward.give not in ("cash", "credit"):
            continue
        if reward.to not in ("advocate", "friend", "self"):
            continue
        asked = _least_spent(desk.program, milestone)
        benefit = _least_given(reward, asked) if asked else None
        if asked and benefit is not None and benefit < asked * _LEAST_BENEFIT:
            yield desk.warning(
                (*path, "amount"),
                f"{benefit.normalize():f} for an order of {asked.normalize():f} or more is under "
                "5 %, too little to be noticed; give more, or ask for less",
            )


def _least_given(reward: Reward, spent: Decimal) -> Decimal | None:
    """The least the reward gives for this much spent; None when that cannot be told."""
    match reward.amount:
        case Fixed(value=value):
            return value
        case Ladder() as ladder:
            return min(ladder.steps_exact())
        case Percent(percent=percent, of="total", min=low, max=high):
            given = spent * percent / 100
            given = given if low is None else max(given, low)
            return given if high is None else min(given, high)
    return None


def _least_spent(program: Program, milestone: Milestone) -> Decimal | None:
    """What the milestone asks for at least: the sum to reach, or `total >= N` in its condition."""
    if milestone.sum is not None:
        return milestone.sum.reaches if milestone.sum.of == "total" else None
    if milestone.where is None:
        return None
    tree = parse_sql(milestone.where, columns(program, "milestone"))
    bounds = [bound for bound in map(_bound, _conjuncts(tree)) if bound is not None]
    return max(bounds, default=None)


def _conjuncts(tree: exp.Expression) -> Iterator[exp.Expression]:
    """The parts that must all hold."""
    if isinstance(tree, exp.And):
        yield from _conjuncts(tree.this)
        yield from _conjuncts(tree.expression)
    elif isinstance(tree, exp.Paren):
        yield from _conjuncts(tree.this)
    else:
        yield tree


def _bound(part: exp.Expression) -> Decimal | None:
    """N of `total >= N` and its like."""
    if isinstance(part, exp.GT | exp.GTE | exp.EQ):
        total, number = part.this, part.expression
    elif isinstance(part, exp.LT | exp.LTE):
        total, number = part.expression, part.this
    elif isinstance(part, exp.Between):
        total, number = part.this, part.args["low"]
    else:
        return None
    if isinstance(number, exp.Column) and isinstance(part, exp.EQ):
        total, number = number, total
    named = isinstance(total, exp.Column) and total.name == "total"
    counted = isinstance(number, exp.Literal) and not number.is_string
    return Decimal(number.name) if named and counted else None


def _success_leads_on(desk: _Desk) -> Iterator[Finding]:
    if desk.program.is_self:
        return
    mine = [(path, reward) for path, reward in desk.rewards() if reward.to == "advocate"]
    if not mine or len({reward.on for _, reward in mine}) > 1:
        return
    if all(_is_flat(desk, reward) for _, reward in mine):
        yield desk.warning(
            (*mine[0][0], "amount"),
            "the second friend brings what the first one brought, so nothing leads on; "
            "let it rise with a ladder, or add a reward for a later step",
        )


def _is_flat(desk: _Desk, reward: Reward) -> bool:
    """Always the same, however often and whoever."""
    milestone = desk.milestone(reward)
    if not isinstance(reward.amount, Fixed) or (milestone is not None and milestone.times > 1):
        return False
    if reward.when is None:
        return True
    asked = compile_sql(reward.when, columns(desk.program, "reward"), "boolean").names
    return not asked & {
        "nth",
        *(f"advocate_{fact}" for fact in ("tier", "tags", "orders", "spend")),
    }


def _perks_end(desk: _Desk) -> Iterator[Finding]:
    for path, reward in desk.rewards():
        perks = any(give.startswith("perk:") for give in reward.gives)
        if perks and reward.expires is None:
            yield desk.warning(
                path,
                "a perk for life can never be changed or taken back; add expires, such as 365d",
            )


_RULES: tuple[Callable[[_Desk], Iterator[Finding]], ...] = (
    _rising_is_bounded,
    _percent_is_bounded,
    _upline_is_modest,
    _sharing_is_free,
    _draws_are_fair,
    _ranges_have_length,
    _coupons_outlive_their_hold,
    _joining_earns_no_cash,
    _window_is_usual,
    _paid_milestones_end,
    _refunds_are_waited_for,
    _benefit_is_felt,
    _success_leads_on,
    _perks_end,
)
