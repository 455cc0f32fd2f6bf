"""What counts: the events that reach a milestone, and how often."""

from banyan.engine.language.explain.condition import expressions
from banyan.engine.language.explain.facts import Names
from banyan.engine.language.explain.markdown import bullets
from banyan.engine.language.explain.voice import Voice, sentence
from banyan.engine.language.program import Milestone, Program

PROPERTY_KINDS = {
    "number": sentence("{name} (a number)"),
    "text": sentence("{name} (a text)"),
    "boolean": sentence("{name} (true or false)"),
}


def milestones(voice: Voice, program: Program) -> list[str]:
    """Every milestone by name, and what holds for all of them."""
    items = []
    if any(reward.on == "joined" for reward in program.rewards.values()):
        items.append(
            voice.say(
                "**{name}**: the friend joins. Reached once, whatever the currency of the joining "
                "event.",
                name=voice.quote("joined"),
            )
        )
    for name, terms in program.milestones.items():
        items.append(
            voice.say(
                "**{name}**: {text}", name=voice.quote(name), text=milestone(voice, program, terms)
            )
        )
    blocks = bullets(*items) if items else [voice.say("No milestone is defined.")]
    if program.milestones:
        blocks += bullets(*_notes(voice, program))
    return blocks


def milestone(voice: Voice, program: Program, terms: Milestone) -> str:
    """Which events count, how many it takes, how often and in which time."""
    return voice.run(
        _matches(voice, program, terms), _reached(voice, program, terms), _within(voice, terms)
    )


def _matches(voice: Voice, program: Program, terms: Milestone) -> str:
    event = voice.quote(terms.on)
    if terms.where is None:
        if program.is_self:
            return voice.say("the customer’s event {event} counts.", event=event)
        return voice.say("the friend’s event {event} counts.", event=event)
    where = expressions(voice, program, "milestone", event=terms.on).condition(terms.where)
    if program.is_self:
        return voice.say(
            "the customer’s event {event} counts if {condition}.", event=event, condition=where
        )
    return voice.say(
        "the friend’s event {event} counts if {condition}.", event=event, condition=where
    )


def _reached(voice: Voice, program: Program, terms: Milestone) -> str:
    if terms.sum is not None:
        return _summed(voice, program, terms)
    if terms.times == 1:
        if terms.count == 1:
            return voice.say("The first such event reaches the milestone, once.")
        return voice.say(
            "The {nth} such event reaches the milestone, once.", nth=voice.ordinal(terms.count)
        )
    if terms.count == 1:
        return voice.say_many(
            "Every such event reaches the milestone, up to {n} time in all.",
            "Every such event reaches the milestone, up to {n} times in all.",
            terms.times,
        )
    return voice.say_many(
        "Every {count} such events reach the milestone, up to {n} time in all.",
        "Every {count} such events reach the milestone, up to {n} times in all.",
        terms.times,
        count=voice.number(terms.count),
    )


def _summed(voice: Voice, program: Program, terms: Milestone) -> str:
    assert terms.sum is not None
    of = Names(voice, program, "milestone", event=terms.on).value(terms.sum.of)
    reaches = voice.number(terms.sum.reaches)
    if terms.times == 1:
        return voice.say(
            "The milestone is reached, once, when the running sum of {of} over these events gets "
            "to {reaches}.",
            of=of,
            reaches=reaches,
        )
    return voice.say_many(
        "The milestone is reached when the running sum of {of} over these events gets to "
        "{reaches}, and again at each further {reaches}, up to {n} time in all; what one event "
        "jumps over is not made up for.",
        "The milestone is reached when the running sum of {of} over these events gets to "
        "{reaches}, and again at each further {reaches}, up to {n} times in all; what one event "
        "jumps over is not made up for.",
        terms.times,
        of=of,
        reaches=reaches,
    )


def _within(voice: Voice, terms: Milestone) -> str:
    if terms.within is None:
        return ""
    return voice.say(
        "Only events within {span} of joining count.", span=voice.duration(terms.within)
    )


def _notes(voice: Voice, program: Program) -> list[str]:
    notes = [
        voice.say(
            "An event that names another currency than {currency} reaches no milestone; one that "
            "names none does.",
            currency=program.currency,
        ),
        voice.say(
            "An event goes on counting when its order is refunded later; what a refund takes back "
            "is said below."
        ),
    ]
    if program.properties:
        names = [
            voice.say(PROPERTY_KINDS[kind], name=voice.quote(name))
            for name, kind in program.properties.items()
        ]
        notes.append(
            voice.say(
                "Besides order number, currency, coupon and total, these rules look at what an "
                "event carries under these names: {names}. What is of another kind counts as "
                "missing.",
                names=voice.both(names),
            )
        )
    if not program.is_self:
        notes.insert(
            0, voice.say("A friend’s events count from the joining event on, that event included.")
        )
    return notes
