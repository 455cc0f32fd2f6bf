"""Settings of notices, read once and loudly; secrets are not repeated."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from banyan.site.environment import BadSetting, read_environment


def test_what_holds_when_nothing_is_set(tmp_path: Path) -> None:
    found = read_environment({"BANYAN_HOME": str(tmp_path)})
    assert (found.email, found.sms, found.wechat) == (None, None, None)
    assert (found.company, found.email_from) == ("localhost", "no-reply@localhost")
    assert found.language == "en"
    assert (found.notices_a_day, found.notices_a_week) == (2, 5)
    assert found.quiet_hours == (time(21), time(9))
    assert found.owner_email == ""


def test_what_is_set_holds(tmp_path: Path) -> None:
    found = read_environment(
        {
            "BANYAN_HOME": str(tmp_path),
            "BANYAN_COMPANY": "绿叶生活",
            "BANYAN_EMAIL_URL": "smtp+tls://u%40x:p%2F1@mail.example.com",
            "BANYAN_EMAIL_FROM": "绿叶生活 <hello@example.com>",
            "BANYAN_SMS_URL": "tencent://id:key@sms.tencentcloudapi.com?app=14&sign=%E7%BB%BF",
            "BANYAN_WECHAT_URL": "wechat://wx1:s@api.weixin.qq.com?token=t",
            "BANYAN_QUIET_HOURS": "22:30-07:15",
            "BANYAN_LANGUAGE": "zh-Hans",
            "BANYAN_NOTICES_A_DAY": "0",
        }
    )
    assert found.email is not None
    assert (found.email.user, found.email.secret, found.email.port) == ("u@x", "p/1", 587)
    assert found.sms is not None
    assert (found.sms.base, found.sms.options["sign"]) == ("https://sms.tencentcloudapi.com", "绿")
    assert found.wechat is not None
    assert found.wechat.options["token"] == "t"
    assert found.quiet_hours == (time(22, 30), time(7, 15))
    assert found.notices_a_day == 0
    assert found.language == "zh-hans"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "BANYAN_SMS_URL",
            "aliyun://id:top-secret@h",
            "aliyun: `sign` is missing behind the question mark",
        ),
        (
            "BANYAN_SMS_URL",
            "aliyun://top-secret@h?sign=x",
            "aliyun: expected ID:SECRET@HOST; one of both is missing",
        ),
        (
            "BANYAN_SMS_URL",
            "pigeon://a:top-secret@h",
            "expected aliyun or tencent or twilio://ID:SECRET@HOST?…, found pigeon:…",
        ),
        (
            "BANYAN_SMS_URL",
            "twilio://a:top-secret@h?from=%2B1&tone=x",
            "twilio: `tone` is not known; known are from, country",
        ),
        ("BANYAN_WECHAT_URL", "wechat://a:top-secret@", "the host is missing"),
        (
            "BANYAN_EMAIL_FROM",
            "nobody",
            "expected an address such as Green Leaf <hello@example.com>, found nobody",
        ),
        ("BANYAN_QUIET_HOURS", "9-21", "expected hours such as 21:00-09:00, found 9-21"),
        ("BANYAN_LANGUAGE", "fr", "expected en or zh-hans, found fr"),
        ("BANYAN_NOTICES_A_DAY", "-1", "expected a whole number from 0 to 1000, found -1"),
    ],
)
def test_a_wrong_one_stops_the_start_with_a_sentence(
    tmp_path: Path, name: str, value: str, sentence: str
) -> None:
    with pytest.raises(BadSetting) as bad:
        read_environment({"BANYAN_HOME": str(tmp_path), name: value})
    assert bad.value.sentence == f"{name}: {sentence}"
    assert "top-secret" not in bad.value.sentence
