"""builder_findings: what the check says about a program, in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass

from banyan.doors.refusals import translated
from banyan.engine.language import Finding


@dataclass(frozen=True)
class ToldFinding:
    """A finding as the page shows it; the line counts from 1."""

    line: int
    column: int
    severity: str
    key: str
    sentence: str


def in_reader_language(finding: Finding) -> ToldFinding:
    """A finding, its sentence translated."""
    return ToldFinding(
        finding.line,
        finding.column,
        finding.severity,
        finding.key,
        translated(finding.sentence),
    )
