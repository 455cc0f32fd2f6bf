"""faq: questions people ask, answered from the terms that decide, and what operators add."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from banyan.engine.language.explain import Language, safe
from banyan.engine.language.explain.caps import cap
from banyan.engine.language.explain.condition import ALWAYS, expressions
from banyan.engine.language.explain.quantity import unit_name
from banyan.engine.language.explain.voice import Voice
from banyan.engine.language.names import Place
from banyan.engine.language.program import Cap, Program
from banyan.growth.toolkit.models import Question
from banyan.growth.toolkit.presentation import offer_of, presentation


@dataclass(frozen=True)
class Answered:
    """A question and its answer, plain text."""

    key: str
    question: str
    answer: str
    is_written: bool
    """By an operator; else it follows from the terms."""


def faq(program: Program, lang: Language, *, query: str = "") -> list[Answered]:
    """The questions of a program in their order: what operators wrote with a place below 0, the
    shipped ones, the rest.

    `query`: only those in which every one of its words stands.
    """
    written = _written(program.program)
    shipped = [
        Answered(key, question, answer, is_written=False)
        for key, question, answer in _shipped(program, lang)
    ]
    there = {one.key for one in shipped}
    found = [
        *_own(written, lang, there, is_first=True),
        *(
            _overridden(one, written.get(one.key), lang)
            for one in shipped
            if _is_shown(one, written)
        ),
        *_own(written, lang, there, is_first=False),
    ]
    words = query.casefold().split()
    return [one for one in found if _holds(one, words)]


def good_fit(program: Program, lang: Language) -> str:
    """Whom the program suits, in words that can be passed on: the operator's, else what follows
    from the terms."""
    said = presentation(program.program).good_fit.get(lang)
    if said:
        return said
    with translation.override(lang):
        text = _(
            "Somebody who has the need that we met for you. One person who is really glad of it is "
            "worth more than many who are asked."
        )
        condition = _condition(_voice(lang), program, "friends")
        if condition is None or program.is_self:
            return text
        return _("{text} What counts at the invitation: {condition}.").format(
            text=text, condition=condition
        )


def _written(program: str) -> Mapping[str, Question]:
    """By key; a program's own goes before one for every program."""
    rows = Question.objects.filter(program__in=["", program])
    return {row.key: row for row in sorted(rows, key=lambda row: row.program)}


def _own(
    written: Mapping[str, Question], lang: Language, there: set[str], *, is_first: bool
) -> list[Answered]:
    rows = sorted(written.values(), key=lambda row: (row.place, row.key))
    return [
        Answered(row.key, row.questions[lang], row.answers[lang], is_written=True)
        for row in rows
        if row.key not in there
        and row.is_shown
        and (row.place < 0) == is_first
        and row.questions.get(lang)
        and row.answers.get(lang)
    ]


def _is_shown(one: Answered, written: Mapping[str, Question]) -> bool:
    row = written.get(one.key)
    return row is None or row.is_shown


def _overridden(one: Answered, row: Question | None, lang: Language) -> Answered:
    if row is None or not (row.questions.get(lang) or row.answers.get(lang)):
        return one
    question = row.questions.get(lang) or one.question
    return Answered(one.key, question, row.answers.get(lang) or one.answer, is_written=True)


def _holds(one: Answered, words: Sequence[str]) -> bool:
    text = f"{one.question} {one.answer}".casefold()
    return all(word in text for word in words)


def _shipped(program: Program, lang: Language) -> list[tuple[str, str, str]]:
    with translation.override(lang):
        answered = []
        for key, question, answer in _QUESTIONS:
            text = answer(_voice(lang), program)
            if text:
                answered.append((key, _(question), text))
        return answered


def _voice(lang: Language) -> Voice:
    return Voice(lang, safe.plain)


def _what(voice: Voice, program: Program) -> str:
    offer = offer_of(program, voice.language)
    if program.is_self:
        return _("You get: {offer}.").format(offer=offer.advocate) if offer.advocate else ""
    parts = []
    if offer.friend:
        parts.append(_("The friend gets: {offer}.").format(offer=offer.friend))
    if offer.advocate:
        parts.append(_("For the advocate there is: {offer}.").format(offer=offer.advocate))
    if not parts:
        parts.append(_("This program gives no rewards; people refer because they want to."))
    return voice.run(*parts)


def _when(voice: Voice, program: Program) -> str:
    """How a reward comes: recorded, waiting, available."""
    if not program.rewards:
        return ""
    holds = sorted({reward.hold for reward in program.rewards.values()})
    parts = [
        _(
            "A reward is recorded as soon as what it is given for has happened; you see it at once "
            "in your account, with the date from which it is yours."
        )
    ]
    if holds == [0]:
        parts.append(_("It is yours at once."))
    elif len(holds) == 1:
        parts.append(_("That is after {span}.").format(span=voice.duration(holds[0])))
    else:
        spans = {"shortest": voice.duration(holds[0]), "longest": voice.duration(holds[-1])}
        text = (
            _("Depending on the reward it takes from {shortest} to {longest}.")
            if holds[0]
            else _("Some are yours at once, others after up to {longest}.")
        )
        parts.append(text.format(**spans))
    if any(holds):
        parts.append(_("The time in between is for returns and checks."))
    return voice.run(*parts)


def _how_many(voice: Voice, program: Program) -> str:
    """Every cap, those that one person can run into first."""
    given = [(reward.give, one) for reward in program.rewards.values() for one in reward.caps]
    given += [(limit.give, limit) for limit in program.limits]
    told = [
        _limit(voice, program, give, one)
        for give, one in sorted(given, key=lambda pair: pair[1].per == "program")
    ]
    intro = "" if program.is_self else _("You may invite as many friends as you like.")
    if not told:
        return voice.run(intro, _("There is no limit to the rewards."))
    listed = voice.chain(dict.fromkeys(told))
    return voice.run(intro, _("For rewards these limits hold: {limits}.").format(limits=listed))


def _limit(voice: Voice, program: Program, give: str, terms: Cap) -> str:
    """A cap; one that counts grants does not say of what, so that is said before it."""
    text = cap(voice, program, terms, give=give)
    if terms.count is None:
        return text
    names = presentation(program.program).names[voice.language]
    unit = names.get(give) or unit_name(voice, give=give, currency=program.currency)
    return _("{unit}: {limit}").format(unit=unit, limit=text)


def _returns(voice: Voice, program: Program) -> str:
    policies = {reward.refund_policy for reward in program.rewards.values()}
    if not policies:
        return ""
    sentences = []
    if "full" in policies:
        sentences.append(
            _(
                "If the order a reward was given for is refunded in full, that reward is taken "
                "back; a refund of a part changes nothing."
            )
            if policies == {"full"}
            else _("Some rewards are taken back when the order is refunded in full.")
        )
    if "proportional" in policies:
        sentences.append(
            _("Rewards that are a share of an order shrink by the share that is refunded.")
        )
    if "keep" in policies:
        sentences.append(
            _("A refund takes nothing back.")
            if policies == {"keep"}
            else _("Others stay yours in any case.")
        )
    return voice.run(*sentences)


def _refused(voice: Voice, program: Program) -> str:
    if program.is_self:
        return ""
    parts = [
        _(
            "Most often because the friend had been referred by somebody else before, was a "
            "customer already, or came too late after the invitation. Nobody can refer themselves."
        ),
        _("The reason of each case stands beside it in your list of friends."),
    ]
    if program.risk:
        parts.append(
            _("Cases that look like abuse are checked; where a person decides, the case waits.")
        )
    parts.append(
        _("If you think that a decision is wrong, you can have it looked at from the same place.")
    )
    return voice.run(*parts)


def _who_may(voice: Voice, program: Program) -> str:
    if program.is_self:
        return ""
    condition = _condition(voice, program, "advocates")
    if condition is None:
        return _("Everybody.")
    return _("At the moment of the invitation this must be so: {condition}.").format(
        condition=condition
    )


def _who_counts(voice: Voice, program: Program) -> str:
    if program.is_self or program.attribution is None:
        return ""
    condition = _condition(voice, program, "friends")
    span = voice.duration(program.attribution.window)
    late = _("The invitation counts for {span}.").format(span=span)
    if condition is None:
        return voice.run(_("Everybody you invite."), late)
    return voice.run(
        _("At the moment of the invitation this must be so: {condition}.").format(
            condition=condition
        ),
        late,
    )


def _expiry(voice: Voice, program: Program) -> str:
    spans = sorted({reward.expires for reward in program.rewards.values() if reward.expires})
    if not program.rewards:
        return ""
    if not spans:
        return _("No, rewards do not expire.")
    if len(spans) == 1:
        text = _("What is not used within {span} is lost.").format(span=voice.duration(spans[0]))
    else:
        text = _(
            "What is not used in time is lost; depending on the reward that is {shortest} to "
            "{longest}."
        ).format(shortest=voice.duration(spans[0]), longest=voice.duration(spans[-1]))
    if not all(reward.expires for reward in program.rewards.values()):
        text = voice.run(text, _("Some rewards do not expire."))
    return text


def _privacy(voice: Voice, program: Program) -> str:
    if program.is_self:
        return ""
    return _(
        "When you share your link, we do not learn who your friend is until they sign up "
        "themselves; we only count that the link was opened. You see a friend’s name masked, "
        "unless they agree to be shown."
    )


def _voluntary(voice: Voice, program: Program) -> str:
    return _(
        "No. Taking part is entirely voluntary. Whether you refer or not, and whether it succeeds "
        "or not, nothing you have with us changes."
    )


def _condition(voice: Voice, program: Program, place: Place) -> str | None:
    """In words; None when everybody meets it."""
    where = program.advocates.where if place == "advocates" else program.friends.where
    text = expressions(voice, program, place).condition(where)
    return None if text == voice.say(ALWAYS) else text


Answer = Callable[[Voice, Program], str]

_QUESTIONS: Sequence[tuple[str, str, Answer]] = (
    ("what", gettext_noop("What is there to get?"), _what),
    ("when", gettext_noop("When do I get my reward?"), _when),
    ("how-many", gettext_noop("How many friends may I refer, and is there a limit?"), _how_many),
    ("who-may", gettext_noop("Who may refer?"), _who_may),
    ("who-counts", gettext_noop("Which friends count?"), _who_counts),
    ("returns", gettext_noop("What happens if an order is returned?"), _returns),
    ("expiry", gettext_noop("Do rewards expire?"), _expiry),
    ("refused", gettext_noop("Why was a referral refused, and what can I do?"), _refused),
    ("privacy", gettext_noop("What do you know about my friend?"), _privacy),
    ("voluntary", gettext_noop("Do I have to take part?"), _voluntary),
)
"""Key, question, and how it is answered; an empty answer leaves the question out."""
