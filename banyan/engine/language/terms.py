"""What a program says, as frozen values: one class for each mapping of the file.

Attribute docstrings are the descriptions an editor shows; defaults are those of the language.
Spans are microseconds, numbers exact decimals, dates stay as written because their meaning needs
the program's time zone (`at_us`).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from banyan.engine.language.amounts import (
    Amount,
    ByTable,
    Draw,
    Fixed,
    Ladder,
    Part,
    Percent,
    Prize,
    SqlAmount,
)
from banyan.engine.language.written import (
    FEW,
    Count,
    CountOrNone,
    Currency,
    Duration,
    Flag,
    Give,
    Moment,
    Name,
    NotNegative,
    Per,
    Period,
    Positive,
    SeedHash,
    Side,
    Slug,
    Sql,
    Text,
    Timezone,
    To,
    choice,
    refuse,
)
from banyan.kernel import money
from banyan.kernel.times import UNITS_US, moment_us

__all__ = [
    "Advocates",
    "Amount",
    "Attribution",
    "Boost",
    "ByTable",
    "Cap",
    "Draw",
    "Experiment",
    "Fixed",
    "Friends",
    "Kind",
    "Ladder",
    "Limit",
    "Milestone",
    "Part",
    "Percent",
    "Prize",
    "Repeats",
    "Reward",
    "RiskRule",
    "Runs",
    "SqlAmount",
    "Stop",
    "Sum",
    "Terms",
    "Words",
]

Kind = Literal["number", "text", "boolean"]
"""What a name in an expression stands for."""

TouchKind = Literal["code", "invite", "click"]

_MONTH = 30 * UNITS_US["d"]


class Words(Part):
    """A text in the languages of the public pages."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    en: Text | None = None
    """In English."""
    zh_hans: Text | None = Field(default=None, alias="zh-hans")
    """In Simplified Chinese."""

    @model_validator(mode="after")
    def _some_words(self) -> Self:
        if not (self.en or self.zh_hans):
            refuse("give the words in at least one language: en or zh-hans")
        return self


class Runs(Part):
    """When this version is in force: half-open, from the first moment up to before the last."""

    from_: Moment | None = Field(default=None, alias="from")
    """The first moment; a date is its midnight in the program's time zone."""
    until: Moment | None = None
    """The first moment no longer in force."""


class Stop(Part):
    """A time in which the program is stopped by order: what is earned in it is held."""

    from_: Moment = Field(alias="from")
    """The first moment; a date is its midnight in the program's time zone."""
    until: Moment | None = None
    """The first moment after it; none: until a later version names one."""


class Advocates(Part):
    """Who may refer."""

    where: Sql = "TRUE"
    """An SQL condition over the advocate's facts at the touch."""


class Friends(Part):
    """Who may be referred."""

    where: Sql = "is_new"
    """An SQL condition over the friend's facts at the touch; is_new: has not ordered yet."""


class Attribution(Part):
    """How a touch becomes a referral."""

    window: Duration = _MONTH
    """The longest span from the touch to the join: 30d, 12h, 90m or 45s."""
    credit: Annotated[Literal["last_touch", "first_touch"], choice("last_touch", "first_touch")] = (
        "last_touch"
    )
    """Which of several touches of the same kind wins."""
    prefer: Annotated[
        tuple[Annotated[TouchKind, choice("code", "invite", "click")], ...], Field(min_length=1)
    ] = ("code", "invite", "click")
    """Kinds of touch, strongest first; a kind not listed is no touch here."""
    joins_on: Annotated[tuple[Text, ...], Field(min_length=1)] = ("Signed Up", "Order Completed")
    """Names of the track events at which a friend can join."""

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for key, words in (("prefer", self.prefer), ("joins_on", self.joins_on)):
            seen: set[str] = set()
            for number, word in enumerate(words):
                if word in seen:
                    refuse(f"{word} is listed twice", key, number)
                seen.add(word)
        return self


class Sum(Part):
    """A running sum that reaches the milestone."""

    of: Name
    """The number property or fact that is added up, such as total."""
    reaches: Positive
    """Where the sum must get to."""


class Repeats(Part):
    """The milestone can be reached again."""

    up_to: Count
    """How often in all."""


class Milestone(Part):
    """An event of the friend (or, without attribution, of the customer) that counts."""

    model_config = ConfigDict(json_schema_extra={"not": {"required": ["count", "sum"]}})

    on: Text
    """The name of the track event, such as Order Completed."""
    where: Sql | None = None
    """An SQL condition over properties and facts."""
    count: Count = 1
    """The how-maniest match reaches it."""
    sum: Sum | None = None
    """Instead of count: reached when the running sum of a number gets there."""
    within: Duration | None = None
    """The longest span from the start of the referral."""
    repeats: Repeats | None = None
    """Reached again at each further count or sum."""

    @property
    def times(self) -> int:
        """How often it can be reached."""
        return self.repeats.up_to if self.repeats else 1

    @model_validator(mode="after")
    def _count_or_sum(self) -> Self:
        if self.sum is not None and "count" in self.model_fields_set:
            refuse("a milestone has either count or sum, not both", "sum")
        if not self.on.strip():
            refuse("expected the name of a track event, such as Order Completed", "on")
        return self


class Cap(Part):
    """The most that may be granted."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["amount"]}, {"required": ["count"]}]}
    )

    per: Per
    """Whose grants are counted together."""
    period: Period | None = None
    """Calendar period in the program's time zone; none means for ever."""
    amount: NotNegative | None = None
    """The most in units; either this or count."""
    count: CountOrNone | None = None
    """The most grants; either this or amount."""
    partial: Flag = True
    """Whether what is left is granted when it is not enough; false: all or nothing."""

    @model_validator(mode="after")
    def _amount_or_count(self) -> Self:
        if (self.amount is None) == (self.count is None):
            refuse("expected exactly one of amount and count")
        return self


class Limit(Cap):
    """A cap over all rewards that give the same unit."""

    give: Give
    """The unit it is about."""


class Boost(Part):
    """A time in which the amount is multiplied."""

    from_: Moment = Field(alias="from")
    """The first moment; a date is its midnight in the program's time zone."""
    until: Moment
    """The first moment after it."""
    times: NotNegative
    """The factor."""


class Reward(Part):
    """What somebody gets when a milestone is reached."""

    to: To
    """advocate, friend, upline (the advocate's own advocate), charity:NAME, or self."""
    on: Name
    """A milestone of this file, or joined."""
    when: Sql | None = None
    """An SQL condition over properties, facts and nth."""
    give: Give
    """cash, credit, points, coupon:REF, gift:REF, perk:NAME or badge:NAME."""
    amount: Amount
    """How much: a number, or a percentage, ladder, table, SQL expression or draw."""
    hold: Duration = 0
    """How long after the achievement it becomes available."""
    expires: Duration | None = None
    """How long it stays good, from then on."""
    on_refund: (
        Annotated[Literal["proportional", "full", "keep"], choice("proportional", "full", "keep")]
        | None
    ) = None
    """What a refund takes back; default: proportional for a percentage, else full."""
    caps: Annotated[tuple[Cap, ...], FEW] = ()
    """The most that may be granted, asked in this order."""
    boosts: Annotated[tuple[Boost, ...], FEW] = ()
    """Times in which the amount is multiplied."""

    @property
    def refund_policy(self) -> Literal["proportional", "full", "keep"]:
        """What a refund takes back, the default resolved."""
        if self.on_refund is not None:
            return self.on_refund
        return "proportional" if isinstance(self.amount, Percent) else "full"

    @property
    def gives(self) -> tuple[str, ...]:
        """Everything it may give: of a draw, what each prize gives."""
        if isinstance(self.amount, Draw):
            return tuple(dict.fromkeys(prize.give for prize in self.amount.draw))
        return (self.give,)


class Experiment(Part):
    """A split of people into variants."""

    split: dict[Name, Positive]
    """The share of each variant in proportion to the others."""
    by: Side
    """Who is assigned."""

    @model_validator(mode="after")
    def _some_variants(self) -> Self:
        if not self.split:
            refuse("a split names at least one variant, such as {a: 50, b: 50}", "split")
        return self


class RiskRule(Part):
    """A rule judged once per referral, at the join; the first that holds wins."""

    id: Name
    """Named in the reason of what it stops."""
    when: Sql
    """An SQL condition over the facts of both sides and the risk facts."""
    then: Annotated[Literal["reject", "hold"], choice("reject", "hold")]
    """reject: no reward; hold: a person decides."""
    for_: Annotated[Literal["advocate", "both"], choice("advocate", "both")] = Field(
        default="both", alias="for"
    )
    """Whose rewards it touches; advocate spares the friend's."""


class Terms(Part):
    """A program: who may refer, what counts, what is paid and how much at most."""

    program: Slug
    """The program's name: a-z, 0-9 and -."""
    version: Count
    """The number of this version; a published version never changes."""
    title: Words | None = None
    """The name people see."""
    advice: Words | None = None
    """What to think of when this program is taken as a model."""
    currency: Currency
    """ISO 4217 code; an event with another currency matches no milestone."""
    timezone: Timezone = "UTC"
    """IANA time zone of dates and calendar periods."""
    runs: Runs = Runs()
    """When this version is in force."""
    stops: Annotated[tuple[Stop, ...], FEW] = ()
    """Times in which it is stopped by order, under every version: what would be granted in them is
    held until a person decides. Of two with one beginning the higher version's counts."""
    properties: dict[Name, Annotated[Kind, choice("number", "text", "boolean")]] = Field(
        default_factory=dict
    )
    """Event properties used in expressions; order_id, currency, coupon and total are known."""
    advocates: Advocates = Advocates()
    """Who may refer."""
    friends: Friends = Friends()
    """Who may be referred."""
    attribution: Attribution | None = None
    """How a touch becomes a referral; without it the program rewards customers for themselves."""
    milestones: Annotated[dict[Name, Milestone], FEW] = Field(default_factory=dict)
    """What counts, by name."""
    rewards: Annotated[dict[Name, Reward], FEW] = Field(default_factory=dict)
    """What is given, by name, decided in this order."""
    limits: Annotated[tuple[Limit, ...], FEW] = ()
    """Caps over several rewards that give the same unit."""
    experiments: Annotated[dict[Name, Experiment], FEW] = Field(default_factory=dict)
    """Splits of people into variants; each id is a name in expressions."""
    seed_sha256: SeedHash | None = None
    """SHA-256 of the secret seed of the draws, published before the first draw."""
    risk: Annotated[tuple[RiskRule, ...], FEW] = ()
    """Rules against abuse, in this order."""

    @property
    def is_self(self) -> bool:
        """Whether customers earn for their own events, with no friends in it."""
        return self.attribution is None

    @property
    def runs_us(self) -> tuple[int | None, int | None]:
        """The half-open range in force, in microseconds; None is without end."""
        ends = (self.runs.from_, self.runs.until)
        first, last = (None if end is None else self.at_us(end) for end in ends)
        return first, last

    @property
    def minor_digits(self) -> int:
        """Decimals of the currency's minor unit."""
        return money.minor_digits(self.currency)

    def at_us(self, moment: str) -> int:
        """Microseconds of a date (its midnight in this time zone) or RFC 3339 date-time."""
        return moment_us(moment, self.timezone)

    def unit(self, give: str) -> str:
        """The unit amounts are kept in: `cash USD`, `credit USD`, `points`, `coupon:REF` …"""
        return f"{give} {self.currency}" if give in ("cash", "credit") else give
