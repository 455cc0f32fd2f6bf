"""What a webhook looks like."""

import base64
import json
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from banyan.pipeline.outbox.envelope import Letter, message_id, new_secret, signed_headers

LETTER = Letter(
    "msg_1",
    "decision.granted",
    42,
    datetime(2026, 5, 1, 8, 0, 0, 250_000, tzinfo=UTC),
    '{"amount":2000,"beneficiary":"张三"}',
)


def test_the_body_is_a_cloud_event() -> None:
    body = LETTER.body("https://refer.example.com")
    assert json.loads(body) == {
        "specversion": "1.0",
        "id": "msg_1",
        "source": "https://refer.example.com",
        "type": "decision.granted",
        "time": "2026-05-01T08:00:00.250000Z",
        "datacontenttype": "application/json",
        "position": 42,
        "data": {"amount": 2000, "beneficiary": "张三"},
    }
    assert body == LETTER.body("https://refer.example.com")


def test_a_receivers_library_accepts_it_and_nothing_that_was_changed() -> None:
    secret, now = new_secret(), datetime.now(UTC)
    body = LETTER.body("https://refer.example.com")
    headers = signed_headers(LETTER.id, body, keys=[secret], now=now)
    assert headers["content-type"] == "application/cloudevents+json"
    assert Webhook(secret).verify(body, headers) == json.loads(body)
    for changed in (body.replace("2000", "9000"), body + " "):
        with pytest.raises(WebhookVerificationError, match="No matching signature"):
            Webhook(secret).verify(changed, headers)
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(new_secret()).verify(body, headers)
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(secret).verify(body, headers | {"webhook-id": "msg_2"})


def test_two_keys_give_two_signatures_each_of_which_is_accepted() -> None:
    old, new = new_secret(), new_secret()
    headers = signed_headers("msg_1", "{}", keys=[new, old], now=datetime.now(UTC))
    assert len(headers["webhook-signature"].split(" ")) == 2
    assert Webhook(old).verify("{}", headers) == Webhook(new).verify("{}", headers) == {}


def test_an_id_is_that_of_its_message_whatever_its_key_holds() -> None:
    assert message_id("decision.granted:a/b/张三/7") == message_id("decision.granted:a/b/张三/7")
    assert message_id("a") != message_id("b")
    assert message_id("张三\n").isascii()
    assert len(message_id("张三\n")) == 36


def test_a_secret_has_32_random_bytes() -> None:
    first, second = new_secret(), new_secret()
    assert first != second
    assert first.startswith("whsec_")
    assert len(base64.b64decode(first.removeprefix("whsec_"))) == 32
