"""Senders of text and WeChat messages, against providers that check them as the real ones do."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from django.test import override_settings

from banyan.growth.journeys.channels import aliyun, tencent, twilio, wechat
from banyan.growth.journeys.channels.numbers import domestic, international
from banyan.growth.journeys.kinds import Channel
from banyan.growth.journeys.letter import Letter, Outcome
from banyan.growth.journeys.providers import SMS, WECHAT, Provider, http_provider
from banyan.growth.journeys.receipts import secret_of
from tests.rooms.growth.journeys import providers
from tests.rooms.growth.journeys.providers import Fake, Said, Wechat, serving


def letter(channel: Channel = "sms", to: str = "13812345678", key: str = "k1") -> Letter:
    """To a number in Chinese, with characters that must be escaped."""
    return Letter(
        key=key,
        kind="friend_joined",
        channel=channel,
        language="zh-hans",
        to=to,
        title="",
        text="您推荐的张*已加入 & 还差 1 笔消费（100%）",
        provider_template="SMS_154950909",
        fields={"name": "张* & 王+", "n": "1"},
        link="https://refer.example.com/me/p/spring/",
    )


def of_aliyun(fake: Fake) -> Provider:
    """As a setting names it; the secret has characters that stand for something in an address."""
    secret = quote(providers.ALIYUN_SECRET, safe="")
    found = http_provider(f"aliyun+http://LTAI1:{secret}@{fake.host}?sign=%E7%BB%BF%E5%8F%B6", SMS)
    assert found is not None
    return found


def of_tencent(fake: Fake, secret: str = providers.TENCENT_SECRET) -> Provider:
    """As a setting names it."""
    url = f"tencent+http://AKIDtest:{secret}@{fake.host}?app=1400006666&sign=%E7%BB%BF%E5%8F%B6"
    found = http_provider(url, SMS)
    assert found is not None
    return found


def of_twilio(
    fake: Fake, secret: str = providers.TWILIO_TOKEN, sender: str = "%2B15550100"
) -> Provider:
    """As a setting names it."""
    found = http_provider(f"twilio+http://AC1:{secret}@{fake.host}?from={sender}", SMS)
    assert found is not None
    return found


def of_wechat(fake: Fake, secret: str = providers.WECHAT_SECRET, more: str = "") -> Provider:
    """As a setting names it."""
    found = http_provider(f"wechat+http://wx1:{secret}@{fake.host}{more}", WECHAT)
    assert found is not None
    return found


def test_the_signature_of_alibaba_cloud_is_that_of_its_own_example() -> None:
    key = Provider(
        "aliyun", "https://ecs.cn-shanghai.aliyuncs.com", "YourAccessKeyId", "YourAccessKeySecret"
    )
    headers = aliyun.signed(
        key,
        action="RunInstances",
        version="2014-05-26",
        query={
            "RegionId": "cn-shanghai",
            "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
        },
        at=datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC),
        nonce="3156853299f313e23d1673dc12e1703d",
    )
    assert headers["Authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;"
        "x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_the_signature_of_tencent_cloud_is_that_of_its_own_example() -> None:
    key = Provider("tencent", "https://cvm.tencentcloudapi.com", "AKID" + "*" * 32, "*" * 32)
    body = (
        rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
    )
    headers = tencent.signed(
        key,
        action="DescribeInstances",
        version="2017-03-12",
        service="cvm",
        body=body,
        at=datetime(2019, 2, 25, 16, 44, 25, tzinfo=UTC),
    )
    assert headers["X-TC-Timestamp"] == "1551113065"
    assert headers["Authorization"].endswith(
        "/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host;x-tc-action, "
        "Signature=10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"
    )


def test_alibaba_cloud_gets_an_approved_text_with_its_variables() -> None:
    with serving(providers.aliyun) as fake:
        assert aliyun.send(of_aliyun(fake), letter()) == Outcome("sent", "", provider_id="1^0")
    [asked] = fake.asked
    assert asked.query["PhoneNumbers"] == "13812345678"
    assert asked.query["SignName"] == "绿叶"
    assert asked.query["TemplateCode"] == "SMS_154950909"
    assert json.loads(asked.query["TemplateParam"]) == {"name": "张* & 王+", "n": "1"}
    assert len(asked.query["OutId"]) == 32


def test_a_wrong_secret_is_not_signed_for() -> None:
    with serving(providers.aliyun) as fake:
        wrong = http_provider(f"aliyun+http://LTAI1:wrong@{fake.host}?sign=x", SMS)
        assert wrong is not None
        assert aliyun.send(wrong, letter()) == Outcome("failed", "SignatureDoesNotMatch")
    with serving(providers.tencent) as fake:
        outcome = tencent.send(of_tencent(fake, "wrong"), letter())
        assert outcome == Outcome("failed", "AuthFailure.SignatureFailure")
    with serving(providers.twilio) as fake:
        # What waits goes out once the setting is mended.
        assert twilio.send(of_twilio(fake, "wrong"), letter()).result == "later"
    with serving(Wechat()) as fake:
        outcome = wechat.send(of_wechat(fake, "wrong"), letter("wechat", "oABC123"))
        assert outcome == Outcome("later", "no access token (code 40125)")


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("isv.MOBILE_NUMBER_ILLEGAL", Outcome("stopped", "isv.MOBILE_NUMBER_ILLEGAL")),
        (
            "isv.BUSINESS_LIMIT_CONTROL",
            Outcome("later", "isv.BUSINESS_LIMIT_CONTROL", retry_after_s=3600),
        ),
        ("isv.AMOUNT_NOT_ENOUGH", Outcome("later", "isv.AMOUNT_NOT_ENOUGH")),
        ("isp.SYSTEM_ERROR", Outcome("later", "isp.SYSTEM_ERROR")),
        ("Throttling.User", Outcome("later", "Throttling.User")),
        ("isv.SMS_TEMPLATE_ILLEGAL", Outcome("failed", "isv.SMS_TEMPLATE_ILLEGAL")),
        ("", Outcome("later", "an answer without a code")),
    ],
)
def test_what_alibaba_cloud_refuses(code: str, outcome: Outcome) -> None:
    with serving(providers.aliyun) as fake:
        fake.answers = [Said(200, {"Code": code} if code else {})]
        assert aliyun.send(of_aliyun(fake), letter()) == outcome


def test_tencent_cloud_gets_an_approved_text_with_its_variables_in_order() -> None:
    with serving(providers.tencent) as fake:
        outcome = tencent.send(of_tencent(fake), letter())
    assert outcome == Outcome("sent", "", provider_id="5000:1")
    [asked] = fake.asked
    assert asked.json == {
        "PhoneNumberSet": ["+8613812345678"],
        "SmsSdkAppId": "1400006666",
        "SignName": "绿叶",
        "TemplateId": "SMS_154950909",
        "TemplateParamSet": ["张* & 王+", "1"],
        "SessionContext": asked.json["SessionContext"],
    }
    assert asked.headers["x-tc-region"] == "ap-guangzhou"


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (
            {"Response": {"SendStatusSet": [{"Code": "LimitExceeded.PhoneNumberDailyLimit"}]}},
            Outcome("later", "LimitExceeded.PhoneNumberDailyLimit", retry_after_s=3600),
        ),
        (
            {"Response": {"SendStatusSet": [{"Code": "FailedOperation.PhoneNumberInBlacklist"}]}},
            Outcome("stopped", "FailedOperation.PhoneNumberInBlacklist"),
        ),
        (
            {"Response": {"Error": {"Code": "InternalError.Timeout"}}},
            Outcome("later", "InternalError.Timeout"),
        ),
        (
            {"Response": {"Error": {"Code": "RequestLimitExceeded"}}},
            Outcome("later", "RequestLimitExceeded"),
        ),
        (
            {
                "Response": {
                    "SendStatusSet": [{"Code": "FailedOperation.SignatureIncorrectOrUnapproved"}]
                }
            },
            Outcome("failed", "FailedOperation.SignatureIncorrectOrUnapproved"),
        ),
        ({"Response": {"SendStatusSet": []}}, Outcome("later", "an answer of another form")),
        ({"odd": 1}, Outcome("later", "an answer of another form")),
    ],
)
def test_what_tencent_cloud_refuses(body: object, outcome: Outcome) -> None:
    with serving(providers.tencent) as fake:
        fake.answers = [Said(200, body)]
        assert tencent.send(of_tencent(fake), letter()) == outcome


def test_twilio_gets_the_text_itself_and_where_to_report() -> None:
    with serving(providers.twilio) as fake:
        with override_settings(BASE_URL="https://refer.example.com"):
            outcome = twilio.send(of_twilio(fake), letter(to="+447700900123"))
        assert outcome == Outcome("sent", "", provider_id="SM1")
        again = twilio.send(of_twilio(fake, sender="MG77"), letter(to="5550123"))
        assert again.result == "sent"
    first, second = fake.asked
    assert first.form == {
        "To": "+447700900123",
        "From": "+15550100",
        "Body": "您推荐的张*已加入 & 还差 1 笔消费（100%）",
        "StatusCallback": f"https://refer.example.com/v1/receipts/twilio/{secret_of('twilio')}",
    }
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert (second.form["To"], second.form["MessagingServiceSid"]) == ("+15550123", "MG77")
    assert "StatusCallback" not in second.form  # of a site on this machine it would be refused


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (400, 21211, Outcome("stopped", "HTTP 400, code 21211")),
        (400, 21610, Outcome("stopped", "HTTP 400, code 21610", reason="opted_out")),
        (400, 21611, Outcome("later", "HTTP 400, code 21611")),
        (400, 21602, Outcome("failed", "HTTP 400, code 21602")),
    ],
)
def test_what_twilio_refuses(status: int, code: int, outcome: Outcome) -> None:
    with serving(providers.twilio) as fake:
        fake.answers = [Said(status, {"code": code})]
        assert twilio.send(of_twilio(fake), letter()) == outcome


def test_wechat_keeps_its_token_and_renews_one_that_ended() -> None:
    account = Wechat()
    with serving(account) as fake:
        provider = of_wechat(fake)
        assert wechat.send(provider, letter("wechat", "oABC123")).provider_id == "1000"
        assert wechat.send(provider, letter("wechat", "oABC123", key="k2")).provider_id == "1001"
        account.number += 1  # somebody else has forced a new one
        assert wechat.send(provider, letter("wechat", "oABC123", key="k3")).provider_id == "1002"
    assert [asked.path.rpartition("/")[2] for asked in fake.asked] == [
        "stable_token",
        "send",
        "send",
        "send",
        "stable_token",
        "send",
    ]
    assert fake.asked[1].json == {
        "touser": "oABC123",
        "template_id": "SMS_154950909",
        "data": {"name": {"value": "张* & 王+"}, "n": {"value": "1"}},
        "url": "https://refer.example.com/me/p/spring/",
        "client_msg_id": fake.asked[1].json["client_msg_id"],
    }


def test_a_repeated_wechat_message_is_the_same_one() -> None:
    with serving(Wechat()) as fake:
        provider = of_wechat(fake)
        first = wechat.send(provider, letter("wechat", "oABC123"))
        assert wechat.send(provider, letter("wechat", "oABC123")) == first


def test_subscribe_messages_go_elsewhere() -> None:
    with serving(Wechat()) as fake:
        provider = of_wechat(fake, more="?kind=subscribe")
        assert wechat.send(provider, letter("wechat", "oABC123")).result == "sent"
    assert fake.asked[1].path == "/cgi-bin/message/subscribe/bizsend"
    assert fake.asked[1].json["page"] == "https://refer.example.com/me/p/spring/"


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (43004, Outcome("stopped", "code 43004", reason="opted_out")),
        (43101, Outcome("stopped", "code 43101", reason="opted_out")),
        (40003, Outcome("stopped", "code 40003")),
        (45009, Outcome("later", "code 45009", retry_after_s=3600)),
        (-1, Outcome("later", "code -1")),
        (40037, Outcome("failed", "code 40037")),
    ],
)
def test_what_wechat_refuses(code: int, outcome: Outcome) -> None:
    with serving(Wechat()) as fake:
        fake.answers = [
            Said(200, {"access_token": "t", "expires_in": 7200}),
            Said(200, {"errcode": code, "errmsg": "m"}),
        ]
        assert wechat.send(of_wechat(fake), letter("wechat", "oABC123")) == outcome


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (Said(429, {}, {"Retry-After": "90"}), Outcome("later", "HTTP 429", retry_after_s=90)),
        (Said(503, b"busy"), Outcome("later", "HTTP 503")),
        (Said(200, b"<html>"), Outcome("later", "HTTP 200 without a JSON object")),
        (Said(200, [1]), Outcome("later", "HTTP 200 without a JSON object")),
        (Said(302, b"", {"Location": "/"}), Outcome("later", "HTTP 302 without a JSON object")),
        (Said(0), Outcome("later", "no connection (RemoteProtocolError)")),
        (Said(is_late=True, body={}), Outcome("later", "no answer within 10 s")),
    ],
    ids=["throttled", "broken", "page", "list", "elsewhere", "hung up", "late"],
)
def test_whatever_goes_wrong_on_the_way_is_tried_again(said: Said, outcome: Outcome) -> None:
    for reply, send, provider in (
        (providers.aliyun, aliyun.send, of_aliyun),
        (providers.tencent, tencent.send, of_tencent),
        (providers.twilio, twilio.send, of_twilio),
        (Wechat(), wechat.send, of_wechat),
    ):
        with serving(reply) as fake:
            fake.answers = [said]
            assert send(provider(fake), letter("wechat", "oABC123")) == outcome


def test_nobody_there_is_tried_again() -> None:
    with serving(providers.twilio) as fake:
        provider = of_twilio(fake)
    with providers.impatient():
        outcome = twilio.send(provider, letter())
    assert outcome == Outcome("later", "no connection (ConnectError)")


def test_providers_of_approved_texts_need_one() -> None:
    bare = Letter("k", "test", "sms", "en", "13812345678", "", "Hello")
    with serving(providers.aliyun) as fake:
        for send, provider in (
            (aliyun.send, of_aliyun),
            (tencent.send, of_tencent),
            (wechat.send, of_wechat),
        ):
            outcome = send(provider(fake), bare)
            assert outcome.result == "failed"
            assert "provider_template" in outcome.answer
        assert fake.asked == []


def test_numbers_as_providers_write_them() -> None:
    assert international("13812345678", "86") == "+8613812345678"
    assert international("+447700900123", "86") == "+447700900123"
    assert international("07700900123", "44") == "+447700900123"
    assert domestic("+8613812345678", "86") == "13812345678"
    assert domestic("13812345678", "86") == "13812345678"
    assert domestic("+447700900123", "86") == "447700900123"


def test_secrets_and_personal_data_stay_out_of_what_is_printed() -> None:
    provider = http_provider("twilio://AC1:top-secret@api.twilio.com?from=%2B1", SMS)
    assert "top-secret" not in repr(provider)
    assert "13812345678" not in repr(letter())
    assert "张" not in repr(letter())
