"""What is erased is gone, does not come back by itself, and takes nobody else's data with it."""

import pytest
from django.db import DatabaseError, connection

from banyan.core.events.acts import append_one
from banyan.core.events.person import events_at
from banyan.core.people.acts import (
    CannotMerge,
    Dropped,
    NoSuchCustomer,
    check_merge,
    erase,
    erase_contacts,
    merge,
)
from banyan.core.people.contacts import email_stand_in
from banyan.core.people.erasing import ERASED
from banyan.core.people.models import Erasure
from banyan.core.people.read import (
    MergedAway,
    by_contact,
    contacts,
    customer,
    erased_at,
    invitations,
    whole,
)
from banyan.kernel.database import one_transaction
from tests.installation import Installation
from tests.rooms.core.people.log import (
    NOW,
    batch,
    decided,
    event,
    happens,
    identify,
    sent,
    track,
)


def erased(user: str) -> int:
    """The room's part of an erasure; its position, not yet decided."""
    said = {"type": "track", "event": ERASED, "userId": user}
    with one_transaction():
        position = append_one("test", said, now=NOW).position
        erase(user, position=position, now=NOW)
    return position


def is_empty(user: str) -> bool:
    found = customer(user)
    return found is None or (found.traits, found.contacts, found.locale) == ({}, (), "")


def sealed_at(position: int) -> bool:
    [row] = events_at([position])
    return row["sealed"] is not None


def test_profile_and_contacts_go_and_the_id_stays(installation: Installation) -> None:
    happens(
        identify("u1", name="Ann", email="a@example.com", phone="13812341234"),
        identify("u2", name="Bob", email="a@example.com"),
    )
    position = append_one("t", {"type": "track", "event": "X", "userId": "u1"}, now=NOW).position
    assert erase("u1", position=position, now=NOW) == Dropped(profiles=1, contacts=2)
    assert is_empty("u1")
    found = customer("u1")
    assert found is not None
    assert (found.erased_at, found.first_position) == (NOW, 1)
    assert erased_at("u1") == NOW
    assert erased_at("u2") is None
    assert by_contact("email", "a@example.com") == ["u2"]
    other = customer("u2")
    assert other is not None
    assert other.traits == {"name": "Bob", "email": "a@example.com"}


def test_a_batch_read_before_an_erasure_brings_nothing_back(installation: Installation) -> None:
    sent(identify("u1", name="Ann", email="a@example.com"))
    read_before = batch()
    erased("u1")
    assert decided(read_before) == [1]
    assert is_empty("u1")
    assert not sealed_at(1)


def test_what_a_batch_stored_while_being_erased_goes_at_the_erasures_event(
    installation: Installation,
) -> None:
    sent(identify("u1", name="Ann", email="a@example.com"))
    position = append_one("t", {"type": "track", "event": ERASED, "userId": "u1"}, now=NOW).position
    # As if `decided` had not seen the erasure's row, being committed at the same time.
    decided(batch(0, 1))
    Erasure.objects.create(position=position, customer="u1", erased_at=NOW)
    assert not is_empty("u1")
    decided(batch(1))
    assert is_empty("u1")


def test_an_event_that_only_says_so_erases_nothing(installation: Installation) -> None:
    happens(identify("u1", name="Ann", email="a@example.com"), track(ERASED, "u1"))
    found = customer("u1")
    assert found is not None
    assert found.traits["name"] == "Ann"
    assert contacts(["u1"]) != []
    assert found.erased_at is None


def test_later_data_is_not_kept_until_the_person_consents_anew(installation: Installation) -> None:
    happens(track("Consent Given", "u1", purpose="marketing"), identify("u1", name="Ann"))
    erased("u1")
    sent(identify("u1", name="Ann"), track("Consent Withdrawn", "u1"), identify("u2", name="Bob"))
    assert decided(batch()) == [2, 4]
    assert is_empty("u1")
    assert not is_empty("u2")
    assert not sealed_at(4)
    assert sealed_at(6)

    sent(track("Consent Given", "u1", purpose="account"), identify("u1", name="Anna"))
    assert decided(batch(6)) == []
    found = customer("u1")
    assert found is not None
    assert found.traits == {"name": "Anna"}
    assert erased_at("u1") is None
    assert found.erased_at == NOW
    assert sealed_at(8)


def test_who_came_back_can_be_erased_again(installation: Installation) -> None:
    happens(identify("u1", name="Ann"))
    erased("u1")
    happens(track("Consent Given", "u1", purpose="account"), identify("u1", name="Anna"))
    erased("u1")
    assert is_empty("u1")
    assert decided(batch()) == [1, 4]
    assert is_empty("u1")
    assert erased_at("u1") == NOW


def test_what_the_erased_persons_browser_sends_is_not_kept(installation: Installation) -> None:
    happens(
        track("Browsed", "u1") | {"anonymousId": "a1"},
        track("Browsed", "u2") | {"anonymousId": "a1"},
    )
    erased("u1")
    sent(
        event("identify", anonymousId="a1", traits={"name": "Ann"}),
        event("identify", anonymousId="a2", traits={"name": "Cyd"}),
        event("identify", "u2", anonymousId="a1", traits={"name": "Bob"}),
    )
    assert decided(batch(3)) == [4]
    assert [sealed_at(n) for n in (4, 5, 6)] == [False, True, True]
    assert not is_empty("u2")


def test_invitations_to_an_erased_contact_are_emptied_when_they_are_reached(
    installation: Installation,
) -> None:
    token = email_stand_in("ann@example.com")
    assert token is not None
    happens(track("Referral Submitted", "u2", email="ANN@example.com"))
    sent(track("Referral Submitted", "u3", email="ann@example.com"))
    assert erase_contacts([token], position=2) == [1]
    sent(track("Referral Submitted", "u4", email="ann@example.com"))
    assert decided(batch(1)) == [2]
    assert [sealed_at(n) for n in (2, 3)] == [False, True]
    assert invitations([token]) == [1, 2, 3]


def test_an_erasure_stands(installation: Installation) -> None:
    happens(identify("u1", name="Ann"))
    erased("u1")
    with pytest.raises(DatabaseError, match="never changed"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM people_erasure")


def test_merged_customers_are_one_person(installation: Installation) -> None:
    happens(
        identify("u1", email="one@example.com") | {"anonymousId": "a1"},
        identify("u2", email="two@example.com") | {"anonymousId": "a2"},
        identify("u3", email="three@example.com"),
    )
    merge("u1", "u2")
    merge("u2", "u3")
    assert by_contact("email", "one@example.com") == ["u3"]
    found = customer("u3")
    assert found is not None
    assert found.merged_from == ("u1", "u2")
    assert [one.value for one in found.contacts] == [
        "one@example.com",
        "two@example.com",
        "three@example.com",
    ]
    former = customer("u1")
    assert former is not None
    assert former.merged_into == "u3"
    one = whole("u3")
    assert (one.user_ids, one.visitors, len(one.tokens)) == (("u3", "u1", "u2"), ("a1", "a2"), 3)
    with pytest.raises(MergedAway, match="'u1' was merged into 'u3'"):
        whole("u1")


def test_who_is_unknown_merged_or_erased_is_not_merged(installation: Installation) -> None:
    happens(*[identify(user, name="Ann") for user in ("u1", "u2", "u3", "u4")])
    merge("u1", "u2")
    erased("u4")
    for former, into, sentence in [
        ("u3", "u3", "with itself"),
        ("u1", "u3", "'u1' was merged into 'u2'"),
        ("u3", "u1", "'u1' was merged into 'u2'"),
        ("u3", "u4", "'u4' was erased"),
        ("u4", "u3", "'u4' was erased"),
    ]:
        with pytest.raises(CannotMerge, match=sentence):
            check_merge(former, into)
    with pytest.raises(NoSuchCustomer, match="no customer 'u9'"):
        check_merge("u3", "u9")
    check_merge("u3", "u2")
