"""Notices over the door: texts, what became of messages, inbox and preferences."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import override_settings

from banyan.growth.journeys import acts, read
from banyan.growth.journeys.addresses import token_of
from banyan.growth.journeys.kinds import KINDS
from banyan.growth.journeys.letter import Outcome
from banyan.trust.audit.read import entries
from tests.installation import Installation
from tests.rooms.doors.api.calling import Caller, caller
from tests.rooms.growth.journeys.people import NOON, known, post, sent, tell

PATH = "/templates/friend_joined/sms/en"
TEXT = "{greeting} your friend[ {friend}] is here."


@pytest.fixture
def shop(installation: Installation) -> Caller:
    """With a secret key."""
    return caller()


def verbs() -> list[str]:
    """What the audit says of notices, the oldest first."""
    found = [row.verb for row in entries(limit=50)]
    return [verb for verb in reversed(found) if verb.partition(".")[0] not in ("key", "consent")]


def test_a_text_is_written_seen_and_taken_back(shop: Caller) -> None:
    shipped = shop.get(PATH).json
    assert (shipped["version"], shipped["is_shipped"], shipped["created_at"]) == (0, True, None)
    assert shipped["variables"][:2] == ["greeting", "name"]
    draft = {"text": TEXT, "values": {"friend": ""}}
    seen = shop.post(f"{PATH}/preview", draft).json
    assert seen == {"title": "", "text": "Hello Mary, your friend is here.", "fields": {}}
    assert shop.get(PATH).json == shipped
    fields = {"name": "{friend}", "left": "{missing}"}
    body = {"text": TEXT, "provider_template": "SMS_1", "fields": fields}
    saved = shop.send("PUT", PATH, body).json
    assert (saved["version"], saved["text"], saved["fields"]) == (1, TEXT, fields)
    seen = shop.post(f"{PATH}/preview", {}).json
    assert seen["fields"] == {"name": "J*** D***", "left": "1 order until the reward"}
    back = shop.post(f"{PATH}/revert", {"version": 0}).json
    assert (back["version"], back["text"]) == (2, shipped["text"])
    assert [row["version"] for row in shop.get(f"{PATH}/versions").json["data"]] == [2, 1, 0]
    assert verbs() == ["template.saved", "template.reverted"]


def test_what_is_wrong_with_a_text_is_named(shop: Caller) -> None:
    reply = shop.send("PUT", PATH, {"text": "Hi {frend}"})
    assert (reply.status, reply.code) == (422, "template_refused")
    assert reply.json["detail"].startswith("text: {frend} is not known here; known are {greeting},")
    assert shop.post(f"{PATH}/preview", {"text": "{"}).code == "template_refused"
    assert shop.post(f"{PATH}/preview", {"values": {"frend": "x"}}).code == "invalid"
    assert shop.post(f"{PATH}/revert", {"version": 7}).code == "not_found"
    assert shop.get("/templates/no_such/sms/en").code == "not_found"
    assert shop.get("/templates/friend_joined/pigeon/en").code == "invalid"
    assert shop.get(PATH).json["version"] == 0


def test_texts_are_listed_by_what_one_looks_for(shop: Caller) -> None:
    every = shop.get("/templates").json["data"]
    assert len(every) == len(KINDS) * 4 * 2 == 21 * 4 * 2
    some = shop.get("/templates?kind=refused&channel=email").json["data"]
    assert [(row["language"], row["channel"]) for row in some] == [
        ("en", "email"),
        ("zh-hans", "email"),
    ]


def test_a_text_is_sent_as_a_test(shop: Caller) -> None:
    with post() as letters:
        address = "/templates/reward_arrived/email/zh-hans/test"
        reply = shop.post(address, {"to": "me@example.com"})
        again = shop.post(address, {"to": "me@example.com"})
        sent(datetime.now(UTC))
    assert reply.status == 200
    assert again.json["number"] != reply.json["number"]
    assert letters.told == [("reward_arrived", "email", "me@example.com")] * 2
    assert shop.get(f"/notices/{reply.json['number']}").json["status"] == "sent"
    assert shop.post(address, {"to": "nobody"}).code == "not_a_contact"
    assert shop.post("/templates/test/site/en/test", {"to": "me@example.com"}).code == "invalid"
    assert verbs() == ["template.tested"] * 2


def test_failures_are_seen_and_sent_again(shop: Caller) -> None:
    known()
    with post() as letters:
        letters.outcomes = [Outcome("failed", "the server said 553")]
        number = tell()
        tell(key="k2")
        sent()
    rows = shop.get("/notices?status=failed").json["data"]
    assert [(row["number"], row["refusals"]) for row in rows] == [(number, {"email": "failed"})]
    assert rows[0]["answer"] == "the server said 553"
    reply = shop.post(f"/notices/{number}/retry")
    assert (reply.status, reply.json["status"], reply.json["attempts"]) == (200, "waiting", 0)
    assert shop.post(f"/notices/{number}/retry").code == "notice_not_failed"
    assert shop.post("/notices/999/retry").code == "not_found"
    assert shop.get("/notices?status=failed").json["data"] == []
    first = shop.get("/notices?limit=1").json
    second = shop.get(f"/notices?limit=1&cursor={first['next_cursor']}").json
    assert [row["number"] for row in first["data"] + second["data"]] == [number + 1, number]
    assert verbs() == ["notice.retried"]


def test_a_rehearsed_retry_changes_nothing(shop: Caller) -> None:
    known()
    with post() as letters:
        letters.outcomes = [Outcome("failed", "x")]
        number = tell()
        sent()
    assert shop.post(f"/notices/{number}/retry?dry_run=true").json["status"] == "waiting"
    assert shop.get(f"/notices/{number}").json["status"] == "failed"


def test_a_customers_wishes(shop: Caller) -> None:
    known()
    path = "/customers/ann/notice_preferences"
    usual = {"user_id": "ann", "email": True, "sms": True, "wechat": True}
    usual |= {"quiet_from": None, "quiet_until": None, "timezone": ""}
    assert shop.get(path).json == usual
    change = {"email": False, "quiet_from": "22:00", "quiet_until": "08:00"}
    assert shop.send("PATCH", path, change).json == usual | change
    assert shop.get(path).json == usual | change
    assert shop.send("PATCH", path, {"timezone": "Asia/Shanghai"}).json == (
        usual | change | {"timezone": "Asia/Shanghai"}
    )
    assert shop.send("PATCH", path, {"quiet_from": "22:00"}).code == "preference_refused"
    assert (
        shop.send("PATCH", path, {"quiet_from": "25:00", "quiet_until": "08:00"}).code == "invalid"
    )
    assert shop.send("PATCH", path, {"timezone": "Mars"}).code == "preference_refused"
    assert shop.get("/customers/nobody/notice_preferences").code == "not_found"
    assert verbs() == ["preferences.changed"] * 2


def test_a_customers_inbox_for_an_app(shop: Caller) -> None:
    known()
    numbers = [tell(key=f"k{n}") for n in range(3)]
    page = shop.get("/customers/ann/inbox?limit=2&lang=zh-hans").json
    assert [item["number"] for item in page["data"]] == [numbers[2], numbers[1]]
    assert page["data"][0]["title"] == "奖励到账：$20"
    assert page["unread"] == 3
    rest = shop.get(f"/customers/ann/inbox?limit=2&lang=en&cursor={page['next_cursor']}").json
    assert [item["title"] for item in rest["data"]] == ["Your reward has arrived: $20"]
    assert shop.post("/customers/ann/inbox/read", {"numbers": numbers[:1]}).json == {"unread": 2}
    assert shop.post("/customers/ann/inbox/read", {}).json == {"unread": 0}
    known("bob")
    tell("bob")
    assert shop.post("/customers/ann/inbox/read", {}).json == {"unread": 0}
    assert read.unread("bob") == 1


def test_a_contact_that_bounced_is_allowed_again(shop: Caller) -> None:
    token = token_of("email", "ann@example.com")
    acts.stop_contact(token, "email", "bounced", now=NOON)
    body = {"email": "Ann@Example.com"}
    assert shop.post("/notice_contacts/allow", body).json == {"was_stopped": True}
    assert shop.post("/notice_contacts/allow", body).json == {"was_stopped": False}
    assert shop.post("/notice_contacts/allow", {"phone": "1234"}).code == "not_a_contact"


def test_channels_say_where_providers_report(shop: Caller) -> None:
    with override_settings(SMS_PROVIDER=None, WECHAT_PROVIDER=None, EMAIL_PROVIDER=None):
        rows = shop.get("/notice_channels").json["data"]
    assert [(row["channel"], row["provider"]) for row in rows] == [
        ("email", "files"),
        ("sms", ""),
        ("wechat", ""),
    ]
    assert rows[0]["receipts_url"].startswith("http://localhost:8000/v1/receipts/email/")
    assert rows[1]["receipts_url"] == ""
    reader = caller(scopes=["notices:read"])
    assert reader.get("/notice_channels").code == "missing_scope"
