"""members: who fulfils some rules, all customers at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from banyan.core.programs.read import published
from banyan.insight.segments import sources
from banyan.insight.segments.rules import FIELDS, Condition, Rules, amount_of
from banyan.kernel.money import minor_digits

FIFTHS = 5


@dataclass(frozen=True)
class _Asked:
    """A frame of everybody, a row a person, and what is asked as of when."""

    people: pl.DataFrame
    speakers: pl.DataFrame
    now: datetime

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A frame by customer, as of the person who speaks for each."""
        return _spoken(frame, self.speakers)


def matching(rules: Rules, *, now: datetime) -> pl.Series:
    """User ids of the customers who fulfil the rules, in order; `rules` are checked."""
    asked = _everybody(now)
    marks: dict[tuple[int, int], pl.Series] = {
        (g, c): _holds(asked, condition)
        for g, group in enumerate(rules.groups)
        for c, condition in enumerate(group.conditions)
    }
    combine = {"all": pl.all_horizontal, "any": pl.any_horizontal}
    groups = [
        combine[group.match](*(pl.lit(marks[g, c]) for c in range(len(group.conditions))))
        for g, group in enumerate(rules.groups)
    ]
    return asked.people.filter(combine[rules.match](*groups))["customer"].sort()


def house_currency() -> str:
    """The currency in which spending is asked about: that of the first published program; empty
    before there is one."""
    versions = published()
    return versions[0].terms.currency if versions else ""


def spending() -> pl.DataFrame:
    """Of each person who ordered: customer, orders, spent (minor units of the house currency less
    what came back), first_at, last_at."""
    return _spending(_speakers(sources.people()))


def _everybody(now: datetime) -> _Asked:
    rows = sources.people()
    people = (
        rows.group_by("speaker")
        .agg(pl.col("first_seen_at").min(), pl.col("last_seen_at").max())
        .rename({"speaker": "customer"})
        .sort("customer")
    )
    return _Asked(people, _speakers(rows), now)


def _speakers(people: pl.DataFrame) -> pl.DataFrame:
    return people.select("customer", "speaker")


def _spoken(frame: pl.DataFrame, speakers: pl.DataFrame) -> pl.DataFrame:
    joined = frame.join(speakers, on="customer").drop("customer")
    return joined.rename({"speaker": "customer"})


def _holds(asked: _Asked, condition: Condition) -> pl.Series:
    """For everybody, in order, whether the condition holds; of what is unknown it does not, but
    its opposite (`is_not`, `no`) does."""
    value = _VALUES[condition.field](asked, condition.of)
    people = asked.people.select("customer").join(
        value, on="customer", how="left", maintain_order="left"
    )
    test = _test(FIELDS[condition.field].kind, condition, asked.now)
    return people.select(test.fill_null(False).alias("holds"))["holds"]


def _test(kind: str, condition: Condition, now: datetime) -> pl.Expr:
    value = pl.col("value")
    match kind, condition.op:
        case ("number" | "score", op):
            return _compared(value.fill_null(0), op, int(condition.value))
        case ("money", op):
            return _compared(value.fill_null(0), op, _minor(condition.value))
        case ("days", "within"):
            return value >= now - timedelta(days=int(condition.value))
        case ("days", _):
            return value < now - timedelta(days=int(condition.value))
        case ("tag", op):
            has = value.fill_null("").str.contains(f",{condition.value},", literal=True)
            return has if op == "has" else ~has
        case ("flag", op):
            return value.is_not_null() if op == "yes" else value.is_null()
        case ("person", op):
            among = value.fill_null([]).list.contains(condition.value)
            return among if op == "is" else ~among
    same = value.fill_null("") == condition.value
    return same if condition.op == "is" else ~same


def _compared(value: pl.Expr, op: str, size: int) -> pl.Expr:
    if op == "at_least":
        return value >= size
    return value <= size if op == "at_most" else value == size


def _minor(text: str) -> int:
    amount = amount_of(text)
    assert amount is not None  # the rules are checked
    currency = house_currency()
    return int(amount.scaleb(minor_digits(currency) if currency else 2))


def _spending(speakers: pl.DataFrame) -> pl.DataFrame:
    rows = _spoken(sources.spending(), speakers)
    ours = pl.col("currency").is_in([house_currency(), ""])
    return (
        rows.group_by("customer")
        .agg(
            pl.col("orders").sum(),
            (pl.col("amount") - pl.col("refunded")).filter(ours).sum().alias("spent"),
            pl.col("first_at").min(),
            pl.col("last_at").max(),
        )
        .sort("customer")
    )


def _spent_as(column: str) -> Callable[[_Asked, str], pl.DataFrame]:
    return lambda asked, _of: _spending(asked.speakers).select(
        "customer", pl.col(column).alias("value")
    )


def _score_of(column: str) -> Callable[[_Asked, str], pl.DataFrame]:
    """Among all who ordered: 5 for the fifth that is best at it, 1 for the last; equals alike."""

    def scored(asked: _Asked, _of: str) -> pl.DataFrame:
        rank = pl.col(column).rank("min").cast(pl.Int64)
        return _spending(asked.speakers).select(
            "customer", value=1 + (rank - 1) * FIFTHS // pl.len().cast(pl.Int64)
        )

    return scored


def _seen(column: str) -> Callable[[_Asked, str], pl.DataFrame]:
    return lambda asked, _of: asked.people.select("customer", pl.col(column).alias("value"))


def _portrait(column: str) -> Callable[[_Asked, str], pl.DataFrame]:
    return lambda asked, _of: _one_each(
        asked.of(sources.portraits()).select("customer", pl.col(column).alias("value"))
    )


def _language(asked: _Asked, _of: str) -> pl.DataFrame:
    spoken = sources.locales().with_columns(
        value=pl.col("locale").str.to_lowercase().str.replace("_", "-").str.split("-").list.first()
    )
    return _one_each(asked.of(spoken.select("customer", "value")))


def _agreeing(asked: _Asked, of: str) -> pl.DataFrame:
    """Those whose last word is yes, under whichever of their ids it was said."""
    said = asked.of(sources.said(of)).sort("position")
    last = said.group_by("customer").agg(pl.col("is_given").last())
    return _flagged(last.filter(pl.col("is_given") == 1))


def _one_each(rows: pl.DataFrame) -> pl.DataFrame:
    """Of merged ids that say different things the greater text, so that it is always the same."""
    return rows.group_by("customer").agg(pl.col("value").max())


def _flagged(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select("customer").unique().with_columns(value=pl.lit(True))


def _summed(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("customer").agg(pl.col("n").sum().alias("value"))


def _advocates(asked: _Asked, of: str) -> pl.DataFrame:
    rows = asked.of(sources.referred(of))
    return rows.group_by("customer").agg(pl.col("advocate").alias("value"))


_VALUES: dict[str, Callable[[_Asked, str], pl.DataFrame]] = {
    "orders": _spent_as("orders"),
    "spent": _spent_as("spent"),
    "last_order": _spent_as("last_at"),
    "first_order": _spent_as("first_at"),
    "recency": _score_of("last_at"),
    "frequency": _score_of("orders"),
    "monetary": _score_of("spent"),
    "tier": _portrait("tier"),
    "tag": _portrait("tags"),
    "language": _language,
    "consent": _agreeing,
    "enrolled": lambda asked, of: _flagged(asked.of(sources.enrolled(of))),
    "friends": lambda asked, of: _summed(asked.of(sources.friends(of))),
    "buyers": lambda asked, of: _summed(asked.of(sources.buyers(of))),
    "referred": lambda asked, of: _flagged(asked.of(sources.referred(of))),
    "friend_of": _advocates,
    "last_seen": _seen("last_seen_at"),
    "first_seen": _seen("first_seen_at"),
}
