"""The door of one's own pages: what is answered to whom, and what a browser holds afterwards."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings

from banyan.core.events import clock
from banyan.core.people.read import customer
from banyan.doors.portal.session import own_path
from banyan.trust.access import devices, signin
from banyan.trust.access.browsers import device_name
from tests.installation import Installation
from tests.rooms.doors.api.calling import working
from tests.rooms.doors.portal.me import (
    TEXTS,
    Company,
    browser,
    sent,
    signed_in,
    text_of,
    token,
)


def company_with_ann(installation: Installation) -> Company:
    company = Company()
    company.say("identify", "ann", traits={"email": "ann@example.com", "name": "Ann"})
    company.work()
    return company


def ask(client: Client, contact: str, **fields: str) -> Any:
    return client.post("/me/sign-in", {"contact": contact, **fields})


def session_of(client: Client) -> Any:
    engine = import_module(settings.SESSION_ENGINE)
    return engine.SessionStore(client.cookies["banyan_session"].value)


def test_a_code_by_mail_lets_in_and_leads_where_one_wanted(installation: Installation) -> None:
    company_with_ann(installation)
    client = browser()
    away = client.get("/me/rewards/?before=9-0")
    assert away.headers["Location"] == "/me/sign-in?next=%2Fme%2Frewards%2F%3Fbefore%3D9-0"
    reply = ask(client, " Ann@Example.com ", next="/me/rewards/?before=9-0")
    assert (reply.status_code, reply.headers["Location"]) == (302, "/me/sign-in/code")
    [(kind, values)] = sent()
    assert kind == "sign_in_code"
    assert "a***@example.com" in text_of(client.get("/me/sign-in/code"))
    reply = client.post("/me/sign-in/code", {"code": values["code"]})
    assert (reply.status_code, reply.headers["Location"]) == (302, "/me/rewards/?before=9-0")
    page = client.get("/me/")
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "private, no-store"
    # Who is in need not prove it again, and the code is used up.
    assert client.get("/me/sign-in?next=/me/inbox/").headers["Location"] == "/me/inbox/"
    assert client.post("/me/sign-in/code", {"code": values["code"]}).status_code == 302


def test_nothing_tells_a_contact_of_ours_from_another(installation: Installation) -> None:
    company_with_ann(installation)
    replies = []
    for contact in ("ann@example.com", "eve@example.com"):
        client = browser()
        reply = ask(client, contact)
        page = client.get("/me/sign-in/code").content.decode()
        replies.append(
            (reply.status_code, reply.headers["Location"], page.replace(contact[0], "?").count("?"))
        )
    assert replies[0][:2] == replies[1][:2] == (302, "/me/sign-in/code")
    assert [kind for kind, _ in sent()] == ["sign_in_code", "sign_in_unknown"]
    assert "code" not in sent()[1][1]


def test_whoever_proves_a_contact_of_nobody_is_told_so(installation: Installation) -> None:
    client = browser()
    ask(client, "eve@example.com")
    # The message to an unknown contact names no code, so one is put into the session instead.
    asked = signin.ask("email", "eve@example.com", purpose="sign_in", address="x", now=clock.now())
    session = session_of(client)
    session["asked"] = session["asked"] | {"id": asked.id}
    session.save()
    reply = client.post("/me/sign-in/code", {"code": asked.code})
    assert reply.status_code == 404
    assert "There is no account with eve@example.com" in text_of(reply)
    assert client.get("/me/").status_code == 302


def test_a_code_is_for_the_browser_that_asked(installation: Installation) -> None:
    company_with_ann(installation)
    asker, other = browser(), browser()
    ask(asker, "ann@example.com")
    code = sent()[0][1]["code"]
    assert other.post("/me/sign-in/code", {"code": code}).headers["Location"] == "/me/sign-in"
    ask(other, "eve@example.com")
    assert other.post("/me/sign-in/code", {"code": code}).status_code == 422
    assert asker.post("/me/sign-in/code", {"code": code}).headers["Location"] == "/me/"


def test_wrong_codes_are_counted_down_and_then_a_new_one_is_asked_for(
    installation: Installation,
) -> None:
    company_with_ann(installation)
    client = browser()
    ask(client, "ann@example.com")
    code = sent()[0][1]["code"]
    wrong = f"{(int(code) + 1) % 10**6:06}"
    said = []
    for _ in range(5):
        reply = client.post("/me/sign-in/code", {"code": wrong})
        said.append((reply.status_code, "more tr" in text_of(reply)))
    assert said == [(422, True)] * 4 + [(410, False)]
    assert client.post("/me/sign-in/code", {"code": code}).headers["Location"] == "/me/sign-in"


def test_who_asks_too_often_is_told_when_to_come_back(installation: Installation) -> None:
    for _ in range(5):
        assert ask(browser(), "ann@example.com").status_code == 302
    reply = ask(browser(), "ann@example.com")
    assert reply.status_code == 429
    assert 3500 < int(reply.headers["Retry-After"]) <= 3600
    assert "Wait 60 minutes" in text_of(reply)
    assert ask(browser(), "ben@example.com").status_code == 302


@pytest.mark.parametrize("contact", ["", "ann", "ann@", "12", "a" * 300 + "@example.com"])
def test_what_is_no_contact_is_said_beside_the_field(
    installation: Installation, contact: str
) -> None:
    reply = ask(browser(), contact)
    assert reply.status_code == 422
    assert b'aria-invalid="true"' in reply.content
    assert sent() == []


def test_forms_of_others_are_refused(installation: Installation) -> None:
    client = browser(enforce_csrf_checks=True)
    assert client.post("/me/sign-in", {"contact": "ann@example.com"}).status_code == 403
    assert client.post("/me/sign-out").status_code == 403


@pytest.mark.parametrize(
    ("wanted", "led"),
    [
        ("/me/friends/?q=a", "/me/friends/?q=a"),
        ("//evil.example", "/me/"),
        ("https://evil.example/", "/me/"),
        ("/\\evil.example", "/me/"),
        ("/\t/evil.example", "/me/"),
        ("javascript:alert(1)", "/me/"),
        ("me/", "/me/"),
        ("", "/me/"),
        ("/" + "x" * 600, "/me/"),
    ],
)
def test_next_leads_nowhere_but_to_us(wanted: str, led: str) -> None:
    assert own_path(wanted) == led


def test_each_sign_in_has_a_new_key_and_sign_out_ends_it(installation: Installation) -> None:
    company = company_with_ann(installation)
    kid, secret = company.key()
    client = browser()
    ask(client, "ann@example.com")
    before = client.cookies["banyan_session"].value
    client.get("/me/enter", {"token": token(kid, secret, "ann")})
    inside = client.cookies["banyan_session"].value
    assert inside != before
    stolen = browser()
    stolen.cookies["banyan_session"] = inside
    assert stolen.get("/me/").status_code == 200
    assert client.post("/me/sign-out").headers["Location"] == "/me/sign-in"
    assert client.get("/me/").status_code == 302
    assert stolen.get("/me/").status_code == 302


def test_sign_out_everywhere_ends_every_device(installation: Installation) -> None:
    company = company_with_ann(installation)
    here, there, other = (signed_in(company, name) for name in ("ann", "ann", "ben"))
    assert here.post("/me/settings/devices/end").headers["Location"] == "/me/sign-in"
    assert [one.get("/me/").status_code for one in (here, there, other)] == [302, 302, 200]
    assert devices.of("ann", now=clock.now()) == []


def test_one_device_is_ended_by_its_number_and_by_nobody_else(installation: Installation) -> None:
    company = company_with_ann(installation)
    here, there, other = (signed_in(company, name) for name in ("ann", "ann", "ben"))
    [second, _first] = devices.of("ann", now=clock.now())
    other.post(f"/me/settings/devices/{second.number}/end")
    assert there.get("/me/").status_code == 200
    here.post(f"/me/settings/devices/{second.number}/end")
    assert [one.get("/me/").status_code for one in (here, there)] == [200, 302]


def test_the_hosts_token_lets_in_once_by_address_and_by_form(installation: Installation) -> None:
    company = company_with_ann(installation)
    kid, secret = company.key()
    signed = token(kid, secret, "ann", next="/me/friends/")
    # The host's page posts it, so it has no form of ours.
    client = browser(enforce_csrf_checks=True)
    reply = client.post("/me/enter", {"token": signed})
    assert (reply.status_code, reply.headers["Location"]) == (302, "/me/friends/")
    again = browser().get("/me/enter", {"token": signed})
    assert again.status_code == 403
    assert "was used before" in text_of(again)
    away = browser().get("/me/enter", {"token": token(kid, secret, "ann", next="//evil.example")})
    assert away.headers["Location"] == "/me/"


def test_the_host_may_say_name_and_language(installation: Installation) -> None:
    company = Company()
    kid, secret = company.key()
    client = browser()
    with working():
        reply = client.get(
            "/me/enter", {"token": token(kid, secret, "new", name="王小明", locale="zh-CN")}
        )
    assert reply.cookies["banyan_language"].value == "zh-hans"
    found = customer("new")
    assert found is not None
    assert (found.traits["name"], found.locale) == ("王小明", "zh-CN")
    assert "王小明，您好" in text_of(client.get("/me/"))


def test_a_link_from_a_message_asks_before_it_is_used_up(installation: Installation) -> None:
    company_with_ann(installation)
    link = signin.link_token("ann", leads_to="/me/rewards/", now=clock.now())
    # A mail filter opens it, twice.
    for _ in range(2):
        assert browser().get(f"/me/l/{link}").status_code == 200
    client = browser()
    reply = client.post(f"/me/l/{link}")
    assert (reply.status_code, reply.headers["Location"]) == (302, "/me/rewards/")
    assert client.get("/me/").status_code == 200
    for reply in (browser().get(f"/me/l/{link}"), browser().post(f"/me/l/{link}")):
        assert reply.status_code == 410
        assert "used or is too old" in text_of(reply)


def test_of_several_accounts_with_one_contact_one_is_chosen(installation: Installation) -> None:
    company = Company()
    company.say("identify", "ann", traits={"email": "us@example.com", "name": "Ann Lee"})
    company.say("identify", "ben", traits={"email": "us@example.com", "name": "Ben Lee"})
    company.work()
    client = browser()
    ask(client, "us@example.com")
    reply = client.post("/me/sign-in/code", {"code": sent()[0][1]["code"]})
    assert reply.headers["Location"] == "/me/sign-in/choose"
    assert client.get("/me/").status_code == 302
    assert "A*** L*** B*** L***" in text_of(client.get("/me/sign-in/choose"))
    assert client.post("/me/sign-in/choose", {"number": "7"}).status_code == 200
    assert client.post("/me/sign-in/choose", {"number": "1"}).headers["Location"] == "/me/"
    assert [one.user_id for one in devices.of("ben", now=clock.now())] == ["ben"]
    assert client.get("/me/sign-in/choose").status_code == 302


def test_two_weeks_away_and_one_is_out(installation: Installation) -> None:
    company = company_with_ann(installation)
    client = signed_in(company, "ann")
    clock.advance("tester", clock.now() + timedelta(days=13))
    assert client.get("/me/").status_code == 200
    clock.advance("tester", clock.now() + timedelta(days=15))
    assert client.get("/me/").status_code == 302


def test_browsers_are_called_as_people_know_them() -> None:
    wechat = "Mozilla/5.0 (Linux; Android 14) Chrome/116 Mobile Safari/537 MicroMessenger/8.0"
    assert device_name(wechat) == "WeChat, Android"
    assert device_name("Mozilla/5.0 (iPhone) Version/18.5 Safari/604.1") == "Safari, iPhone"
    assert device_name("curl/8") == ""


@pytest.mark.parametrize("typed", ["", "ann", "ann@example", "a,b@example.com", '"x"@example.com'])
def test_what_no_message_can_be_sent_to_is_said_beside_the_field(
    installation: Installation, typed: str
) -> None:
    reply = ask(browser(), typed)
    assert (reply.status_code, "Write an e-mail address" in text_of(reply)) == (422, True)
    assert sent() == []


def test_a_phone_number_is_asked_for_only_where_text_messages_are_sent(
    installation: Installation,
) -> None:
    client = browser()
    assert "phone number" not in text_of(client.get("/me/sign-in"))
    reply = ask(client, "13812341234")
    assert reply.status_code == 422
    assert "Text messages are not sent from here." in text_of(reply)
    assert sent() == []
    with override_settings(SMS_PROVIDER=TEXTS):
        assert "E-mail address or phone number" in text_of(client.get("/me/sign-in"))
        assert ask(client, "13812341234").status_code == 302
    assert [kind for kind, _ in sent()] == ["sign_in_unknown"]


@override_settings(COMPANY="Green Leaf")
def test_who_signs_in_sees_whose_pages_these_are(installation: Installation) -> None:
    html = browser().get("/me/sign-in").content.decode()
    assert "<span>Green Leaf</span>" in html.partition("<main")[0]
