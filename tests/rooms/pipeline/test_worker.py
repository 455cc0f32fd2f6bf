"""The worker: what it decides live is what a replay decides; killed or doubled it does no harm."""

from datetime import timedelta
from random import Random

import pytest
from django.db import connection

from banyan.core.events.intake import LONGEST_ID_BYTES
from banyan.core.events.read import head
from banyan.core.ledger.read import balances, statement, transfer
from banyan.core.programs.read import link_row
from banyan.core.referrals.read import decisions, referrals, rejects
from banyan.pipeline.links import make_link
from banyan.pipeline.wait import cursor_position
from banyan.pipeline.worker import Worker
from tests.installation import Installation
from tests.rooms.pipeline.line import PROGRAM, START, Line


@pytest.mark.parametrize("limit", [1, 3, 10_000])
def test_a_story_from_click_to_refund(installation: Installation, limit: int) -> None:
    line = Line()
    assert line.publish().status == "published"
    line.story()
    line.work(limit)
    assert cursor_position() == head() == 8
    assert [(r.advocate, r.friend, r.kind, r.channel) for r in reversed(referrals())] == [
        ("ann", "ben", "click", "wechat"),
        ("ann", "cid", "code", None),
    ]
    assert [
        (d.decision_id, d.amount, d.outcome, d.reversed_amount) for d in reversed(decisions())
    ] == [
        ("spring/welcome/ben/3", 100, "granted", 0),
        ("spring/welcome/cid/4", 100, "granted", 0),
        ("spring/thanks/ann/5", 2000, "granted", 2000),
        ("spring/thanks/ann/6", 2000, "granted", 0),
    ]
    [cash] = balances("ann")
    assert (cash.unit, cash.pending, cash.available) == ("cash USD", 2000, 0)
    [points] = balances("ben")
    assert (points.unit, points.pending, points.available) == ("points", 0, 100)
    link = link_row("ann")
    assert link is not None
    assert (link.code, link.clicks, link.referrals) == ("ANN", 1, 2)


@pytest.mark.parametrize("limit", [1, 2, 10_000])
def test_a_click_ahead_of_its_link_does_not_count(installation: Installation, limit: int) -> None:
    """Wherever the log is cut, and also when the door has made the link before the worker came."""
    line = Line()
    line.publish()
    line.say("Referral Link Clicked", anonymousId="web-1", code="ann")
    line.say("Referral Link Clicked", anonymousId="web-2", code="BEN")
    line.say("Referral Link Created", "ann", code="ANN", program="spring")
    make_link("t", program="spring", advocate="ben", code="BEN", now=line.now)
    line.say("Referral Link Clicked", anonymousId="web-3", code="ann")
    for visitor in ("web-4", "web-5"):
        line.say("Referral Link Clicked", anonymousId=visitor, code="BEN")
    line.work(limit)
    assert [link.clicks for code in ("ANN", "BEN") if (link := link_row(code))] == [1, 2]
    assert [reject.position for reject in rejects()] == [2, 1]


def test_stages_of_a_referral(installation: Installation) -> None:
    line = Line()
    line.publish()
    line.story()
    line.work()
    ben, cid = (referrals(friend=name)[0] for name in ("ben", "cid"))
    assert [(s.stage, s.position) for s in ben.stages] == [
        ("referred", 2),
        ("invited", 2),
        ("accepted", 3),
        ("activated", 3),
        ("purchased", 5),
        ("rewarded", 5),
        ("repurchased", 7),
    ]
    assert (ben.stage, ben.public_state) == ("repurchased", "closed")
    assert (cid.stage, cid.public_state) == ("rewarded", "closed")


def test_time_releases_what_was_held_back(installation: Installation) -> None:
    line = Line()
    line.publish()
    line.story()
    line.work()
    line.now += timedelta(days=14)
    line.say("Clock Ticked", anonymousId="clock")
    line.work()
    [cash] = balances("ann")
    assert (cash.pending, cash.available) == (0, 2000)
    newest = statement("ann")[0]
    assert (newest.transfer_id, newest.amount) == ("spring/thanks/ann/6/available", 2000)


def test_a_wallet_is_spent_once_and_never_overdrawn(installation: Installation) -> None:
    line = Line()
    line.publish()
    line.story()
    spent = line.say("Wallet Spent", "ben", unit="points", amount=60, reference="r1")
    again = line.say("Wallet Spent", "ben", unit="points", amount=60, reference="r1")
    too_much = line.say("Wallet Spent", "ben", unit="points", amount=41, reference="r2")
    line.work(1)
    assert transfer(f"spend/{spent}") is not None
    assert transfer(f"spend/{again}") is None
    assert transfer(f"spend/{too_much}") is None
    [points] = balances("ben")
    assert points.available == 40


def test_two_leaders_write_a_batch_once(installation: Installation) -> None:
    line = Line()
    line.publish()
    line.story()
    first, second = Worker(), Worker()
    first.advance(2)
    second.advance(4)
    first.advance()
    second.advance()
    assert cursor_position() == 8
    assert len(decisions()) == 4


def test_an_unknown_code_is_recorded(installation: Installation) -> None:
    line = Line()
    line.publish()
    line.say("Referral Link Clicked", anonymousId="web-1", code="nobody")
    line.work()
    [reject] = rejects()
    assert (reject.position, reject.code) == (1, "unknown_code")


def test_a_nul_in_a_text_stops_nobody(installation: Installation) -> None:
    """PostgreSQL takes none, and whoever has a browser can send one."""
    line = Line()
    line.publish()
    words = {"code": "AN\0N", "program": "spr\0ing", "channel": "we\0chat", "script": "\0"}
    line.say("Referral Link Created", "ann", **words)
    line.say("Referral Link Clicked", anonymousId="web-1", **words)
    line.say("Referral Shared", "ann", **words)
    line.say("Signed Up", "ben", anonymousId="web-1", coupon="X\0", note="\0")
    line.say("identify", "ben", traits={"name": "B\0en", "tags": ["v\0ip"], "email": "b\0@e.com"})
    line.say("Order Completed", "ben", order_id="o\0", total=50, currency="US\0D")
    line.work()
    assert cursor_position() == 6
    assert rejects() == []
    assert [row.friend for row in referrals()] == ["ben"]
    link = link_row("ANN")
    assert link is not None
    assert (link.program, link.channel, link.script, link.clicks) == ("spring", "wechat", "", 1)


def test_the_longest_names_find_their_place_in_every_index(installation: Installation) -> None:
    """PostgreSQL takes 2,704 bytes a row of an index, and packs what is like itself."""
    letters = Random(7)
    ann, ben, web, code, order, unit, told = (
        "".join(chr(letters.randrange(0x10000, 0x1FAFF)) for _ in range(LONGEST_ID_BYTES // 4))
        for _ in range(7)
    )
    line = Line()
    line.publish()
    line.say("Referral Link Created", ann, code=code, program="spring", channel=told * 5)
    line.say("Referral Link Clicked", anonymousId=web, code=code, advocate=ann, script=told * 5)
    line.say("Signed Up", ben, anonymousId=web, message=told, coupon=code, source=told * 5)
    line.say("Order Completed", ben, order_id=order * 5, total=50, currency="USD")
    line.say("Wallet Credited", ann, unit=unit, amount=5, reference=order)
    line.say("Wallet Spent", ann, unit=unit, amount=5, reference=told)
    line.say("Decision Denied", ann, decision_id=order)
    line.say("Referral Shared", ann, code=code, program=told, channel=told * 5)
    line.work()
    assert cursor_position() == 8
    assert [(row.advocate, row.friend) for row in referrals()] == [(ann, ben)]


def test_events_pass_without_any_program(installation: Installation) -> None:
    line = Line()
    line.story()
    line.work()
    assert cursor_position() == 8
    assert decisions() == []


def test_a_program_published_later_decides_from_then_on(installation: Installation) -> None:
    line = Line()
    line.story()
    row = line.publish()
    # Under its own terms it would have decided over the story, so it starts behind it.
    assert row.status == "published"
    assert row.starts_at == START + timedelta(minutes=8, microseconds=1)
    assert decisions() == []
    line.say("Signed Up", "dan", referral_code="ANN")
    line.work()
    assert [d.decision_id for d in decisions()] == ["spring/welcome/dan/9"]


def test_a_start_in_the_decided_past_is_refused(installation: Installation) -> None:
    line = Line()
    line.story()
    row = line.publish(starts_at=START)
    assert row.status == "refused"
    assert "would change what was decided already" in row.reason
    line.work()
    assert decisions() == []


def test_a_second_version_leaves_earlier_referrals_their_terms(installation: Installation) -> None:
    line = Line()
    line.publish()
    line.say("Referral Link Created", "ann", code="ANN", program="spring")
    line.say("Signed Up", "ben", referral_code="ANN")
    line.work()
    changed = PROGRAM.replace("version: 1", "version: 2").replace("20.00", "5.00")
    assert line.publish(changed).status == "published"
    line.say("Signed Up", "cid", referral_code="ANN")
    line.say("Order Completed", "ben", order_id="o1", total=50, currency="USD")
    line.say("Order Completed", "cid", order_id="o2", total=50, currency="USD")
    line.work()
    assert [(d.version, d.friend, d.amount) for d in reversed(decisions(beneficiary="ann"))] == [
        (1, "ben", 2000),
        (2, "cid", 500),
    ]


def test_no_query_waits_to_be_compiled(installation: Installation) -> None:
    if installation.kind != "postgres":
        pytest.skip("PostgreSQL alone compiles queries")
    with connection.cursor() as cursor:
        cursor.execute("SHOW jit")
        assert cursor.fetchall() == [("off",)]
