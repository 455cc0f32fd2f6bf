"""What events say of people is kept: once, encrypted, to be found by what they gave."""

import time
from datetime import timedelta

import polars as pl
import pytest

from banyan.core.events.intake import LONGEST_ID_BYTES
from banyan.core.people.contacts import email_stand_in, phone_stand_in
from banyan.core.people.profiles import LARGEST_BYTES
from banyan.core.people.read import (
    by_contact,
    consenting,
    consents,
    contacts,
    customer,
    identities,
    invitations,
    masked_names,
    search,
)
from banyan.kernel.database import read
from banyan.kernel.sealing import CannotOpen
from tests.installation import Installation
from tests.rooms.core.people.log import NOW, batch, decided, event, happens, identify, sent, track

EVERYTHING = {
    "people_customer": "user_id, first_position, merged_into",
    "people_profile": "customer, locale, position",
    "people_contact": "customer, kind, token, first_position",
    "people_identity": "anonymous_id, customer, first_position",
    "people_invitation": "token, position",
    "people_consent": "position, customer, purpose",
}


def tables() -> dict[str, list[tuple[object, ...]]]:
    """What stands in the room's tables, what is sealed aside."""
    found = {}
    for table, columns in EVERYTHING.items():
        names = columns.split(", ")
        text = ", ".join(f"CAST({name} AS TEXT)" for name in names)
        rows = read(f"SELECT {text} FROM {table}", [], dict.fromkeys(names, pl.String()))
        found[table] = sorted(rows.iter_rows(), key=str)
    return found


def a_story() -> list[dict[str, object]]:
    return [
        event("page", anonymousId="a1"),
        track("Signed Up", "u1", tier="gold") | {"anonymousId": "a1"},
        identify("u1", name="张三", email="San@Example.com", phone="+86 138 1234 1234"),
        event("alias", "u1", previousId="a0"),
        track("Referral Submitted", "u1", email="friend@example.org", phone="139 0000 0000"),
        track("Consent Given", "u1", purpose="marketing", text_version="3", channel="web"),
        identify("u1", name=None, city="上海", email="second@example.com"),
        identify("u2", email="san@example.com", firstName="Ann", lastName="Lee"),
        track("Consent Withdrawn", "u1", purpose="marketing"),
        track("Order Completed", "u1", order_id="o1", total=12.5, currency="USD"),
    ]


def test_a_customer_is_known_from_the_first_event_on(installation: Installation) -> None:
    first, second, third = (
        track("Browsed", "u1"),
        track("Browsed", "u1") | {"timestamp": (NOW + timedelta(minutes=59)).isoformat()},
        track("Browsed", "u1") | {"timestamp": (NOW - timedelta(days=1)).isoformat()},
    )
    happens(event("page", anonymousId="a1"), first, second)
    happens(third)
    found = customer("u1")
    assert found is not None
    assert (found.first_position, found.first_seen_at) == (2, NOW)
    assert found.last_seen_at == NOW
    happens(track("Browsed", "u1") | {"timestamp": (NOW + timedelta(minutes=61)).isoformat()})
    found = customer("u1")
    assert found is not None
    assert (found.first_seen_at, found.last_seen_at) == (NOW, NOW + timedelta(hours=1))
    assert (found.traits, found.contacts, found.locale) == ({}, (), "")
    assert customer("a1") is None


def test_of_each_trait_the_last_value_stays(installation: Installation) -> None:
    happens(identify("u1", name="Ann", address={"city": "Rome"}, number=10000000000000000001))
    happens(identify("u1", name=None, address={"zip": "1"}), identify("u1", plan="pro"))
    found = customer("u1")
    assert found is not None
    assert found.traits == {
        "name": "Ann",
        "number": 10000000000000000001,
        "address": {"zip": "1"},
        "plan": "pro",
    }


def test_contacts_are_found_however_they_are_written(installation: Installation) -> None:
    happens(*a_story())
    assert by_contact("email", " SAN@example.com") == ["u1", "u2"]
    assert by_contact("email", "second@example.com") == ["u1"]
    assert by_contact("phone", "008613812341234") == ["u1"]
    assert by_contact("phone", "13812341234") == []
    assert by_contact("email", "") == []
    assert search("san@example.com") == ["u1", "u2"]
    assert search("u") == ["u1", "u2"]
    assert search("u", after="u1") == ["u2"]
    assert search("U") == search("%") == search("u3") == []
    assert search("") == ["u1", "u2"]
    assert [(one.kind, one.value, one.first_position) for one in contacts(["u1"])] == [
        ("email", "San@Example.com", 3),
        ("phone", "+86 138 1234 1234", 3),
        ("email", "second@example.com", 7),
    ]


def test_a_contacts_token_is_the_one_in_the_log(installation: Installation) -> None:
    happens(identify("u1", email="San@Example.com", phone=13812341234))
    [body] = batch()["body"]
    mail, phone = contacts(["u1"])
    assert mail.token == email_stand_in("San@Example.com")
    assert f'"{mail.token}"' in body
    assert phone.token == phone_stand_in("13812341234")
    assert f'"{phone.token}"' in body
    assert phone.value == "13812341234"


def test_visitors_are_paired_with_people(installation: Installation) -> None:
    happens(*a_story(), track("Browsed", "u2") | {"anonymousId": "a1"})
    assert [(one.anonymous_id, one.first_position) for one in identities("u1")] == [
        ("a1", 2),
        ("a0", 4),
    ]
    assert [(one.anonymous_id, one.first_position) for one in identities("u2")] == [("a1", 11)]


def test_invitations_are_found_by_the_friends_contact(installation: Installation) -> None:
    happens(*a_story())
    mail, phone = email_stand_in("friend@example.org"), phone_stand_in("13900000000")
    assert mail is not None
    assert phone is not None
    assert invitations([mail]) == invitations([phone]) == invitations([mail, phone]) == [5]
    assert by_contact("email", "friend@example.org") == []


def test_the_last_word_on_a_purpose_counts(installation: Installation) -> None:
    happens(
        track("Consent Given", "u1", purpose="marketing", text_version="3", channel="web"),
        track("Consent Given", "u1", purpose="ranking"),
        track("Consent Given", "u2", purpose="marketing"),
        track("Consent Withdrawn", "u2", purpose="marketing"),
        track("Consent Given", "u3", purpose="marketing"),
        track("Consent Withdrawn", "u3"),
        track("Consent Given", "u4"),
        track("Consent Given", "u5", purpose="x" * 65),
        track("Consent Given", purpose="marketing") | {"anonymousId": "a1"},
    )
    everybody = ["u1", "u2", "u3", "u4", "u5", "u6"]
    assert consenting(everybody, "marketing") == {"u1"}
    assert consenting(everybody, "ranking") == {"u1"}
    assert consenting(everybody, "story") == frozenset()
    first, second = consents("u1")
    assert (first.purpose, first.is_given, first.text_version) == ("marketing", True, "3")
    assert (first.channel, first.position, first.occurred_at) == ("web", 1, NOW)
    assert (second.purpose, second.text_version, second.channel) == ("ranking", "", "")
    assert [row.is_given for row in consents("u3")] == [True, False]
    assert consents("u4") == consents("u5") == []


def test_others_see_masks(installation: Installation) -> None:
    happens(
        identify("u1", name="张三", email="san@example.com"),
        identify("u2", firstName="Ann", lastName="Lee"),
        identify("u3", firstName="三", lastName="张"),
        identify("u4", email="anna@example.com", phone="13812341234"),
        identify("u5", phone="13812341234"),
        track("Browsed", "u6"),
    )
    assert masked_names(["u1", "u2", "u3", "u4", "u5", "u6", "u7"]) == {
        "u1": "张*",
        "u2": "A*** L***",
        "u3": "张*",
        "u4": "a***@example.com",
        "u5": "138****1234",
        "u6": "",
        "u7": "",
    }


@pytest.mark.parametrize(
    ("said", "locale"),
    [
        ({"context": {"locale": "zh-CN"}, "traits": {"locale": "en"}}, "zh-CN"),
        ({"traits": {"locale": "en"}}, "en"),
        ({"context": {"locale": "x" * 99}, "traits": {"locale": "en"}}, "en"),
        ({"context": {"locale": None}, "traits": {"locale": 7}}, ""),
    ],
)
def test_the_locale_is_what_an_event_says(
    installation: Installation, said: dict[str, object], locale: str
) -> None:
    happens(event("identify", "u1", **said))
    found = customer("u1")
    assert found is not None
    assert found.locale == locale


def test_cutting_the_log_anywhere_and_saving_twice_gives_the_same(
    installation: Installation,
) -> None:
    sent(*a_story())
    for position in range(10):
        decided(batch(position, 1))
    one_by_one, first = tables(), customer("u1")
    decided(batch())
    decided(batch(3, 4))
    assert tables() == one_by_one
    assert customer("u1") == first
    assert len(one_by_one["people_contact"]) == 4
    assert [row[0] for row in one_by_one["people_customer"]] == ["u1", "u2"]


def test_one_batch_gives_what_single_events_give(installation: Installation) -> None:
    sent(*a_story())
    decided(batch())
    assert tables() == {
        "people_customer": [("u1", "2", None), ("u2", "8", None)],
        "people_profile": [("u1", "", "7"), ("u2", "", "8")],
        "people_contact": sorted(
            [
                ("u1", "email", email_stand_in("san@example.com"), "3"),
                ("u1", "phone", phone_stand_in("+8613812341234"), "3"),
                ("u1", "email", email_stand_in("second@example.com"), "7"),
                ("u2", "email", email_stand_in("san@example.com"), "8"),
            ],
            key=str,
        ),
        "people_identity": [("a0", "u1", "4"), ("a1", "u1", "2")],
        "people_invitation": sorted(
            [
                (email_stand_in("friend@example.org"), "5"),
                (phone_stand_in("13900000000"), "5"),
            ],
            key=str,
        ),
        "people_consent": [("6", "u1", "marketing"), ("9", "u1", "marketing")],
    }


def test_what_is_sealed_for_one_does_not_open_for_another(installation: Installation) -> None:
    from django.db import connection

    happens(identify("u1", name="Ann"), identify("u2", name="Bob"))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE people_profile SET sealed = (SELECT sealed FROM people_profile p "
            "WHERE p.customer = 'u2') WHERE customer = 'u1'"
        )
    with pytest.raises(CannotOpen):
        customer("u1")


def test_the_longest_ids_and_odd_texts_do_not_stop_the_line(installation: Installation) -> None:
    letters = LONGEST_ID_BYTES // 3
    user = "".join(chr(0x4E00 + n * 37 % 20_000) for n in range(letters))
    visitor = "".join(chr(0x4E00 + n * 53 % 20_000) for n in range(letters))
    domain = "".join(chr(0x4E00 + n * 71 % 20_000) for n in range(250)) + ".cn"
    happens(
        identify(user, email=f"a@{domain}") | {"anonymousId": visitor},
        track("Consent Given", user, purpose="p" * 64, text_version="\x00", channel="c" * 999),
        event("alias", user, previousId="\x00"),
        event("alias", user),
        event("identify", "u2", traits=None),
        event("identify", "u2", traits=[1]),
        event("identify", "u2", traits={"email": {"a": 1}, "phone": [], "name": 3.0}),
        event("identify", anonymousId="a9", traits={"email": "a@example.com"}),
        track("Referral Submitted", user, email=None, phone=""),
        track("Referral Submitted", user, email=7),
    )
    assert [one.anonymous_id for one in identities(user)] == [visitor]
    assert by_contact("email", f"a@{domain}") == [user]
    [said] = consents(user)
    assert (said.purpose, said.text_version, said.channel) == ("p" * 64, "", "")
    assert contacts(["u2"]) == []
    assert customer("a9") is None


def test_traits_given_longest_ago_fall_out_of_a_full_profile(installation: Installation) -> None:
    happens(*[identify("u1", **{f"t{n}": "x" * 20_000}) for n in range(4)], identify("u1", t1="y"))
    found = customer("u1")
    assert found is not None
    assert list(found.traits) == ["t2", "t3", "t1"]
    assert 3 * 20_000 < LARGEST_BYTES < 4 * 20_000


def test_an_empty_batch_changes_nothing(installation: Installation) -> None:
    assert decided(batch()) == []
    assert all(rows == [] for rows in tables().values())


@pytest.mark.speed
def test_ten_thousand_events_a_second(installation: Installation) -> None:
    """A batch of 10,000 events, one in ten an `identify`, of people half of whom are known."""
    for turn in range(2):
        made = [
            identify(f"u{n}", email=f"{n}@example.com", name="Ann", phone=str(13800000000 + n))
            if n % 10 == 0
            else track("Order Completed", f"u{n // 2 + turn * 2500}", total=5)
            | {"anonymousId": f"a{n}"}
            for n in range(10_000)
        ]
        [first, *_] = sent(*made)
        rows = batch(first - 1)
        started = time.perf_counter()
        decided(rows)
        spent = time.perf_counter() - started
        print(f"{installation.kind}: {10_000 / spent:,.0f} events/s")  # noqa: T201
        assert spent < 1.0
