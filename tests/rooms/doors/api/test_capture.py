"""Referrals by telephone: only of customers who are shown to be so, each friend once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from banyan.core.events import read as log
from banyan.core.events.acts import append
from banyan.core.events.incoming import Incoming
from banyan.core.events.intake import accept
from banyan.growth.leads.models import Nomination
from banyan.pipeline.worker import Worker
from banyan.trust.access import keys
from banyan.trust.audit.read import entries
from tests.installation import Installation
from tests.rooms.doors.api.calling import Caller, Reply, caller
from tests.rooms.doors.portal.me import PROGRAM, Company, sent

ANN = {"email": "ann@example.com"}
DAN = {"phone": "+86 138 1234 1234", "name": "Dan"}
RULE = "advocates: {where: 'orders >= 1'}\nfriends: {where"


@pytest.fixture
def desk(installation: Installation) -> Caller:
    """A hotel's front desk; Ann is a guest of old, Eve has never stayed."""
    company = Company()
    company.publish(PROGRAM.replace("friends: {where", RULE))
    company.say("identify", "ann", traits=ANN | {"shownName": "Ann"})
    company.say("Order Completed", "ann", order_id="o1", total=5, currency="CNY")
    company.say("identify", "eve", traits={"email": "eve@example.com"})
    company.work()
    return caller(scopes=["referrals:write", "referrals:read"])


def capture(desk: Caller, advocate: dict[str, str], **changes: Any) -> Reply:
    """What the desk sends."""
    told = {
        "program": "friends",
        "advocate": advocate,
        "friend": DAN,
        "channel": "phone",
        "staff": "desk 3",
        "evidence": "Dan was on the line.",
    }
    return desk.post("/referrals/capture?lang=en", told | changes)


def test_a_guest_of_old_refers_by_telephone(desk: Caller) -> None:
    before = log.head()
    reply = capture(desk, ANN | {"user_id": "ann"})
    assert reply.status == 200, reply.body
    found = reply.json
    assert (found["shown"], found["state"], found["channel"], found["taken_by"]) == (
        "D***",
        "waiting",
        "phone",
        "desk 3",
    )
    assert log.head() == before
    [(kind, values)] = sent()
    assert (kind, values["advocate"]) == ("confirm_invitation", "Ann")
    [entry] = entries(about=f"nomination:{found['number']}")
    assert (entry.verb, entry.actor[:4]) == ("referral.captured", "key:")
    assert "1234" not in entry.after
    assert desk.get(f"/nominations/{found['number']}").json == found
    assert desk.get("/nominations?advocate=ann&state=waiting").json["data"] == [found]


def test_a_code_that_is_read_out_shows_who_calls(desk: Caller) -> None:
    asked = desk.post("/referrals/capture/code", ANN).json
    [(kind, values)] = sent()
    assert (kind, asked["minutes"]) == ("sign_in_code", 10)
    proof = ANN | {"code_id": asked["code_id"]}
    wrong = "000000" if values["code"] != "000000" else "111111"
    assert capture(desk, proof | {"code": wrong}).code == "wrong_code"
    other = {"email": "eve@example.com", "code_id": asked["code_id"], "code": values["code"]}
    assert capture(desk, other).code == "identity_not_proven"
    # The code is used up by that; Ann asks for another.
    assert capture(desk, proof | {"code": values["code"]}).code == "code_gone"
    asked = desk.post("/referrals/capture/code", ANN).json
    proof = ANN | {"code_id": asked["code_id"], "code": sent()[-1][1]["code"]}
    reply = capture(desk, proof)
    assert (reply.status, reply.json["advocate"]) == (200, "ann")


def test_who_is_no_customer_gets_nothing(desk: Caller) -> None:
    stranger = {"email": "mallory@example.com"}
    assert desk.post("/referrals/capture/code", stranger).code == "no_such_customer"
    assert capture(desk, stranger | {"user_id": "ann"}).code == "no_such_customer"
    assert capture(desk, {"email": "eve@example.com", "user_id": "ann"}).code == (
        "identity_not_proven"
    )
    assert capture(desk, ANN).code == "invalid"
    assert (sent(), Nomination.objects.count()) == ([], 0)


def test_a_contact_that_a_web_page_claimed_shows_nothing(desk: Caller) -> None:
    """Anybody can send `identify` with a publishable key, which stands in web pages."""
    now = datetime.now(UTC)
    key, _ = keys.make("tester", "publishable", is_test=False, now=now)
    said = {"type": "identify", "userId": "ann", "traits": {"email": "mallory@example.com"}}
    event = accept(said, now=now, source=key.actor, role="publishable")
    assert isinstance(event, Incoming)
    append([event])
    Worker().advance()
    claimed = {"email": "mallory@example.com", "user_id": "ann"}
    assert capture(desk, claimed).code == "no_such_customer"


def test_who_does_not_fulfil_the_programs_terms_may_not_refer(desk: Caller) -> None:
    eve = {"email": "eve@example.com", "user_id": "eve"}
    assert capture(desk, eve).code == "advocate_not_eligible"


def test_a_friend_comes_once_and_is_no_customer(desk: Caller) -> None:
    ann = ANN | {"user_id": "ann"}
    assert capture(desk, ann).status == 200
    assert capture(desk, ann).code == "named_before"
    assert capture(desk, ann, friend={"email": "eve@example.com"}).code == "referred_before"
    assert capture(desk, ann, friend=ANN).code == "own_contact"
    assert Nomination.objects.count() == 1


def test_no_more_is_taken_than_is_needed(desk: Caller) -> None:
    ann = ANN | {"user_id": "ann"}
    assert capture(desk, ann, friend=DAN | {"birthday": "1990-01-31"}).code == "invalid"
    assert capture(desk, ann, friend=DAN | {"name": "Dan 19900131"}).code == "not_a_name"
    assert capture(desk, ann, friend={"phone": "12"}).code == "invalid"
    assert capture(desk, ann, friend={"phone": "dan@example.com"}).code == "not_a_contact"
    assert capture(desk, ann, channel="fax").code == "invalid"
    assert capture(desk, ann, program="nothing").code == "not_found"
    assert capture(desk, ann, channel="event:spring-salon").status == 200


def test_a_program_without_invitations_by_contact_takes_none(desk: Caller) -> None:
    company = Company()
    company.publish(
        PROGRAM.replace("program: friends", "program: links").replace(
            "window: 30d", "window: 30d, prefer: [code, click]"
        )
    )
    company.work()
    assert capture(desk, ANN | {"user_id": "ann"}, program="links").code == "wrong_status"


def test_a_rehearsal_uses_no_code_up_and_writes_to_nobody(desk: Caller) -> None:
    told = {
        "program": "friends",
        "advocate": ANN | {"code_id": "none", "code": "123456"},
        "friend": DAN,
        "channel": "shop",
        "staff": "desk 3",
        "evidence": "He stood beside her.",
    }
    reply = desk.post("/referrals/capture?dry_run=true", told)
    assert (reply.status, reply.headers["Dry-Run"]) == (200, "true")
    assert desk.post("/referrals/capture/code?dry_run=true", ANN).json["code_id"] == ""
    assert (sent(), Nomination.objects.count()) == ([], 0)
