"""scope: which programs figures are of, and in which currency money is told."""

from __future__ import annotations

from dataclasses import dataclass

from banyan.core.programs.read import published, published_program
from banyan.engine.language.program import Program


@dataclass(frozen=True)
class Scope:
    """`program` is empty for all referral programs together. `currency` is that of the program, of
    all of them the first."""

    program: str
    programs: tuple[str, ...]
    """Slugs of referral programs that count."""
    currency: str
    is_all: bool
    """Whether no other program refers: of what is not kept by program, this is then theirs."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing that refers was ever published."""
        return not self.programs


def scope(program: str = "") -> Scope:
    """Of one referral program, or of all; an unknown one is all."""
    latest = latest_terms()
    known = tuple(slug for slug, terms in latest.items() if not terms.is_self)
    chosen = (program,) if program in known else known
    currency = latest[chosen[0]].currency if chosen else ""
    return Scope(program if program in known else "", chosen, currency, chosen == known)


def latest_terms() -> dict[str, Program]:
    """The highest published version of each program, by slug."""
    numbers: dict[str, int] = {}
    for row in published():
        numbers[row.program] = max(row.number, numbers.get(row.program, 0))
    return {slug: published_program(slug, numbers[slug]) for slug in sorted(numbers)}
