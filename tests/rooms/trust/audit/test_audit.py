"""What is done is written down once, in order, and cannot be rewritten unseen."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection

from banyan.kernel.database import one_transaction
from banyan.trust.audit.acts import record
from banyan.trust.audit.chain import START, Content, link
from banyan.trust.audit.read import entries, verify_chain
from tests.installation import Installation

AT = datetime(2026, 1, 31, 8, 0, 0, 1, tzinfo=UTC)


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def tamper(sql: str) -> None:
    """What somebody who rules the database could do: the triggers do not stop them."""
    if connection.vendor == "postgresql":
        run("ALTER TABLE audit_entry DISABLE TRIGGER ALL")
    else:
        run("DROP TRIGGER audit_entry_no_update")
        run("DROP TRIGGER audit_entry_no_delete")
    run(sql)


def three_entries() -> None:
    record("key:7", "program.published", "program:meundies", now=AT, after={"version": 1})
    record("user:3", "decision.released", "decision:d1", now=AT, reason="looked at it")
    record("user:3", "customer.exported", "customer:u-1", now=AT + timedelta(days=1))


def test_an_entry_says_who_what_when_and_why(installation: Installation) -> None:
    number = record(
        "user:3",
        "program.changed",
        "program:meundies",
        now=AT,
        before={"status": "live"},
        after={"status": "paused", "on": [1, None, "张三"]},
        reason="stock ran out",
    )
    [entry] = entries()
    assert (number, entry.number) == (1, 1)
    assert (entry.at, entry.actor, entry.verb) == (AT, "user:3", "program.changed")
    assert (entry.about, entry.reason) == ("program:meundies", "stock ran out")
    assert entry.before == {"status": "live"}
    assert entry.after == {"status": "paused", "on": [1, None, "张三"]}


def test_the_first_hash_covers_the_start_and_each_the_one_before(
    installation: Installation,
) -> None:
    three_entries()
    last, second, first = entries()
    content = Content(1, AT, "key:7", "program.published", "program:meundies", None, "", "")
    assert first.hash == link(START, replace(content, after='{"version":1}'))
    told = Content(2, AT, "user:3", "decision.released", "decision:d1", None, None, "looked at it")
    assert second.hash == link(first.hash, told)
    assert verify_chain().hash == last.hash


def test_every_part_of_an_entry_is_in_its_hash() -> None:
    content = Content(1, AT, "a", "v", "o", "{}", "{}", "r")
    others = [
        replace(content, **{name: value})
        for name, value in [
            ("number", 2),
            ("at", AT + timedelta(microseconds=1)),
            ("actor", "b"),
            ("verb", "w"),
            ("about", "p"),
            ("before", None),
            ("after", None),
            ("reason", ""),
        ]
    ]
    hashes = {link(START, each) for each in [content, *others]}
    assert len(hashes) == 9
    assert link("1" * 64, content) not in hashes


def test_what_is_rolled_back_was_not_done(installation: Installation) -> None:
    three_entries()

    def fail_after_recording() -> None:
        with one_transaction():
            record("user:3", "customer.erased", "customer:u-1", now=AT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_recording()
    record("user:3", "customer.opened", "customer:u-1", now=AT)
    assert [entry.verb for entry in entries(limit=2)] == ["customer.opened", "customer.exported"]
    report = verify_chain()
    assert (report.is_whole, report.entries) == (True, 4)


def test_an_empty_chain_is_whole(installation: Installation) -> None:
    report = verify_chain()
    assert (report.is_whole, report.entries, report.hash) == (True, 0, START)


@pytest.mark.parametrize(
    "sql", ["UPDATE audit_entry SET reason = 'other' WHERE number = 2", "DELETE FROM audit_entry"]
)
def test_the_database_refuses_to_change_an_entry(installation: Installation, sql: str) -> None:
    three_entries()
    with pytest.raises(DatabaseError, match="never changed"):
        run(sql)
    assert verify_chain().is_whole


@pytest.mark.parametrize(
    ("sql", "at", "fault"),
    [
        ("UPDATE audit_entry SET actor = 'user:4' WHERE number = 2", 2, "entry 2 was changed"),
        ("UPDATE audit_entry SET after = '{\"version\":2}' WHERE number = 1", 1, "entry 1 was"),
        ("DELETE FROM audit_entry WHERE number = 2", 2, "entry 2 is missing"),
        ("DELETE FROM audit_entry WHERE number = 3", 3, "does not end at entry 2"),
        ("DELETE FROM audit_entry", 1, "does not end at entry 0"),
        (
            "INSERT INTO audit_entry (number, at, actor, verb, about, reason, hash) "
            "SELECT 4, at, actor, verb, about, reason, hash FROM audit_entry WHERE number = 3",
            4,
            "entry 4 was changed",
        ),
    ],
)
def test_a_rewritten_chain_is_found(
    installation: Installation, sql: str, at: int, fault: str
) -> None:
    three_entries()
    tamper(sql)
    report = verify_chain()
    assert (report.is_whole, report.fault_at) == (False, at)
    assert fault in report.fault


def test_many_writers_make_one_chain(installation: Installation) -> None:
    """Eight threads, each with its own connection, each transaction with other work in it."""
    failed: list[BaseException] = []

    def write(name: str) -> None:
        try:
            for turn in range(10):
                with one_transaction():
                    record(name, "link.made", f"link:{name}:{turn}", now=AT)
        except BaseException as error:  # noqa: BLE001  (told to the test)
            failed.append(error)
        finally:
            connection.close()

    in_threads(write, [f"key:{n}" for n in range(8)])
    assert failed == []
    report = verify_chain()
    assert (report.is_whole, report.entries) == (True, 80)
    assert len({entry.about for entry in entries(limit=100)}) == 80


def in_threads(work: Callable[[str], None], names: list[str]) -> None:
    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def test_entries_are_found_by_who_what_and_when(installation: Installation) -> None:
    three_entries()

    def numbers(**asked: object) -> list[int]:
        return [entry.number for entry in entries(**asked)]  # type: ignore[arg-type]

    assert numbers() == [3, 2, 1]
    assert numbers(actor="user:3") == [3, 2]
    assert numbers(about="customer:u-1") == [3]
    assert numbers(verb="decision.released") == [2]
    assert numbers(verb="decision") == []
    assert numbers(verb="customer.") == [3]
    assert numbers(since=AT, until=AT + timedelta(days=1)) == [2, 1]
    assert numbers(limit=2) == [3, 2]
    assert numbers(before=2) == [1]
