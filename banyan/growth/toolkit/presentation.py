"""presentation: how a program shows itself, and what it offers, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from django.conf import settings

from banyan.core.programs import read as programs
from banyan.engine.language.explain import Language, Offer
from banyan.engine.language.explain import offer as offer_in_words
from banyan.engine.language.program import Program
from banyan.growth.toolkit import shipped
from banyan.growth.toolkit.models import Presentation as Row

DEFAULT_COLOUR = "#0b7a52"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Presentation:
    """How a program shows itself; what it says nothing about is the installation's."""

    brand: str
    """Where nobody named one, the company's name."""
    colour: str
    highlights: Mapping[Language, tuple[str, ...]]
    names: Mapping[Language, Mapping[str, str]]
    good_fit: Mapping[Language, str]


def own(program: str) -> Presentation:
    """What was said for this program alone; for the installation when `program` is empty."""
    row = Row.objects.filter(program=program).first()
    return _value(row) if row else Presentation("", "", {}, {}, {})


def presentation(program: str) -> Presentation:
    """A program's own, filled up with the installation's."""
    rows = {row.program: _value(row) for row in Row.objects.filter(program__in=["", program])}
    nothing = Presentation("", "", {}, {}, {})
    first, general = rows.get(program, nothing), rows.get("", nothing)
    languages: tuple[Language, ...] = ("en", "zh-hans")
    return Presentation(
        brand=first.brand or general.brand or settings.COMPANY,
        colour=first.colour or general.colour or DEFAULT_COLOUR,
        highlights={**general.highlights, **first.highlights},
        names={
            lang: {
                **shipped.names(lang),
                **general.names.get(lang, {}),
                **first.names.get(lang, {}),
            }
            for lang in languages
        },
        good_fit={**general.good_fit, **first.good_fit},
    )


def terms_of(program: str, *, now: datetime) -> Program | None:
    """The published version in force, the highest one where none is; None while there is none."""
    numbers = [row.number for row in programs.versions(program) if row.status == "published"]
    versions = [programs.published_program(program, number) for number in numbers]
    in_force = [terms for terms in versions if _holds(terms, now)]
    return next(iter(in_force or versions), None)


def _holds(terms: Program, now: datetime) -> bool:
    first, last = terms.runs_us
    at = (now - _EPOCH) // _MICROSECOND
    return (first is None or first <= at) and (last is None or at < last)


def title_of(program: Program, lang: Language) -> str:
    """The title in this language, else in the other, else the program's name."""
    if program.title is None:
        return program.program
    english, chinese = program.title.en, program.title.zh_hans
    wanted, other = (chinese, english) if lang == "zh-hans" else (english, chinese)
    return wanted or other or program.program


def offer_of(program: Program, lang: Language) -> Offer:
    """What both sides get, in short lines, things called by the names the program has for them."""
    shown = presentation(program.program)
    return _offer(_Terms(program), lang, tuple(sorted(shown.names[lang].items())))


class _Terms:
    """A published version as a key. It never changes; another installation in the same process may
    say something else under the same name and number."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Terms) and self.program == other.program

    def __hash__(self) -> int:
        return hash((self.program.program, self.program.version))


@lru_cache(maxsize=256)
def _offer(terms: _Terms, lang: Language, names: tuple[tuple[str, str], ...]) -> Offer:
    return offer_in_words(terms.program, lang, names=dict(names))


def _value(row: Row) -> Presentation:
    return Presentation(
        brand=row.brand,
        colour=row.colour,
        highlights={lang: tuple(lines) for lang, lines in row.highlights.items()},
        names=row.names,
        good_fit=row.good_fit,
    )
