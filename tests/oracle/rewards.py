"""Decisions: who gets how much for an achievement, and what takes it back."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Any

from tests.oracle.amounts import raw_amount
from tests.oracle.attribution import Referral
from tests.oracle.draws import drawn
from tests.oracle.moments import period_of
from tests.oracle.reading import Event
from tests.oracle.sql import Names, Value, holds
from tests.oracle.terms import Cap, Reward, Rule, Version, is_form, minor_units
from tests.oracle.wallet import Grant, Order, Wallets


@dataclass
class Used:
    """What a cap has used in a period."""

    amount: int = 0
    count: int = 0


@dataclass(frozen=True)
class Achievement:
    """A milestone reached by an event, for a referral or for a customer of a self program."""

    event: Event
    version: Version
    referral: Referral | None
    verdict: Rule | None
    is_stopped: bool


@dataclass
class Decision:
    """A row of `decisions`, and what has become of it since."""

    row: dict[str, Any]
    order: Order
    event: Event  # the achievement's
    version: Version
    reward: Reward
    give: str
    counted_in: list[Used]
    is_closed: bool = False  # a held one that was released or denied
    reversed: int = 0

    @property
    def id(self) -> str:
        return str(self.row["decision_id"])

    @property
    def amount(self) -> int:
        return int(self.row["amount"])

    @property
    def left(self) -> int:
        return self.amount - self.reversed

    @property
    def is_waiting(self) -> bool:
        return self.row["outcome"] == "held" and not self.is_closed


@dataclass
class Rewards:
    """All decisions and reversals so far."""

    seeds: Mapping[str, str]
    wallets: Wallets
    upline: Callable[[Referral], str | None]
    names: Callable[[Achievement], Names]  # properties, facts, experiments
    decisions: dict[str, Decision] = field(default_factory=dict)
    reversals: list[tuple[tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)
    achieved: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    used: defaultdict[tuple[Any, ...], Used] = field(default_factory=lambda: defaultdict(Used))

    def decide(self, achievement: Achievement, reached: set[str], log_time: int) -> None:
        """Decide every reward on the milestones reached by one event, in file order."""
        for reward in achievement.version.rewards:
            beneficiary = self.beneficiary(reward, achievement)
            if reward.on in reached and beneficiary is not None:
                self.decide_one(achievement, reward, beneficiary, log_time)

    def beneficiary(self, reward: Reward, achievement: Achievement) -> str | None:
        """Find who gets it; None when there is no fitting upline."""
        referral = achievement.referral
        if reward.to.startswith("charity:"):
            return reward.to
        if referral is None:
            return achievement.event.user
        if reward.to == "upline":
            return self.upline(referral)
        return referral.friend if reward.to == "friend" else referral.advocate

    def decide_one(
        self, achievement: Achievement, reward: Reward, beneficiary: str, log_time: int
    ) -> None:
        event, version = achievement.event, achievement.version
        key = (version.slug, reward.name, beneficiary)
        self.achieved[key] += 1
        nth = self.achieved[key]
        names = with_nth(self.names(achievement), nth)
        if not holds(reward.when, names):
            return
        decision_id = f"{version.slug}/{reward.name}/{beneficiary}/{event.position}"
        give, raw = self.raw(achievement, reward, nth, names, decision_id)
        rule = verdict_for(reward, achievement)
        amount, cut_by, counters = self.cap(achievement, reward, give, beneficiary, raw)
        outcome, reason = "granted", cut_by
        if rule and rule.then == "reject":
            outcome, amount, reason = "rejected", 0, f"risk:{rule.id}"
        elif amount == 0:
            outcome, reason = "rejected", cut_by or "zero_amount"
        elif rule:
            outcome, reason = "held", f"risk:{rule.id}"
        elif achievement.is_stopped:
            outcome, reason = "held", "stopped"
        row = decision_row(achievement, reward, beneficiary, nth, decision_id)
        row |= {"unit": version.unit(give), "raw_amount": raw, "amount": amount}
        row |= {"outcome": outcome, "reason": reason} | spans(reward, event, outcome)
        order = (event.position, version.slug, reward.place)
        decision = Decision(row, order, event, version, reward, give, counters)
        self.decisions[decision_id] = decision
        for used in counters:
            used.amount += amount
            used.count += amount > 0
        if outcome == "granted":
            self.grant(decision, row["available_at"], event, log_time)

    def raw(
        self, achievement: Achievement, reward: Reward, nth: int, names: Names, decision_id: str
    ) -> tuple[str, int]:
        """Work out what is given and how much: boosted, not below 0, in whole units."""
        event, version = achievement.event, achievement.version
        if is_form(reward.amount, "draw"):
            won, raw = drawn(reward.amount, self.seeds[version.slug], decision_id)
            give, amount = won or reward.give, raw
        else:
            give, amount = (
                reward.give,
                raw_amount(reward, event, version, nth, names) or Fraction(0),
            )
        amount = max(amount, Fraction(0))
        for boost in reward.boosts:
            amount *= boost.times if event.at in boost.span else 1
        return give, minor_units(amount, version.decimals(give))

    def cap(
        self, achievement: Achievement, reward: Reward, give: str, beneficiary: str, raw: int
    ) -> tuple[int, str | None, list[Used]]:
        """Cut an amount by each cap, then by each limit of its unit, in file order.

        Gives the amount left, the last cap that cut it, and the counters it counts in.
        """
        version = achievement.version
        caps = [
            (f"cap:{index}", cap, ("cap", reward.name, index))
            for index, cap in enumerate(reward.caps)
        ]
        limits = [
            (f"limit:{index}", limit, ("limit", limit.give, index))
            for index, limit in enumerate(version.limits)
            if limit.give == give
        ]
        amount, cut_by, counters = raw, None, []
        for name, cap, key in caps + limits:
            subject = self.subject(cap, achievement, beneficiary)
            period = period_of(achievement.event.at, cap.period, version.zone)
            used = self.used[version.slug, *key, cap.per, subject, period]
            counters.append(used)
            granted = cut(amount, cap, used, version.decimals(give))
            if granted < amount:
                amount, cut_by = granted, name
        return amount, cut_by, counters

    def subject(self, cap: Cap, achievement: Achievement, beneficiary: str) -> str | None:
        referral = achievement.referral
        if cap.per == "beneficiary":
            return beneficiary
        if cap.per == "program" or referral is None:
            return None
        return {"advocate": referral.advocate, "friend": referral.friend}[cap.per]

    def grant(self, decision: Decision, available_at: int, event: Event, log_time: int) -> None:
        """Put what is left of a decision into the wallet, by its own event or by its release."""
        row, reward = decision.row, decision.reward
        is_charity = reward.to.startswith("charity:")
        holder = row["beneficiary"] if is_charity else f"wallet:{row['beneficiary']}"
        expires_at = None if reward.expires is None else available_at + reward.expires
        grant = Grant(
            decision_id=decision.id,
            order=decision.order,
            source=f"program:{row['program']}",
            holder=holder,
            unit=row["unit"],
            amount=decision.left,
            available_at=available_at,
            expires_at=expires_at,
        )
        self.wallets.grant(grant, event.position, event.at, log_time)

    def release(self, event: Event, log_time: int) -> None:
        """Let go of a held decision, once."""
        decision = self.decisions.get(event.text("decision_id") or "")
        if decision and decision.is_waiting:
            decision.is_closed = True
            available_at = max(decision.row["available_at"], event.at)
            self.grant(decision, available_at, event, log_time)

    def deny(self, event: Event) -> None:
        """Take back what is left of a held decision, once; no money moves."""
        decision = self.decisions.get(event.text("decision_id") or "")
        if decision and decision.is_waiting:
            decision.is_closed = True
            self.reverse(decision, decision.left, event)

    def reverse(self, decision: Decision, amount: int, event: Event) -> None:
        """Take back so much more of a decision, and give it back to the caps that counted it."""
        if amount == 0:
            return
        decision.reversed += amount
        for used in decision.counted_in:
            used.amount -= amount
            used.count -= decision.left == 0
        row = {
            "decision_id": decision.id,
            "position": event.position,
            "occurred_at": event.at,
            "amount": amount,
        }
        self.reversals.append(((event.position, *decision.order), row))
        self.wallets.reverse(decision.id, amount, event.position, event.at)


def with_nth(names: Names, nth: int) -> Names:
    def lookup(name: str) -> Value:
        return Fraction(nth) if name == "nth" else names(name)

    return lookup


def verdict_for(reward: Reward, achievement: Achievement) -> Rule | None:
    """The verdict on the referral, unless it spares this reward."""
    rule = achievement.verdict
    return rule if rule and (rule.for_both or reward.to != "friend") else None


def cut(amount: int, cap: Cap, used: Used, decimals: int) -> int:
    """Work out how much of an amount a cap lets through."""
    if cap.count is not None and used.count >= cap.count:
        return 0
    if cap.amount is not None:
        # A cap finer than the minor unit holds as many whole units as fit under it.
        left = max(0, floor(cap.amount * 10**decimals) - used.amount)
        if amount > left:
            return left if cap.partial else 0
    return amount


def decision_row(
    achievement: Achievement, reward: Reward, beneficiary: str, nth: int, decision_id: str
) -> dict[str, Any]:
    event, version, referral = achievement.event, achievement.version, achievement.referral
    return {
        "decision_id": decision_id,
        "program": version.slug,
        "version": version.number,
        "reward": reward.name,
        "to": reward.to,
        "beneficiary": beneficiary,
        "advocate": referral.advocate if referral else None,
        "friend": referral.friend if referral else None,
        "milestone": reward.on,
        "ordinal": nth,
        "position": event.position,
        "occurred_at": event.at,
    }


def spans(reward: Reward, event: Event, outcome: str) -> dict[str, int | None]:
    """When it becomes available and when it expires, as promised at the achievement."""
    if outcome == "rejected":
        return {"available_at": None, "expires_at": None}
    available_at = event.at + reward.hold
    expires_at = None if reward.expires is None else available_at + reward.expires
    return {"available_at": available_at, "expires_at": expires_at}
