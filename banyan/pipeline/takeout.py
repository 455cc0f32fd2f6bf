"""takeout: everything held of a customer, from every room, to take along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime

import msgspec

from banyan.core.people.names import ids_of
from banyan.growth.feedback.read import for_export
from banyan.growth.journeys.read import Item, inbox, preferences
from banyan.growth.leads.read import NominationRow, nominations
from banyan.growth.payouts import payees
from banyan.growth.payouts.read import lines_of
from banyan.trust.privacy.acts import export_customer

PAGE = 500


def export(actor: str, user_id: str, *, reason: str, now: datetime) -> dict[str, object]:
    """What `banyan.trust.privacy.acts.export_customer` tells, and besides it `notices`,
    `preferences`, `nominations` (others' contacts masked), `disputes`, `payout_accounts` and
    `payouts`, as plain JSON values.

    Raises what that raises.
    """
    told = export_customer(actor, user_id, reason=reason, now=now)
    ids = ids_of(user_id)
    more = {
        "notices": [asdict(one) for one in _notices(user_id, now)],
        "preferences": asdict(preferences(user_id)),
        "nominations": [asdict(one) for each in ids for one in _nominations(each, now)],
        "disputes": for_export(ids),
        "payout_accounts": payees.for_export(ids),
        "payouts": [asdict(one) for one in lines_of(ids, limit=PAGE)],
    }
    return {**told, **msgspec.to_builtins(more)}


def _notices(user_id: str, now: datetime) -> Iterator[Item]:
    page = inbox(user_id, limit=PAGE, now=now)
    while page:
        yield from page
        page = inbox(user_id, page[-1].number, PAGE, now=now)


def _nominations(advocate: str, now: datetime) -> Iterator[NominationRow]:
    page = nominations(advocate=advocate, now=now, limit=PAGE)
    while page:
        yield from page
        page = nominations(advocate=advocate, now=now, before=page[-1].number, limit=PAGE)
