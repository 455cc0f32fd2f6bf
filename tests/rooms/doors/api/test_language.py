"""The API speaks English to everybody, whatever language the pages beside it speak."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation

from tests.installation import Installation
from tests.rooms.doors.api.calling import caller


@pytest.mark.parametrize("before", ["en", "zh-hans"])
def test_a_refusal_is_english_whatever_the_header_says(
    installation: Installation, before: str
) -> None:
    shop = caller()
    # A thread serves pages and calls in turn, and a page leaves its language behind.
    Client(headers={"host": "localhost"}).get("/me/sign-in", headers={"accept-language": before})
    assert translation.get_language() == before
    text = {"user_id": "ann", "about": "spring/ben", "text": " "}
    for path, body, told in [
        ("/disputes", text, "Say in a few words what is wrong."),
        ("/customers/nobody", None, "There is no customer 'nobody'; no decided event names this"),
    ]:
        method = "GET" if body is None else "POST"
        reply = shop.send(method, path, body, Accept_Language="zh-CN,zh;q=0.9")
        assert reply.status >= 400
        assert reply.json["detail"].startswith(told)
        assert reply.body.isascii()
