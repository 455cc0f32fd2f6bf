"""What providers report of messages later, in each provider's own words."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.test import Client, override_settings

from banyan.growth.journeys import acts, read, receipts
from banyan.growth.journeys.kinds import Channel
from banyan.growth.journeys.letter import Outcome
from banyan.growth.journeys.models import Notice, StoppedContact
from banyan.growth.journeys.providers import Provider
from tests.installation import Installation
from tests.rooms.growth.journeys.people import NOON, post, sent

TWILIO = Provider(
    "twilio", "https://api.twilio.com", "AC1", "token-1", options={"country": "1", "from": "+1"}
)
WECHAT = Provider("wechat", "https://api.weixin.qq.com", "wx1", "s", options={"token": "tok"})


@pytest.fixture
def client() -> Client:
    """Whoever calls."""
    return Client(headers={"host": "localhost"})


def message(channel: Channel, to: str, provider: str, provider_id: str) -> int:
    """A message that went out by a provider."""
    kind = {"email": EMAIL, "sms": SMS, "wechat": OPENID}[channel]
    number = acts.send_now(
        "test", channel="email", to=EMAIL, lang="en", values={}, key=provider_id, now=NOON
    )
    with post() as letters:
        letters.outcomes = [Outcome("sent", "", provider_id=provider_id)]
        sent()
    Notice.objects.filter(pk=number).update(channel=channel, provider=provider, token=f"t:{kind}")
    return number


EMAIL, SMS, OPENID = "ann@example.com", "13812345678", "oABC123"


def path(provider: str) -> str:
    """Where a provider reports."""
    return urlsplit(receipts.address_for(provider)).path


def stands(number: int) -> tuple[str, str, str]:
    """Status, reason and answer."""
    row = read.notice(number)
    return row.status, row.reason, row.answer


def stopped() -> list[tuple[str, str, str]]:
    """Contacts that are not written to any more."""
    return list(StoppedContact.objects.values_list("token", "channel", "reason"))


@pytest.mark.parametrize(
    ("event", "status", "reason"),
    [
        ({"event": "delivered"}, ("delivered", "", ""), None),
        (
            {"event": "bounced", "is_permanent": True, "detail": "550"},
            ("bounced", "bounced", "550"),
            "bounced",
        ),
        ({"event": "bounced", "is_permanent": False}, ("bounced", "", ""), None),
        ({"event": "bounced", "is_permanent": True}, ("bounced", "bounced", ""), "bounced"),
        ({"event": "complained"}, ("bounced", "complained", ""), "complained"),
    ],
)
def test_reports_of_mail(
    installation: Installation,
    client: Client,
    event: dict[str, Any],
    status: tuple[str, str, str],
    reason: str | None,
) -> None:
    number = message("email", EMAIL, "smtp", "m1@here")
    reply = client.post(path("email"), [{"message_id": "<m1@here>"} | event], "application/json")
    assert (reply.status_code, reply.json()) == (200, {"outcome": "noted"})
    assert stands(number) == status
    assert stopped() == ([(f"t:{EMAIL}", "email", reason)] if reason else [])


def test_reports_of_alibaba_cloud(installation: Installation, client: Client) -> None:
    good, bad, gone = (message("sms", SMS, "aliyun", f"{n}^0") for n in (1, 2, 3))
    said = [
        {"phone_number": SMS, "success": True, "err_code": "DELIVERED", "biz_id": "1^0"},
        {"phone_number": SMS, "success": False, "err_code": "SP_UNKNOWN_ERROR", "biz_id": "2^0"},
        {
            "phone_number": SMS,
            "success": False,
            "err_code": "MOBILE_NOT_ON_SERVICE",
            "biz_id": "3^0",
        },
        {"phone_number": SMS, "success": True, "err_code": "DELIVERED", "biz_id": "4^0"},
    ]
    reply = client.post(path("aliyun"), said, "application/json")
    assert (reply.status_code, reply.json()) == (200, {"code": 0, "msg": "接收成功"})
    assert [stands(number)[0] for number in (good, bad, gone)] == [
        "delivered",
        "bounced",
        "bounced",
    ]
    assert stands(bad)[2] == "SP_UNKNOWN_ERROR"
    assert stopped() == [(f"t:{SMS}", "sms", "bounced")]


def test_reports_of_tencent_cloud(installation: Installation, client: Client) -> None:
    good, bad = (message("sms", SMS, "tencent", f"5000:{n}") for n in (1, 2))
    said = [
        {"report_status": "SUCCESS", "errmsg": "DELIVRD", "sid": "5000:1", "mobile": SMS},
        {"report_status": "FAIL", "errmsg": "MK:0001", "sid": "5000:2", "mobile": SMS},
    ]
    reply = client.post(path("tencent"), said, "application/json")
    assert (reply.status_code, reply.json()) == (200, {"result": 0, "errmsg": "OK"})
    assert [stands(number)[0] for number in (good, bad)] == ["delivered", "bounced"]
    assert stopped() == [(f"t:{SMS}", "sms", "bounced")]


@override_settings(SMS_PROVIDER=TWILIO)
def test_reports_of_twilio_are_signed(installation: Installation, client: Client) -> None:
    numbers = [message("sms", SMS, "twilio", f"SM{n}") for n in range(4)]
    forms = [
        {"MessageSid": "SM0", "MessageStatus": "sent"},
        {"MessageSid": "SM1", "MessageStatus": "delivered"},
        {"MessageSid": "SM2", "MessageStatus": "undelivered", "ErrorCode": "30005"},
        {"MessageSid": "SM3", "MessageStatus": "failed", "ErrorCode": "21610"},
    ]
    url = receipts.address_for("twilio")
    for form in forms:
        whole = form | {"To": "+1", "AccountSid": "AC1"}
        body = urlencode(whole)
        form_type = "application/x-www-form-urlencoded"
        for signature, status in (
            ("bm8=", 401),
            ("\xe9", 401),
            (receipts.twilio_signature("token-1", url, whole), 204),
        ):
            headers = {"X-Twilio-Signature": signature}
            reply = client.post(path("twilio"), body, form_type, headers=headers)
            assert reply.status_code == status
    assert [stands(number)[0] for number in numbers] == ["sent", "delivered", "bounced", "bounced"]
    assert stands(numbers[3])[1] == "opted_out"


def test_twilios_signature_is_that_of_its_own_example() -> None:
    form = {
        "Digits": "1234",
        "To": "+18005551212",
        "From": "+14158675309",
        "Caller": "+14158675309",
        "CallSid": "CA1234567890ABCDE",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert receipts.twilio_signature("12345", url, form) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@override_settings(WECHAT_PROVIDER=WECHAT)
def test_reports_of_wechat(installation: Installation, client: Client) -> None:
    good, blocked = (message("wechat", OPENID, "wechat", str(n)) for n in (1001, 1002))
    text = "".join(sorted(["tok", "1409735668", "n1"]))
    signed = {
        "timestamp": "1409735668",
        "nonce": "n1",
        "signature": hashlib.sha1(text.encode()).hexdigest(),
    }
    query = urlencode(signed)
    reply = client.get(f"{path('wechat')}?{query}&echostr=hello")
    assert (reply.status_code, reply.content) == (200, b"hello")
    assert client.get(f"{path('wechat')}?{query[:-1]}0&echostr=hello").status_code == 401
    for number, status in ((1001, "success"), (1002, "failed:user block")):
        xml = (
            f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><MsgType><![CDATA[event]]></MsgType>"
            f"<Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event><MsgID>{number}</MsgID>"
            f"<Status><![CDATA[{status}]]></Status></xml>"
        )
        reply = client.post(f"{path('wechat')}?{query}", xml, "text/xml")
        assert (reply.status_code, reply.content) == (200, b"success")
    assert [stands(number)[0] for number in (good, blocked)] == ["delivered", "bounced"]
    assert stopped() == [(f"t:{OPENID}", "wechat", "opted_out")]
    other = "<xml><MsgType>text</MsgType><Content>hi</Content></xml>"
    assert client.post(f"{path('wechat')}?{query}", other, "text/xml").content == b"success"
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><xml>&a;</xml>'
    assert client.post(f"{path('wechat')}?{query}", bomb, "text/xml").status_code == 400


def test_only_the_right_address_takes_reports(installation: Installation, client: Client) -> None:
    right = path("email")
    assert len({receipts.secret_of(provider) for provider in receipts.PROVIDERS}) == 5
    assert client.post(right + "0", [], "application/json").status_code == 404
    assert client.post(path("aliyun").replace("aliyun", "tencent"), {}).status_code == 404
    assert client.get(right).status_code == 405
    for body, status in ((b"{", 400), (b"[]", 422), (b'[{"event": "odd"}]', 422), (b"7", 422)):
        assert client.post(right, body, "application/json").status_code == status


def test_reports_may_come_twice_and_late(installation: Installation) -> None:
    number = message("email", EMAIL, "smtp", "m1@here")
    take: Callable[[str], int] = lambda result: receipts.take(  # noqa: E731
        "email",
        [receipts.Report("m1@here", "bounced" if result == "bounced" else "delivered")],
        now=NOON,
    )
    assert take("bounced") == 1
    assert take("delivered") == 1
    assert stands(number)[0] == "bounced"
    unknown = receipts.Report("", "bounced", reason="bounced")
    assert receipts.take("email", [unknown], now=NOON) == 0
