"""An advocate names a friend, who is asked by a message and answers by its link."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.contrib.sessions.backends.db import SessionStore

from banyan.trust.access import devices
from banyan.trust.privacy.acts import give_consent
from tests.browser.conftest import Opened, Visitor
from tests.browser.test_landing import EVERYWHERE, WORDS, linked, newest_mail, owner
from tests.story.company import Company, eventually


def sign_in(visitor: Visitor, user_id: str) -> None:
    """As if the customer had come from the sign-in."""
    session = SessionStore()
    session["device"] = devices.begin(user_id, way="code", device="", now=datetime.now(UTC))
    session.save()
    cookie = {"name": "banyan_session", "value": session.session_key, "url": visitor.origin}
    visitor.page.context.add_cookies([cookie])  # type: ignore[list-item]


@pytest.fixture
def ann(company: Company) -> str:
    """An advocate who takes part; her user id."""
    user_id = owner(company, linked(company, "friends"))
    give_consent("tester", user_id, "program.friends", text_version="v1", now=datetime.now(UTC))

    def consents() -> list[str]:
        rows = company.office.get(f"/customers/{user_id}/consents").json["data"]
        return [row["purpose"] for row in rows]

    eventually(consents, ["program.friends"])
    return user_id


def named(advocate: Visitor, contact: str, words: dict[str, str]) -> None:
    """Ann sends the form."""
    page = advocate.page
    page.get_by_label(words["friend"]).fill(contact)
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name=words["ask"]).click()


def link_in(text: str) -> str:
    """The friend's link of a message: a path."""
    [found] = re.findall(r"https?://[^/\s]+(/c/\S+)", text)
    return str(found)


@EVERYWHERE
def test_named_asked_and_welcome(
    company: Company, visitors: Opened, ann: str, size: str, language: str
) -> None:
    words, contact = WORDS[language], f"ben-{uuid4().hex[:8]}@example.com"
    advocate = visitors(size=size, language=language)
    sign_in(advocate, ann)
    advocate.go("/me/p/friends/nominate")
    advocate.check()
    advocate.shoot("nominate")
    named(advocate, contact, words)
    assert words["waiting"] in advocate.page.locator("main").inner_text()
    advocate.check()
    advocate.shoot("nominated")
    friend = visitors(size=size, language=language)
    friend.go(link_in(newest_mail(company, contact)))
    assert friend.page.get_by_role("heading", level=1).inner_text() == words["recommends"]
    friend.check()
    friend.shoot("confirm")
    friend.page.get_by_role("checkbox").first.check()
    friend.page.get_by_role("button", name=words["accept"]).click()
    assert friend.page.get_by_role("heading", level=1).inner_text() == words["welcome"]
    friend.check()
    friend.shoot("confirmed")
    [found] = company.office.get(f"/referrals?advocate={ann}").json["data"]
    assert (found["kind"], found["channel"]) == ("invite", "form")


@EVERYWHERE
def test_named_asked_and_deleted(
    company: Company, visitors: Opened, ann: str, size: str, language: str
) -> None:
    words, contact = WORDS[language], f"cid-{uuid4().hex[:8]}@example.com"
    advocate, friend = (visitors(size=size, language=language) for _ in range(2))
    sign_in(advocate, ann)
    advocate.go("/me/p/friends/nominate")
    named(advocate, contact, words)
    friend.go(link_in(newest_mail(company, contact)))
    friend.page.get_by_role("button", name=words["delete"]).click()
    assert friend.page.get_by_role("heading", level=1).inner_text() == words["deleted"]
    friend.errors.clear()  # 410
    friend.check()
    friend.shoot("deleted")
    assert company.office.get(f"/referrals?advocate={ann}").json["data"] == []
