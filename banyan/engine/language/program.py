"""The program file, read: text in, one frozen `Program` out, or everything wrong with the text."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import PrivateAttr

from banyan.engine.language.check import check
from banyan.engine.language.faults import fitted
from banyan.engine.language.findings import Finding, ProgramError
from banyan.engine.language.source import Source
from banyan.engine.language.terms import (
    Advocates,
    Amount,
    Attribution,
    Boost,
    ByTable,
    Cap,
    Draw,
    Experiment,
    Fixed,
    Friends,
    Kind,
    Ladder,
    Limit,
    Milestone,
    Percent,
    Prize,
    Repeats,
    Reward,
    RiskRule,
    Runs,
    SqlAmount,
    Stop,
    Sum,
    Terms,
    Words,
)

__all__ = [
    "Advocates",
    "Amount",
    "Attribution",
    "Boost",
    "ByTable",
    "Cap",
    "Draw",
    "Experiment",
    "Finding",
    "Fixed",
    "Friends",
    "Kind",
    "Ladder",
    "Limit",
    "Milestone",
    "Percent",
    "Prize",
    "Program",
    "ProgramError",
    "Repeats",
    "Reward",
    "RiskRule",
    "Runs",
    "SqlAmount",
    "Stop",
    "Sum",
    "Words",
]


class Program(Terms):
    """A program: who may refer, what counts, what is paid and how much at most."""

    # Only where findings point; two texts that say the same are the same program.
    _written: tuple[str, str] | None = PrivateAttr(default=None)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Reads a file. Raises ProgramError with every finding."""
        return cls.of(Source.load(path))

    @classmethod
    def parse(cls, text: str | bytes, path: str = "program.yaml") -> Self:
        """Reads a text; `path` is what findings call it. Raises ProgramError with every finding."""
        return cls.of(Source.read(text, path))

    @classmethod
    def of(cls, source: Source) -> Self:
        """Reads a source. Raises ProgramError with every finding."""
        program, faults = fitted(cls, source)
        faulty = {fault.key for fault in faults}
        findings = [found for found in check(program, source) if found.key not in faulty]
        if faults or findings:
            raise ProgramError([*faults, *findings])
        program._written = (source.text, source.path)
        return program

    @property
    def source(self) -> Source:
        """The text it was read from, with places; empty when it was made in code."""
        return Source.empty() if self._written is None else Source.read(*self._written)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Program) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]
