"""The verdict on a referral: the first risk rule that holds at its join."""

from collections.abc import Collection, Sequence
from fractions import Fraction

from tests.oracle.attribution import Referral
from tests.oracle.moments import DAY
from tests.oracle.people import People
from tests.oracle.reading import Event
from tests.oracle.sql import Value, holds
from tests.oracle.terms import Rule

SAME_IP_SPAN = 30 * DAY


def verdict(
    referral: Referral,
    referrals: Sequence[Referral],
    people: People,
    log_times: Sequence[int],
    disposable: Collection[str],
) -> Rule | None:
    """Find the first rule of the referral's version that holds.

    `referrals` are those of the program up to and with this one; `log_times[p - 1]` is the log
    time at position p.
    """

    def names(name: str) -> Value:
        join = referral.join
        side, _, fact = name.partition("_")
        if name in FACTS_OF_THE_JOIN:
            return FACTS_OF_THE_JOIN[name](referral, people)
        if name == "same_ip":
            return same_ip(referral, people, log_times)
        if name == "disposable_email":
            return disposable_email(referral, people, disposable)
        if name in COUNTS:
            return Fraction(sum(COUNTS[name](each, referral) for each in referrals))
        person = {"advocate": referral.advocate, "friend": referral.friend}[side]
        return people.fact(fact, person, join.position, join.at)

    return next((rule for rule in referral.version.risk if holds(rule.when, names)), None)


def same_device(referral: Referral, people: People) -> bool:
    """The join's device or anonymous id was seen with the advocate below."""
    join = referral.join
    return any(
        (join.device is not None and event.device == join.device)
        or (join.anonymous is not None and join.anonymous in (event.anonymous, event.previous))
        for event in people.before(referral.advocate, join.position)
    )


def same_contact(referral: Referral, people: People) -> bool:
    """A contact of the friend is one of the advocate's."""
    position = referral.join.position
    mine = people.contacts(referral.friend, position)
    return bool(mine & people.contacts(referral.advocate, position))


def same_ip(referral: Referral, people: People, log_times: Sequence[int]) -> bool:
    """The join's address was seen with the advocate in the last 30 days of log time."""
    join = referral.join
    return join.ip is not None and any(
        event.ip == join.ip and log_times[event.position - 1] >= referral.log_time - SAME_IP_SPAN
        for event in people.before(referral.advocate, join.position)
    )


def disposable_email(referral: Referral, people: People, disposable: Collection[str]) -> bool:
    """One of the friend's e-mail addresses is at a listed domain."""
    contacts = people.contacts(referral.friend, referral.join.position)
    return any(
        key.kind == "email" and key.text.rpartition("@")[2] in disposable for key in contacts
    )


def of_one_advocate(other: Referral, referral: Referral) -> bool:
    return other.advocate == referral.advocate


def of_one_advocate_and_day(other: Referral, referral: Referral) -> bool:
    return of_one_advocate(other, referral) and other.log_time >= referral.log_time - DAY


def of_one_device(other: Referral, referral: Referral) -> bool:
    return shares(other.join, referral.join)


def shares(one: Event, two: Event) -> bool:
    return (one.device is not None and one.device == two.device) or (
        one.anonymous is not None and one.anonymous == two.anonymous
    )


FACTS_OF_THE_JOIN = {"same_device": same_device, "same_contact": same_contact}
COUNTS = {
    "friends_total": of_one_advocate,
    "friends_24h": of_one_advocate_and_day,
    "device_friends": of_one_device,
}
