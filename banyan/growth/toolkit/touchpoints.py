"""touchpoints: where customers are asked to refer, by which text and link, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from banyan.growth.toolkit.acts import BadToolkit, check_key, check_languages, check_length
from banyan.growth.toolkit.models import Touchpoint as Row
from banyan.growth.toolkit.scripts import Effect, yield_of
from banyan.growth.toolkit.texts import CHANNELS

LONGEST_WHERE = 120
LONGEST_TEXT = 1_000
CODE = "CODE"
"""Stands in a touchpoint's link for the code of whoever gets it."""


@dataclass(frozen=True)
class Touchpoint:
    """One place. `link` holds `CODE` where each customer's own code comes in."""

    key: str
    stage: str
    where: str
    program: str
    texts: Mapping[str, str]
    is_active: bool
    changed_at: datetime
    changed_by: str

    @property
    def link(self) -> str:
        """The link to put there."""
        return f"{settings.BASE_URL}/r/{CODE}?c={self.key}"


def touchpoints() -> list[Touchpoint]:
    """All of them, along the customer's way, then by key."""
    stages = list(Row.Stage.values)
    rows = sorted(Row.objects.all(), key=lambda row: (stages.index(row.stage), row.key))
    return [_value(row) for row in rows]


def touchpoint(key: str) -> Touchpoint | None:
    """One of them."""
    row = Row.objects.filter(key=key).first()
    return _value(row) if row else None


def came_of(one: Touchpoint) -> Effect:
    """What came of it so far."""
    return yield_of(one.key)


def save_touchpoint(
    actor: str,
    key: str,
    *,
    stage: str,
    where: str,
    program: str,
    texts: Mapping[str, str],
    is_active: bool,
    now: datetime,
) -> None:
    """Write one down, or change it. Raises BadToolkit."""
    check_key(key, "key")
    if key in CHANNELS:
        raise BadToolkit(f"key: {key} is a channel already; take a name of its own")
    if stage not in Row.Stage.values:
        raise BadToolkit(f"stage: expected one of {', '.join(Row.Stage.values)}")
    check_length(where, LONGEST_WHERE, "where", least=1)
    check_languages(texts, "texts")
    for lang, text in texts.items():
        check_length(text, LONGEST_TEXT, f"texts.{lang}", least=1)
    Row.objects.update_or_create(
        key=key,
        defaults={
            "stage": stage,
            "where": where.strip(),
            "program": program,
            "texts": dict(texts),
            "is_active": is_active,
            "changed_at": now,
            "changed_by": actor,
        },
    )


def remove_touchpoint(key: str) -> bool:
    """Take it away; what came of it stays counted. False if there was nothing."""
    return bool(Row.objects.filter(key=key).delete()[0])


def _value(row: Row) -> Touchpoint:
    return Touchpoint(
        row.key,
        row.stage,
        row.where,
        row.program,
        row.texts,
        row.is_active,
        row.changed_at,
        row.changed_by,
    )
