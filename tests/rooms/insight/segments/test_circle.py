"""The figures propose, a person chooses, and every judgement is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from banyan.insight.segments import circle
from banyan.insight.segments.models import Chosen
from banyan.insight.segments.purchases import catch_up
from banyan.trust.privacy.acts import erase_customer
from tests.installation import Installation
from tests.rooms.pipeline.line import Line


def company() -> Line:
    """ann brought two who bought and buys herself; eve only buys."""
    line = Line()
    line.publish()
    line.story()
    line.say("Order Completed", "ann", order_id="o8", total=30, currency="USD")
    line.say("Order Completed", "eve", order_id="o9", total=300, currency="USD")
    line.work()
    catch_up()
    return line


def test_who_buys_and_brings_buyers_is_proposed(installation: Installation) -> None:
    line = company()
    [one] = circle.proposed(now=line.now)
    assert (one.customer, one.orders, one.spent, one.friends, one.buyers) == ("ann", 1, 3000, 2, 2)
    assert circle.proposed(now=line.now + timedelta(days=181)) == []


def test_a_choice_needs_marks_and_a_reason_and_is_kept(installation: Installation) -> None:
    line = company()
    for relation, fit, note in ((0, 3, "x"), (3, 6, "x"), (3, 3, " ")):
        with pytest.raises(circle.BadChoice):
            circle.choose("user:1", "ann", relation=relation, fit=fit, note=note, now=line.now)
    circle.choose("user:1", "ann", relation=3, fit=4, note="Met her at the fair.", now=line.now)
    assert circle.proposed(now=line.now) == []
    later = line.now + timedelta(days=1)
    circle.choose("user:2", "ann", relation=5, fit=4, note="Speaks for us.", now=later)
    [inside] = circle.circle()
    assert (inside.relation, inside.note, inside.chosen_by) == (5, "Speaks for us.", "user:2")
    former = circle.history(["ann"])[1]
    assert (former.relation, former.note, former.left_at, former.left_by) == (
        3,
        "Met her at the fair.",
        later,
        "user:2",
    )
    circle.let_go("user:1", "ann", now=later)
    assert circle.circle() == []
    with pytest.raises(circle.BadChoice):
        circle.let_go("user:1", "ann", now=later)


def test_notes_lie_encrypted_and_go_with_an_erasure(installation: Installation) -> None:
    line = company()
    circle.choose("user:1", "ann", relation=3, fit=4, note="Met her at the fair.", now=line.now)
    assert b"fair" not in bytes(Chosen.objects.get().sealed or b"")
    circle.forget(["ann"], actor="user:9", now=line.now)
    [row] = circle.history(["ann"])
    assert (row.note, row.left_by) == ("", "user:9")
    erase_customer("tester", "ann", reason="asked", now=line.now)
    with pytest.raises(circle.BadChoice):
        circle.choose("user:1", "ann", relation=3, fit=4, note="again", now=line.now)
