"""Signing in to the console: password, second step, links, and what ends it."""

from __future__ import annotations

import re

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.test.utils import override_settings
from django.utils import translation

from banyan.core.events import clock
from banyan.growth.journeys.read import notices
from banyan.trust.audit.read import entries
from banyan.trust.staff import acts, factor, invitations, sessions
from banyan.trust.staff.read import by_email
from tests.installation import Installation
from tests.rooms.doors.console.conftest import PASSWORD, Staff
from tests.rooms.trust.staff.test_entering import code_of


def browser() -> Client:
    """Somebody's browser."""
    return Client(HTTP_HOST="localhost", HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux) Firefox/140")


@pytest.fixture
def ann(installation: Installation) -> int:
    """A member's number."""
    made = acts.add(
        "system", "ann@example.com", roles=["admin"], password=PASSWORD, now=clock.now()
    )
    return made.id


def enter(client: Client, password: str = PASSWORD, next_path: str = "/console/account/") -> str:
    """Where the form of the first step leads; empty when it stays."""
    response = client.post(
        "/console/login/",
        {"email": "Ann@example.com", "password": password, "next": next_path},
    )
    return response.headers.get("Location", "")


def test_a_password_lets_in_and_is_written_down(ann: int) -> None:
    client = browser()
    assert enter(client, "wrong") == ""
    assert enter(client) == "/console/account/"
    assert client.get("/console/account/").status_code == 200
    assert [(entry.verb, entry.after) for entry in entries(limit=1)] == [
        ("staff.signed_in", {"factor": "none"})
    ]
    [session] = sessions.sessions(user_id=ann, now=clock.now())
    assert session.device == "Firefox, Linux"
    assert client.get("/console/login/")["Location"] == "/console/"


def test_nobody_is_led_to_another_site(ann: int) -> None:
    assert enter(browser(), next_path="https://evil.example/console/") == "/console/"
    assert enter(browser(), next_path="//evil.example/console/") == "/console/"
    assert enter(browser(), next_path="/me/") == "/console/"


def test_too_many_wrong_passwords_are_told_in_words(ann: int) -> None:
    client = browser()
    for _ in range(8):
        enter(client, "wrong")
    response = client.post("/console/login/", {"email": "ann@example.com", "password": PASSWORD})
    assert "Wait 15 minutes" in response.content.decode()
    assert client.get("/console/account/").status_code == 302


def test_signing_out_ends_the_session(ann: int) -> None:
    client = browser()
    enter(client)
    client.get("/console/account/")
    assert client.get("/console/logout/").status_code == 405
    assert client.post("/console/logout/")["Location"] == "/console/login/"
    assert sessions.sessions(user_id=ann, now=clock.now()) == []
    assert client.get("/console/account/").status_code == 302


def test_with_a_second_step_the_password_alone_opens_nothing(ann: int) -> None:
    key = factor.begin(ann).key
    factor.confirm(ann, code_of(key), now=clock.now())
    client = browser()
    assert enter(client) == "/console/code/?next=%2Fconsole%2Faccount%2F"
    for path in ("/console/account/", "/console/staff/", "/console/second-step/", "/console/"):
        assert client.get(path).status_code == 302, path
    asked = client.get("/console/code/?lang=zh-hans", follow=True).content.decode()
    assert ("验证码" in asked, "推荐码" in asked) == (True, False)
    client.get("/console/code/?lang=en")
    translation.deactivate()
    wrong = client.post("/console/code/", {"code": "abcd-efgh", "next": "/console/account/"})
    assert (wrong.status_code, "not right" in wrong.content.decode()) == (200, True)
    right = client.post(
        "/console/code/", {"code": code_of(key, ahead=1), "next": "/console/account/"}
    )
    assert right["Location"] == "/console/account/"
    assert client.get("/console/staff/").status_code == 200
    # A browser that signed in otherwise is asked for the code too, and a password of long ago
    # does not count for it.
    other = Client(HTTP_HOST="localhost")
    assert other.login(username="ann@example.com", password=PASSWORD)
    assert other.get("/console/staff/").status_code == 302
    assert other.get("/console/code/").status_code == 302


def test_where_it_is_required_one_is_led_to_set_it_up(ann: int) -> None:
    client = browser()
    with override_settings(TWO_FACTOR="required"):
        assert enter(client) == "/console/second-step/?next=%2Fconsole%2Faccount%2F"
        assert client.get("/console/staff/").status_code == 302
        page = client.get("/console/second-step/?next=/console/account/").content.decode()
        found = re.search(r"<code class=\"c-code\">([A-Z2-7 ]+)</code>", page)
        assert found is not None
        key = found[1].replace(" ", "")
        wrong = f"{(int(code_of(key)) + 1) % 1_000_000:06}"
        assert (
            "not the code" in client.post("/console/second-step/", {"code": wrong}).content.decode()
        )
        done = client.post("/console/second-step/", {"code": code_of(key)}).content.decode()
        assert len(re.findall(r"<li><code>\w{4}-\w{4}</code></li>", done)) == 10
        assert client.get("/console/staff/").status_code == 200
        client.post("/console/account/do/", {"do": "remove_factor", "password": PASSWORD})
        assert factor.has_factor(ann)


def test_a_forgotten_password_is_answered_alike_for_everybody(ann: int) -> None:
    said = []
    for email in ("ann@example.com", "nobody@example.com"):
        page = browser().post("/console/forgotten/", {"email": email}).content.decode()
        said.append(re.sub(r"nonce=\S+|value=\"\w{64}\"", "", page).replace(email, "X"))
    assert said[0] == said[1]
    assert [one.kind for one in notices()] == ["staff_password"]


def test_a_link_sets_the_password_and_ends_other_sessions(ann: int) -> None:
    other = browser()
    enter(other)
    other.get("/console/account/")
    made = invitations.reset("system", ann, now=clock.now())
    path = made.url.removeprefix(django_settings.BASE_URL)
    client = browser()
    assert "ann@example.com" in client.get(path).content.decode()
    differs = client.post(path, {"password": "new horse battery", "again": "other"})
    assert "differ" in differs.content.decode()
    short = client.post(path, {"password": "short", "again": "short"})
    assert "at least 10 characters" in short.content.decode()
    done = client.post(path, {"password": "new horse battery", "again": "new horse battery"})
    assert done["Location"] == "/console/login/"
    assert client.get(path).status_code == 410
    assert other.get("/console/account/").status_code == 302
    assert enter(browser(), "new horse battery") == "/console/account/"


def test_an_ended_session_is_out_at_the_next_click(ann: int, staff: Staff) -> None:
    client = browser()
    enter(client)
    client.get("/console/account/")
    [session] = sessions.sessions(user_id=ann, now=clock.now())
    sessions.end("system", session.number, now=clock.now())
    assert client.get("/console/account/").status_code == 302
    # Signing in again in the same browser begins another.
    assert enter(client) == "/console/account/"
    assert client.get("/console/account/").status_code == 200


def test_an_invited_person_comes_in_by_the_link_that_was_shown(staff: Staff) -> None:
    admin = staff("admin")
    posted = admin.post(
        "/console/staff/invite/",
        {"email": "new@example.com", "name": "New", "role": ["support", "sales"]},
    )
    assert posted["Location"] == "/console/staff/"
    page = admin.get("/console/staff/").content.decode()
    found = re.search(r"https?://[^<\s]+/console/password/[^<\s]+", page)
    assert found is not None
    assert "/console/password/" not in admin.get("/console/staff/").content.decode()
    assert [one.kind for one in notices()] == ["staff_invited"]
    path = found[0].removeprefix(django_settings.BASE_URL)
    client = browser()
    client.post(path, {"password": PASSWORD, "again": PASSWORD})
    assert client.login(username="new@example.com", password=PASSWORD)
    assert client.get("/console/account/").status_code == 200
    made = by_email("new@example.com")
    assert made is not None
    assert made.roles == ("sales", "support")
