"""Intake: what is accepted, what is refused, and what of a person never reaches the log."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from banyan.core.events.incoming import Incoming, Refusal
from banyan.core.events.intake import REFERENCES, accept
from banyan.engine.raw import from_lines
from banyan.engine.stages.identify import email, phone
from banyan.kernel.sealing import unseal

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PLAIN = '{"type":"track","event":"Order Completed","userId":"u1","messageId":"m1",' + (
    '"timestamp":"2026-03-01T11:00:00Z","properties":{"total":19.990000000000000001,"order_id":"o1"}}'
)


def given(raw: Any, role: Any = "write", ip: str = "") -> Incoming | Refusal:
    data = raw if isinstance(raw, bytes) else json.dumps(raw, ensure_ascii=False).encode()
    return accept(data, now=NOW, source="key:1", role=role, ip=ip)


def taken(raw: Any, role: Any = "write", ip: str = "") -> Incoming:
    event = given(raw, role, ip)
    assert isinstance(event, Incoming), event
    return event


def code(raw: Any, role: Any = "write") -> str:
    refused = given(raw, role)
    assert isinstance(refused, Refusal), refused
    assert refused.sentence.endswith(".")
    return refused.code


def track(name: str = "Thing Done", **more: Any) -> dict[str, Any]:
    return {
        "type": "track",
        "event": name,
        "userId": "u1",
        "messageId": "m1",
        "timestamp": "2026-03-01T11:00:00Z",
    } | more


def identify(**traits: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": "u1", "messageId": "m1", "traits": traits}


def hidden(event: Incoming) -> Any:
    assert event.sealed is not None
    return json.loads(unseal(event.sealed, context=f"event:{event.message_id}"))


def test_an_event_without_personal_data_stands_in_the_log_to_the_last_digit() -> None:
    assert taken(PLAIN.encode()) == Incoming(
        message_id="m1",
        kind="track",
        name="Order Completed",
        user_id="u1",
        anonymous_id="",
        occurred_at=datetime(2026, 3, 1, 11, tzinfo=UTC),
        received_at=NOW,
        source="key:1",
        body=PLAIN,
        sealed=None,
    )


def test_numbers_keep_their_digits_when_the_body_is_written_anew() -> None:
    pretty = PLAIN.replace(",", ",\n ").replace("}}", '}, "context": {"ip": "10.0.0.1"}}')
    body = taken(pretty.encode()).body
    assert '"total":19.990000000000000001' in body
    assert "\n" not in body
    assert "10.0.0.1" not in body


def test_a_nul_is_taken_out_of_texts_and_nothing_else_is() -> None:
    said = r'"plan\u0000": "a\u0000\u0000b", "seen": "\\u0000 \\\u0000\u0001"'
    body = taken(PLAIN.replace('"total"', f'{said}, "total"').encode()).body
    kept = r'"plan": "ab", "seen": "\\u0000 \\\u0001"'
    assert body == PLAIN.replace('"total"', f'{kept}, "total"')
    person = track("Signed Up", userId="u1", traits={"na\x00me": "A\x00nn", "ti\x00er": "go\x00ld"})
    assert hidden(taken(person)) == {"name": "Ann", "tier": "gold"}


def test_a_missing_message_id_and_time_are_made() -> None:
    event = taken({"type": "page", "anonymousId": "v1"})
    body = json.loads(event.body)
    assert (len(event.message_id), event.message_id.count("-")) == (36, 4)
    assert (body["messageId"], body["timestamp"]) == (event.message_id, "2026-03-01T12:00:00Z")
    assert event.occurred_at == NOW
    empty = taken({"type": "page", "anonymousId": "v1", "messageId": "", "timestamp": None})
    assert json.loads(empty.body)["messageId"] == empty.message_id != ""
    assert empty.message_id != event.message_id


def test_ids_may_be_numbers_and_are_read_as_the_engine_reads_them() -> None:
    raw = b'{"type":"page","userId":12345678901234567890123,"anonymousId":1.50,"messageId":7}'
    event = taken(raw)
    assert (event.user_id, event.anonymous_id, event.message_id) == (
        "12345678901234567890123",
        "1.5",
        "7",
    )
    row = from_lines(event.body.encode(), {"userId": "text", "anonymousId": "text"}).row(0)
    assert row[:2] == (event.user_id, event.anonymous_id)


def test_traits_are_sealed_and_contacts_replaced() -> None:
    event = taken(
        identify(
            email=" Ann@Example.com ",
            phone="0086 138-1234 1234",
            name="Ann Li",
            tier="gold",
            tags=["vip"],
        )
    )
    body = json.loads(event.body)
    assert sorted(body["traits"]) == ["email", "phone", "tags", "tier"]
    assert (body["traits"]["tier"], body["traits"]["tags"]) == ("gold", ["vip"])
    assert body["traits"]["email"].endswith("@example.com")
    assert not {"Ann", "138", "ann@"} & set(event.body.split('"'))
    assert hidden(event) == {
        "email": " Ann@Example.com ",
        "phone": "0086 138-1234 1234",
        "name": "Ann Li",
        "tier": "gold",
        "tags": ["vip"],
    }


def test_the_engine_reads_stand_ins_unchanged_and_equal_contacts_stay_equal() -> None:
    def contacts(address: str, number: str) -> tuple[str, str]:
        traits = json.loads(taken(identify(email=address, phone=number)).body)["traits"]
        frame = pl.DataFrame({"e": [traits["email"]], "p": [traits["phone"]]})
        assert frame.select(email("e"), phone("p")).row(0) == (traits["email"], traits["phone"])
        return traits["email"], traits["phone"]

    first = contacts("Ann@Example.com", "+86 138 1234 1234")
    assert contacts(" ann@example.COM", "0086-13812341234") == first
    other = contacts("bob@example.com", "13812341234")
    assert other[0] != first[0]
    assert other[1] != first[1]


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (
            track(
                "Referral Submitted",
                properties={"email": "bea@x.com", "name": "Bo", "program": "p"},
            ),
            ["email", "program"],
        ),
        (track("Referral Submitted", properties={"phone": "13812341234"}), ["phone"]),
        (track("Referral Submitted", properties={"email": "  ", "name": "Bo"}), []),
    ],
)
def test_an_invitation_names_nobody(raw: dict[str, Any], kept: list[str]) -> None:
    event = taken(raw)
    body = json.loads(event.body)
    assert sorted(body["properties"]) == kept
    assert body["properties"].get("program") == raw["properties"].get("program")
    assert hidden(event) == {k: v for k, v in raw["properties"].items() if k != "program"}
    assert "bea@x.com" not in event.body
    assert "13812341234" not in event.body
    assert "Bo" not in event.body


def test_an_invitation_and_a_sign_up_meet_in_the_same_stand_in() -> None:
    invited = json.loads(taken(track("Referral Submitted", properties={"email": "BEA@x.com"})).body)
    signed = json.loads(taken(identify(email="bea@X.com")).body)
    assert invited["properties"]["email"] == signed["traits"]["email"]


def test_names_that_are_escaped_hide_nothing() -> None:
    raw = b'{"type":"track","event":"X","userId":"u","messageId":"m","tr\\u0061its":{"n":"Ann"},'
    raw += b'"context":{"\\u0069p":"10.0.0.9","traits":{"email":"a@b.com"},"device":{"id":"d1"}}}'
    event = taken(raw)
    assert not any(text in event.body for text in ("Ann", "10.0.0.9", "a@b.com"))
    assert json.loads(event.body)["context"]["device"] == {"id": "d1"}
    assert hidden(event) == {"n": "Ann", "email": "a@b.com"}


def test_of_a_field_that_stands_twice_nothing_is_left_over() -> None:
    raw = b'{"type":"identify","userId":"u","messageId":"m","traits":{"name":"Ann"},"traits":null}'
    assert "Ann" not in taken(raw).body


def test_traits_that_are_no_object_are_left_out() -> None:
    body = json.loads(taken({"type": "identify", "userId": "u", "traits": "Ann Li"}).body)
    assert "traits" not in body


def test_a_browser_s_address_stands_in_where_the_event_names_none() -> None:
    named = json.loads(taken(track(context={"ip": "10.0.0.1"}), ip="10.9.9.9").body)
    silent = json.loads(taken(track(), ip="10.0.0.1").body)
    assert named["context"]["ip"] == silent["context"]["ip"]
    assert json.loads(taken(track(), ip="10.0.0.2").body)["context"]["ip"] != named["context"]["ip"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"[]", "bad_json"),
        (b"{", "bad_json"),
        (b"", "bad_json"),
        (b'{"type":"page","userId":"\xff"}', "bad_json"),
        (b'{"type":"page","userId":"u","properties":{"x":NaN}}', "bad_json"),
        (b'{"type":"page","userId":"u","properties":' + b"[" * 70 + b"]" * 70 + b"}", "bad_json"),
        (
            b'{"type":"page","userId":"u","properties":' + b"[" * 9000 + b"]" * 9000 + b"}",
            "bad_json",
        ),
        (b'{"type":"page","userId":"a\\u0000b"}', "bad_json"),
        (b'{"type":"page","userId":"\\ud800"}', "bad_json"),
        ({"type": "alias", "userId": "u", "previousId": "u" * 513}, "too_large"),
        ({"type": "track", "userId": "u"}, "no_event"),
        (track(""), "no_event"),
        ({"type": "page"}, "no_id"),
        ({"type": "page", "userId": "", "anonymousId": None}, "no_id"),
        ({"type": "order", "userId": "u"}, "bad_type"),
        ({"userId": "u"}, "bad_type"),
        (track(timestamp="yesterday"), "bad_timestamp"),
        (track(timestamp="2026-03-01T11:00:00"), "bad_timestamp"),
        (track(timestamp=1772362800), "bad_timestamp"),
        (track(timestamp="0001-01-01T00:00:00Z"), "bad_timestamp"),
        (track(timestamp="1899-12-31T23:59:59Z"), "bad_timestamp"),
        (track(timestamp="2026-03-01T13:00:00.000001Z"), "from_the_future"),
        (track(userId="u" * 513), "too_large"),
        (track(messageId="m" * 513), "too_large"),
        (track(properties={"x": "y" * 32_768}), "too_large"),
    ],
)
def test_refused(raw: Any, expected: str) -> None:
    assert code(raw) == expected


@pytest.mark.parametrize(
    "raw",
    [
        track(timestamp="2026-03-01T13:00:00Z"),
        track(timestamp="1900-01-01T00:00:00Z"),
        track(timestamp="2026-03-01 12:00:00+08:00"),
        track(userId="u" * 512),
        b'{"type":"page","userId":"u","properties":' + b"[" * 60 + b"]" * 60 + b"}",
        track(properties={"x": "[{" * 500}),
        track(properties={"x": 'a"]}' * 500}),
    ],
)
def test_just_accepted(raw: Any) -> None:
    taken(raw)


@pytest.mark.parametrize(
    "name",
    [
        "Referral Link Created",
        "Order Refunded",
        "Clock Ticked",
        "Decision Released",
        "Wallet Spent",
        "Program Published",
    ],
)
def test_what_moves_money_needs_a_secret_key(name: str) -> None:
    assert code(track(name)) == "forbidden_event"
    assert code(track(name), "publishable") == "forbidden_event"
    assert taken(track(name), "secret").name == name


def test_a_publishable_key_sends_what_a_browser_may() -> None:
    for name in ("Referral Link Clicked", "Referral Submitted", "Referral Shared", "Signed Up"):
        assert taken(track(name), "publishable").name == name
    assert taken({"type": "page", "anonymousId": "v"}, "publishable").kind == "page"
    assert taken(identify(email="a@b.com"), "publishable").kind == "identify"
    assert code(track("Order Completed"), "publishable") == "forbidden_event"
    assert code(identify(tier="gold"), "publishable") == "forbidden_event"
    assert code(identify(tags=["vip"]), "publishable") == "forbidden_event"
    assert code({"type": "alias", "userId": "u", "previousId": "v"}, "publishable") == (
        "forbidden_event"
    )
    assert taken(identify(tier="gold"), "write").kind == "identify"


def test_an_escaped_trait_does_not_slip_past_the_publishable_key() -> None:
    raw = b'{"type":"identify","userId":"u","traits":{"t\\u0069er":"gold"}}'
    assert code(raw, "publishable") == "forbidden_event"


def test_half_a_surrogate_pair_in_a_mapping_is_refused_as_in_a_text() -> None:
    event = {"type": "page", "userId": "u", "context": {"locale": "\ud800"}}
    answer = accept(event, now=NOW, source="test", role="secret")
    assert isinstance(answer, Refusal)
    assert answer.code == "bad_json"


def test_the_senders_contact_does_not_become_the_friends() -> None:
    event = {
        "type": "track",
        "event": "Referral Submitted",
        "userId": "ann",
        "properties": {"phone": "+1 202 555 0101"},
        "context": {"traits": {"email": "ann@example.com"}},
    }
    answer = accept(event, now=NOW, source="test", role="secret")
    assert isinstance(answer, Incoming)
    assert json.loads(answer.body)["properties"].keys() == {"phone"}


@pytest.mark.parametrize("value", ["r" * 513, 10**600, "一" * 334, "r" * 512 + "\x00r"])
def test_what_a_property_names_stands_in_indexes_as_ids_do(value: object) -> None:
    assert {"advocate", "code", "decision_id", "unit"} <= REFERENCES
    for reference in REFERENCES:
        for name in ("Wallet Spent", "Thing Done"):
            assert code(track(name, properties={reference: value}), role="secret") == "too_large"
    taken(track(properties={"note": value}))


def test_an_id_has_a_thousand_bytes_at_most() -> None:
    assert taken(track(userId="é" * 500)).user_id == "é" * 500
    assert code(track(userId="一" * 334)) == "too_large"


@pytest.mark.parametrize(
    "properties",
    [
        {"reference": "r" * 512, "unit": 7, "code": "一" * 333},
        {"reference": None, "note": "r" * 513},
        ["r" * 513],
        "r" * 513,
    ],
)
def test_what_names_nothing_is_no_matter(properties: Any) -> None:
    taken(track("Wallet Spent", properties=properties), role="secret")
