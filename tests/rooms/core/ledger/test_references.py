"""Moves of wallets are found by the caller's own names for them."""

from __future__ import annotations

from django.core.management import call_command

from banyan.core.ledger.read import ordered, statement
from tests.installation import Installation
from tests.rooms.pipeline.line import Line


def _story() -> None:
    """ann is topped up, spends under the same reference, and gets it back; ben spends nothing."""
    line = Line()
    ends = "2026-03-01T08:30:00Z"
    line.say("Wallet Credited", "ann", unit="points", amount=9, reference="r1", expires_at=ends)
    line.say("Wallet Spent", "ann", unit="points", amount=4, reference="r1")
    line.say("Wallet Spent", "ben", unit="points", amount=4, reference="r1")
    line.say("Wallet Returned", "ann", reference="r1")
    line.say("Wallet Credited", "ann", unit="points", amount=1, reference=7)
    line.work()


def test_each_kind_has_its_own_references(installation: Installation) -> None:
    _story()
    for what, number in (("topup", 1), ("spend", 2), ("return", 4)):
        found = ordered("ann", what, "r1")  # type: ignore[arg-type]
        assert found is not None
        assert (found.transfer_id, found.position) == (f"{what}/{number}", number)
        assert ordered("ben", what, "r1") is None  # type: ignore[arg-type]
    assert ordered("ann", "spend", "r2") is None
    number = ordered("ann", "topup", "7")
    assert number is not None
    assert number.amount == 1


def test_what_was_moved_before_the_release_is_found_too(installation: Installation) -> None:
    _story()
    before = statement("ann")
    call_command("migrate", "ledger", "0001", verbosity=0)
    call_command("migrate", "ledger", verbosity=0)
    assert [(row.transfer_id, row.reference) for row in statement("ann")] == [
        ("topup/5", "7"),
        ("return/4", "r1"),
        ("spend/2", "r1"),
        ("topup/1", "r1"),
    ]
    assert statement("ann") == before
