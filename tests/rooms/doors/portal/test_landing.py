"""What friends see and what is kept of them: nothing before they act."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client, override_settings

from banyan.core.events import clock
from banyan.core.events import read as log
from banyan.core.people.read import consents, customer
from banyan.core.referrals.read import referrals_of
from banyan.doors.portal.consents import asks
from banyan.doors.portal.joining import user_id_of
from banyan.trust.privacy.acts import erase_customer
from tests.installation import Installation
from tests.rooms.doors.api.calling import working
from tests.rooms.doors.portal.me import TEXTS, Company, browser, sent, signed_in, text_of

PROGRAM = """
program: friends
version: 1
title: {en: "Bring a friend", zh-hans: "好友同享"}
currency: CNY
friends: {where: "NOT is_known"}
attribution: {window: 30d, joins_on: [Signed Up]}
milestones:
  bought: {on: Order Completed, within: 60d}
rewards:
  thanks: {to: advocate, on: bought, give: credit, amount: 20.00, hold: 7d}
  welcome: {to: friend, on: joined, give: points, amount: 10}
"""
VISITOR = "0d1f2e3c-0000-4000-8000-00000000abcd"
BEN = "ben@example.com"


@pytest.fixture
def company(installation: Installation) -> Company:
    """Ann, who lets friends see “Anna L.”, has a link."""
    made = Company()
    made.publish(PROGRAM)
    made.say("identify", "ann", traits={"name": "Anna Lindqvist", "shownName": "Anna L."})
    made.member("ann", "ANN")
    made.work()
    return made


@pytest.fixture
def busy(company: Company) -> Iterator[Company]:
    """The same with a worker that decides meanwhile."""
    with working():
        yield company


def everything() -> dict[str, list[Any]]:
    """Every row of every table."""
    with connection.cursor() as cursor:
        found = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            found[table] = sorted(map(repr, cursor.fetchall()))
    return found


def join(client: Client, *, code: str = "ANN", contact: str = BEN, **fields: Any) -> Any:
    """Send the form; everything but the contact is left out unless it is named."""
    form = {"contact": contact, "consent": ["terms"], **fields}
    return client.post(f"/i/{code}/join", form)


def newest_code() -> str:
    """The one-time code that was sent last."""
    return next(values["code"] for _, values in reversed(sent()) if "code" in values)


def enter(client: Client, *, code: str = "ANN", contact: str = BEN, **fields: Any) -> Any:
    """Register by a code from the form to the welcome."""
    join(client, code=code, contact=contact, **fields)
    return client.post(f"/i/{code}/code", {"code": newest_code()}, follow=True)


def events(user_id: str) -> list[tuple[str, dict[str, Any]]]:
    """A person's events, the first ones first: name and body."""
    rows = log.timeline(user_id).reverse()
    return [
        (row["name"] or row["kind"], msgspec.json.decode(row["body"]))
        for row in rows.iter_rows(named=True)
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/i/ANN",
        "/i/?referral_code=ann&referral_channel=wechat",
        "/i/",
        "/i/NOSUCH",
        "/i/?banyan=paused",
        "/i/ANN/declined",
    ],
)
@pytest.mark.parametrize("privacy", [{}, {"Sec-GPC": "1"}, {"DNT": "1"}])
def test_to_look_stores_nothing(company: Company, path: str, privacy: dict[str, str]) -> None:
    client = browser()
    client.cookies["banyan_vid"] = VISITOR
    before = everything()
    reply = client.get(path, headers=privacy)
    assert reply.status_code in (200, 404, 409)
    assert everything() == before
    assert reply.cookies == {}


def test_the_page_says_who_invites_to_what_and_is_not_for_search_engines(company: Company) -> None:
    reply = browser().get("/i/ann")
    text = text_of(reply)
    assert "Anna L. invites you" in text
    assert "Lindqvist" not in reply.content.decode()
    assert "10 points after joining" in text
    assert "CN¥20 in credit for each friend" in text
    assert "The offer is for people who are new to us." in text
    assert reply["X-Robots-Tag"] == "noindex"
    page = reply.content.decode()
    assert 'property="og:image" content="http://localhost:8000/card/ANN.png"' in page
    assert 'property="og:title" content="Anna L. invites you · Bring a friend"' in page
    assert len(reply.content) < 40_000


def test_what_the_shown_name_holds_becomes_no_markup(company: Company) -> None:
    company.say("identify", "ann", traits={"shownName": '<b onclick="x">"Ann"</b>'})
    company.work()
    page = browser().get("/i/ANN").content.decode()
    assert "<b onclick" not in page
    assert "&lt;b onclick" in page


def test_a_friend_registers_and_is_counted(busy: Company) -> None:
    client = browser(enforce_csrf_checks=False)
    client.cookies["banyan_vid"] = VISITOR
    fields = {"name": "Ben", "consent": ["terms", "name_shown"], "referral_channel": "wechat"}
    reply = enter(client, **fields)
    assert "Welcome, you are in" in text_of(reply)
    user_id = user_id_of("email", BEN)
    said = events(user_id)
    assert [name for name, _ in said] == [
        "Signed Up",
        "Consent Given",
        "Consent Given",
        "identify",
        "Referral Accepted",
    ]
    assert said[0][1]["properties"] == {"referral_code": "ANN", "channel": "wechat"}
    assert [body["anonymousId"] for _, body in (said[0], said[3])] == [VISITOR, VISITOR]
    assert BEN not in repr(said)
    assert [(one.purpose, one.text_version, one.channel) for one in consents(user_id)] == [
        ("terms", "join-terms-1.en", "portal"),
        ("name_shown", "join-name-1.en", "portal"),
    ]
    row = customer(user_id)
    assert row is not None
    assert row.traits == {"email": BEN, "name": "Ben"}
    [referral] = referrals_of([user_id])
    assert (referral.advocate, referral.kind, referral.channel) == ("ann", "code", "wechat")


def test_who_asks_not_to_be_followed_is_counted_without_browser_and_address(busy: Company) -> None:
    client = browser()
    client.cookies["banyan_vid"] = VISITOR
    client.defaults["HTTP_SEC_GPC"] = "1"
    enter(client)
    _, body = events(user_id_of("email", BEN))[0]
    assert "anonymousId" not in body
    assert "ip" not in body["context"]
    assert len(referrals_of([user_id_of("email", BEN)])) == 1


def test_double_taps_tabs_and_the_back_button_make_one_registration(busy: Company) -> None:
    client = browser()
    join(client)
    join(client)
    assert len(sent()) == 1
    first = client.post("/i/ANN/code", {"code": newest_code()})
    again = client.post("/i/ANN/code", {"code": newest_code()})
    assert (first.status_code, again.status_code) == (302, 302)
    assert client.get("/i/ANN/join").status_code == 302
    other = browser()
    enter(other, contact=" BEN@Example.com ")
    names = [name for name, _ in events(user_id_of("email", BEN))]
    assert names.count("Signed Up") == 1
    assert names.count("identify") == 1


def test_a_contact_says_nothing_of_itself_before_it_is_proven(busy: Company) -> None:
    busy.say("identify", "carl", traits={"email": "carl@example.com"})
    replies = []
    for contact in ("carl@example.com", "stranger@example.com"):
        client = browser()
        sent_form = join(client, contact=contact)
        page = client.get("/i/ANN/code").content.decode().replace(contact, "X")
        token = client.cookies["banyan_csrf"].value
        assert token not in ("", page)
        replies.append((sent_form.status_code, sent_form["Location"], len(page)))
    assert replies[0] == replies[1]
    assert [kind for kind, _ in sent()] == ["sign_in_code", "sign_in_code"]


def test_a_customer_of_old_is_told_after_the_proof_and_signed_in(busy: Company) -> None:
    busy.say("identify", "carl", traits={"email": "carl@example.com"})
    busy.say("Order Completed", "carl", order_id="o1", total=5, currency="CNY")
    client = browser()
    before = log.head()
    reply = enter(client, contact="carl@example.com")
    assert (reply.status_code, "Nice to see you again" in text_of(reply)) == (403, True)
    assert client.get("/me/").status_code != 302
    assert "Signed Up" not in [name for name, _ in events("carl")]
    assert log.head() == before


@pytest.mark.parametrize(
    "typed", ["", "ben", 'b"en@example.com', "12345", "a" * 250 + "@b.example"]
)
def test_where_no_message_can_go_is_no_contact(company: Company, typed: str) -> None:
    reply = join(browser(), contact=typed)
    assert (reply.status_code, "that you can read now" in text_of(reply)) == (422, True)
    assert sent() == []


def test_a_phone_number_is_no_contact_where_no_text_messages_are_sent(company: Company) -> None:
    assert "mobile number" not in text_of(browser().get("/i/ANN/join"))
    reply = join(browser(), contact="13812341234")
    assert reply.status_code == 422
    assert "Text messages are not sent from here." in text_of(reply)
    assert sent() == []


@override_settings(SMS_PROVIDER=TEXTS)
def test_full_width_digits_are_digits(company: Company) -> None:
    client = browser()
    assert join(client, contact="＋８６ １３８－１２３４－１２３４").status_code == 302
    assert "+8613812341234" in client.get("/i/ANN/code").content.decode()


def test_a_wrong_code_says_so_and_ends_after_five(company: Company) -> None:
    client = browser()
    join(client)
    wrong = "000000" if newest_code() != "000000" else "111111"
    for left in (4, 3, 2, 1, 0):
        reply = client.post("/i/ANN/code", {"code": wrong})
        assert (reply.status_code, f"Tries left: {left}" in text_of(reply)) == (422, True)
    reply = client.post("/i/ANN/code", {"code": newest_code()})
    assert "Have a new one sent" in text_of(reply)
    assert events(user_id_of("email", BEN)) == []


def test_codes_are_limited_and_the_page_says_when(company: Company) -> None:
    for _ in range(5):
        assert join(browser()).status_code == 302
    reply = join(browser())
    assert reply.status_code == 429
    assert 0 < int(reply["Retry-After"]) <= 3600


def test_what_was_typed_waits_in_the_session_encrypted_and_then_is_gone(busy: Company) -> None:
    client = browser()
    join(client)
    [session] = Session.objects.all()
    assert set(session.get_decoded()) == {"joining"}
    assert "ben" not in repr(session.get_decoded()).lower()
    key = client.cookies["banyan_session"].value
    client.post("/i/ANN/code", {"code": newest_code()})
    assert client.cookies["banyan_session"].value != key
    assert all("ANN" not in one.get_decoded().get("joining", {}) for one in Session.objects.all())


def test_forms_need_their_token_but_for_the_no(company: Company) -> None:
    client = browser(enforce_csrf_checks=True)
    assert join(client).status_code == 403
    assert sent() == []
    ours = {"Sec-Fetch-Site": "same-origin"}
    assert client.post("/i/ANN/decline", headers=ours).status_code == 302
    assert log.head() == declines()[-1][0]


def declines() -> list[tuple[int, dict[str, Any]]]:
    """Position and body of what was declined."""
    rows = log.after(0, 1_000)
    found = rows.filter(rows["name"] == "Referral Declined")
    return [(row["position"], msgspec.json.decode(row["body"])) for row in found.rows(named=True)]


def test_a_no_is_a_fact_without_anybody(company: Company) -> None:
    client = browser()
    words = {"referral_channel": "wechat", "referral_script": "warm"}
    reply = client.post("/i/ann/decline", words, headers={"Origin": "http://localhost"})
    assert reply["Location"] == "/i/ANN/declined"
    assert reply.cookies == {}
    assert "Thank you for saying so" in text_of(client.get("/i/ANN/declined"))
    [(_, body)] = declines()
    assert body["properties"] == {
        "program": "friends",
        "channel": "wechat",
        "script": "warm",
        "code": "ANN",
    }
    assert "userId" not in body
    assert "context" not in body


def test_a_no_from_another_site_and_the_thirty_first_one_are_not_kept(company: Company) -> None:
    client = browser()
    for site in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}, {}):
        assert client.post("/i/ANN/decline", headers=site).status_code == 302
    assert declines() == []
    for _ in range(31):
        client.post("/i/ANN/decline", headers={"Sec-Fetch-Site": "same-origin"})
    assert len(declines()) == 30


def test_the_same_browser_declines_once(company: Company) -> None:
    client = browser()
    client.cookies["banyan_vid"] = VISITOR
    for _ in range(2):
        client.post("/i/ANN/decline", headers={"Sec-Fetch-Site": "same-origin"})
    assert [body["anonymousId"] for _, body in declines()] == [VISITOR]


def test_the_own_link_is_recognised_signed_in_or_by_the_browser(company: Company) -> None:
    signed = signed_in(company, "ann")
    reply = signed.get("/i/ANN")
    assert (reply.status_code, "This is your own link" in text_of(reply)) == (403, True)
    company.say("Signed In", "ann", anonymousId=VISITOR)
    company.work()
    hers = browser()
    hers.cookies["banyan_vid"] = VISITOR
    assert hers.get("/i/ANN").status_code == 403
    # Somebody else, to whom she lends the device, goes on.
    assert hers.get("/i/ANN?as=friend").status_code == 200
    assert hers.get("/i/ANN/join").status_code == 200
    assert signed.get("/i/ANN?as=friend").status_code == 403


def test_an_advocate_who_gives_her_own_contact_gets_nowhere(busy: Company) -> None:
    busy.say("identify", "ann", traits={"email": "ann@example.com"})
    reply = enter(browser(), contact="ann@example.com")
    assert (reply.status_code, "This is your own link" in text_of(reply)) == (403, True)
    assert referrals_of(["ann"]) == []


def test_an_advocate_who_may_not_invite_is_told_to_the_friend(busy: Company) -> None:
    busy.publish(PROGRAM.replace("program: friends", "program: strict").replace(
        "friends: {where", "advocates: {where: 'orders >= 1'}\nfriends: {where"
    ))  # fmt: skip
    busy.member("eve", "EVE", "strict")
    reply = enter(browser(), code="EVE")
    assert reply.status_code == 403
    assert "does not meet the conditions for inviting" in text_of(reply)


def test_a_friend_who_comes_back_sees_how_it_stands_and_cannot_undo_it(busy: Company) -> None:
    client = browser()
    enter(client)
    again = client.get("/i/ANN?referral_channel=wechat")
    assert (again.status_code, again["Location"]) == (
        302,
        "/i/ANN/welcome?referral_channel=wechat",
    )
    client.post("/i/ANN/decline", headers={"Sec-Fetch-Site": "same-origin"})
    assert declines() == []
    [referral] = referrals_of([user_id_of("email", BEN)])
    assert referral.public_state != "lost"


def test_after_an_erasure_one_can_begin_anew(busy: Company) -> None:
    enter(browser())
    user_id = user_id_of("email", BEN)
    erase_customer("tester", user_id, reason="Asked.", now=clock.now())
    enter(browser())
    names = [name for name, _ in events(user_id)]
    assert names.count("Signed Up") == 2
    row = customer(user_id)
    assert row is not None
    assert row.traits == {"email": BEN}


def test_the_versions_of_the_consents_are_those_of_their_texts() -> None:
    """A text that changes needs a new version, by which it is known what somebody agreed to."""
    assert {ask.version: ask.text for ask in asks("ACME")} == {
        "join-terms-1": "I accept the rules of this offer, and agree that ACME keeps my contact "
        "and the invitation in order to fulfil it.",
        "join-marketing-1": "ACME may send me news and offers.",
        "join-name-1": "Whoever invited me may see my name.",
    }


def test_a_phone_number_is_one_person_with_and_without_its_country() -> None:
    assert user_id_of("phone", "13812341234") == user_id_of("phone", "+8613812341234")
    assert user_id_of("phone", "13812341234") != user_id_of("phone", "13812341235")
    assert user_id_of("email", BEN) != user_id_of("email", f"{uuid4()}@example.com")
