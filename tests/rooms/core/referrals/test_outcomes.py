"""What became of everything somebody did: granted, refused, lost, still missing."""

from __future__ import annotations

from datetime import timedelta

from banyan.core.referrals import outcomes
from tests.installation import Installation
from tests.rooms.pipeline.line import Line


def test_every_decision_and_only_those_that_gave_less(installation: Installation) -> None:
    line = Line()
    line.publish()
    line.story()
    line.say("Signed Up", "dan", referral_code="ANN")
    line.say("Order Completed", "dan", order_id="o7", total=5, currency="USD")
    line.say("Signed Up", "fay", referral_code="ANN")
    line.say("Order Completed", "fay", order_id="o8", total=5, currency="USD")
    line.work()
    every = outcomes.decided(["ann"], limit=10)
    assert [(row.friend, row.amount, row.reversed_amount) for row in every] == [
        ("fay", 0, 0),
        ("dan", 2000, 0),
        ("cid", 2000, 0),
        ("ben", 2000, 2000),
    ]
    less = outcomes.decided(["ann"], only_less=True, limit=10)
    assert [row.friend for row in less] == ["fay", "ben"]
    assert outcomes.decided(["ann"], before=every[0].position, limit=1) == [every[1]]
    assert outcomes.decided(["nobody"], limit=10) == []


def test_what_is_on_its_way(installation: Installation) -> None:
    line = Line()
    line.publish()
    line.story()
    line.work()
    # ben's was taken back, cid's waits 14 days.
    [row] = outcomes.coming(["ann"], now=line.now, limit=10)
    assert (row.friend, row.available_at) == ("cid", row.occurred_at + timedelta(days=14))
    assert outcomes.coming(["ann"], now=line.now + timedelta(days=15), limit=10) == []


def test_invitations_that_did_not_count_by_both_sides(installation: Installation) -> None:
    line = Line()
    line.publish()
    line.story()
    line.say("Referral Link Created", "eve", code="EVE", program="spring")
    late = line.say("Signed Up", "ben", referral_code="EVE")
    line.work()
    [own] = outcomes.missed(["eve"], limit=10)
    assert (own.friend, own.touch.reason, own.touch.join_position) == (
        "ben",
        "already_referred",
        late,
    )
    assert outcomes.missed_by_others(["ben"], limit=10) == [own]
    assert outcomes.missed(["eve"], before=late, limit=10) == []
    assert outcomes.missed(["ann"], limit=10) == []
    assert outcomes.missed_by_others(["cid"], limit=10) == []


def test_friends_for_whom_nothing_was_decided(installation: Installation) -> None:
    line = Line()
    line.publish()
    line.story()
    line.say("Signed Up", "dan", referral_code="ANN")
    line.work()
    # The friend's own welcome is no reward of the advocate's.
    assert [row.friend for row in outcomes.unrewarded(["ann"], limit=10)] == ["dan"]
    line.say("Order Completed", "dan", order_id="o7", total=5, currency="USD")
    line.work()
    assert outcomes.unrewarded(["ann"], limit=10) == []
