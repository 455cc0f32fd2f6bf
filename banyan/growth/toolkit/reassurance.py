"""reassurance: what is said at the moment of doubt; every number is counted, none is made up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.core.cache import cache
from django.db import connection
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from banyan.core.referrals.brought import rewarded_people
from banyan.engine.language.explain import Language
from banyan.engine.language.program import Program

# Below this a number says more about us than for us, and might point at single people.
LEAST_TO_TELL = 10
COUNTED_FOR_S = 60


@dataclass(frozen=True)
class Line:
    """One line; `kind` decides the sign beside it."""

    kind: Literal["privacy", "voluntary", "success"]
    text: str


def reassurance(program: Program, lang: Language) -> list[Line]:
    """The lines in the order in which doubts come. The number of people who were rewarded is at
    most a minute old; while it is small nothing is said of it. A program without friends leaves
    nothing to doubt."""
    if program.is_self:
        return []
    with translation.override(lang):
        lines = [
            Line(
                "privacy",
                _(
                    "Sharing your link tells us nothing about your friend. We learn who they are "
                    "only when they sign up themselves."
                ),
            ),
            Line(
                "voluntary",
                _(
                    "Referring is entirely voluntary. Even if nothing comes of it, all you have "
                    "with us stays as it is."
                ),
            ),
        ]
        people = _rewarded(program.program)
        if people >= LEAST_TO_TELL:
            text = ngettext(
                "{n} person has already been rewarded for a referral.",
                "{n} people have already been rewarded for a referral.",
                people,
            )
            lines.append(Line("success", text.format(n=f"{people:,}")))
        return lines


def _rewarded(program: str) -> int:
    # By database, for one process may serve several in tests.
    key = f"toolkit:rewarded:{connection.settings_dict['NAME']}:{program}"
    people = cache.get_or_set(key, lambda: rewarded_people(program), COUNTED_FOR_S)
    return int(people or 0)
