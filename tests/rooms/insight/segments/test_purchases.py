"""What customers spent is what the log says, less what came back, to the minor unit."""

from __future__ import annotations

import pytest

from banyan.insight.segments import purchases, sources
from banyan.insight.segments.models import Mark, Portrait, Purchase, Spending
from tests.installation import Installation
from tests.rooms.pipeline.line import Line


def spent() -> dict[tuple[str, str], tuple[int, int, int]]:
    """(customer, currency) to orders, amount, refunded."""
    rows = sources.spending().select("customer", "currency", "orders", "amount", "refunded")
    return {(row[0], row[1]): row[2:] for row in rows.iter_rows()}


def order(line: Line, customer: str, order_id: str, total: object, currency: str = "USD") -> None:
    """One order."""
    line.say("Order Completed", customer, order_id=order_id, total=total, currency=currency)


def test_orders_add_up_by_currency_and_round_half_away_from_zero(
    installation: Installation,
) -> None:
    line = Line()
    order(line, "ann", "o1", "19.995")
    order(line, "ann", "o2", 1)
    order(line, "ann", "o3", 500, "JPY")
    order(line, "ben", "o4", "-0.005")
    order(line, "cid", "o5", 7, "MOON")
    line.say("Order Completed", "dan", order_id="o6")
    line.say("Order Completed", order_id="o7", total=9, currency="USD", anonymousId="web-1")
    assert purchases.catch_up() == 7
    assert spent() == {
        ("ann", "USD"): (2, 2100, 0),
        ("ann", "JPY"): (1, 500, 0),
        ("ben", "USD"): (1, -1, 0),
        ("cid", "MOON"): (1, 700, 0),
        ("dan", ""): (1, 0, 0),
    }


def test_refunds_take_back_at_most_the_order(installation: Installation) -> None:
    line = Line()
    line.say("Order Refunded", "ann", order_id="o1", total=1)  # before there is such an order
    order(line, "ann", "o1", 50)
    order(line, "ann", "o2", 20)
    line.say("Order Refunded", "ann", order_id="o1", total="10.50")
    line.say("Order Refunded", "ben", order_id="o1", total=5)  # of somebody else's order
    purchases.catch_up()
    assert spent()["ann", "USD"] == (2, 7000, 1050)
    line.say("Order Refunded", order_id="o1", total=45, anonymousId="shop")
    line.say("Order Refunded", "ann", order_id="o2")
    purchases.catch_up()
    assert spent()["ann", "USD"] == (2, 7000, 7000)
    assert [row.refunded for row in Purchase.objects.order_by("position")] == [5000, 2000]


def test_the_log_may_be_taken_in_piece_by_piece(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line()
    line.story()
    order(line, "ann", "o9", "3.25")
    assert purchases.catch_up() == 9
    whole = sources.spending().sort("customer")
    Purchase.objects.all().delete()
    Spending.objects.all().delete()
    Mark.objects.update(position=0)
    monkeypatch.setattr(purchases, "CHUNK", 1)
    assert purchases.catch_up() == 9
    assert sources.spending().sort("customer").equals(whole)
    assert purchases.catch_up() == 9
    assert sources.spending().height == whole.height == 3


def test_pages_wait_for_little_alone(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line()
    line.story()
    monkeypatch.setattr(purchases, "NEAR", 7)
    assert purchases.catch_up_if_near() == 0
    monkeypatch.setattr(purchases, "NEAR", 8)
    assert purchases.catch_up_if_near() == 8
    line.say("Order Completed", "cid", order_id="o9", total=5, currency="USD")
    monkeypatch.setattr(purchases, "NEAR", 0)
    assert (purchases.catch_up_if_near(0), purchases.catch_up_if_near(1)) == (8, 9)


def test_the_last_tier_and_tags_stay(installation: Installation) -> None:
    line = Line()
    line.say("identify", "ann", traits={"tier": "gold", "tags": ["vip", "new"]})
    line.say("identify", "ben", traits={"name": "Ben"})
    purchases.catch_up()
    line.say("identify", "ann", traits={"tier": None, "tags": []})
    line.say("identify", "ann", traits={"tier": "silver"})
    purchases.catch_up()
    assert list(Portrait.objects.values_list("customer", "tier", "tags")) == [("ann", "silver", "")]
