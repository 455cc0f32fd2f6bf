"""fit: whom an offer suits, said to the friend who asks “is it for me?”."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from banyan.engine.language.explain import Language, safe
from banyan.engine.language.explain.condition import ALWAYS, expressions
from banyan.engine.language.explain.voice import Voice
from banyan.engine.language.program import Program
from banyan.growth.toolkit.read import presentation


def is_it_for_me(program: Program, lang: Language) -> list[str]:
    """In few sentences: what the operator says of whom the offer suits, then what the terms ask of
    a friend, where they ask something."""
    said = presentation(program.program).good_fit.get(lang)
    sentences = [
        said
        or _(
            "Yes, if you need something like this anyway. If not, that is just as well: nobody is "
            "counting on you."
        )
    ]
    plain = _PLAIN.get(" ".join(program.friends.where.lower().split()))
    if plain is not None:
        return [*sentences, _(plain)] if plain else sentences
    voice = Voice(lang, safe.plain)
    condition = expressions(voice, program, "friends").condition(program.friends.where)
    if condition != voice.say(ALWAYS):
        text = _("By the rules, this must be so of whoever is invited: {condition}.")
        sentences.append(text.format(condition=condition))
    return sentences


# Conditions that most programs have, said to the one they are about.
_PLAIN = {
    "is_new": gettext_noop("The offer is for people who have not ordered from us before."),
    "not is_known": gettext_noop("The offer is for people who are new to us."),
    "is_new and not is_known": gettext_noop("The offer is for people who are new to us."),
    "true": "",
}
