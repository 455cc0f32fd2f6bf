"""differences: where what was paid, what was said of it, and the ledger do not agree."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from banyan.core.ledger.holders import moved_under
from banyan.growth.payouts.models import Line, Result
from banyan.growth.payouts.read import line_of_reference, plain_reference, reference_of

NO_RESULT_AFTER = timedelta(days=3)
_AT_ONCE = 500
"""References that the database is asked for at once."""

What = Literal[
    "unknown_reference",
    "other_amount",
    "paid_though_returned",
    "paid_before_handed",
    "failed_without_return",
    "no_result",
    "not_in_ledger",
    "only_in_ledger",
]

SAYS: Mapping[What, Promise] = {
    "unknown_reference": _("The provider speaks of a payout that we do not know."),
    "other_amount": _("The provider speaks of another amount than ours."),
    "paid_though_returned": _("The provider paid it, but its amount went back to the wallet."),
    "paid_before_handed": _(
        "The provider paid it before its file was taken out here; take the results in once more."
    ),
    "failed_without_return": _("The provider says it failed, but it counts as paid out."),
    "no_result": _("It was handed over days ago, and no result came."),
    "not_in_ledger": _("It counts as paid out, but the wallet was not charged with it."),
    "only_in_ledger": _("The wallet was charged with a payout that is in no batch."),
}


@dataclass(frozen=True)
class Difference:
    """One thing that does not agree. `ours` and `theirs` in minor units; `result`: the number of
    what was said, where that is what does not fit."""

    what: What
    reference: str
    user_id: str
    unit: str
    ours: int | None
    theirs: int | None
    at: datetime
    result: int | None = None

    @property
    def sentence(self) -> Promise:
        """What it is, for people."""
        return SAYS[self.what]


def differences(*, now: datetime) -> list[Difference]:
    """Everything that does not agree and that nobody has dealt with, the newest first."""
    lines = {reference_of(row.batch_id, row.number): row for row in Line.objects.all()}
    found = [
        *_of_results(Result.objects.filter(is_settled=False), lines),
        *_without_result(lines, now),
        *_of_ledger(lines, now),
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)


def unfit(references: Collection[str]) -> frozenset[str]:
    """Those of these references, as `plain_reference` writes them, of which something was said that
    does not agree and that nobody has dealt with."""
    named = sorted({plain_reference(one) for one in references})
    places = [place for one in named if (place := line_of_reference(one))]
    rows = Line.objects.filter(batch__in={batch for batch, _number in places})
    lines = {reference_of(row.batch_id, row.number): row for row in rows}
    said = (
        row
        for first in range(0, len(named), _AT_ONCE)
        for row in Result.objects.filter(
            is_settled=False, reference__in=named[first : first + _AT_ONCE]
        )
    )
    return frozenset(one.reference for one in _of_results(said, lines))


def _of_results(results: Iterable[Result], lines: Mapping[str, Line]) -> Iterator[Difference]:
    for said in results:
        place = line_of_reference(said.reference)
        row = lines.get(reference_of(*place)) if place else None
        what = _what(said, row)
        if what is not None:
            yield Difference(
                what,
                said.reference,
                row.user_id if row else "",
                row.unit if row else "",
                row.amount if row else None,
                said.amount,
                said.at,
                said.pk,
            )


def _what(said: Result, row: Line | None) -> What | None:
    if row is None:
        return "unknown_reference"
    if said.amount is not None and said.amount != row.amount:
        return "other_amount"
    if said.status == "paid" and row.state in ("returned", "refused", "dropped", "planned"):
        # A payment that bounced was paid first, which fits.
        bounced = Result.objects.filter(reference=said.reference, status="failed", pk__gt=said.pk)
        return None if bounced.exists() else "paid_though_returned"
    if said.status == "paid" and row.state in ("spent", "sent"):
        return "paid_before_handed"
    if said.status == "failed" and row.state in ("paid", "spent"):
        return "failed_without_return"
    return None


def _without_result(lines: Mapping[str, Line], now: datetime) -> Iterator[Difference]:
    for reference, row in lines.items():
        if row.state != Line.State.SENT:
            continue
        since = row.attempted_at or row.batch.handed_at
        if since is not None and since < now - NO_RESULT_AFTER:
            yield Difference("no_result", reference, row.user_id, row.unit, row.amount, None, since)


def _of_ledger(lines: Mapping[str, Line], now: datetime) -> Iterator[Difference]:
    moved = moved_under("payout/")
    for reference, row in lines.items():
        charged = moved.pop((reference, row.user_id), 0)
        if row.state in ("spent", "sent", "paid") and charged != row.amount:
            yield Difference(
                "not_in_ledger", reference, row.user_id, row.unit, row.amount, charged, now
            )
    for (reference, user_id), amount in sorted(moved.items()):
        if amount:
            yield Difference("only_in_ledger", reference, user_id, "", None, amount, now)
