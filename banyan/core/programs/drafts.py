"""drafts: working copies of programs, saved as they are typed, readable or not.

Two people, or one with two windows, may work at the same one. Each save names the revision it
began from; a save that began from an older one is refused, so that nobody writes over what they
have not seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F

from banyan.core.programs.models import Draft
from banyan.engine.language import ProgramError
from banyan.engine.language.source import MAX_CHARACTERS, Source
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem

MAX_FACTS = 200
MAX_FACT_CHARACTERS = 5_000


class NoSuchDraft(Problem):
    """A working copy that is not there."""


class DraftMoved(Problem):
    """Somebody saved the working copy since this one was read."""


class TooLong(Problem):
    """More than a working copy holds."""


@dataclass(frozen=True)
class DraftRow:
    """One working copy."""

    id: int
    slug: str
    number: int | None
    source: str
    facts: Mapping[str, str]
    origin: str
    revision: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    handed_over_at: datetime | None


def start(
    actor: str, source: str, *, origin: str, now: datetime, facts: Mapping[str, str] | None = None
) -> DraftRow:
    """A new working copy. Raises TooLong."""
    known = dict(facts or {})
    _check(source, known)
    slug, number = named(source)
    row = Draft.objects.create(
        slug=slug,
        number=number,
        source=source,
        facts=known,
        origin=origin,
        created_at=now,
        created_by=actor,
        updated_at=now,
        updated_by=actor,
    )
    return _row(row)


def save(
    actor: str,
    draft_id: int,
    *,
    revision: int,
    source: str,
    facts: Mapping[str, str],
    now: datetime,
) -> DraftRow:
    """Keep what was typed, valid or not, if nobody saved since `revision`.

    Saving what is there already changes nothing, from whatever revision: a page that is left while
    its last save is under way sends the same once more. Raises NoSuchDraft, DraftMoved, TooLong.
    """
    known = dict(facts)
    _check(source, known)
    old = draft(draft_id)
    if (old.source, dict(old.facts)) == (source, known):
        return old
    slug, number = named(source)
    changed = Draft.objects.filter(pk=draft_id, revision=revision).update(
        slug=slug,
        number=number,
        source=source,
        facts=known,
        revision=F("revision") + 1,
        updated_at=now,
        updated_by=actor,
    )
    if not changed:
        raise DraftMoved("the draft was saved by somebody else since; compare both texts")
    return draft(draft_id)


def note(draft_id: int, name: str, value: str) -> DraftRow:
    """Keep one note that no form of the builder shows, so that it is in nobody's way: the revision
    stays. Empty takes it away. Raises NoSuchDraft, TooLong."""
    with one_transaction():
        row = Draft.objects.select_for_update().filter(pk=draft_id).first()
        if row is None:
            raise _missing(draft_id)
        facts = {key: text for key, text in row.facts.items() if key != name}
        if value:
            facts[name] = value
        _check(row.source, facts)
        row.facts = facts
        row.save(update_fields=["facts"])
    return _row(row)


def discard(actor: str, draft_id: int) -> None:
    """Throw a working copy away; versions made of it stay. Raises NoSuchDraft."""
    deleted, _ = Draft.objects.filter(pk=draft_id).delete()
    if not deleted:
        raise _missing(draft_id)


def handed_over(actor: str, draft_id: int, *, now: datetime) -> None:
    """Note that a version was made of it. Raises NoSuchDraft."""
    if not Draft.objects.filter(pk=draft_id).update(handed_over_at=now):
        raise _missing(draft_id)


def draft(draft_id: int) -> DraftRow:
    """One working copy. Raises NoSuchDraft."""
    row = Draft.objects.filter(pk=draft_id).first()
    if row is None:
        raise _missing(draft_id)
    return _row(row)


def drafts(*, slug: str | None = None, limit: int = 200) -> list[DraftRow]:
    """Working copies, those changed last first."""
    rows = Draft.objects.order_by("-updated_at", "-id")
    if slug is not None:
        rows = rows.filter(slug=slug)
    return [_row(row) for row in rows[:limit]]


def facts_of(slug: str) -> Mapping[str, str]:
    """What was noted beside the file of a program last: its goals, owner, plan."""
    row = Draft.objects.filter(slug=slug).order_by("-updated_at", "-id").first()
    return dict(row.facts) if row else {}


def named(source: str) -> tuple[str, int | None]:
    """The program and version that a text names, as far as it can be read."""
    try:
        entries = Source.read(source).root.entries
    except ProgramError:
        return "", None
    texts = {key: entries[key][1].text for key in ("program", "version") if key in entries}
    slug, number = texts.get("program", ""), texts.get("version", "")
    return slug[:64], int(number) if number.isascii() and number.isdigit() and len(
        number
    ) < 9 else None


def _check(source: str, facts: Mapping[str, Any]) -> None:
    if len(source) > MAX_CHARACTERS:
        raise TooLong(f"the text has more than {MAX_CHARACTERS:,} characters")
    if len(facts) > MAX_FACTS:
        raise TooLong(f"there are more than {MAX_FACTS} notes beside the file; take some away")
    for name, value in facts.items():
        if len(value) > MAX_FACT_CHARACTERS:
            raise TooLong(f"{name}: at most {MAX_FACT_CHARACTERS:,} characters fit here")


def _missing(draft_id: int) -> NoSuchDraft:
    return NoSuchDraft(f"draft: there is no draft {draft_id}; somebody may have thrown it away")


def _row(row: Draft) -> DraftRow:
    return DraftRow(
        row.pk,
        row.slug,
        row.number,
        row.source,
        row.facts,
        row.origin,
        row.revision,
        row.created_at,
        row.created_by,
        row.updated_at,
        row.updated_by,
        row.handed_over_at,
    )
