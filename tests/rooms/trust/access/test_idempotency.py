"""Idempotency: the first claims, all others wait or are told what it answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from banyan.trust.access.idempotency import (
    DEAD_AFTER,
    KEPT,
    Answer,
    Claim,
    InFlight,
    Reused,
    claim,
    forget,
    give_up,
    keep,
)
from banyan.trust.access.keys import make
from tests.installation import Installation

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ANSWER = Answer(201, {"Content-Type": "application/json"}, b'{"name":"Ann Lee"}')


@pytest.fixture
def key(installation: Installation) -> int:
    """Of a caller."""
    made, _ = make("tester", "secret", is_test=False, now=NOW)
    return made.id


def _claimed(key: int, name: str = "k", *, now: datetime = NOW) -> Claim:
    held = claim(key, name, "this request", now=now)
    assert isinstance(held, Claim)
    return held


def test_what_was_answered_is_answered_for_a_day(key: int) -> None:
    keep(_claimed(key), ANSWER)
    assert claim(key, "k", "this request", now=NOW + KEPT) == ANSWER
    with pytest.raises(Reused):
        claim(key, "k", "another request", now=NOW + KEPT)
    again = claim(key, "k", "another request", now=NOW + KEPT + SECOND)
    assert isinstance(again, Claim)


def test_a_reply_is_not_kept_in_clear(key: int) -> None:
    keep(_claimed(key), ANSWER)
    with connection.cursor() as cursor:
        cursor.execute("SELECT body_sealed FROM access_reply")
        [[sealed]] = cursor.fetchall()
    assert b"Ann" not in bytes(sealed)


def test_others_wait_while_the_first_is_at_work(key: int) -> None:
    held = _claimed(key)
    for later in (SECOND, DEAD_AFTER):
        with pytest.raises(InFlight):
            claim(key, "k", "this request", now=NOW + later)
    assert isinstance(claim(key, "another", "this request", now=NOW), Claim)
    give_up(held)
    again = claim(key, "k", "this request", now=NOW)
    assert isinstance(again, Claim)
    assert (again.work, again.token != held.token) == (held.work, True)


def test_each_attempt_is_at_the_same_work_until_the_key_is_free_again(key: int) -> None:
    first = _claimed(key)
    second = _claimed(key, now=NOW + DEAD_AFTER + SECOND)
    assert second.work == first.work
    keep(second, ANSWER)
    assert _claimed(key, now=NOW + KEPT + SECOND).work != first.work


def test_who_was_taken_for_dead_keeps_nothing(key: int) -> None:
    slow = _claimed(key)
    quick = _claimed(key, now=NOW + DEAD_AFTER + SECOND)
    assert quick.row == slow.row
    with pytest.raises(InFlight):
        keep(slow, Answer(200, {}, b"slow"))
    give_up(slow)
    keep(quick, ANSWER)
    assert claim(key, "k", "this request", now=NOW + DEAD_AFTER + SECOND) == ANSWER


def test_old_replies_are_forgotten(key: int) -> None:
    keep(_claimed(key, "old"), ANSWER)
    keep(_claimed(key, "new", now=NOW + SECOND), ANSWER)
    assert forget(now=NOW + KEPT) == 0
    assert forget(now=NOW + KEPT + SECOND) == 1
    assert claim(key, "new", "this request", now=NOW + KEPT) == ANSWER
