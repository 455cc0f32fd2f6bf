"""orders: of each order only what is new becomes an event, whatever is told twice or too early."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from banyan.trust.sources.news import OrderNews, Payment, TakenBack


@dataclass(frozen=True)
class Known:
    """An order as told so far."""

    order_id: str
    user_id: str = ""
    currency: str = ""
    total_minor: int | None = None
    """None until it is told to be paid."""
    taken_back: TakenBack = field(default_factory=TakenBack)
    refunded_minor: int = 0
    """The sum of the refunds appended since the order was."""


@dataclass(frozen=True)
class Completed:
    """The order becomes an `Order Completed`."""

    payment: Payment


@dataclass(frozen=True)
class Refunded:
    """An `Order Refunded` of `amount_minor`, which makes `sum_minor` together."""

    amount_minor: int
    sum_minor: int
    is_early: bool = False
    """Whether the order itself is not known here."""


Step = Completed | Refunded


def advance(known: Known, news: OrderNews, *, user_id: str) -> tuple[Known, list[Step]]:
    """What the news adds to what is known, and the order as known from then on.

    `user_id` is the buyer's, empty where the news do not tell. A refund of an order that was never
    told here may belong to one that came into the log another way, so it becomes an event at once
    (`is_early`); should the order be told later after all, its refunds follow it once more, since
    a refund below its order counts for nothing.
    """
    taken_back = known.taken_back.plus(news.taken_back)
    was_told = known.taken_back.told_minor()
    known = replace(
        known,
        user_id=known.user_id or user_id,
        currency=known.currency or news.currency,
        taken_back=taken_back,
    )
    steps: list[Step] = []
    if known.total_minor is None and news.payment is not None and known.user_id:
        steps.append(Completed(news.payment))
        known = replace(known, total_minor=news.payment.total_minor, currency=news.payment.currency)
    if known.total_minor is None:
        told = taken_back.told_minor()
        if news.buyer is None and known.currency and told > was_told:
            steps.append(Refunded(told - was_told, told, is_early=True))
        return known, steps
    gone = taken_back.of(known.total_minor)
    if gone > known.refunded_minor:
        steps.append(Refunded(gone - known.refunded_minor, gone))
        known = replace(known, refunded_minor=gone)
    return known, steps


def joined(first: Known, second: Known) -> Known:
    """Two orders that turn out to be one: the paid one, with what was told of the other."""
    kept, other = (second, first) if first.total_minor is None else (first, second)
    return replace(
        kept,
        user_id=kept.user_id or other.user_id,
        currency=kept.currency or other.currency,
        taken_back=kept.taken_back.plus(other.taken_back),
    )
