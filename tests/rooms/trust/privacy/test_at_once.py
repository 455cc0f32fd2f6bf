"""Erasures while the worker works: neither stops the other, and nothing personal is left."""

import threading
from collections.abc import Callable

from django.db import connection

from banyan.core.events.person import events_of, forget_at
from banyan.core.events.read import after, head
from banyan.core.people.read import customer
from banyan.core.people.save import save
from banyan.kernel.database import one_transaction
from banyan.trust.audit.read import verify_chain
from banyan.trust.privacy.acts import AlreadyErased, erase_customer
from tests.installation import Installation
from tests.rooms.trust.privacy.company import NOW, say

PEOPLE = [f"u{n}" for n in range(12)]
ROUNDS = 6


def test_erasing_while_deciding(installation: Installation) -> None:
    is_said = threading.Event()
    failures: list[BaseException] = []

    def speak() -> None:
        for turn in range(ROUNDS):
            for user in PEOPLE:
                traits = {"name": "Ann", "email": f"{user}@example.com"}
                say(user, "identify", anonymousId=f"a{turn}", traits=traits)
                invited = {"email": f"{user}@example.com"}
                say("host", "Referral Submitted", properties=invited)
            if turn == 1:
                is_said.set()

    def decide() -> None:
        position = 0
        while position < head() or not is_over.is_set():
            rows = after(position, 7)
            if rows.is_empty():
                continue
            with one_transaction():
                forget_at(save(rows))
            position = int(rows["position"][-1])

    def erase() -> None:
        is_said.wait(60)
        for user in PEOPLE:
            erase_customer("user:1", user, reason="asked", now=NOW)

    is_over = threading.Event()
    worker = _started(decide, failures)
    others = [_started(each, failures) for each in (speak, erase)]
    for thread in others:
        thread.join(120)
    is_over.set()
    worker.join(120)
    assert failures == []
    assert not worker.is_alive()
    for user in PEOPLE:
        found = customer(user)
        assert found is not None
        assert (found.traits, found.contacts, found.erased_at) == ({}, (), NOW)
        assert [row["position"] for row in events_of([user], []) if row["sealed"]] == []
    assert verify_chain().entries == len(PEOPLE)


def test_of_two_erasures_at_once_one_is_told_that_it_came_second(
    installation: Installation,
) -> None:
    say("u1", "identify", traits={"name": "Ann"})
    failures: list[BaseException] = []
    ready = threading.Barrier(4)

    def erase() -> None:
        ready.wait(30)
        erase_customer("user:1", "u1", reason="asked", now=NOW)

    for thread in [_started(erase, failures) for _ in range(4)]:
        thread.join(60)
    assert [type(failure) for failure in failures] == [AlreadyErased] * 3
    assert head() == 2
    assert verify_chain().entries == 1


def _started(work: Callable[[], None], failures: list[BaseException]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        except BaseException as failure:  # noqa: BLE001  (told to the test)
            failures.append(failure)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread
