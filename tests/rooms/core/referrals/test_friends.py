"""An advocate's friends as a whole, what is left of caps, own decisions: counted, not guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from banyan.core.ledger.read import balances
from banyan.core.ledger.totals import Totals, totals
from banyan.core.people.names import (
    advocates_name,
    advocates_names,
    friends_names,
    ids_of,
    speaker,
)
from banyan.core.programs.force import running
from banyan.core.programs.read import published_program
from banyan.core.referrals.friends import counts, details, friends, lost, programs_of, referral
from banyan.core.referrals.own import decision_at, decisions_for, honours, next_available
from banyan.pipeline.asking import asked_of_advocates, may_refer, progress
from banyan.pipeline.limits import rooms
from tests.installation import Installation
from tests.rooms.pipeline.line import Line

PROGRAM = """
program: spring
version: 1
currency: USD
advocates: {where: "orders >= 1 AND tier = 'gold'"}
attribution: {window: 30d}
milestones:
  bought: {on: Order Completed}
  thrice: {on: Order Completed, count: 3}
  much: {on: Order Completed, sum: {of: total, reaches: 100}}
rewards:
  thanks:
    {to: advocate, on: bought, give: cash, amount: 20.00, hold: 14d,
     caps: [{per: advocate, period: month, count: 3}, {per: advocate, amount: 50.00}]}
  star: {to: advocate, on: bought, give: badge:star, amount: 1}
limits:
  - {give: cash, per: program, amount: 1000.00}
  - {give: cash, per: beneficiary, period: year, amount: 45.00}
"""
OPEN = PROGRAM.replace("advocates: {where: \"orders >= 1 AND tier = 'gold'\"}\n", "")


def busy(source: str = OPEN) -> Line:
    """Ann brings ben and cid, who buy, and dan, who does not; ben's order comes back."""
    line = Line()
    line.publish(source)
    line.say("Referral Link Created", "ann", code="ANN", program="spring")
    for friend in ("ben", "cid", "dan"):
        line.say("Signed Up", friend, referral_code="ANN")
    line.say("Order Completed", "ben", order_id="o1", total=50, currency="USD")
    line.say("Order Completed", "cid", order_id="o2", total=70, currency="USD")
    line.work()
    return line


def test_friends_are_counted_and_paged_by_where_they_stand(installation: Installation) -> None:
    busy()
    assert counts(["ann"]) == {"closed": 2, "contacted": 1}
    assert counts(["ann"], program="autumn") == {}
    assert counts(["ben"]) == {}
    everybody = friends(["ann"])
    assert [(one.friend, one.state) for one in everybody] == [
        ("dan", "contacted"),
        ("cid", "closed"),
        ("ben", "closed"),
    ]
    assert [one.friend for one in friends(["ann"], offset=1, limit=1)] == ["cid"]
    assert [one.friend for one in friends(["ann"], state="closed", limit=1)] == ["cid"]
    assert [one.friend for one in friends(["ann"], state="closed", offset=1)] == ["ben"]
    assert friends(["ann"], state="lost") == []
    assert friends(["ann"], program="autumn") == []
    assert programs_of(["ann"]) == ["spring"]
    assert [row.friend for row in details(everybody)] == ["dan", "cid", "ben"]
    number = everybody[0].number
    found = referral(number, advocates=["ann"])
    assert found is not None
    assert found.friend == "dan"
    assert referral(number, advocates=["ben"]) is None


def test_invitations_that_did_not_count_have_numbers_of_their_own(
    installation: Installation,
) -> None:
    line = busy()
    line.say("Referral Link Created", "eve", code="EVE", program="spring")
    line.say("Order Completed", "dan", referral_code="EVE", order_id="o3", total=5)
    line.work()
    [row] = lost(["eve"])
    assert (row.program, row.kind, row.reason) == ("spring", "code", "already_referred")
    assert lost(["ann"]) == []


def test_what_caps_leave_an_advocate(installation: Installation) -> None:
    line = busy()
    terms = published_program("spring", 1)
    found = rooms(terms, "ann", now=line.now)
    assert [(one.reward, one.counts, one.size, one.used, one.left) for one in found] == [
        ("thanks", True, 3, 2, 1),
        ("thanks", False, 5000, 4000, 1000),
        ("", False, 4500, 4000, 500),
    ]
    assert [one.ends_at for one in found] == [
        datetime(2026, 4, 1, tzinfo=UTC),
        None,
        datetime(2027, 1, 1, tzinfo=UTC),
    ]
    # A month later the monthly cap is whole again, the others are not.
    later = [one.left for one in rooms(terms, "ann", now=line.now + timedelta(days=31))]
    assert later == [3, 1000, 500]
    # What comes back is left again.
    line.say("Order Refunded", "ben", order_id="o1")
    line.work()
    assert [one.left for one in rooms(terms, "ann", now=line.now)] == [2, 3000, 2500]


def test_own_decisions_by_place_and_what_comes_next(installation: Installation) -> None:
    line = busy()
    rows = decisions_for(["ann"])
    assert [(row.friend, row.unit) for row in rows] == [
        ("cid", "badge:star"),
        ("cid", "cash USD"),
        ("ben", "badge:star"),
        ("ben", "cash USD"),
    ]
    first = rows[-1]
    assert decision_at(["ann"], (first.position, first.place)) == first
    assert decision_at(["ben"], (first.position, first.place)) is None
    assert decision_at(["ann"], (first.position, first.place + 7)) is None
    assert [row.friend for row in decisions_for(["ann"], before=(rows[1].position, 0))] == [
        "ben",
        "ben",
    ]
    due = next_available(["ann"], now=line.now + timedelta(seconds=1))
    assert due is not None
    assert due.decision_id == first.decision_id
    line.say("Order Refunded", "ben", order_id="o1")
    line.work()
    due = next_available(["ann"], now=line.now + timedelta(seconds=1))
    assert due is not None
    assert due.friend == "cid"
    assert next_available(["ann"], now=line.now + timedelta(days=15)) is None


def test_badges_that_were_taken_back_are_not_shown(installation: Installation) -> None:
    line = busy()
    assert [(one.name, one.program) for one in honours(["ann"])] == [("star", "spring")]
    for friend, order in (("ben", "o1"), ("cid", "o2")):
        line.say("Order Refunded", friend, order_id=order)
    line.work()
    assert honours(["ann"]) == []


def test_totals_are_the_books_by_unit(installation: Installation) -> None:
    line = busy()
    line.say("Order Refunded", "ben", order_id="o1")
    line.now += timedelta(days=15)
    line.say("Clock Ticked", anonymousId="clock")
    line.say("Wallet Spent", "ann", unit="cash USD", amount=500, reference="r1")
    line.say("Wallet Spent", "ann", unit="cash USD", amount=300, reference="r2")
    line.say("Wallet Returned", "ann", reference="r2")
    line.work()
    assert totals(["ann"]) == [
        Totals("badge:star", earned=2, available=1, taken_back=1),
        Totals("cash USD", earned=4000, available=1500, spent=500, taken_back=2000),
    ]
    held = {row.unit: (row.pending, row.available) for row in balances("ann")}
    assert held == {"badge:star": (0, 1), "cash USD": (0, 1500)}
    assert totals(["eve"]) == []


def test_the_engine_is_asked_who_may_refer(installation: Installation) -> None:
    line = Line()
    line.publish(PROGRAM)
    assert asked_of_advocates("spring", 1) == {"orders", "tier"}
    assert not may_refer("ann", "spring", 1, now=line.now)
    line.say("Order Completed", "ann", order_id="a", total=5, currency="USD")
    line.work()
    assert not may_refer("ann", "spring", 1, now=line.now)
    line.say("identify", "ann", traits={"tier": "gold"})
    line.work()
    assert may_refer("ann", "spring", 1, now=line.now)
    assert not may_refer("eve", "spring", 1, now=line.now)


def test_the_engine_is_asked_how_far_friends_are(installation: Installation) -> None:
    line = busy()
    line.say("Order Completed", "ben", order_id="o4", total="12.50", currency="USD")
    line.work()
    found = progress(["ben", "dan"])
    assert {(one.friend, one.milestone, one.matches, one.reached) for one in found.values()} == {
        ("ben", "bought", 1, 1),
        ("ben", "thrice", 2, 0),
        ("ben", "much", 2, 0),
    }
    assert float(found["spring", "ben", "much"].sum) == 62.5
    assert progress([]) == {}


def test_which_version_is_in_force(installation: Installation) -> None:
    line = busy()
    second = OPEN.replace("version: 1\n", "version: 2\n")
    line.publish(second, starts_at=line.now + timedelta(days=1))
    now = running(line.now)["spring"]
    assert (now.version.number, now.is_open, [row.number for row in now.versions]) == (
        1,
        True,
        [2, 1],
    )
    assert running(line.now + timedelta(days=2))["spring"].version.number == 2


def test_names_are_masked_until_their_owners_agree(installation: Installation) -> None:
    line = busy()
    line.say("identify", "ben", traits={"name": "Ben Jonson"})
    line.say("identify", "ann", traits={"name": "Ann Lee"})
    line.work()
    assert friends_names(["ben", "dan", ""]) == {"ben": "B*** J***", "dan": ""}
    assert advocates_name("ann") == "A*** L***"
    line.say("Consent Given", "ben", purpose="name_shown")
    line.say("identify", "ann", traits={"shownName": " Annie "})
    line.work()
    assert friends_names(["ben"]) == {"ben": "Ben Jonson"}
    assert advocates_name("ann") == "Annie"
    assert advocates_names(["ann", "ben", "eve"]) == {"ann": "Annie", "ben": "B*** J***", "eve": ""}
    assert (speaker("ann"), ids_of("ann"), advocates_name("eve")) == ("ann", ("ann",), "")
