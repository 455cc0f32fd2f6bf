"""Disputes through the door: who may, what is written down, what is told."""

from __future__ import annotations

import pytest

from banyan.trust.audit.read import entries
from tests.installation import Installation
from tests.rooms.doors.api.calling import Caller, caller, working
from tests.rooms.pipeline.line import Line

ABOUT = "spring/thanks/ann/6"


@pytest.fixture
def office(installation: Installation) -> Caller:
    """Staff of a company where ann brought two friends."""
    line = Line()
    line.publish()
    line.story()
    line.work()
    return caller(is_test=True)


def told(office: Caller, number: int) -> list[tuple[str, str]]:
    """What the audit says of a dispute: verb and who, the first first."""
    return [(one.verb, one.after or "") for one in entries(about=f"dispute:{number}")][::-1]


def test_from_the_complaint_to_the_answer(office: Caller) -> None:
    said = {"user_id": "ann", "about": ABOUT, "text": "It was two orders."}
    raised = office.post("/disputes", said)
    assert raised.status == 200
    number = raised.json["number"]
    assert (raised.json["state"], raised.json["late"]) == ("open", "")
    assert raised.json["why"].startswith(f"Decision “{ABOUT}”")
    assert office.get(f"/disputes/{number}?lang=zh-hans").json["why"].startswith("决定")
    assert office.post("/disputes", said).code == "already_disputed"
    assert office.post(f"/disputes/{number}/accept").json["state"] == "accepted"
    assert office.post(f"/disputes/{number}/accept").code == "dispute_state"
    answer = {"outcome": "corrected", "text": "It was; you have both now."}
    solved = office.post(f"/disputes/{number}/answer", answer).json
    assert (solved["state"], solved["outcome"]) == ("solved", "corrected")
    assert [word["text"] for word in solved["words"]] == [said["text"], answer["text"]]
    assert [verb for verb, _ in told(office, number)] == [
        "dispute.raised",
        "dispute.read",
        "dispute.accepted",
        "dispute.answered",
    ]
    assert "two orders" not in str(entries(about=f"dispute:{number}"))


def test_the_list_tells_nothing_that_was_said(office: Caller) -> None:
    texts = [("ann", ABOUT), ("ben", "spring/ben"), ("ann", "spring/cid")]
    numbers = [
        office.post("/disputes", {"user_id": user, "about": about, "text": "Secret!"}).json[
            "number"
        ]
        for user, about in texts
    ]
    office.post(f"/disputes/{numbers[1]}/accept")
    reply = office.get("/disputes?limit=2")
    assert [row["number"] for row in reply.json["data"]] == numbers[:0:-1]
    rest = office.get(f"/disputes?limit=2&cursor={reply.json['next_cursor']}").json
    assert ([row["number"] for row in rest["data"]], rest["next_cursor"]) == (numbers[:1], None)
    assert b"Secret" not in reply.body
    assert [row["number"] for row in office.get("/disputes?state=accepted").json["data"]] == [
        numbers[1]
    ]
    assert len(office.get("/disputes?user_id=ann&program=spring").json["data"]) == 2
    assert office.get("/disputes?is_late=true").json["data"] == []
    assert office.get("/disputes?cursor=nonsense").code == "bad_cursor"


def test_what_missed_its_time_is_listed_as_late(office: Caller) -> None:
    office.post("/disputes", {"user_id": "ann", "about": ABOUT, "text": "Well?"})
    with working():
        for step, late in [(23, ""), (2, "accept"), (24, "solve"), (24, "limit")]:
            moved = office.post("/test_clock/advance", {"by": f"{step}h"})
            assert (moved.status, moved.json["is_decided"]) == (200, True), step
            [row] = office.get("/disputes").json["data"]
            assert row["late"] == late
            assert len(office.get("/disputes?is_late=true").json["data"]) == (1 if late else 0)


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("POST", "/disputes", {"user_id": "ben", "about": ABOUT, "text": "Mine!"}, "not_found"),
        ("POST", "/disputes", {"user_id": "ann", "about": "x/y", "text": "Mine!"}, "not_found"),
        ("POST", "/disputes", {"user_id": "ann", "about": ABOUT, "text": ""}, "invalid"),
        (
            "POST",
            "/disputes",
            {"user_id": "ann", "about": ABOUT, "text": "  "},
            "dispute_text_refused",
        ),
        ("GET", "/disputes/1", None, "not_found"),
        ("GET", f"/disputes/{2**70}", None, "not_found"),
        ("POST", "/disputes/1/accept", None, "not_found"),
        ("POST", "/disputes/1/answer", {"outcome": "upheld", "text": "No."}, "not_found"),
        ("POST", "/disputes/1/answer", {"outcome": "maybe", "text": "No."}, "invalid"),
    ],
)
def test_what_is_refused(office: Caller, method: str, path: str, body: object, code: str) -> None:
    assert office.send(method, path, body).code == code
    assert office.get("/disputes").json["data"] == []


def test_refusals_are_english_whatever_language_is_asked_for(office: Caller) -> None:
    body = {"user_id": "ann", "about": "x/y", "text": "Mine!"}
    for path in ("/disputes?lang=zh-hans", "/disputes?lang=en"):
        assert office.post(path, body).json["detail"] == (
            "There is no decision or referral of yours by this name."
        )
