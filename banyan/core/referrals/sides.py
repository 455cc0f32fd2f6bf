"""sides: advocate and friend of a referral beside each other: what they did, what they share.

From the log, where devices and addresses stand as the programs send them: addresses and contacts as
stand-ins, which tell that two are the same and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from banyan.core.events.read import timeline
from banyan.core.people.read import MergedAway, Whole, whole
from banyan.core.referrals.models import Referral
from banyan.core.referrals.read import ReferralRow

LOOKED_AT = 500
"""Of each person so many events, the latest first."""


@dataclass(frozen=True)
class Side:
    """One of both. `devices`, `addresses` and `contacts` are what they were seen with."""

    user_id: str
    first_at: datetime | None
    last_at: datetime | None
    events: int
    orders: tuple[tuple[datetime, str, str], ...]
    """When, for how much as it was sent, in which currency; the latest first."""
    refunds: int
    devices: frozenset[str]
    addresses: frozenset[str]
    contacts: frozenset[str]
    friends: int
    """Whom they have brought in this program."""


@dataclass(frozen=True)
class Sides:
    """Both, what they share, and how fast it went."""

    advocate: Side
    friend: Side
    to_join: timedelta
    """From the invitation to the joining."""
    to_order: timedelta | None
    """From joining to the first order after it."""
    day: int
    """The advocate's friends of the 24 hours up to this joining."""

    @property
    def devices(self) -> frozenset[str]:
        """Browsers and devices of both."""
        return self.advocate.devices & self.friend.devices

    @property
    def addresses(self) -> frozenset[str]:
        """Addresses in the net of both."""
        return self.advocate.addresses & self.friend.addresses

    @property
    def contacts(self) -> frozenset[str]:
        """E-mail addresses and phone numbers of both."""
        return self.advocate.contacts & self.friend.contacts


def sides(row: ReferralRow) -> Sides:
    """What is known of both at a referral."""
    friend = _side(row.friend, row.program)
    later = [at for at, _total, _currency in friend.orders if at >= row.started_at]
    day = Referral.objects.filter(
        program=row.program,
        advocate=row.advocate,
        join_position__lte=row.join_position,
        started_at__gt=row.started_at - timedelta(hours=24),
    )
    return Sides(
        advocate=_side(row.advocate, row.program),
        friend=friend,
        to_join=row.started_at - row.touched_at,
        to_order=min(later) - row.started_at if later else None,
        day=day.count(),
    )


def _side(user_id: str, program: str) -> Side:
    events = timeline(user_id, limit=LOOKED_AT)
    known = _whole(user_id)
    orders = _orders(events)
    times = events["occurred_at"].to_list()
    found = events.select(
        device=pl.col("body").str.json_path_match("$.context.device.id"),
        address=pl.col("body").str.json_path_match("$.context.ip"),
        browser=pl.when(pl.col("anonymous_id") != "").then("anonymous_id"),
    )
    devices = found["device"].drop_nulls().to_list() + found["browser"].drop_nulls().to_list()
    return Side(
        user_id=user_id,
        first_at=min(times, default=None),
        last_at=max(times, default=None),
        events=events.height,
        orders=orders,
        refunds=events.filter(pl.col("name") == "Order Refunded").height,
        devices=frozenset([*devices, *known.visitors]),
        addresses=frozenset(found["address"].drop_nulls()),
        contacts=frozenset(known.tokens),
        friends=Referral.objects.filter(advocate=user_id, program=program).count(),
    )


def _orders(events: pl.DataFrame) -> tuple[tuple[datetime, str, str], ...]:
    rows = events.filter(pl.col("name") == "Order Completed").select(
        "occurred_at",
        total=pl.col("body").str.json_path_match("$.properties.total").fill_null(""),
        currency=pl.col("body").str.json_path_match("$.properties.currency").fill_null(""),
    )
    return tuple(rows.iter_rows())


def _whole(user_id: str) -> Whole:
    try:
        return whole(user_id)
    except MergedAway as merged:
        return whole(merged.into)
