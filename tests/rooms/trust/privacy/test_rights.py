"""What people may ask for is done, on the record, and only once."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import msgspec
import pytest

from banyan.core.events.person import events_at, events_of, forget_at
from banyan.core.events.read import after, head
from banyan.core.ledger.read import balances
from banyan.core.people.acts import CannotMerge, NoSuchCustomer
from banyan.core.people.contacts import email_stand_in
from banyan.core.people.read import MergedAway, by_contact, consenting, consents, customer
from banyan.core.people.save import save
from banyan.core.referrals.read import decisions, referrals
from banyan.kernel.database import one_transaction
from banyan.trust.audit.read import entries, verify_chain
from banyan.trust.privacy.acts import (
    LONGEST_TEXT,
    AlreadyErased,
    BadConsent,
    BadRequestText,
    ContactOfCustomer,
    NoReason,
    NotAContact,
    NotOpen,
    close_request,
    erase_contact,
    erase_customer,
    expire_invitations,
    export_customer,
    give_consent,
    merge_customers,
    open_request,
    withdraw_consent,
)
from banyan.trust.privacy.due import due_at
from banyan.trust.privacy.read import requests
from tests.installation import Installation
from tests.rooms.trust.privacy.company import (
    ANN,
    BEN,
    NEVER_JOINED,
    NOW,
    publish_program,
    say,
    story,
    work,
)
from tests.rooms.trust.privacy.sweep import found_in_clear

ME = "user:1"
WHY = "the customer asked on the phone"


@pytest.fixture
def company(installation: Installation) -> Installation:
    """The program is published and the story has happened."""
    publish_program()
    story()
    return installation


def sealed() -> list[int]:
    rows = after(0, 1_000)
    return rows.filter(rows["sealed"].is_not_null())["position"].to_list()


def test_consent_is_given_and_withdrawn_in_the_log(company: Installation) -> None:
    given = give_consent(ME, "ann", "public_ranking", text_version="2", channel="phone", now=NOW)
    assert consenting(["ann", "ben"], "public_ranking") == frozenset()
    work()
    assert consenting(["ann", "ben"], "public_ranking") == {"ann"}
    [row] = consents("ann")
    assert (row.position, row.purpose, row.text_version, row.channel) == (
        given.position,
        "public_ranking",
        "2",
        "phone",
    )
    withdraw_consent(ME, "ann", "public_ranking", now=NOW)
    withdraw_consent(ME, "ben", now=NOW)
    work()
    assert consenting(["ann", "ben"], "public_ranking") == frozenset()
    assert consenting(["ann", "ben"], "marketing") == frozenset()
    assert [(e.verb, e.about, e.after) for e in entries(verb="consent.")] == [
        ("consent.withdrawn", "customer:ben", {}),
        ("consent.withdrawn", "customer:ann", {"purpose": "public_ranking"}),
        (
            "consent.given",
            "customer:ann",
            {"purpose": "public_ranking", "text_version": "2", "channel": "phone"},
        ),
    ]


@pytest.mark.parametrize("purpose", ["", "Marketing", "a b", "x" * 65, "*"])
def test_a_consent_says_to_what(installation: Installation, purpose: str) -> None:
    with pytest.raises(BadConsent, match="lower-case letters"):
        give_consent(ME, "ann", purpose, now=NOW)
    with pytest.raises(BadConsent, match="`channel` may have at most 64"):
        give_consent(ME, "ann", "marketing", channel="x" * 65, now=NOW)
    assert (head(), entries()) == (0, [])


def test_an_export_holds_everything_in_clear_and_others_masked(company: Installation) -> None:
    told = export_customer(ME, "ben", reason=WHY, now=NOW)
    name, email, phone, _ = BEN
    [who] = told["customers"]  # type: ignore[misc]
    assert who["customer"]["traits"] == {
        "email": email.upper(),
        "firstName": "杰明",
        "lastName": "张",
        "phone": phone,
    }
    assert [contact["value"] for contact in who["customer"]["contacts"]] == [email.upper(), phone]
    assert [one["anonymous_id"] for one in who["visitors"]] == ["web-ben"]
    assert [(one["purpose"], one["is_given"]) for one in who["consents"]] == [("marketing", True)]
    [referred] = who["referred_by"]
    assert (referred["advocate"], referred["friend"]) == ("A*** G***", "ben")
    assert who["referrals_made"] == []
    [welcome] = who["decisions"]
    assert (welcome["beneficiary"], welcome["advocate"], welcome["amount"]) == (
        "ben",
        "A*** G***",
        100,
    )
    assert who["balances"] == [{"unit": "points", "pending": 0, "available": 100}]
    assert [(one["amount"], one["unit"]) for one in who["statement"]] == [(100, "points")] * 2
    events = told["events"]
    assert [one["position"] for one in events] == [6, 7, 8, 9, 10, 11, 5]  # type: ignore[union-attr]
    assert events[0]["personal"]["email"] == email.upper()  # type: ignore[index]
    assert events[-1]["personal"] == {"email": email, "name": name}  # type: ignore[index]
    [invitation] = told["invitations"]  # type: ignore[misc]
    assert invitation["by"] == "A*** G***"
    assert invitation["personal"] == {"email": email, "phone": phone, "name": name}
    assert told["access"] == [
        {"at": "2026-03-01T08:00:00Z", "actor": ME, "verb": "customer.exported", "reason": WHY}
    ]
    text = msgspec.json.encode(told).decode()
    assert [value for value in (*ANN, '"ann"') if value in text] == []


def test_who_invited_sees_the_friends_masked(company: Installation) -> None:
    told = export_customer(ME, "ann", reason=WHY, now=NOW)
    [who] = told["customers"]  # type: ignore[misc]
    [made] = who["referrals_made"]
    assert (made["friend"], made["stage"]) == ("张**", "repurchased")
    assert [link["code"] for link in who["links"]] == ["ANN"]
    by_position = {one["position"]: one for one in told["events"]}  # type: ignore[attr-defined]
    assert by_position[3]["personal"] == {
        "email": "b***@example.org",
        "phone": "139****9876",
        "name": "本***",
    }
    assert by_position[4]["personal"] == {
        "email": "c***@example.net",
        "phone": "+3933****0123",
    }
    text = msgspec.json.encode(told).decode()
    assert [value for value in (*BEN, *NEVER_JOINED, '"ben"') if value in text] == []
    assert ANN[1] in text


def test_an_export_needs_a_customer_and_a_reason(company: Installation) -> None:
    with pytest.raises(NoSuchCustomer):
        export_customer(ME, "dan", reason=WHY, now=NOW)
    with pytest.raises(NoReason, match="why this is exported"):
        export_customer(ME, "ann", reason=" ", now=NOW)
    assert entries(verb="customer.") == []


def test_an_erasure_destroys_what_is_personal_and_nothing_else(company: Installation) -> None:
    before = after(0, 1_000)
    books = (referrals(), decisions(), balances("ann"), balances("ben"))
    done = erase_customer(ME, "ben", reason=WHY, now=NOW)
    assert (done.user_ids, done.position) == (("ben",), before.height + 1)
    # Four of ben's events, one of his browser before he signed up; one invitation by ann.
    assert (done.events, done.profiles, done.contacts, done.invitations) == (5, 1, 2, 1)
    assert sealed() == [1, 4]
    now_in_log = after(0, 1_000)
    assert now_in_log.head(before.height).drop("sealed").equals(before.drop("sealed"))
    assert now_in_log["name"][-1] == "Customer Erased"
    found = customer("ben")
    assert found is not None
    assert (found.traits, found.contacts, found.erased_at) == ({}, (), NOW)
    other = customer("ann")
    assert other is not None
    assert other.traits["email"] == ANN[1]
    work()
    assert (referrals(), decisions(), balances("ann"), balances("ben")) == books
    [entry] = entries(verb="customer.erased")
    assert (entry.actor, entry.about, entry.reason) == (ME, "customer:ben", WHY)
    assert entry.after == {
        "user_ids": ["ben"],
        "position": done.position,
        "events": 5,
        "profiles": 1,
        "contacts": 2,
        "invitations": 1,
    }
    assert verify_chain().is_whole


def test_an_erasure_before_the_worker_came_by(installation: Installation) -> None:
    """Nobody has been saved yet; the log alone knows the person, their browsers and who was
    invited."""
    publish_program()
    say("ann", "Referral Submitted", properties={"email": BEN[1]})
    say("", "identify", anonymousId="web-1", traits={"name": BEN[0]})
    say("", "identify", anonymousId="web-2", traits={"name": BEN[0]})
    traits = {"email": BEN[1].upper(), "name": BEN[0]}
    say("ben", "identify", anonymousId="web-1", traits=traits)
    say("ben", "alias", previousId="web-2")
    done = erase_customer(ME, "ben", reason=WHY, now=NOW)
    assert (done.events, done.profiles, done.contacts) == (3, 0, 0)
    assert sealed() == [1]
    rows = after(0, 100)
    with one_transaction():
        assert forget_at(save(rows)) == 1
    assert sealed() == []
    assert by_contact("email", BEN[1]) == []


def test_a_second_erasure_says_so(company: Installation) -> None:
    erase_customer(ME, "ben", reason=WHY, now=NOW)
    height = head()
    with pytest.raises(AlreadyErased, match="'ben' was erased on 2026-03-01"):
        erase_customer(ME, "ben", reason=WHY, now=NOW + timedelta(days=1))
    assert head() == height
    give_consent(ME, "ben", "account", now=NOW)
    say("ben", "identify", traits={"name": BEN[0]})
    work()
    again = erase_customer(ME, "ben", reason=WHY, now=NOW + timedelta(days=1))
    assert (again.events, again.profiles, again.contacts) == (1, 1, 0)


def test_who_is_unknown_is_not_erased(company: Installation) -> None:
    height = head()
    with pytest.raises(NoSuchCustomer):
        erase_customer(ME, "dan", reason=WHY, now=NOW)
    with pytest.raises(NoReason):
        erase_customer(ME, "ben", reason="", now=NOW)
    assert (head(), entries(verb="customer."), requests()) == (height, [], [])


def test_a_merged_customer_is_exported_and_erased_as_a_whole(company: Installation) -> None:
    say("ben-2", "identify", traits={"name": "Benjamin", "email": "b2@example.org"})
    work()
    said = merge_customers(ME, "ben-2", "ben", reason=WHY, now=NOW)
    [event] = events_at([said.position])
    assert (event["kind"], event["user_id"]) == ("alias", "ben")
    assert by_contact("email", "b2@example.org") == ["ben"]
    with pytest.raises(MergedAway):
        erase_customer(ME, "ben-2", reason=WHY, now=NOW)
    told = export_customer(ME, "ben", reason=WHY, now=NOW)
    names = [who["customer"]["user_id"] for who in told["customers"]]  # type: ignore[attr-defined]
    assert names == ["ben", "ben-2"]
    done = erase_customer(ME, "ben", reason=WHY, now=NOW)
    assert (done.user_ids, done.profiles, done.contacts) == (("ben", "ben-2"), 2, 3)
    assert all(event["sealed"] is None for event in events_of(["ben", "ben-2"], []))
    [entry] = entries(verb="customer.merged")
    assert (entry.about, entry.after) == (
        "customer:ben-2",
        {"into": "ben", "position": said.position},
    )


def test_a_merge_that_cannot_be_leaves_no_event(company: Installation) -> None:
    height = head()
    with pytest.raises(CannotMerge):
        merge_customers(ME, "ann", "ann", reason=WHY, now=NOW)
    with pytest.raises(NoSuchCustomer):
        merge_customers(ME, "dan", "ann", reason=WHY, now=NOW)
    with pytest.raises(NoReason):
        merge_customers(ME, "ben", "ann", reason="", now=NOW)
    assert (head(), entries(verb="customer.")) == (height, [])


def test_who_was_only_invited_can_have_the_contact_erased(company: Installation) -> None:
    mail, phone = NEVER_JOINED
    assert 4 in sealed()
    assert erase_contact(ME, "email", mail.upper(), reason=WHY, now=NOW) == 1
    assert 4 not in sealed()
    assert 3 in sealed()
    assert erase_contact(ME, "phone", phone, reason=WHY, now=NOW) == 0
    [_, entry] = entries(verb="contact.erased")
    assert (entry.about, entry.after) == (
        f"contact:{email_stand_in(mail)}",
        {"invitations": 1},
    )
    with pytest.raises(ContactOfCustomer, match="customer 'ben'"):
        erase_contact(ME, "email", BEN[1], reason=WHY, now=NOW)
    with pytest.raises(NotAContact):
        erase_contact(ME, "phone", "no digits", reason=WHY, now=NOW)
    assert 3 in sealed()


def test_contacts_of_friends_are_not_kept_for_ever(company: Installation) -> None:
    with_contacts = sealed()
    assert expire_invitations(now=NOW + timedelta(days=90)) == 0
    assert sealed() == with_contacts
    assert expire_invitations(now=NOW + timedelta(days=90, seconds=1)) == 2
    assert sealed() == [n for n in with_contacts if n not in (3, 4)]
    assert expire_invitations(now=NOW + timedelta(days=91)) == 0
    [entry] = entries(verb="invitations.expired")
    assert (entry.actor, entry.after) == ("schedule", {"events": 2})
    friend = customer("ben")
    assert friend is not None
    assert [one.value for one in friend.contacts] == [BEN[1].upper(), BEN[2]]


def test_a_request_is_answered_once(company: Installation) -> None:
    number = open_request(ME, "erase", "ben", now=NOW)
    [row] = requests(state="open")
    assert (row.number, row.kind, row.user_id, row.opened_by) == (number, "erase", "ben", ME)
    assert row.due_at == datetime(2026, 3, 20, 8, tzinfo=UTC)
    assert requests(due_before=row.due_at) == []
    assert [late.number for late in requests(due_before=row.due_at + timedelta(1))] == [number]

    with pytest.raises(NotOpen, match="it is done when that is done"):
        close_request(ME, number, is_refused=False, reason=WHY, now=NOW)
    with pytest.raises(NotOpen, match="does not ask to erase customer 'ann'"):
        erase_customer(ME, "ann", reason=WHY, now=NOW, request_id=number)
    assert customer("ann").traits != {}  # type: ignore[union-attr]

    later = NOW + timedelta(days=2)
    done = erase_customer("user:2", "ben", reason=WHY, now=later, request_id=number)
    [row] = requests(user_id="ben")
    assert (row.state, row.closed_at, row.closed_by, row.reason) == ("done", later, "user:2", WHY)
    assert row.outcome["contacts"] == done.contacts == 2
    with pytest.raises(NotOpen, match="was answered before: it is done"):
        close_request(ME, number, is_refused=True, reason=WHY, now=NOW)
    with pytest.raises(NotOpen, match="no request 99"):
        close_request(ME, 99, is_refused=True, reason=WHY, now=NOW)


def test_a_request_may_be_refused_with_a_reason(company: Installation) -> None:
    number = open_request(ME, "object", "ann", now=NOW)
    with pytest.raises(NoReason):
        close_request(ME, number, is_refused=True, reason="", now=NOW)
    close_request(ME, number, is_refused=True, reason="we have no such use", now=NOW)
    [row] = requests()
    assert (row.state, row.reason, row.outcome) == ("refused", "we have no such use", {})
    done = open_request(ME, "correct", "ann", now=NOW)
    close_request(ME, done, is_refused=False, reason="name corrected", now=NOW)
    assert [(r.number, r.state) for r in requests()] == [(done, "done"), (number, "refused")]
    assert [entry.verb for entry in entries(verb="request.")] == [
        "request.done",
        "request.opened",
        "request.refused",
        "request.opened",
    ]
    with pytest.raises(NoSuchCustomer):
        open_request(ME, "access", "dan", now=NOW)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ((2026, 3, 2), (2026, 3, 23)),  # a Monday: three weeks
        ((2026, 3, 6), (2026, 3, 27)),
        ((2026, 3, 7), (2026, 3, 27)),  # a Saturday and a Sunday count from Monday on
        ((2026, 3, 8), (2026, 3, 27)),
    ],
)
def test_fifteen_working_days(received: tuple[int, int, int], due: tuple[int, int, int]) -> None:
    assert due_at(datetime(*received, 9, tzinfo=UTC)) == datetime(*due, 9, tzinfo=UTC)


def test_what_somebody_says_with_a_request_is_sealed_exported_and_goes_with_them(
    company: Installation,
) -> None:
    said = "My name is Anneliese Kaltwasser."
    number = open_request(ME, "correct", "ann", text=f"  {said}\n", now=NOW)
    [row] = requests(user_id="ann")
    assert (row.number, row.text) == (number, said)
    assert found_in_clear(company, ["Kaltwasser"]) == []
    told = export_customer(ME, "ann", reason=WHY, now=NOW)
    assert [one["text"] for one in cast(Any, told["requests"])] == [said]
    with pytest.raises(BadRequestText, match=r"^text: at most 2000 characters, not 2001\.$"):
        open_request(ME, "correct", "ann", text="x" * (LONGEST_TEXT + 1), now=NOW)
    with pytest.raises(BadRequestText, match="broken character"):
        open_request(ME, "correct", "ann", text="\ud800", now=NOW)
    assert len(requests(user_id="ann")) == 1
    erase_customer(ME, "ann", reason=WHY, now=NOW)
    [row] = requests(user_id="ann", state="open")
    assert (row.number, row.text) == (number, "")
