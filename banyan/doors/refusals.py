"""refusals: why something was refused, in the language of the page.

`kernel/sentences.py` says how the sentences of the rooms become Chinese.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from banyan.core.programs.acts import NotPublishable
from banyan.engine.language import Finding, ProgramError
from banyan.kernel.errors import Problem
from banyan.kernel.sentences import translated

__all__ = ["refusal", "translated"]


def refusal(problem: Problem) -> str:
    """Why something was refused, for a page: of a program, a line for each finding."""
    if isinstance(problem, ProgramError | NotPublishable):
        return "\n".join(map(_line, problem.findings))
    return translated(problem.sentence)


def _line(finding: Finding) -> str:
    sentence = translated(finding.sentence)
    if not finding.key:
        return _("Line {line}: {sentence}").format(line=finding.line, sentence=sentence)
    return _("Line {line}, {key}: {sentence}").format(
        line=finding.line, key=finding.key, sentence=sentence
    )
