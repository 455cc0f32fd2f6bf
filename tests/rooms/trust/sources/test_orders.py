"""Whatever comes twice, late or in any order: an order is told once, and what went back once."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

import pytest

from banyan.trust.sources.news import Buyer, OrderNews, Payment, TakenBack
from banyan.trust.sources.orders import Completed, Known, Refunded, Step, advance, joined

AT = datetime(2026, 1, 1, tzinfo=UTC)
BUYER = Buyer(id="u1")


def news(
    *, paid: bool = False, bare: bool = False, currency: str = "USD", **taken_back: object
) -> OrderNews:
    return OrderNews(
        message_id="m",
        names=("o1",),
        at=AT,
        buyer=None if bare else BUYER,
        payment=Payment("USD", 10_000, AT) if paid else None,
        currency=currency,
        taken_back=TakenBack(**taken_back),  # type: ignore[arg-type]
    )


def told(*messages: OrderNews) -> tuple[Known, list[Step]]:
    known, steps = Known("o1"), []
    for message in messages:
        known, more = advance(known, message, user_id="" if message.buyer is None else "u1")
        steps += more
    return known, steps


PAID = news(paid=True)
FIRST = news(bare=True, refunds={"r1": 1_000})
SECOND = news(bare=True, refunds={"r2": 2_500})
BOTH = news(paid=True, refunds={"r1": 1_000, "r2": 2_500}, left_minor=6_500)


@pytest.mark.parametrize("order", list(permutations([PAID, FIRST, SECOND, BOTH])))
def test_any_order_of_messages_gives_the_same_sums(order: tuple[OrderNews, ...]) -> None:
    known, steps = told(*order, *order)
    assert [step for step in steps if isinstance(step, Completed)] == [Completed(PAID.payment)]  # type: ignore[arg-type]
    counted = [s for s in steps if isinstance(s, Refunded) and not s.is_early]
    assert sum(step.amount_minor for step in counted) == 3_500
    assert counted[-1].sum_minor == known.refunded_minor == 3_500
    # Early ones stand below the order, where they count for nothing.
    first_early = [n for n, s in enumerate(steps) if isinstance(s, Refunded) and s.is_early]
    completed = next(n for n, s in enumerate(steps) if isinstance(s, Completed))
    assert all(n < completed for n in first_early)


@pytest.mark.parametrize(
    ("taken_back", "gone"),
    [
        ({}, 0),
        ({"refunds": {"a": 400}}, 400),
        ({"refunds": {"a": 400}, "refunded_minor": 300}, 400),
        ({"refunds": {"a": 400}, "refunded_minor": 900}, 900),
        ({"refunds": {"a": 400}, "left_minor": 9_000}, 1_000),
        ({"left_minor": 12_000}, 0),
        ({"refunded_minor": 400, "disputed": {"d": 700}}, 1_100),
        ({"left_minor": 9_600, "disputed": {"d": 700}}, 1_100),
        ({"refunds": {"a": 99_999}}, 10_000),
        ({"is_void": True}, 10_000),
    ],
)
def test_how_much_went_back(taken_back: dict[str, object], gone: int) -> None:
    known, _ = told(PAID, news(bare=True, **taken_back))
    assert known.refunded_minor == gone


def test_an_order_that_is_never_paid_or_nobodys_is_no_event() -> None:
    assert told(news(), news(is_void=True))[1] == []
    nobody = OrderNews("m", ("o1",), AT, Buyer(), Payment("USD", 1, AT), "USD")
    assert advance(Known("o1"), nobody, user_id="") == (Known("o1", "", "USD"), [])


def test_what_was_void_before_it_was_paid_goes_back_at_once() -> None:
    known, steps = told(news(is_void=True), PAID)
    assert [type(step) for step in steps] == [Completed, Refunded]
    assert known.refunded_minor == 10_000


def test_two_that_turn_out_to_be_one() -> None:
    paid, _ = told(PAID)
    refunded, _ = told(FIRST)
    for one in (joined(paid, refunded), joined(refunded, paid)):
        assert (one.total_minor, one.user_id, one.taken_back.refunds) == (
            10_000,
            "u1",
            {"r1": 1_000},
        )
