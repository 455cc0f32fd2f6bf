"""The book: published program versions, compiled once, in the form the stages read.

A line of the book is one program over all its versions. Everything that can be decided from the
files alone is decided here, so that a stage never looks at a YAML value: expressions are Polars
expressions, money is scaled integers, dates are microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from functools import cached_property
from hashlib import sha256
from itertools import count
from typing import Literal

from banyan.engine.language.names import ALWAYS_KNOWN, FACTS, RISK_FACTS, Kind, columns
from banyan.engine.language.program import (
    ByTable,
    Cap,
    Draw,
    Fixed,
    Ladder,
    Percent,
    Program,
    Reward,
    SqlAmount,
)
from banyan.engine.language.sql import Compiled, compile_sql
from banyan.kernel.errors import Problem

SCALE = 10**12
"""Numbers in frames are Int128 scaled by this."""

KINDS = ("code", "invite", "click")
"""Kinds of touch; a frame holds the index."""

CHARITY = "charity:"


class BookProblem(Problem):
    """Programs that cannot stand in one book, with the reason."""


@dataclass(frozen=True)
class Bucket:
    """One cap or limit of one version, ready to be asked.

    `slot` names it among its reward's caps (`cap:0`) or its program's limits (`limit:0`); `size`
    is in minor units or counts. A limit asks only decisions of its `unit`, which matters where a
    draw gives several.
    """

    slot: str
    unit: str | None
    per: Literal["advocate", "friend", "beneficiary", "program"]
    period: str | None
    size: int
    counts: bool
    partial: bool
    unit_varies: bool
    """Whether a decision of the reward may have another unit, which the limit does not ask."""


@dataclass(frozen=True)
class Payout:
    """One reward of one version. `number` counts the payouts of the whole book."""

    number: int
    name: str
    place: int
    reward: Reward
    to: str
    on: str
    unit: str
    digits: int
    when: Compiled | None
    amount: Amount
    boosts: tuple[tuple[int, int, Decimal], ...]
    hold: int
    expires: int | None
    refund: Literal["proportional", "full", "keep"]
    buckets: tuple[Bucket, ...]

    @property
    def charity(self) -> str | None:
        """The beneficiary when it is a charity: `charity:NAME`."""
        return self.to if self.to.startswith(CHARITY) else None


@dataclass(frozen=True)
class Amount:
    """A raw amount: a scaled expression over names, a ladder over `nth`, or a draw."""

    value: Compiled | None = None
    percent: tuple[str, Decimal, int | None, int | None] | None = None
    fixed: int | None = None
    ladder: tuple[int, ...] = ()
    table: tuple[str, Kind, tuple[tuple[str, int], ...], int] | None = None
    draw: DrawTable | None = None

    @property
    def names(self) -> frozenset[str]:
        """Names its evaluation needs in the frame."""
        if self.value is not None:
            return self.value.names
        if self.percent is not None:
            return frozenset({self.percent[0]})
        if self.table is not None:
            return frozenset({self.table[0]})
        return frozenset({"nth"}) if self.ladder else frozenset()


@dataclass(frozen=True)
class DrawTable:
    """Prizes with the upper end of their share of [0, 1) as exact fractions of 16^16."""

    chance: Fraction
    prizes: tuple[tuple[str, int, int, Fraction], ...]
    """(unit, digits, scaled amount, cumulative share of the weights), in file order"""


@dataclass(frozen=True)
class Goal:
    """One milestone of one version."""

    name: str
    on: str
    where: Compiled | None
    count: int
    sum_of: str | None
    reaches: int
    within: int | None
    up_to: int | None
    """How often in all; None: once."""


@dataclass(frozen=True)
class Check:
    """One risk rule of one version."""

    id: str
    when: Compiled
    then: Literal["reject", "hold"]
    spares_friend: bool


@dataclass(frozen=True)
class Trial:
    """One experiment of one version: variants with their cumulative shares, in file order."""

    name: str
    by: Literal["advocate", "friend"]
    shares: tuple[tuple[str, Fraction], ...]


@dataclass(frozen=True)
class Terms:
    """One version of one program."""

    program: Program
    version: int
    index: int
    runs_from: int | None
    runs_until: int | None
    currency: str
    timezone: str
    goals: Mapping[str, Goal]
    payouts: tuple[Payout, ...]
    trials: Mapping[str, Trial]
    checks: tuple[Check, ...] = ()
    window: int = 0
    credit_first: bool = False
    prefer: tuple[int, ...] = ()
    joins_on: tuple[str, ...] = ()
    advocates: Compiled | None = None
    friends: Compiled | None = None


@dataclass(frozen=True)
class Line:
    """One program over all its published versions, ascending."""

    slug: str
    index: int
    is_self: bool
    terms: tuple[Terms, ...]
    properties: Mapping[str, str]
    """Property name -> column of the event frame (by version the same)."""
    rewards: tuple[str, ...]
    """All reward names over all versions; the index is the reward's number in state."""
    goals: tuple[str, ...]
    seed_sha256: str | None
    stops: tuple[tuple[int, int | None], ...]
    """Half-open ranges, in microseconds, in which what would be granted is held, whichever version
    named them; of two with one beginning the higher version's."""

    @cached_property
    def joined_names(self) -> tuple[tuple[str, ...], ...]:
        """The distinct `joins_on` sets of the versions."""
        return tuple(dict.fromkeys(t.joins_on for t in self.terms))

    @cached_property
    def names_asked(self) -> frozenset[str]:
        """Every name any expression of any version asks for."""
        asked: set[str] = set()
        for terms in self.terms:
            for compiled in (terms.advocates, terms.friends):
                asked |= compiled.names if compiled else frozenset()
            for check in terms.checks:
                asked |= check.when.names
            for goal in terms.goals.values():
                asked |= goal.where.names if goal.where else frozenset()
                asked |= {goal.sum_of} if goal.sum_of else set()
            for payout in terms.payouts:
                asked |= payout.when.names if payout.when else frozenset()
                asked |= payout.amount.names
        return frozenset(asked)


@dataclass(frozen=True)
class Book:
    """All lines, in code point order of their slugs, and what must be read for them."""

    lines: tuple[Line, ...]
    wanted: Mapping[str, Kind | Literal["time", "tags"]]
    facts: frozenset[str]
    """Facts that any expression asks, by plain name."""
    risk_names: frozenset[str]
    too_large: tuple[str, ...]
    """Number columns whose size makes an event a reject."""
    seeds: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def referral_lines(self) -> tuple[Line, ...]:
        """Programs with an advocate and a friend."""
        return tuple(line for line in self.lines if not line.is_self)

    @cached_property
    def goal_events(self) -> tuple[str, ...]:
        """Track event names any milestone listens to."""
        names = {g.on for line in self.lines for t in line.terms for g in t.goals.values()}
        return tuple(sorted(names))

    @cached_property
    def joining_events(self) -> tuple[str, ...]:
        """Track event names any program joins on."""
        names = {n for line in self.lines for t in line.terms for n in t.joins_on}
        return tuple(sorted(names))

    @cached_property
    def kinds(self) -> frozenset[int]:
        """Kinds of touch that are one in some version."""
        return frozenset(k for line in self.lines for t in line.terms for k in t.prefer)

    @cached_property
    def payouts(self) -> tuple[tuple[Line, Terms, Payout], ...]:
        """Every reward of every version, by its number."""
        return tuple((ln, t, p) for ln in self.lines for t in ln.terms for p in t.payouts)

    @cached_property
    def width(self) -> int:
        """The largest number of caps and limits over one reward."""
        return max((len(p.buckets) for _, _, p in self.payouts), default=0)

    @cached_property
    def slots(self) -> tuple[str | None, ...]:
        """Names of the caps and limits of all payouts: `width` to each, and none at the end."""
        names: list[str | None] = []
        for _, _, payout in self.payouts:
            mine = [bucket.slot for bucket in payout.buckets]
            names += [*mine, *[None] * (self.width - len(mine))]
        return (*names, None)

    @cached_property
    def refunds_matter(self) -> bool:
        """Whether any reward is ever taken back by a refund."""
        return any(p.refund != "keep" for ln in self.lines for t in ln.terms for p in t.payouts)


def compile_book(programs: Iterable[Program], *, seeds: Mapping[str, str] | None = None) -> Book:
    """Compile programs (several versions of one program allowed) into a book.

    `seeds` maps program slugs to the secret text of their draws. Raises BookProblem when two
    versions carry the same number or cannot stand together, and when a seed is missing or does
    not fit the published hash.
    """
    by_slug: dict[str, list[Program]] = {}
    for program in programs:
        by_slug.setdefault(program.program, []).append(program)
    if not by_slug:
        raise BookProblem("No program was given; name at least one program file.")
    property_columns = _property_columns(by_slug)
    numbers = count()
    lines = tuple(
        _line(
            index,
            slug,
            sorted(by_slug[slug], key=lambda p: p.version),
            property_columns[slug],
            numbers,
        )
        for index, slug in enumerate(sorted(by_slug))
    )
    given = dict(seeds or {})
    for line in lines:
        _check_seed(line, given.get(line.slug))
    asked = frozenset(name for line in lines for name in line.names_asked)
    facts = frozenset(
        fact for fact in FACTS if asked & {fact, f"advocate_{fact}", f"friend_{fact}"}
    )
    risk_names = asked & frozenset(RISK_FACTS)
    wanted = _wanted(lines, property_columns, facts=facts, risk_names=risk_names)
    return Book(
        lines=lines,
        wanted=wanted,
        facts=facts,
        risk_names=risk_names,
        too_large=_too_large(by_slug, property_columns),
        seeds=given,
    )


def no_programs() -> Book:
    """The book before anything is promised: nobody refers or earns, but wallets move."""
    wanted = _wanted((), {}, facts=frozenset(), risk_names=frozenset())
    return Book((), wanted, frozenset(), frozenset(), _too_large({}, {}))


OUR_PROPERTIES: Mapping[str, Kind] = {
    **ALWAYS_KNOWN,
    "decision_id": "text",
    "unit": "text",
    "amount": "number",
    "reference": "text",
    "expires_at": "text",
    "code": "text",
    "referral_code": "text",
    "advocate": "text",
    "program": "text",
    "email": "text",
    "phone": "text",
    "channel": "text",
    "script": "text",
}
"""Properties the engine itself reads. A program may declare the same name as another type."""


def _property_columns(by_slug: Mapping[str, list[Program]]) -> dict[str, dict[str, str]]:
    """Column of every property each program may name; one name may have several types."""
    result: dict[str, dict[str, str]] = {}
    for slug, versions in by_slug.items():
        mine = {name: f"properties.{name}" for name in ALWAYS_KNOWN}
        kinds: dict[str, str] = dict(ALWAYS_KNOWN)
        for program in versions:
            for name, kind in program.properties.items():
                if kinds.setdefault(name, kind) != kind:
                    raise BookProblem(
                        f"Property {name!r} of program {slug!r} is {kinds[name]} in one version "
                        f"and {kind} in another; give the new meaning a new name."
                    )
                mine[name] = property_column(name, kind)
        result[slug] = mine
    return result


def property_column(name: str, kind: str) -> str:
    """Column that holds property `name` read as `kind`.

    The engine's own reading takes the plain name; another type of the same name, and every
    declared type, is told apart by a suffix, since two programs may read one property differently.
    """
    if OUR_PROPERTIES.get(name) == kind:
        return f"properties.{name}"
    return f"properties.{name}:{kind}"


def _wanted(
    lines: tuple[Line, ...],
    property_columns: Mapping[str, Mapping[str, str]],
    *,
    facts: frozenset[str],
    risk_names: frozenset[str],
) -> dict[str, Kind | Literal["time", "tags"]]:
    wanted: dict[str, Kind | Literal["time", "tags"]] = {
        "type": "text",
        "messageId": "text",
        "userId": "text",
        "anonymousId": "text",
        "timestamp": "time",
        "event": "text",
    }
    for name, kind in OUR_PROPERTIES.items():
        wanted[f"properties.{name}"] = kind
    if any(not line.is_self for line in lines):
        wanted |= {"previousId": "text", "traits.email": "text", "traits.phone": "text"}
    for line in lines:
        for terms in line.terms:
            for name, kind in {**ALWAYS_KNOWN, **terms.program.properties}.items():
                if name not in ALWAYS_KNOWN or name in line.names_asked:
                    wanted[property_columns[line.slug][name]] = kind
    if "tier" in facts:
        wanted["traits.tier"] = "text"
    if "tags" in facts:
        wanted["traits.tags"] = "tags"
    if risk_names & {"same_device", "device_friends"}:
        wanted["context.device.id"] = "text"
    if "same_ip" in risk_names:
        wanted["context.ip"] = "text"
    return wanted


def _too_large(
    by_slug: Mapping[str, list[Program]], property_columns: Mapping[str, Mapping[str, str]]
) -> tuple[str, ...]:
    columns_ = {"properties.total"}
    for slug, versions in by_slug.items():
        for program in versions:
            columns_ |= {
                property_columns[slug][name]
                for name, kind in program.properties.items()
                if kind == "number"
            }
    return tuple(sorted(columns_))


def _line(
    index: int,
    slug: str,
    versions: list[Program],
    property_columns: Mapping[str, str],
    numbering: Iterator[int],
) -> Line:
    numbers = [p.version for p in versions]
    for number in numbers:
        if numbers.count(number) > 1:
            raise BookProblem(
                f"Program {slug!r} is given twice in version {number}; a published version never "
                "changes, so give the newer text the next number."
            )
    if len({p.is_self for p in versions}) > 1:
        raise BookProblem(
            f"Program {slug!r} has `attribution` in one version and none in another; "
            "a self program and a referral program need two slugs."
        )
    hashes = {p.seed_sha256 for p in versions if p.seed_sha256}
    if len(hashes) > 1:
        raise BookProblem(
            f"The versions of program {slug!r} name different `seed_sha256`; "
            "all versions of a program share one."
        )
    terms = tuple(_terms(i, p, numbering) for i, p in enumerate(versions))
    return Line(
        slug=slug,
        index=index,
        is_self=versions[0].is_self,
        terms=terms,
        properties=property_columns,
        rewards=tuple(dict.fromkeys(p.name for t in terms for p in t.payouts)),
        goals=tuple(dict.fromkeys(name for t in terms for name in ("joined", *t.goals))),
        seed_sha256=next(iter(hashes), None),
        stops=_stops(versions),
    )


def _stops(versions: list[Program]) -> tuple[tuple[int, int | None], ...]:
    spans: dict[int, int | None] = {}
    for program in versions:
        for one in program.stops:
            until = None if one.until is None else program.at_us(one.until)
            spans[program.at_us(one.from_)] = until
    return tuple(spans.items())


def _trials(program: Program) -> dict[str, Trial]:
    result: dict[str, Trial] = {}
    for name, experiment in program.experiments.items():
        whole = sum(map(Fraction, experiment.split.values()), Fraction(0))
        reached = Fraction(0)
        shares = []
        for variant, share in experiment.split.items():
            reached += Fraction(share)
            shares.append((variant, reached / whole))
        result[name] = Trial(name=name, by=experiment.by, shares=tuple(shares))
    return result


def _terms(index: int, program: Program, numbering: Iterator[int]) -> Terms:
    runs_from, runs_until = program.runs_us
    goals = {name: _goal(program, name) for name in program.milestones}
    payouts = tuple(
        _payout(program, next(numbering), place, name, reward)
        for place, (name, reward) in enumerate(program.rewards.items())
    )
    shared = Terms(
        program=program,
        version=program.version,
        index=index,
        runs_from=runs_from,
        runs_until=runs_until,
        currency=program.currency,
        timezone=program.timezone,
        goals=goals,
        payouts=payouts,
        trials=_trials(program),
    )
    attribution = program.attribution
    if attribution is None:
        return shared
    return replace(
        shared,
        checks=tuple(
            Check(
                id=rule.id,
                when=compile_sql(rule.when, columns(program, "risk"), "boolean"),
                then=rule.then,
                spares_friend=rule.for_ == "advocate",
            )
            for rule in program.risk
        ),
        window=attribution.window,
        credit_first=attribution.credit == "first_touch",
        prefer=tuple(KINDS.index(kind) for kind in attribution.prefer),
        joins_on=tuple(attribution.joins_on),
        advocates=_condition(program, program.advocates.where, "advocates"),
        friends=_condition(program, program.friends.where, "friends"),
    )


def _condition(
    program: Program,
    text: str | None,
    place: Literal["advocates", "friends", "milestone", "reward"],
) -> Compiled | None:
    if text is None or text.strip().upper() == "TRUE":
        return None
    return compile_sql(text, columns(program, place), "boolean")


def _goal(program: Program, name: str) -> Goal:
    milestone = program.milestones[name]
    return Goal(
        name=name,
        on=milestone.on,
        where=_condition(program, milestone.where, "milestone"),
        count=milestone.count,
        sum_of=milestone.sum.of if milestone.sum else None,
        reaches=scaled(milestone.sum.reaches) if milestone.sum else 0,
        within=milestone.within,
        up_to=milestone.repeats.up_to if milestone.repeats else None,
    )


def _payout(program: Program, number: int, place: int, name: str, reward: Reward) -> Payout:
    buckets = [_bucket(program, f"cap:{i}", cap, reward.give) for i, cap in enumerate(reward.caps)]
    buckets += [
        _bucket(program, f"limit:{i}", limit, limit.give, varies=len(_gives(reward)) > 1)
        for i, limit in enumerate(program.limits)
        if limit.give in _gives(reward)
    ]
    return Payout(
        number=number,
        name=name,
        place=place,
        reward=reward,
        to=reward.to,
        on=reward.on,
        unit=program.unit(reward.give),
        digits=digits_of(program, reward.give),
        when=_condition(program, reward.when, "reward"),
        amount=_amount(program, reward),
        boosts=tuple(
            (program.at_us(b.from_), program.at_us(b.until), b.times) for b in reward.boosts
        ),
        hold=reward.hold,
        expires=reward.expires,
        refund=reward.refund_policy,
        buckets=tuple(buckets),
    )


def _gives(reward: Reward) -> set[str]:
    prizes = {p.give for p in reward.amount.draw} if isinstance(reward.amount, Draw) else set()
    return {reward.give} | prizes


def digits_of(program: Program, give: str) -> int:
    """Decimal places a unit is rounded to: the currency's for money, none for all else."""
    return program.minor_digits if give in ("cash", "credit") else 0


def _bucket(program: Program, slot: str, cap: Cap, give: str, *, varies: bool = False) -> Bucket:
    amount = cap.amount
    digits = digits_of(program, give)
    # A size finer than the minor unit holds as many whole units as fit under it.
    size = (
        int((amount * 10**digits).to_integral_value(ROUND_FLOOR))
        if amount is not None
        else cap.count or 0
    )
    return Bucket(
        slot=slot,
        unit=program.unit(give) if slot.startswith("limit") else None,
        per=cap.per,
        period=cap.period,
        size=size,
        counts=amount is None,
        partial=cap.partial,
        unit_varies=varies,
    )


def _amount(program: Program, reward: Reward) -> Amount:
    names = columns(program, "reward")
    match reward.amount:
        case Fixed(value=value):
            return Amount(fixed=scaled(value))
        case Percent(percent=percent, of=of, min=low, max=high):
            return Amount(
                percent=(
                    of,
                    percent,
                    None if low is None else scaled(low),
                    None if high is None else scaled(high),
                )
            )
        case Ladder() as ladder:
            return Amount(ladder=tuple(scaled(step) for step in ladder.steps_exact()))
        case ByTable(by=by, table=table, else_=otherwise):
            entries = tuple((key, scaled(value)) for key, value in table.items())
            return Amount(table=(by, names[by], entries, scaled(otherwise)))
        case SqlAmount(sql=sql):
            return Amount(value=compile_sql(sql, names, "number"))
        case Draw() as draw:
            return Amount(draw=_draw(program, draw))
    raise AssertionError(f"an amount form without a stage: {reward.amount!r}")


def _draw(program: Program, draw: Draw) -> DrawTable:
    whole = sum((Fraction(prize.weight) for prize in draw.draw), Fraction(0))
    reached = Fraction(0)
    prizes = []
    for prize in draw.draw:
        reached += Fraction(prize.weight)
        unit, digits = program.unit(prize.give), digits_of(program, prize.give)
        prizes.append((unit, digits, scaled(prize.amount), reached / whole))
    return DrawTable(chance=Fraction(draw.chance), prizes=tuple(prizes))


def scaled(value: Decimal) -> int:
    """A decimal as an integer scaled by 10^12, rounded half away from zero."""
    shifted = value * SCALE
    whole = int(shifted)
    rest = abs(shifted - whole)
    if rest >= Decimal("0.5"):
        whole += 1 if value > 0 else -1
    return whole


def _check_seed(line: Line, seed: str | None) -> None:
    draws = any(p.amount.draw for t in line.terms for p in t.payouts)
    if not draws:
        return
    if seed is None:
        raise BookProblem(
            f"Program {line.slug!r} draws prizes; give its seed: --seed {line.slug}=TEXT."
        )
    if sha256(seed.encode()).hexdigest() != line.seed_sha256:
        raise BookProblem(
            f"The seed given for program {line.slug!r} does not have the published "
            "`seed_sha256`; give the text whose SHA-256 was published."
        )
