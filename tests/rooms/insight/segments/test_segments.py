"""Who belongs to a segment, by every condition there is, and what is kept of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from banyan.insight.segments import acts, read
from banyan.insight.segments.members import matching
from banyan.insight.segments.purchases import catch_up
from banyan.insight.segments.rules import BadRules, Condition, Group, Rules, checked
from banyan.trust.privacy.acts import erase_customer, merge_customers
from tests.installation import Installation
from tests.rooms.pipeline.line import Line


def rules(*conditions: Condition) -> Rules:
    """All of these."""
    return Rules("all", (Group("all", conditions),))


def company() -> Line:
    """ann brought ben and cid, who bought; eve came by herself 40 days before and ordered once."""
    line = Line()
    line.publish()
    line.now -= timedelta(days=40)
    line.say(
        "identify", "eve", traits={"tier": "gold", "tags": ["vip"]}, context={"locale": "zh-CN"}
    )
    line.say("Order Completed", "eve", order_id="o9", total=300, currency="USD")
    line.now += timedelta(days=40)
    line.story()
    line.say("Consent Given", "ann", purpose="marketing")
    line.say("Consent Given", "ben", purpose="marketing")
    line.say("Consent Withdrawn", "ben")
    line.say("identify", "ben", traits={"tier": "silver"}, context={"locale": "en-US"})
    line.work()
    catch_up()
    return line


CONDITIONS = [
    (Condition("orders", "at_least", "2"), ["ben"]),
    (Condition("orders", "is", "1"), ["cid", "eve"]),
    (Condition("orders", "at_most", "0"), ["ann"]),
    # ben bought for 60 and got 50 back
    (Condition("spent", "at_least", "10.00"), ["ben", "cid", "eve"]),
    (Condition("spent", "at_least", "10.01"), ["cid", "eve"]),
    (Condition("spent", "at_most", "0"), ["ann"]),
    (Condition("last_order", "within", "30"), ["ben", "cid"]),
    (Condition("last_order", "longer", "30"), ["eve"]),
    (Condition("first_order", "longer", "30"), ["eve"]),
    # of three who ordered: the thirds get 1, 2 and 4
    (Condition("recency", "at_least", "4"), ["ben"]),
    (Condition("frequency", "is", "1"), ["cid", "eve"]),
    (Condition("monetary", "at_least", "4"), ["eve"]),
    (Condition("monetary", "at_most", "1"), ["ann", "ben"]),
    (Condition("tier", "is", "gold"), ["eve"]),
    (Condition("tier", "is_not", "gold"), ["ann", "ben", "cid"]),
    (Condition("tag", "has", "vip"), ["eve"]),
    (Condition("tag", "has", "vi"), []),
    (Condition("tag", "has_not", "vip"), ["ann", "ben", "cid"]),
    (Condition("language", "is", "zh"), ["eve"]),
    (Condition("language", "is", "en"), ["ben"]),
    (Condition("consent", "yes", of="marketing"), ["ann"]),
    (Condition("consent", "no", of="marketing"), ["ben", "cid", "eve"]),
    (Condition("enrolled", "yes", of="spring"), ["ann"]),
    (Condition("friends", "at_least", "2", of="spring"), ["ann"]),
    (Condition("friends", "is", "0"), ["ben", "cid", "eve"]),
    (Condition("friends", "at_least", "1", of="other"), []),
    (Condition("buyers", "is", "2"), ["ann"]),
    (Condition("referred", "yes"), ["ben", "cid"]),
    (Condition("friend_of", "is", "ann", of="spring"), ["ben", "cid"]),
    (Condition("friend_of", "is_not", "ann"), ["ann", "eve"]),
    (Condition("last_seen", "longer", "30"), ["eve"]),
    (Condition("first_seen", "within", "30"), ["ann", "ben", "cid"]),
]


def test_each_condition(installation: Installation, subtests: pytest.Subtests) -> None:
    line = company()
    for condition, expected in CONDITIONS:
        with subtests.test(f"{condition.field}-{condition.op}-{condition.value}"):
            assert matching(checked(rules(condition)), now=line.now).to_list() == expected


def test_groups_are_joined_by_and_and_or(installation: Installation) -> None:
    line = company()
    gold, silver = Condition("tier", "is", "gold"), Condition("tier", "is", "silver")
    twice = Condition("orders", "at_least", "2")
    either = Group("any", (gold, silver))
    assert matching(Rules("all", (either,)), now=line.now).to_list() == ["ben", "eve"]
    both = Rules("all", (either, Group("all", (twice,))))
    assert matching(both, now=line.now).to_list() == ["ben"]
    one = Rules("any", (Group("all", (gold, twice)), Group("all", (silver,))))
    assert matching(one, now=line.now).to_list() == ["ben"]


def test_merged_ids_are_one_person_and_erased_ones_none(installation: Installation) -> None:
    line = company()
    merge_customers("tester", "cid", "ben", reason="the same", now=line.now)
    line.work()
    thrice = rules(Condition("orders", "at_least", "3"))
    assert matching(thrice, now=line.now).to_list() == ["ben"]
    erase_customer("tester", "eve", reason="asked", now=line.now)
    line.work()
    assert matching(rules(Condition("friends", "at_least", "0")), now=line.now).to_list() == [
        "ann",
        "ben",
    ]


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        (Condition("salary", "is", "1"), "Choose from the list what it is about."),
        (Condition("orders", "has", "1"), "Choose from the list how it is compared."),
        (Condition("orders", "is", "two"), "Write a whole number, such as 2."),
        (Condition("orders", "is", "-1"), "Write a whole number, such as 2."),
        (Condition("recency", "is", "6"), "Write a number from 1 to 5."),
        (Condition("spent", "at_least", "NaN"), "Write an amount, such as 200 or 99.50."),
        (Condition("tier", "is", " "), "Write what is looked for."),
        (Condition("enrolled", "yes"), "Choose a program."),
        (
            Condition("consent", "yes", of="Marketing!"),
            "Name the purpose that was agreed to, such as marketing.",
        ),
    ],
)
def test_what_cannot_be_asked_names_its_place(condition: Condition, sentence: str) -> None:
    with pytest.raises(BadRules) as refused:
        checked(rules(Condition("orders", "is", "1"), condition))
    assert str(refused.value) == f"Group 1, condition 2: {sentence}"


def test_members_are_kept_as_of_a_time_until_counted_anew(installation: Installation) -> None:
    line = company()
    buyers = rules(Condition("orders", "at_least", "1"))
    made = acts.make("user:1", "buyers", name=" All  buyers ", rules=buyers, now=line.now)
    assert (made.name, made.count, made.made_by, made.refreshed_at) == (
        "All buyers",
        3,
        "user:1",
        line.now,
    )
    assert read.members("buyers") == ["ben", "cid", "eve"]
    assert read.members("buyers", after="ben", limit=1) == ["cid"]
    assert (read.is_member("buyers", "ben"), read.is_member("buyers", "ann")) == (True, False)
    line.say("Order Completed", "ann", order_id="o10", total=1, currency="USD")
    line.work()
    assert read.is_member("buyers", "ann") is False
    later = line.now + timedelta(hours=1)
    assert acts.refresh_all(now=later) == 1
    assert read.members("buyers") == ["ann", "ben", "cid", "eve"]
    row = read.segment("buyers")
    assert row is not None
    assert (row.count, row.refreshed_at) == (4, later)
    assert [one.slug for one in read.segments_of("ann")] == ["buyers"]
    changed = acts.change(
        "user:2", "buyers", name="Loyal", rules=rules(Condition("orders", "is", "2")), now=later
    )
    assert (changed.made_by, changed.changed_by) == ("user:1", "user:2")
    assert read.members("buyers") == ["ben"]
    assert read.known(["buyers", "others"]) == {"buyers"}
    acts.remove("buyers")
    assert (read.segments(), read.members("buyers")) == ([], [])


def test_bad_names_and_unknown_segments_are_refused(installation: Installation) -> None:
    now = Line().now
    one = rules(Condition("orders", "is", "1"))
    acts.make("user:1", "one", name="One", rules=one, now=now)
    for slug, name in (("One", "x"), ("one", "x"), ("two", " "), ("two", "x" * 81)):
        with pytest.raises(acts.BadSegment):
            acts.make("user:1", slug, name=name, rules=one, now=now)
    with pytest.raises(BadRules):
        acts.make("user:1", "two", name="Two", rules=Rules("all", ()), now=now)
    with pytest.raises(acts.NoSuchSegment):
        acts.refresh("two", now=now)
    assert [row.slug for row in read.segments()] == ["one"]


def test_trying_keeps_nothing(installation: Installation) -> None:
    line = company()
    tried = acts.tried(rules(Condition("orders", "at_least", "1")), now=line.now)
    assert (tried.count, tried.sample) == (3, ("ben", "cid", "eve"))
    assert read.segments() == []
