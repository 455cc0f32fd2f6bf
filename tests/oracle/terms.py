"""The terms of a program: its versions, read from parsed YAML or JSON into plain records."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.moments import read_boundary, read_duration
from tests.oracle.reading import ALWAYS_KNOWN
from tests.oracle.values import exact, half_away

# ISO 4217; every other currency has two decimals.
CURRENCIES_BY_DECIMALS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}


@dataclass(frozen=True)
class Range:
    """A half-open span of time; None where it is open."""

    start: int | None
    end: int | None

    def __contains__(self, moment: int) -> bool:
        return (self.start is None or self.start <= moment) and (
            self.end is None or moment < self.end
        )


@dataclass(frozen=True)
class Attribution:
    window: int
    credit: str
    prefer: tuple[str, ...]
    joins_on: tuple[str, ...]


@dataclass(frozen=True)
class Milestone:
    name: str
    on: str
    where: str
    count: int
    sum_of: str | None
    reaches: Fraction | None
    within: int | None
    up_to: int | None  # None: reached once


@dataclass(frozen=True)
class Cap:
    """A cap of a reward, or one of the limits (then it says what it is about: `give`)."""

    per: str
    period: str | None
    amount: Fraction | None
    count: int | None
    partial: bool
    give: str | None


@dataclass(frozen=True)
class Boost:
    span: Range
    times: Fraction


@dataclass(frozen=True)
class Reward:
    name: str
    place: int
    to: str
    on: str
    when: str
    give: str
    amount: Any  # as it stands in the file
    hold: int
    expires: int | None
    on_refund: str
    caps: tuple[Cap, ...]
    boosts: tuple[Boost, ...]


@dataclass(frozen=True)
class Experiment:
    split: dict[str, Fraction]
    by: str


@dataclass(frozen=True)
class Rule:
    id: str
    when: str
    then: str
    for_both: bool


@dataclass(frozen=True)
class Version:
    """One published version of a program."""

    slug: str
    number: int
    currency: str
    zone: ZoneInfo
    runs: Range
    properties: dict[str, str]
    advocates_where: str
    friends_where: str
    attribution: Attribution | None  # None: a self program
    milestones: tuple[Milestone, ...]
    rewards: tuple[Reward, ...]
    limits: tuple[Cap, ...]
    experiments: dict[str, Experiment]
    risk: tuple[Rule, ...]
    seed_sha256: str | None
    stops: tuple[Range, ...]

    def unit(self, give: str) -> str:
        """Name the unit of what is given: `cash USD`, `points`, `coupon:REF`."""
        return f"{give} {self.currency}" if give in ("cash", "credit") else give

    def decimals(self, give: str) -> int:
        """How many decimals an amount of this kind has: the currency's, or none."""
        return minor_digits(self.currency) if give in ("cash", "credit") else 0


@dataclass(frozen=True)
class Program:
    """All versions of a program, lowest first."""

    slug: str
    versions: tuple[Version, ...]

    @property
    def is_self(self) -> bool:
        return self.versions[-1].attribution is None

    def is_stopped(self, moment: int) -> bool:
        """Whether a stop holds the moment; a later version says anew when a stop ends."""
        spans = {span.start: span for version in self.versions for span in version.stops}
        return any(moment in span for span in spans.values())

    def in_force(self, moment: int) -> Version | None:
        """Find the highest version whose run holds the moment."""
        return next((each for each in reversed(self.versions) if moment in each.runs), None)

    def judging(self, moment: int) -> Version:
        """Find the version by whose terms a touch at that moment is judged."""
        return self.in_force(moment) or self.versions[-1]


def minor_digits(currency: str) -> int:
    """How many decimals an ISO 4217 currency has."""
    return next((n for n, names in CURRENCIES_BY_DECIMALS.items() if currency in names.split()), 2)


def minor_units(amount: Fraction, decimals: int) -> int:
    """Round half away from zero to whole minor units."""
    return int(half_away(amount, decimals) * 10**decimals)


def read_programs(files: Iterable[Mapping[str, Any]], seeds: Mapping[str, str]) -> list[Program]:
    """Gather versions into programs, in the code point order of their names.

    Raises ValueError when a draw has no fitting seed.
    """
    versions: dict[str, list[Version]] = {}
    for file in files:
        version = read_version(file)
        versions.setdefault(version.slug, []).append(version)
        check_seed(version, seeds.get(version.slug))
    return [
        Program(slug, tuple(sorted(each, key=lambda version: version.number)))
        for slug, each in sorted(versions.items())
    ]


def check_seed(version: Version, seed: str | None) -> None:
    draws = any(is_form(reward.amount, "draw") for reward in version.rewards)
    if draws and (seed is None or sha256(seed.encode()).hexdigest() != version.seed_sha256):
        raise ValueError(f"program {version.slug} draws lots and has no fitting seed")


def is_form(amount: Any, form: str) -> bool:
    return isinstance(amount, Mapping) and form in amount


def read_version(file: Mapping[str, Any]) -> Version:
    zone = ZoneInfo(file.get("timezone", "UTC"))
    return Version(
        slug=file["program"],
        number=int(file["version"]),
        currency=file["currency"],
        zone=zone,
        runs=read_range(file.get("runs", {}), zone),
        properties=ALWAYS_KNOWN | dict(file.get("properties", {})),
        advocates_where=file.get("advocates", {}).get("where", "TRUE"),
        friends_where=file.get("friends", {}).get("where", "is_new"),
        attribution=read_attribution(file["attribution"]) if "attribution" in file else None,
        milestones=tuple(read_milestone(*each) for each in file.get("milestones", {}).items()),
        rewards=tuple(
            read_reward(place, name, reward, zone)
            for place, (name, reward) in enumerate(file.get("rewards", {}).items())
        ),
        limits=tuple(read_cap(each) for each in file.get("limits", ())),
        experiments={
            name: Experiment(
                {str(key): exact(share) for key, share in each["split"].items()}, each["by"]
            )
            for name, each in file.get("experiments", {}).items()
        },
        risk=tuple(
            Rule(each["id"], each["when"], each["then"], each.get("for", "both") == "both")
            for each in file.get("risk", ())
        ),
        seed_sha256=file.get("seed_sha256"),
        stops=tuple(read_range(span, zone) for span in file.get("stops", ())),
    )


def read_range(span: Mapping[str, Any], zone: ZoneInfo) -> Range:
    return Range(read_boundary(span.get("from"), zone), read_boundary(span.get("until"), zone))


def read_attribution(terms: Mapping[str, Any] | None) -> Attribution:
    terms = terms or {}
    return Attribution(
        window=read_duration(terms.get("window", "30d")),
        credit=terms.get("credit", "last_touch"),
        prefer=tuple(terms.get("prefer", ("code", "invite", "click"))),
        joins_on=tuple(terms.get("joins_on", ("Signed Up", "Order Completed"))),
    )


def read_milestone(name: str, terms: Mapping[str, Any]) -> Milestone:
    total = terms.get("sum")
    return Milestone(
        name=name,
        on=terms["on"],
        where=terms.get("where", "TRUE"),
        count=int(terms.get("count", 1)),
        sum_of=total["of"] if total else None,
        reaches=exact(total["reaches"]) if total else None,
        within=read_duration(terms["within"]) if "within" in terms else None,
        up_to=int(terms["repeats"]["up_to"]) if "repeats" in terms else None,
    )


def read_reward(place: int, name: str, terms: Mapping[str, Any], zone: ZoneInfo) -> Reward:
    by_default = "proportional" if is_form(terms["amount"], "percent") else "full"
    return Reward(
        name=name,
        place=place,
        to=terms["to"],
        on=terms["on"],
        when=terms.get("when", "TRUE"),
        give=terms["give"],
        amount=terms["amount"],
        hold=read_duration(terms.get("hold", 0)),
        expires=read_duration(terms["expires"]) if "expires" in terms else None,
        on_refund=terms.get("on_refund", by_default),
        caps=tuple(read_cap(each) for each in terms.get("caps", ())),
        boosts=tuple(
            Boost(read_range(each, zone), exact(each["times"])) for each in terms.get("boosts", ())
        ),
    )


def read_cap(terms: Mapping[str, Any]) -> Cap:
    return Cap(
        per=terms["per"],
        period=terms.get("period"),
        amount=exact(terms["amount"]) if "amount" in terms else None,
        count=int(terms["count"]) if "count" in terms else None,
        partial=terms.get("partial", True),
        give=terms.get("give"),
    )
