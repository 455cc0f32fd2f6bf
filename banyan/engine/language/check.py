"""What the parts of one program must be to each other, beyond the shape of each.

Every rule of the language that needs more than one key to judge stands here; the shape of a single
mapping is the model's business, and what is allowed but unwise is the lint's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import groupby, islice

from banyan.engine.language.amounts import ByTable, Draw, Percent, SqlAmount
from banyan.engine.language.findings import MOST_TOLD, Finding, did_you_mean, shown
from banyan.engine.language.names import ALWAYS_KNOWN, Place, columns, reserved
from banyan.engine.language.source import Source
from banyan.engine.language.sql import SqlError, compile_sql
from banyan.engine.language.terms import Boost, Cap, Kind, Reward, Terms

_MOST_BOOST = 100


def check(program: Terms, source: Source) -> list[Finding]:
    """Every contradiction between the parts, each at its place."""
    found = (finding for rule in _RULES for finding in rule(program, source))
    return list(islice(found, MOST_TOLD + 1))


def _names_are_free(program: Terms, source: Source) -> Iterator[Finding]:
    taken = reserved()
    for name, kind in program.properties.items():
        if name in taken:
            what = "built in" if name == "nth" else "a fact already"
            yield source.at_key(
                ("properties", name), f"{name} is {what}; no property can have this name"
            )
        elif source.has("experiments", name):
            yield source.at_key(
                ("properties", name), f"{name} is an experiment too; give one of them another name"
            )
        elif ALWAYS_KNOWN.get(name, kind) != kind:
            yield source.at(
                ("properties", name), f"{name} is always known, as {ALWAYS_KNOWN[name]}"
            )
    for name in program.experiments:
        if name in taken or name in ALWAYS_KNOWN:
            yield source.at_key(
                ("experiments", name), f"{name} has a meaning of its own; take another name"
            )


def _milestones_are_known(program: Terms, source: Source) -> Iterator[Finding]:
    if "joined" in program.milestones:
        yield source.at_key(
            ("milestones", "joined"),
            "joined is built in, the start of a referral; take another name",
        )
    known = [*source.keys("milestones"), *([] if program.is_self else ["joined"])]
    for name, reward in program.rewards.items():
        if reward.on == "joined" and program.is_self:
            yield source.at(("rewards", name, "on"), "a program without attribution has no joined")
        elif reward.on not in known:
            yield source.at(
                ("rewards", name, "on"),
                f"there is no milestone {shown(reward.on)}; {did_you_mean(reward.on, known)}",
            )


def _beneficiaries_fit(program: Terms, source: Source) -> Iterator[Finding]:
    for name, reward in program.rewards.items():
        if reward.to == "self" and not program.is_self:
            yield source.at(
                ("rewards", name, "to"),
                "self belongs to programs without attribution; here it is advocate, friend, "
                "upline or charity:NAME",
            )
        elif program.is_self and reward.to != "self" and not reward.to.startswith("charity:"):
            yield source.at(
                ("rewards", name, "to"),
                f"a program without attribution has no {reward.to}; "
                "here it is self or charity:NAME",
            )


def _self_programs_are_alone(program: Terms, source: Source) -> Iterator[Finding]:
    if not program.is_self:
        return
    for key in ("advocates", "friends", "risk"):
        if source.has(key):
            yield source.at_key((key,), f"a program without attribution has no {key}")
    for name, milestone in program.milestones.items():
        if milestone.within is not None:
            yield source.at_key(
                ("milestones", name, "within"),
                "within counts from the start of a referral, and a program without attribution "
                "has none",
            )
    for path, cap in _caps(program):
        if cap.per in ("advocate", "friend"):
            yield source.at(
                (*path, "per"),
                f"a program without attribution has no {cap.per}; "
                "here it is beneficiary or program",
            )


def _caps(program: Terms) -> Iterator[tuple[tuple[str | int, ...], Cap]]:
    for name, reward in program.rewards.items():
        for number, cap in enumerate(reward.caps):
            yield ("rewards", name, "caps", number), cap
    for number, limit in enumerate(program.limits):
        yield ("limits", number), limit


def _draws_have_counted_caps(program: Terms, source: Source) -> Iterator[Finding]:
    drawn: set[str] = set()
    for name, reward in program.rewards.items():
        if not isinstance(reward.amount, Draw):
            continue
        drawn.update(reward.gives)
        for number, cap in enumerate(reward.caps):
            if cap.amount is not None:
                yield source.at_key(
                    ("rewards", name, "caps", number, "amount"),
                    "only caps with count may stand over a draw, since a prize is won or not",
                )
    for number, limit in enumerate(program.limits):
        if limit.amount is not None and limit.give in drawn:
            yield source.at_key(
                ("limits", number, "amount"),
                f"a draw gives {limit.give}, and only limits with count may stand over a draw",
            )


def _risk_rules_differ(program: Terms, source: Source) -> Iterator[Finding]:
    seen: set[str] = set()
    for number, rule in enumerate(program.risk):
        if rule.id in seen:
            yield source.at(
                ("risk", number, "id"), f"another rule is called {shown(rule.id)} already"
            )
        seen.add(rule.id)


def _boosts_are_bounded(program: Terms, source: Source) -> Iterator[Finding]:
    for name, reward in program.rewards.items():
        if reward.boosts and _largest_product(program, reward.boosts) > _MOST_BOOST:
            yield source.at_key(
                ("rewards", name, "boosts"),
                f"boosts that overlap multiply, here to more than {_MOST_BOOST} times",
            )


def _largest_product(program: Terms, boosts: tuple[Boost, ...]) -> Fraction:
    """The greatest factor of boosts above 1 at any moment, walking from edge to edge."""
    edges = []
    for boost in boosts:
        first, last = program.at_us(boost.from_), program.at_us(boost.until)
        if first < last and boost.times > 1:
            edges += [(first, Fraction(boost.times)), (last, 1 / Fraction(boost.times))]
    product = largest = Fraction(1)
    for _, moves in groupby(sorted(edges), key=lambda edge: edge[0]):
        for _, factor in moves:
            product *= factor
        largest = max(largest, product)
    return largest


def _expressions_hold(program: Terms, source: Source) -> Iterator[Finding]:
    reading = _Reading(program, source)
    if not program.is_self:
        yield from reading.sql(("advocates", "where"), program.advocates.where, "advocates")
        yield from reading.sql(("friends", "where"), program.friends.where, "friends")
    for name, milestone in program.milestones.items():
        path = ("milestones", name)
        if milestone.where is not None:
            yield from reading.sql((*path, "where"), milestone.where, "milestone")
        if milestone.sum is not None:
            yield from reading.number((*path, "sum", "of"), milestone.sum.of, "milestone")
    for name, reward in program.rewards.items():
        if reward.when is not None:
            yield from reading.sql(("rewards", name, "when"), reward.when, "reward")
        yield from _amount_holds(reading, ("rewards", name, "amount"), reward)
    for number, rule in enumerate(program.risk):
        if not program.is_self:
            yield from reading.sql(("risk", number, "when"), rule.when, "risk")


def _amount_holds(reading: _Reading, path: tuple[str, ...], reward: Reward) -> Iterator[Finding]:
    match reward.amount:
        case SqlAmount(sql=text):
            yield from reading.sql((*path, "sql"), text, "reward", want="number")
        case Percent(of=name):
            yield from reading.number((*path, "of"), name, "reward")
        case ByTable(by=name):
            yield from reading.name((*path, "by"), name, "reward", without="nth")


class _Reading:
    """The names of each place, gathered once, and expressions already found sound."""

    def __init__(self, program: Terms, source: Source) -> None:
        self.program = program
        self.source = source
        # Names the file means to declare, also where the declaration itself is at fault.
        self.meant = {*source.keys("properties"), *source.keys("experiments")}
        self.columns: dict[Place, dict[str, Kind]] = {}
        self.sound: set[tuple[str, Place]] = set()

    def sql(
        self, path: tuple[str | int, ...], text: str, place: Place, *, want: Kind = "boolean"
    ) -> Iterator[Finding]:
        if (text, place) in self.sound and want == "boolean":
            return
        try:
            compile_sql(text, self.known(place), want)
        except SqlError as error:
            if error.name not in self.meant:
                yield self.source.inside(path, error.offset, error.sentence)
        else:
            if want == "boolean":
                self.sound.add((text, place))

    def number(self, path: tuple[str, ...], name: str, place: Place) -> Iterator[Finding]:
        yield from self.name(path, name, place)
        kind = self.known(place).get(name, "number")
        if kind != "number":
            yield self.source.at(path, f"expected a number, but {name} is a {_KINDS[kind]}")

    def name(
        self, path: tuple[str, ...], name: str, place: Place, *, without: str = ""
    ) -> Iterator[Finding]:
        known = [column for column in self.known(place) if column != without]
        if name not in known and name not in self.meant:
            yield self.source.at(
                path, f"the name {shown(name)} is not known here; {did_you_mean(name, known)}"
            )

    def known(self, place: Place) -> dict[str, Kind]:
        if place not in self.columns:
            self.columns[place] = columns(self.program, place)
        return self.columns[place]


_KINDS: dict[Kind, str] = {"number": "number", "text": "text", "boolean": "condition"}


_RULES: tuple[Callable[[Terms, Source], Iterator[Finding]], ...] = (
    _names_are_free,
    _milestones_are_known,
    _beneficiaries_fit,
    _self_programs_are_alone,
    _draws_have_counted_caps,
    _risk_rules_differ,
    _boosts_are_bounded,
    _expressions_hold,
)
