"""builder_findings: what the check says about a program, in the reader's language.

The language of programs speaks English, as its file does. Its sentences are known here as patterns,
so that a Chinese reader gets them in Chinese; one that no pattern knows is shown as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from banyan.engine.language import Finding

SENTENCES = (
    gettext_noop(
        "{what} without a cap per beneficiary promises one person any amount; add {{per: "
        "beneficiary, period: year, amount: …}} to its caps"
    ),
    gettext_noop(
        "{what} without a cap or limit for the program has no budget; add {{per: program, amount: "
        "…}} to its caps or to limits"
    ),
    gettext_noop(
        "a percentage without max or a cap pays any amount for one large order; add max to the "
        "amount, or a cap"
    ),
    gettext_noop(
        "a reward for the upline that grows with sales or success is what pyramid schemes pay; "
        "give a fixed amount"
    ),
    gettext_noop(
        "a reward for the upline without a purchase pays for recruiting, which the law of many "
        "countries forbids; put it on a milestone of Order Completed"
    ),
    gettext_noop(
        "{event} is the act of sharing; paying for it buys spam, not customers; reward what the "
        "friend does, such as a first order"
    ),
    gettext_noop(
        "nobody can check a draw whose seed was not fixed beforehand; publish seed_sha256, the "
        "SHA-256 of a secret text"
    ),
    gettext_noop(
        "who reaches {milestone} may go away with nothing; give {whom} a sure reward on the same "
        "milestone beside the draw"
    ),
    gettext_noop(
        "the program ends before it begins, so it is never in force; put until after from"
    ),
    gettext_noop("the boost ends before it begins, so it never holds; put until after from"),
    gettext_noop(
        "a coupon good for {good} and held for {held} is dead before it can be used: shops count "
        "from the day it is issued; let it expire after the hold"
    ),
    gettext_noop(
        "cash for joining draws people who invent friends; pay on a purchase, or give credit "
        "instead"
    ),
    gettext_noop(
        "{span} is short: friends who think it over are lost to their advocates; 30d to 45d is "
        "usual"
    ),
    gettext_noop(
        "{span} is long: friends count who would have come by themselves; 30d to 45d is usual"
    ),
    gettext_noop(
        "a paid milestone without within stays a debt for ever: a friend may reach it years later; "
        "add within, such as 60d"
    ),
    gettext_noop(
        "orders can be refunded, but this is available at once and may be spent by then; add hold, "
        "such as 14d, as long as goods may come back"
    ),
    gettext_noop(
        "{benefit} for an order of {order} or more is under 5 %, too little to be noticed; give "
        "more, or ask for less"
    ),
    gettext_noop(
        "the second friend brings what the first one brought, so nothing leads on; let it rise "
        "with a ladder, or add a reward for a later step"
    ),
    gettext_noop("a perk for life can never be changed or taken back; add expires, such as 365d"),
    gettext_noop("the key {key} is not known; did you mean {near}?"),
    gettext_noop("the key {key} is not known; expected {names}"),
    gettext_noop("this key was given in line {line} already; keep one of them"),
    gettext_noop("there is no milestone {name}; did you mean {near}?"),
    gettext_noop("there is no milestone {name}; expected {names}"),
    gettext_noop("there is no milestone {name}; none is known here"),
    gettext_noop("the name {name} is not known here; did you mean {near}?"),
    gettext_noop("a program without attribution has no {key}"),
    gettext_noop("expected a number, found the text {text}; remove the quotes"),
    gettext_noop("expected a number, found {what}"),
    gettext_noop("expected a whole number, found {what}"),
    gettext_noop("expected a percentage such as 10%, found {what}"),
    gettext_noop("expected text, found {what}"),
    gettext_noop("expected a list, found {what}"),
    gettext_noop("expected a mapping of keys to values, found {what}"),
    gettext_noop("expected exactly one of amount and count"),
    gettext_noop("a span needs a unit (d, h, m or s), such as {span}"),
    gettext_noop("expected 1 to 64 characters of a-z, 0-9 and -, found {text}"),
    gettext_noop("the list is empty; give at least one entry"),
    gettext_noop("give the words in at least one language: en or zh-hans"),
    gettext_noop("a ladder rises by exactly one of grow and add"),
    gettext_noop("another rule is called {name} already"),
    gettext_noop("{key} is missing: {purpose}"),
    gettext_noop("this is not YAML: {reason}"),
    gettext_noop("the file is empty; a program is a mapping of keys to values"),
)
"""The check's own sentences, with what varies in braces; the first that fits is taken."""

_PARTS = {
    "a ladder": gettext_noop("a ladder"),
    "a reward on a milestone that repeats": gettext_noop("a reward on a milestone that repeats"),
    "advocate": gettext_noop("the advocate"),
    "friend": gettext_noop("the friend"),
}


@dataclass(frozen=True)
class ToldFinding:
    """A finding as the page shows it; the line counts from 1."""

    line: int
    column: int
    severity: str
    key: str
    sentence: str


def in_reader_language(finding: Finding) -> ToldFinding:
    """A finding, its sentence translated where that is known."""
    told = ToldFinding(
        finding.line, finding.column, finding.severity, finding.key, finding.sentence
    )
    if not str(get_language()).startswith("zh"):
        return told
    return replace(told, sentence=translated(finding.sentence))


def translated(sentence: str) -> str:
    """A sentence of the check in the language of the page; itself where none is known."""
    for pattern, template in _patterns():
        found = pattern.fullmatch(sentence)
        if found:
            parts = {
                name: _(_PARTS[text]) if text in _PARTS else text
                for name, text in found.groupdict().items()
            }
            return _(template).format(**parts)
    return sentence


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(_as_pattern(one), re.DOTALL), one) for one in SENTENCES)


def _as_pattern(template: str) -> str:
    pieces = re.split(r"(\{\{|\}\}|\{\w+\})", template)
    return "".join(_piece(piece) for piece in pieces)


def _piece(piece: str) -> str:
    if piece in ("{{", "}}"):
        return re.escape(piece[0])
    if piece.startswith("{"):
        return f"(?P<{piece[1:-1]}>.+?)"
    return re.escape(piece)
