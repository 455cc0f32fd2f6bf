"""What is refused in the portal is told in the language of its reader."""

from __future__ import annotations

from html import unescape

import pytest
from django.test import Client

from tests.installation import Installation


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("zh-hans", "这不是令牌：Not enough segments。"),
        ("en", "This is no token: Not enough segments."),
    ],
)
def test_a_refused_token_says_why(installation: Installation, language: str, told: str) -> None:
    browser = Client(headers={"host": "localhost"})
    reply = browser.get("/me/enter?token=none", headers={"accept-language": language})
    assert reply.status_code == 403
    assert told in unescape(reply.content.decode())
