"""save: what one process saw is added to that of others; days that are over become numbers."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

from django.utils.crypto import salted_hmac

from banyan.insight.exposure import sketch
from banyan.insight.exposure.models import Salt, Seen
from banyan.kernel.database import one_transaction

Page = Literal["program", "landing"]
EITHER = "all"
"""The page that stands for both: who saw the two is one visitor of it."""


class Place(NamedTuple):
    """A page on a day; `page` is a Page or EITHER."""

    day: date
    program: str
    page: str


@dataclass
class Tally:
    """How often it was seen, and a sketch of by whom."""

    views: int = 0
    sketch: bytearray = field(default_factory=sketch.empty)


def key_of(day: date) -> bytes:
    """What a day's visitors are hashed with, by every process of the installation.

    Made of the secret key and of a random row that is destroyed after the day. Neither is enough
    alone: a stolen database lacks the first, and later on we ourselves lack the second.
    """
    row, _ = Salt.objects.get_or_create(day=day, defaults={"salt": secrets.token_bytes(32)})
    return salted_hmac("banyan.exposure", bytes(row.salt), algorithm="sha256").digest()


def add(tallies: Mapping[Place, Tally]) -> None:
    """Add to the rows, all or none.

    A visitor of a day that was closed meanwhile counts as a view alone: whether they had been there
    before can no longer be told.
    """
    # In one order everywhere, so that no two processes wait for each other.
    places = sorted(tallies)
    with one_transaction():
        Seen.objects.bulk_create(
            [Seen(**place._asdict(), sketch=bytes(sketch.empty())) for place in places],
            ignore_conflicts=True,
        )
        for place in places:
            row = Seen.objects.select_for_update().get(**place._asdict())
            row.views += tallies[place].views
            if row.sketch is not None:
                row.sketch = sketch.union(bytes(row.sketch), tallies[place].sketch)
                # An estimate; there cannot be more visitors than views.
                row.visitors = min(row.views, sketch.count(row.sketch))
            row.save(update_fields=["views", "visitors", "sketch"])


def close_days(*, before: date) -> int:
    """Destroy salts and sketches of the days before that one; how many sketches there were."""
    with one_transaction():
        Salt.objects.filter(day__lt=before).delete()
        return Seen.objects.filter(day__lt=before, sketch__isnull=False).update(sketch=None)
