"""calls: where customers are called to take part: everywhere, in some places, or nowhere for now.

A program's rules say who may take part; a call says where it is wanted: where couriers are short,
while there is stock. Who takes part already keeps the link, and what was promised stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from django.utils.translation import gettext as _

from banyan.growth.toolkit.models import Call as Row
from banyan.kernel.errors import Problem

Place = Literal["everywhere", "tagged", "nowhere"]
PLACES: tuple[Place, ...] = ("everywhere", "tagged", "nowhere")

MOST_TAGS = 200
LONGEST_TAG = 64


class BadCall(Problem):
    """A place that no call can have."""

    code = "invalid"


@dataclass(frozen=True)
class Call:
    """Where a program calls; `tags` are those of customers who are called, where it is tagged."""

    place: Place = "everywhere"
    tags: tuple[str, ...] = ()

    def reaches(self, tags: Iterable[str]) -> bool:
        """Whether somebody with these tags is called."""
        if self.place == "tagged":
            return not set(tags).isdisjoint(self.tags)
        return self.place == "everywhere"


def call(program: str) -> Call:
    """Where a program calls now."""
    return calls([program]).get(program, Call())


def calls(programs: Iterable[str]) -> Mapping[str, Call]:
    """Of these programs those that somebody set a call for."""
    rows = Row.objects.filter(program__in=list(programs))
    return {row.program: Call(cast(Place, row.place), tuple(row.tags)) for row in rows}


def set_call(
    actor: str, program: str, *, place: str, tags: Iterable[str] = (), now: datetime
) -> Call:
    """Call there from now on; of tags only where it is tagged. Raises BadCall."""
    if place not in PLACES:
        raise BadCall(_("place: choose everywhere, some places, or nowhere"))
    named = tuple(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
    kept = named if place == "tagged" else ()
    if place == "tagged" and not named:
        raise BadCall(_("tags: name at least one place, by the tag that its customers have"))
    if len(kept) > MOST_TAGS or any(len(tag) > LONGEST_TAG for tag in kept):
        raise BadCall(
            _("tags: at most {most} of {longest} characters").format(
                most=MOST_TAGS, longest=LONGEST_TAG
            )
        )
    Row.objects.update_or_create(
        program=program,
        defaults={"place": place, "tags": list(kept), "changed_at": now, "changed_by": actor},
    )
    return Call(place, kept)
