"""choosing: what the command line is told to say about a file, as what a page lets one choose."""

from __future__ import annotations

import re

from django.utils.translation import get_language

from banyan.doors.refusals import translated
from banyan.kernel.errors import Problem

_CSV = "save it as “CSV UTF-8” and bring it again"
_CHOICES: tuple[tuple[str, str], ...] = (
    (r"say --days dmy or --days mdy", "choose which under “03/04/2026 is”"),
    (r"say --decimal (.)", r"choose “\1” as the decimal sign"),
    (
        r"say which: --map '.*=.*', or --map '.*=' to leave one out\.",
        "choose what one of them means, and leave the other empty.",
    ),
    (r"Say --kind orders", "Choose it under “What is a row?”"),
    (r"say --map 'COLUMN=(.*?)'", r"choose \1 beside the column that says it"),
    (
        r"name the column with the id: --map 'COLUMN=messageId'\.",
        "choose messageId, the id of the row, beside the column that holds it.",
    ),
    (
        r"name it: --map 'COLUMN=properties\.order_id'\.",
        "choose properties.order_id beside the column that holds them.",
    ),
    (r"; --encoding says otherwise\.", f"; if its letters look wrong, {_CSV}."),
    (r"name its --encoding(?:, such as cp1252)?\.", f"{_CSV}."),
)
"""Only in English: the Chinese sentences are said on pages alone and name what stands there."""


def in_browser(sentence: str) -> str:
    """A sentence of the imports in the language of the page, with the cures of a page."""
    if str(get_language()).startswith("zh"):
        return translated(sentence)
    for typed, chosen in _CHOICES:
        sentence = re.sub(typed, chosen, sentence)
    return sentence


def on_page(problem: Problem) -> Problem:
    """The same problem, said so."""
    return type(problem)(in_browser(problem.sentence))
