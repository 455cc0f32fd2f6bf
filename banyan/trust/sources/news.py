"""news: what shops and payment providers tell, in one vocabulary; plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Buyer:
    """A customer as told with an order or on his own. Nothing here is kept in clear."""

    id: str = ""
    """The provider's or the shop's own id; empty for a guest."""
    is_own_id: bool = False
    """Whether `id` is one the shop gave itself and is taken without the source's prefix."""
    visitor: str = ""
    """The browser's visitor id (`banyan_vid`), where the shop passed it on."""
    email: str = ""
    phone: str = ""
    traits: Mapping[str, Any] = field(default_factory=dict)
    """Further traits of the public format: `firstName`, `tags` …"""


@dataclass(frozen=True)
class Payment:
    """An order that is paid."""

    currency: str
    total_minor: int
    at: datetime
    codes: tuple[str, ...] = ()
    """Discount codes in the order's own sequence; one of them may be a referral code."""
    referral_code: str = ""
    """A code that was passed on as one."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Further properties of `Order Completed`: tax, shipping, discount, products …"""


@dataclass(frozen=True)
class TakenBack:
    """What went back of an order, in minor units, as far as it was told."""

    refunds: Mapping[str, int] = field(default_factory=dict)
    """Each refund by the provider's id."""
    refunded_minor: int = 0
    """The greatest sum of refunds that the provider named."""
    left_minor: int | None = None
    """The least total that the provider said was left after edits and refunds."""
    disputed: Mapping[str, int] = field(default_factory=dict)
    """Disputes lost, by id; refunds do not include them."""
    is_void: bool = False
    """Whether the order was cancelled: all of it goes back."""

    def plus(self, other: TakenBack) -> TakenBack:
        """Both together; what was told twice counts once."""
        lefts = [left for left in (self.left_minor, other.left_minor) if left is not None]
        return TakenBack(
            {**self.refunds, **other.refunds},
            max(self.refunded_minor, other.refunded_minor),
            min(lefts) if lefts else None,
            {**self.disputed, **other.disputed},
            self.is_void or other.is_void,
        )

    def told_minor(self) -> int:
        """The refunds and disputes told, whatever the order's total is."""
        return max(sum(self.refunds.values()), self.refunded_minor) + sum(self.disputed.values())

    def of(self, total_minor: int) -> int:
        """How much of an order of that total went back, at most all of it."""
        if self.is_void:
            return total_minor
        gone = 0 if self.left_minor is None else total_minor - self.left_minor
        gone += sum(self.disputed.values())
        return max(0, min(total_minor, max(gone, self.told_minor())))


@dataclass(frozen=True)
class OrderNews:
    """Something told of one order."""

    message_id: str
    """What ids of its events begin with; the same when the same is told again."""
    names: tuple[str, ...]
    """Every id the provider has for the order, the one to call it by first."""
    at: datetime
    buyer: Buyer | None = None
    """None: the message speaks of a refund and does not say whose."""
    payment: Payment | None = None
    """None: not paid, or not said."""
    currency: str = ""
    taken_back: TakenBack = field(default_factory=TakenBack)


@dataclass(frozen=True)
class BuyerNews:
    """A customer was made or changed."""

    message_id: str
    buyer: Buyer
    at: datetime


@dataclass(frozen=True)
class TrialNews:
    """A subscription began without a payment; the code it was begun with must not be lost."""

    message_id: str
    buyer: Buyer
    at: datetime
    codes: tuple[str, ...] = ()
    referral_code: str = ""


News = OrderNews | BuyerNews | TrialNews
