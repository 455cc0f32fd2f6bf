"""The program file, read: text in, one frozen `Program` out, or everything wrong with the text."""

from __future__ import annotations

from pathlib import Path
from typing import Self

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
    "Sum",
    "Words",
]


class Program(Terms):
    """A program: who may refer, what counts, what is paid and how much at most."""

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
        return program
