"""export: everything held of a person, in one JSON value.

The person's own data is in clear. Other people in it are masked: who referred or was referred, and
the contacts of friends whom the person invited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from banyan.core.events.person import events_at, events_of
from banyan.core.ledger.read import balances, statement
from banyan.core.people.masks import mask_email, mask_name, mask_phone
from banyan.core.people.read import (
    consents,
    customer,
    identities,
    invitations,
    masked_names,
    whole,
)
from banyan.core.programs.read import links_of
from banyan.core.referrals.read import decisions, referrals
from banyan.kernel.sealing import unseal
from banyan.trust.audit.read import entries
from banyan.trust.privacy.read import requests

FORM = 1
_PAGE = 200
_MASKS: Mapping[str, Callable[[str], str]] = {
    "email": mask_email,
    "phone": mask_phone,
    "name": mask_name,
}

Row = TypeVar("Row")


def gather(user_id: str, *, now: datetime) -> dict[str, object]:
    """Everything held of a known customer and of the ids it speaks for, as plain JSON values.

    `form`, `made_at`, `customers`, `events`, `invitations` (what others gave of the person),
    `requests`, `access` (who looked). Times are RFC 3339.
    """
    known = whole(user_id)
    told = {
        "form": FORM,
        "made_at": now,
        "customers": [_customer(each) for each in known.user_ids],
        "events": [_event(each) for each in events_of(known.user_ids, known.visitors)],
        "invitations": [_invitation(each) for each in _invited(known.tokens)],
        "requests": [asdict(r) for u in known.user_ids for r in requests(user_id=u, limit=_PAGE)],
        "access": [entry for each in known.user_ids for entry in _access(each)],
    }
    plain: dict[str, object] = msgspec.to_builtins(told)
    return plain


def _customer(user_id: str) -> dict[str, object]:
    found = customer(user_id)
    return {
        "customer": None if found is None else asdict(found),
        "visitors": [asdict(each) for each in identities(user_id)],
        "consents": [asdict(each) for each in consents(user_id)],
        "links": [asdict(each) for each in _links(user_id)],
        "referrals_made": _others(
            _paged(lambda last: referrals(advocate=user_id, before=last, limit=_PAGE), _number),
            "friend",
        ),
        "referred_by": _others(
            _paged(lambda last: referrals(friend=user_id, before=last, limit=_PAGE), _number),
            "advocate",
        ),
        "decisions": _others(
            _paged(lambda last: decisions(beneficiary=user_id, before=last, limit=_PAGE), _place),
            "advocate",
            "friend",
            but=user_id,
        ),
        "balances": [asdict(each) for each in balances(user_id)],
        "statement": [
            asdict(each)
            for each in _paged(lambda last: statement(user_id, before=last, limit=_PAGE), _place)
        ],
    }


def _links(user_id: str) -> Iterator[Any]:
    return _paged(
        lambda last: links_of(user_id, after=last or "", limit=_PAGE), lambda row: row.code
    )


def _access(user_id: str) -> list[dict[str, object]]:
    about = f"customer:{user_id}"
    rows = _paged(lambda last: entries(about=about, before=last, limit=_PAGE), _number)
    return [
        {"at": row.at, "actor": row.actor, "verb": row.verb, "reason": row.reason} for row in rows
    ]


def _paged(page: Callable[[Any], list[Row]], last_of: Callable[[Row], Any]) -> Iterator[Row]:
    """All rows of a list that is read page by page, each from the last row of the one before."""
    rows = page(None)
    while rows:
        yield from rows
        rows = page(last_of(rows[-1])) if len(rows) == _PAGE else []


def _number(row: Any) -> int:
    number: int = row.number
    return number


def _place(row: Any) -> tuple[int, int]:
    return row.position, row.place


def _others(rows: Iterable[Any], *columns: str, but: str = "") -> list[dict[str, object]]:
    """Rows with the people in these columns masked, but for one."""
    told = [asdict(row) for row in rows]
    people = {row[column] for row in told for column in columns if row[column]} - {but}
    masks = masked_names(people)
    for row in told:
        row |= {column: masks.get(row[column], row[column]) for column in columns}
    return told


def _event(event: Mapping[str, Any]) -> dict[str, object]:
    """One event as it stands in the log, and what was sealed beside it."""
    personal = _opened(event)
    if event["name"] == "Referral Submitted":
        personal = {name: _masked(name, value) for name, value in personal.items()}
    return {
        "position": event["position"],
        "received_at": event["received_at"],
        "event": msgspec.json.decode(event["body"]),
        "personal": personal,
    }


def _invited(tokens: Iterable[str]) -> list[dict[str, Any]]:
    positions = invitations(tokens)
    return events_at(positions) if positions else []


def _invitation(event: Mapping[str, Any]) -> dict[str, object]:
    """What somebody else gave of the person; who that was is masked."""
    inviter = event["user_id"]
    return {
        "position": event["position"],
        "received_at": event["received_at"],
        "by": masked_names([inviter])[inviter],
        "personal": _opened(event),
    }


def _opened(event: Mapping[str, Any]) -> dict[str, object]:
    if event["sealed"] is None:
        return {}
    plain = unseal(bytes(event["sealed"]), context=f"event:{event['message_id']}")
    return msgspec.json.decode(plain, type=dict[str, object])


def _masked(name: str, value: object) -> object:
    mask = _MASKS.get(name)
    return mask(value) if mask and isinstance(value, str) else "***"
