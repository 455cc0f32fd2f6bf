"""What caps of whole programs had used: by kept sums, always what a look at each decision finds."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from banyan.core.referrals import tallies
from banyan.core.referrals.models import Decision, Reversal, Tally
from banyan.core.referrals.tallies import Shared, Used, granted_before, taken_back_before
from tests.installation import Installation
from tests.rooms.insight.metrics.busy import busy

ROWS = list[tuple[object, ...]]


def looked_at(
    rows: list[Decision], reversals: list[Reversal], shared: Shared, position: int, place: int
) -> tuple[Used, Used]:
    """By looking at each."""
    rows = [
        one
        for one in rows
        if one.amount > 0
        and one.outcome in ("granted", "held")
        and one.program == shared.program
        and (one.reward == shared.reward if shared.reward else one.unit == shared.unit)
        and (shared.from_at is None or one.occurred_at >= shared.from_at)
        and (shared.until_at is None or one.occurred_at < shared.until_at)
    ]
    before = [one for one in rows if (one.position, one.place) < (position, place)]
    back = {one.decision_id: 0 for one in rows}
    for row in reversals:
        if row.decision_id in back and row.position < position:
            back[row.decision_id] += row.amount
    gone = sum(one.amount <= back[one.decision_id] for one in rows)
    return (
        Used(sum(one.amount for one in before), len(before), _versions(before)),
        Used(sum(back.values()), gone, None),
    )


def _versions(rows: list[Decision]) -> tuple[int, int] | None:
    found = [one.version for one in rows]
    return (min(found), max(found)) if found else None


def everything() -> ROWS:
    return list(
        Tally.objects.order_by("kind", "program", "reward", "unit", "version", "block").values_list(
            "kind", "program", "reward", "unit", "version", "block", "amount", "number",
            "first_at", "last_at",
        )
    )  # fmt: skip


def asked(at: list[datetime]) -> list[tuple[datetime | None, datetime | None]]:
    """No period, one around everything, and some that cut blocks."""
    first, last = min(at), max(at)
    middle = first + (last - first) / 2
    day = timedelta(days=1)
    return [
        (None, None),
        (first, last + day),
        (middle, last),
        (first, middle),
        (middle - day, middle + day),
        (last + day, last + 2 * day),
    ]


@pytest.mark.parametrize("block", [50, 10_000])
def test_kept_sums_are_those_that_a_look_at_each_decision_finds(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(tallies, "BLOCK", block)
    busy()
    rows = list(Decision.objects.order_by("position", "place"))
    reversals = list(Reversal.objects.all())
    assert reversals
    kinds = sorted({(one.program, one.reward, one.unit) for one in rows})
    places = [(one.position, one.place) for one in rows[:: max(1, len(rows) // 3)]]
    for program, reward, unit in kinds:
        for name, value in (("reward", reward), ("unit", unit)):
            for from_at, until_at in asked([one.occurred_at for one in rows]):
                shared = Shared(
                    program,
                    reward=value if name == "reward" else None,
                    unit=value if name == "unit" else None,
                    from_at=from_at,
                    until_at=until_at,
                )
                for position, place in [*places, (10**9, 0)]:
                    granted = granted_before(shared, position=position, place=place)
                    back = taken_back_before(shared, position=position)
                    wanted, wanted_back = looked_at(rows, reversals, shared, position, place)
                    assert granted == wanted
                    assert (back.amount, back.number) == (wanted_back.amount, wanted_back.number)


def test_an_installation_from_before_gets_the_same_sums(installation: Installation) -> None:
    busy()
    kept = everything()
    assert {row[0] for row in kept} == {"granted", "taken_back"}
    Tally.objects.all().delete()
    migration = import_module("banyan.core.referrals.migrations.0004_tally")
    with connection.cursor() as cursor:
        cursor.execute(migration._GRANTED)
        cursor.execute(migration._TAKEN_BACK)
    assert everything() == kept


def test_of_a_long_log_a_block_is_looked_at_and_of_the_others_the_sums(
    installation: Installation,
) -> None:
    busy()
    row = Decision.objects.filter(amount__gt=0).latest("position")
    shared = Shared(row.program, reward=row.reward, unit=None, from_at=None, until_at=None)
    with CaptureQueriesContext(connection) as queries:
        found = granted_before(shared, position=5_000_000, place=0)
    assert (
        found.number
        == Decision.objects.filter(
            program=row.program, reward=row.reward, amount__gt=0, outcome__in=("granted", "held")
        ).count()
    )
    [sums, part] = [one["sql"] for one in queries.captured_queries]
    assert "referrals_tally" in sums
    assert "d.position >= 5000000 AND d.position < 5010000" in part
