"""What is refused in the console is told in the language of its reader."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client

from banyan.core.events import clock
from banyan.pipeline.alarms import raise_alarm

Staff = Callable[..., Client]


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("zh-hans", "邮箱：'nobody' 不是邮箱地址"),
        ("en", "email: 'nobody' is no e-mail address"),
    ],
)
def test_a_refused_act_says_why(staff: Staff, language: str, told: str) -> None:
    reply = staff("admin").post(
        "/console/staff/invite/",
        {"email": "nobody", "role": "sales"},
        headers={"accept-language": language},
    )
    assert told in unescape(reply.content.decode())


def test_a_sentence_that_was_kept_is_told_in_the_language_of_today(staff: Staff) -> None:
    raise_alarm(
        "follow_ups",
        "3 new referrals were not followed up in time; see the tasks.",
        now=clock.now(),
    )
    admin = staff("admin")
    chinese = admin.get("/console/", headers={"accept-language": "zh-hans"}).content.decode()
    assert "有 3 个新推荐没有及时跟进；请查看任务。" in chinese
    assert "see the tasks" not in chinese
    english = admin.get("/console/", headers={"accept-language": "en"}).content.decode()
    assert "3 new referrals were not followed up in time; see the tasks." in english
