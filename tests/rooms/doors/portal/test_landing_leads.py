"""An advocate names a friend; the friend answers by the link that went to the contact."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings

from banyan.core.events import clock
from banyan.core.events import read as log
from banyan.core.people.read import by_contact
from banyan.core.referrals.read import referrals_of
from banyan.doors.portal.joining import user_id_of
from banyan.growth.leads import acts as leads
from banyan.growth.leads.models import Nomination
from banyan.growth.leads.statements import of_advocate
from banyan.pipeline import wait
from tests.installation import Installation
from tests.rooms.doors.api.calling import working
from tests.rooms.doors.portal.me import TEXTS, Company, browser, sent, signed_in, text_of
from tests.rooms.doors.portal.test_landing import PROGRAM, events

BEN = "ben@example.com"
FORM = {"name": "Ben Barker", "contact": BEN, "agreed": "1"}


@pytest.fixture
def company(installation: Installation) -> Iterator[Company]:
    """Ann takes part; a worker decides meanwhile."""
    made = Company()
    made.publish(PROGRAM)
    made.say("identify", "ann", traits={"shownName": "Anna L.", "email": "ann@example.com"})
    made.member("ann", "ANN")
    made.work()
    with working():
        yield made


@pytest.fixture
def ann(company: Company) -> Client:
    """Her browser."""
    return signed_in(company, "ann")


def name(ann: Client, **changes: str) -> Any:
    """Send the form."""
    return ann.post("/me/p/friends/nominate", {**FORM, **changes})


def caught_up() -> None:
    """The worker has decided everything."""
    assert wait.decided(log.head(), timeout_s=20)


def link(number: int = -1) -> str:
    """The friend's link, as it stands in the message: a path."""
    links = [values["confirm_link"] for _, values in sent() if "confirm_link" in values]
    return links[number].removeprefix(settings.BASE_URL)


def test_the_friend_confirms_and_only_then_the_log_knows(company: Company, ann: Client) -> None:
    before = log.head()
    reply = name(ann)
    assert (reply.status_code, reply["Location"]) == (302, "/me/p/friends/nominate?sent=1")
    page = text_of(ann.get(reply["Location"]))
    assert "our message is on its way" in page
    assert "B*** B*** Waiting for an answer" in page
    assert log.head() == before
    assert by_contact("email", BEN) == []
    [(kind, values)] = sent()
    assert (kind, values["advocate"], values["program"]) == (
        "confirm_invitation",
        "Anna L.",
        "Bring a friend",
    )
    friend = browser()
    shown = text_of(friend.get(link()))
    assert "Anna L. recommends us to you" in shown
    assert "b***@example.com" in shown
    assert log.head() == before
    yes = {"answer": "yes", "name": "Ben", "consent": ["terms"]}
    welcome = friend.post(link(), yes, follow=True)
    assert "Welcome, you are in" in text_of(welcome)
    user_id = user_id_of("email", BEN)
    [referral] = referrals_of([user_id])
    assert (referral.advocate, referral.kind, referral.channel) == ("ann", "invite", "form")
    assert [each for each, _ in events(user_id)] == [
        "Consent Given",
        "identify",
        "Signed Up",
        "Referral Accepted",
    ]
    assert [each for each, _ in events("ann")][-1] == "Referral Submitted"
    [row] = Nomination.objects.all()
    assert (row.state, row.friend, row.sealed, row.token) == ("confirmed", user_id, None, "")
    assert row.statement == f"{of_advocate().version}.en"
    assert "B*** B*** Said yes" in text_of(ann.get("/me/p/friends/nominate"))


def test_a_friend_who_sends_the_yes_twice_joins_once(company: Company, ann: Client) -> None:
    name(ann)
    yes = {"answer": "yes", "consent": ["terms"]}
    for client in (browser(), browser()):
        client.post(link(), yes)
    names = [each for each, _ in events(user_id_of("email", BEN))]
    assert names.count("Signed Up") == 1


def test_without_the_consent_nothing_is_kept(company: Company, ann: Client) -> None:
    name(ann)
    before = log.head()
    reply = browser().post(link(), {"answer": "yes", "name": "Ben"})
    assert reply.status_code == 422
    assert "we may not keep the invitation" in text_of(reply)
    assert log.head() == before
    assert Nomination.objects.get().state == "waiting"


@pytest.mark.parametrize(
    ("answer", "title", "seen"),
    [
        ("no", "You have declined", "B*** B*** Said no"),
        ("delete", "Your data is deleted", "Deleted on request Said no"),
    ],
)
def test_the_friend_says_no(
    company: Company, ann: Client, answer: str, title: str, seen: str
) -> None:
    name(ann)
    before, friend = log.head(), browser()
    reply = friend.post(link(), {"answer": answer}, follow=True)
    assert (reply.status_code, title in text_of(reply)) == (410, True)
    assert log.head() == before
    assert Nomination.objects.get().sealed is None
    assert seen in text_of(ann.get("/me/p/friends/nominate"))
    again = friend.post(link(), {"answer": "yes", "consent": ["terms"]})
    assert again.status_code == 410


def test_time_deletes_what_nobody_answered(company: Company, ann: Client) -> None:
    with override_settings(UNCONFIRMED_DAYS=3):
        name(ann)
    assert leads.expire(now=clock.now() + timedelta(days=3)) == 1
    reply = browser().get(link())
    assert (reply.status_code, "This invitation has run out" in text_of(reply)) == (410, True)
    assert "B*** B*** No answer, deleted" in text_of(ann.get("/me/p/friends/nominate"))


def test_a_link_that_is_none_is_not_found(company: Company) -> None:
    assert browser().get("/c/no-such-link").status_code == 404


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"contact": "nonsense"}, "Write one e-mail address of your friend."),
        ({"contact": "ann@example.com"}, "This is your own contact"),
        ({"name": "Ben, card 6222021234567890"}, "Write the name alone"),
    ],
)
def test_what_is_wrong_is_told(
    company: Company, ann: Client, changes: dict[str, str], sentence: str
) -> None:
    reply = name(ann, **changes)
    assert (reply.status_code, sentence in text_of(reply)) == (422, True)
    assert sent() == []
    assert Nomination.objects.count() == 0


def test_without_the_friends_yes_nothing_is_taken(company: Company, ann: Client) -> None:
    reply = ann.post("/me/p/friends/nominate", {"name": "Ben", "contact": BEN})
    assert (reply.status_code, "Ask your friend first" in text_of(reply)) == (422, True)
    assert Nomination.objects.count() == 0


def test_a_friends_number_is_refused_where_no_text_messages_are_sent(ann: Client) -> None:
    reply = name(ann, contact="13812341234")
    assert reply.status_code == 422
    assert "Text messages are not sent from here." in text_of(reply)
    assert Nomination.objects.count() == 0


@override_settings(SMS_PROVIDER=TEXTS)
def test_a_customers_contact_looks_like_any_other_and_nobody_is_written_to(
    company: Company, ann: Client
) -> None:
    company.say("identify", "carl", traits={"phone": "+8613812341234"})
    caught_up()
    known, stranger = name(ann, contact="13812341234"), name(ann, contact="13812341235")
    assert (known.status_code, known["Location"]) == (stranger.status_code, stranger["Location"])
    assert [kind for kind, _ in sent()] == ["confirm_invitation"]
    rows = Nomination.objects.order_by("pk").values_list("state", "is_silent")
    assert list(rows) == [("waiting", True), ("waiting", False)]


def test_a_friend_who_became_a_customer_meanwhile_is_not_counted(
    company: Company, ann: Client
) -> None:
    name(ann)
    company.say("identify", "ben", traits={"email": BEN})
    caught_up()
    before, friend = log.head(), browser()
    reply = friend.post(link(), {"answer": "yes", "consent": ["terms"]}, follow=True)
    assert (reply.status_code, "for new customers" in text_of(reply)) == (410, True)
    assert log.head() == before
    assert Nomination.objects.get().state == "refused"


def test_only_who_takes_part_names_friends(company: Company, ann: Client) -> None:
    company.say("identify", "eve", traits={"name": "Eve"})
    caught_up()
    reply = signed_in(company, "eve").post("/me/p/friends/nominate", FORM)
    assert (reply.status_code, reply["Location"]) == (302, "/me/p/friends/")
    stranger = browser().post("/me/p/friends/nominate", FORM)
    assert stranger["Location"].startswith("/me/sign-in")
    assert ann.get("/me/p/nothing/nominate").status_code == 404
    assert Nomination.objects.count() == 0


def test_the_page_begins_with_whom_it_suits(company: Company, ann: Client) -> None:
    text = text_of(ann.get("/me/p/friends/nominate"))
    assert text.index("Whom it suits") < text.index("Your friend’s e-mail")
    assert "Nothing more, please" in text


def test_the_company_is_told_at_once_where_it_has_said_whom(company: Company, ann: Client) -> None:
    with override_settings(OWNER_EMAIL="sales@acme.example"):
        name(ann)
    assert [kind for kind, _ in sent()] == ["confirm_invitation", "lead_submitted"]
    _, values = sent()[1]
    assert (values["advocate"], values["program"]) == ("Anna L.", "Bring a friend")
    assert BEN not in repr(values)
