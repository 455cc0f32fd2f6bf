"""Caps and limits: the most that is granted, to whom, in which time."""

from banyan.engine.language.explain.quantity import quantity
from banyan.engine.language.explain.voice import Voice, sentence
from banyan.engine.language.program import Cap, Program

WHOM = {
    "advocate": sentence("each advocate"),
    "friend": sentence("each friend"),
    "beneficiary": sentence("each recipient"),
    "program": sentence("the whole program"),
}

SPAN = {
    None: sentence("in all"),
    "day": sentence("in a calendar day"),
    "week": sentence("in a calendar week (Monday to Sunday)"),
    "month": sentence("in a calendar month"),
    "quarter": sentence("in a calendar quarter"),
    "year": sentence("in a calendar year"),
}


def cap(voice: Voice, program: Program, terms: Cap, *, give: str) -> str:
    """“at most $500.00 in cash for each advocate in a calendar year”."""
    whom, span = voice.say(WHOM[terms.per]), voice.say(SPAN[terms.period])
    text = voice.say(
        "at most {what} for {whom} {span}",
        what=_size(voice, program, terms, give),
        whom=whom,
        span=span,
    )
    return (
        text
        if terms.partial
        else voice.say("{cap}, and nothing when less than the whole is left", cap=text)
    )


def _size(voice: Voice, program: Program, terms: Cap, give: str) -> str:
    if terms.count is not None:
        return voice.say_many("{n} grant", "{n} grants", terms.count)
    assert terms.amount is not None  # the language asks for one of the two
    return quantity(voice, give=give, amount=terms.amount, currency=program.currency)
