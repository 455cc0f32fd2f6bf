"""What a simulation depends on: one frozen value, each field with its meaning, unit and range."""

import math
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any, Final, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError

from banyan.engine.language.findings import Finding, did_you_mean
from banyan.engine.language.source import Source, Written, plain
from banyan.growth.planning.eventlog import DAY_MS
from banyan.kernel.errors import Problem
from banyan.kernel.money import minor_digits

EPOCH: Final = date(1970, 1, 1)
START: Final = date(2026, 1, 1)


def _setting(default: object, meaning: str, *, low: float = 0.0, high: float = math.inf) -> Any:
    """A field with its meaning and range: documentation, command-line help and check in one."""
    return field(default=default, metadata={"meaning": meaning, "low": low, "high": high})


class _Checked:
    """Refuses a value outside its field's range, and a file's key that is no field."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        for known in fields(cast(Any, self)):
            value = getattr(self, known.name)
            if isinstance(value, (int, float)):
                low, high = known.metadata["low"], known.metadata["high"]
                if not (math.isfinite(value) and low <= value <= high):
                    raise Problem(f"{known.name} is {value}; it must be {_range(low, high)}.")


def _range(low: float, high: float) -> str:
    least, most = (f"{n:,.0f}" if n >= 1 else f"{n:g}" for n in (low, high))
    return f"{least} or more" if high == math.inf else f"between {least} and {most}"


@dataclass(frozen=True, kw_only=True)
class Segment(_Checked):
    """A kind of customer."""

    name: str = _setting("regular", "its name; events carry it as the trait `tier`")
    share: float = _setting(
        1.0, "share among all customers; the shares of all segments add up to 1", high=1
    )
    orders_per_month: float = _setting(1.0, "mean number of repeat orders in 30 days")
    basket: float = _setting(
        60.0, "median total of an order, in the currency's main unit", low=0.01
    )
    basket_sigma: float = _setting(
        0.6, "spread of totals: standard deviation of their logarithm", high=4
    )
    invites: float = _setting(0.3, "share of customers who ever invite somebody", high=1)
    accepts: float = _setting(0.4, "share of opened first invitations that are accepted", high=1)


@dataclass(frozen=True, kw_only=True)
class Channel(_Checked):
    """A way on which invitations travel."""

    name: str = _setting("email", "its name; events carry it as the property `channel`")
    share: float = _setting(
        1.0, "share of all invitations; the shares of all channels add up to 1", high=1
    )
    opens: float = _setting(0.6, "share of invitations that are opened", high=1)
    hours: float = _setting(
        6.0, "median time from sending to opening, hours (log-normal)", low=0.001
    )
    sigma: float = _setting(1.2, "spread of that time: standard deviation of its logarithm", high=4)


SEGMENTS: Final = (
    Segment(
        name="regular", share=0.75, orders_per_month=0.4, basket=55, invites=0.35, accepts=0.45
    ),
    Segment(name="fan", share=0.20, orders_per_month=1.2, basket=75, invites=0.75, accepts=0.6),
    Segment(
        name="business", share=0.05, orders_per_month=2.0, basket=240, invites=0.2, accepts=0.5
    ),
)
CHANNELS: Final = (
    Channel(name="messenger", share=0.5, opens=0.8, hours=2),
    Channel(name="email", share=0.3, opens=0.6, hours=10),
    Channel(name="poster", share=0.2, opens=0.4, hours=48),
)


@dataclass(frozen=True, kw_only=True)
class Settings(_Checked):
    """What a simulation depends on, beside the release of Banyan and its pinned libraries.

    Log-normal times are given by their median and by `sigma`, the standard deviation of their
    logarithm.
    """

    seed: int = _setting(1, "seed of all chance; the same seed gives the same bytes")
    start: date = _setting(START, "first day, from midnight UTC")  # noqa: RUF009 (a date is frozen)
    days: int = _setting(365, "length of the log, days of 24 hours", low=1, high=36_500)
    customers: int = _setting(
        10_000, "people who sign up without an invitation", low=1, high=50_000_000
    )
    arrival_days: float = _setting(
        90.0, "time over which they sign up, days from the start", low=0.001
    )
    market: int = _setting(
        2_000_000, "most people there are; when they are used up nobody else signs up", low=1
    )
    segments: tuple[Segment, ...] = _setting(SEGMENTS, "kinds of customer")
    channels: tuple[Channel, ...] = _setting(CHANNELS, "ways on which invitations travel")
    by_code: float = _setting(0.15, "share of invitations by a code to type in", high=1)
    by_form: float = _setting(
        0.10, "share of invitations by a form with the friend's e-mail; the rest go by link", high=1
    )
    most_invitations: int = _setting(12, "most invitations one advocate sends", low=1, high=1_000)
    sends_again: float = _setting(
        0.75, "share of advocates who send a second invitation after the first", high=1
    )
    fatigue: float = _setting(
        0.9,
        "factor, for each further invitation, on sending again, on acceptance and on the rate",
        low=0.01,
        high=1,
    )
    invites_after_days: float = _setting(
        7.0,
        "median time from the first order to the first invitation, and between invitations before "
        "fatigue, days",
        low=0.001,
    )
    invites_sigma: float = _setting(1.0, "spread of that time", high=4)
    known: float = _setting(
        0.05, "share of invitations that reach somebody who is a customer already", high=1
    )
    strangers: float = _setting(
        1.0, "mean number of clicks on a link invitation that never convert", high=1_000
    )
    joins_after_hours: float = _setting(
        24.0, "median time from opening an invitation to signing up, hours", low=0.001
    )
    joins_sigma: float = _setting(1.2, "spread of that time", high=4)
    first_order: float = _setting(
        0.8, "share of people who ever order, and so become customers", high=1
    )
    first_order_hours: float = _setting(
        12.0, "median time from signing up to the first order, hours", low=0.001
    )
    first_order_sigma: float = _setting(1.5, "spread of that time", high=4)
    evenness: float = _setting(
        1.5,
        "how alike customers of a segment order: shape of the gamma distribution of their rates",
        low=0.05,
    )
    refunds: float = _setting(0.055, "share of orders that are refunded", high=1)
    partial: float = _setting(0.3, "share of refunds that give back a part", high=1)
    refund_days: float = _setting(7.0, "median time from order to refund, days", low=0.001)
    refund_sigma: float = _setting(0.8, "spread of that time", high=4)
    late: float = _setting(0.02, "share of events that arrive late, out of order", high=1)
    late_hours: float = _setting(24.0, "longest such delay, hours (uniform)", high=8_760)
    duplicates: float = _setting(
        0.005, "share of events sent twice with the same messageId", high=1
    )
    shared_devices: float = _setting(
        0.01, "share of friends who use their advocate's device", high=1
    )
    shared_ips: float = _setting(0.05, "share of friends who use their advocate's address", high=1)
    identified: float = _setting(
        0.5,
        "share of people with an `identify` event (e-mail, tier); all who come by a form have one",
        high=1,
    )
    yearly: float = _setting(
        0.2,
        "swing of orders and organic sign-ups over the year; 0.2 is a fifth above the mean",
        high=1,
    )
    peak_day: int = _setting(340, "day of the year of the yearly peak", low=1, high=366)
    weekly: float = _setting(0.2, "how much a day of the weekend is above the mean", high=2.5)
    daily: float = _setting(0.7, "swing over the day, as above", high=1)
    peak_hour: int = _setting(20, "hour of the daily peak, UTC", high=23)
    currency: str = _setting("USD", "ISO 4217 code of a currency with two decimals")

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, parts in (("segments", self.segments), ("channels", self.channels)):
            whole = sum(part.share for part in parts)
            if not math.isclose(whole, 1.0, abs_tol=1e-9):
                raise Problem(f"The shares of {name} add up to {whole:g}; they must add up to 1.")
        if self.by_code + self.by_form > 1:
            raise Problem("by_code and by_form add up to more than 1; the rest go by link.")
        if not 1970 <= self.start.year <= 9000:
            raise Problem(f"start is {self.start}; it must be between the years 1970 and 9000.")
        if minor_digits(self.currency) != 2:
            raise Problem(f"currency is {self.currency}; it must have two decimals, as USD has.")

    @property
    def begins(self) -> int:
        """Milliseconds since the epoch."""
        return (self.start - EPOCH).days * DAY_MS

    @property
    def ends(self) -> int:
        """Milliseconds since the epoch; events stand before it."""
        return self.begins + self.days * DAY_MS


def read_settings(path: Path) -> Settings:
    """Settings from a YAML or JSON file; a key that is not there keeps its default.

    Raises Problem, with file, line and column, for what is no setting.
    """
    source = Source.load(path)
    findings = source.duplicates()
    if not findings:
        try:
            return TypeAdapter(Settings).validate_python(_texts(plain(source.root)))
        except ValidationError as wrong:
            findings = [_finding(source, error["loc"], error["type"]) for error in wrong.errors()]
        except Problem as problem:
            raise Problem(f"{path}: {problem}") from None
    raise Problem("\n".join(map(str, sorted(findings))))


def _texts(value: object) -> object:
    """Plain scalars as their text, which is read by the type of their field; `null` is nothing."""
    if isinstance(value, dict):
        return {key: _texts(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_texts(inner) for inner in value]
    if isinstance(value, Written):
        return None if value.kind == "nothing" else value.text
    return value


_EXPECTED: Final = {
    "int": "expected a whole number",
    "float": "expected a number",
    "date": "expected a date such as 2026-01-31",
    "string": "expected text",
    "tuple": "expected a list",
    "dataclass": "expected a mapping",
}


def _finding(source: Source, place: tuple[int | str, ...], error: str) -> Finding:
    if error == "unexpected_keyword_argument":
        kinds = {"segments": Segment, "channels": Channel}
        kind = kinds[str(place[0])] if len(place) > 1 else Settings
        known = [setting.name for setting in fields(kind)]
        return source.at_key(place, f"is no setting; {did_you_mean(str(place[-1]), known)}")
    return source.at(place, _EXPECTED[error.split("_")[0]])
