"""owners: whose contact it is that somebody has proven to read.

A publishable key stands in web pages, so anybody can send `identify` with it and claim that a
contact of theirs is that of any customer. Such a claim lets nobody in.
"""

from __future__ import annotations

import re

import msgspec
import polars as pl

from banyan.core.events import read as log
from banyan.core.people.contacts import Kind, stand_in
from banyan.core.people.names import ids_of
from banyan.core.people.read import by_contact, contacts
from banyan.trust.access.keys import is_public

_PAGE = 200


class _Traits(msgspec.Struct):
    email: str | None = None
    phone: str | None = None


class _Said(msgspec.Struct):
    traits: _Traits = msgspec.field(default_factory=_Traits)


def owners(kind: Kind, value: str) -> list[str]:
    """User ids of the customers whose contact this is by a source that can be trusted, in order."""
    return sorted(
        {
            user_id
            for each in spellings(kind, value)
            for user_id in by_contact(kind, each)
            if _is_sound(user_id, kind, stand_in(kind, each))
        }
    )


def spellings(kind: Kind, value: str) -> tuple[str, ...]:
    """A contact as it may stand in the log: a Chinese mobile number with its country and without,
    which can be no other number."""
    number = re.fullmatch(r"(?:\+86)?(1[3-9][0-9]{9})", value) if kind == "phone" else None
    return (value,) if number is None else (number[1], "+86" + number[1])


def _is_sound(user_id: str, kind: Kind, token: str | None) -> bool:
    """Of a merged customer the contact may be one of a former id's."""
    return any(_was_given(each, kind, token) for each in ids_of(user_id))


def _was_given(user_id: str, kind: Kind, token: str | None) -> bool:
    given = [one for one in contacts([user_id]) if one.token == token]
    if not given:
        return False
    first = log.at(given[0].first_position)
    if not is_public(first["source"][0]):
        return True
    return _was_said_otherwise(user_id, kind, token)


def _was_said_otherwise(user_id: str, kind: Kind, token: str | None) -> bool:
    """Whether another source than a publishable key has named the contact as well."""
    before: int | None = None
    while True:
        rows = log.timeline(user_id, before=before, limit=_PAGE)
        for body, source in (
            rows.filter(pl.col("kind") == "identify").select("body", "source").iter_rows()
        ):
            traits = msgspec.json.decode(body, type=_Said).traits
            if getattr(traits, kind) == token and not is_public(source):
                return True
        if rows.height < _PAGE:
            return False
        before = int(rows["position"][-1])
