"""What holds for every program: how amounts are worked out, refunds, frozen terms, disputes."""

from banyan.engine.language.explain.caps import cap
from banyan.engine.language.explain.markdown import bullets, numbered
from banyan.engine.language.explain.quantity import unit_name
from banyan.engine.language.explain.voice import Voice
from banyan.engine.language.program import Program


def overview(voice: Voice, program: Program) -> list[str]:
    """Which program this is, when it runs, whose clock and money it follows."""
    return bullets(
        voice.say(
            "Program {name}, version {version}. This page is made from the file that decides "
            "every case, so what it promises and what is granted are the same.",
            name=voice.quote(program.program),
            version=program.version,
        ),
        _runs(voice, program),
        *_stops(voice, program),
        voice.say(
            "Dates and calendar periods follow the clock of {zone}. Durations are exact: a day is "
            "24 hours.",
            zone=voice.zone(program.timezone),
        ),
        voice.say("Money is in {currency}.", currency=program.currency),
        voice.say(
            "Events count in the order in which they reach our log, each event once, however "
            "often it is sent."
        ),
    )


def _runs(voice: Voice, program: Program) -> str:
    period = voice.period(*program.runs_us, program.timezone)
    if period is None:
        return voice.say("The program has neither a first nor a last day.")
    if program.is_self:
        return voice.say(
            "The program runs {period}. Only events in that time count.", period=period
        )
    return voice.say(
        "The program runs {period}. Only invitations in that time count; what they lead to may "
        "come later.",
        period=period,
    )


def _stops(voice: Voice, program: Program) -> list[str]:
    """Times in which nothing is paid out."""
    spans = [
        (program.at_us(one.from_), None if one.until is None else program.at_us(one.until))
        for one in program.stops
    ]
    return [
        voice.say(
            "The program is stopped {period}: what is earned in that time is held until a person "
            "decides, and what was earned before stays.",
            period=voice.period(*span, program.timezone),
        )
        for span in spans
    ]


def limits(voice: Voice, program: Program) -> list[str]:
    """Caps over all rewards of one unit."""
    items = []
    for limit in program.limits:
        items.append(
            voice.say(
                "{unit}, over all rewards that give it: {cap}.",
                unit=unit_name(voice, give=limit.give, currency=program.currency),
                cap=cap(voice, program, limit, give=limit.give),
            )
        )
    return bullets(*items)


def working_out(voice: Voice, program: Program) -> list[str]:
    """From the rule to the amount that is granted, step by step, and what the words mean."""
    steps = [
        voice.say(
            "The amount is worked out as stated with the reward. A missing or negative amount is 0."
        ),
        voice.say("It is multiplied by every boost in whose time the milestone was reached."),
        voice.say(
            "It is rounded to the smallest unit of the currency, or to a whole number for "
            "everything else, half up."
        ),
        voice.say(
            "Then each cap of the reward and each limit cuts it, in the order stated. Where less "
            "is left than the amount, what is left is granted, unless the cap says otherwise. "
            "What was cut is not made up for later."
        ),
    ]
    return [
        *numbered(steps),
        *bullets(
            voice.say(
                "“Time” counts how often the same recipient has come to the same reward, over all "
                "versions of the program and whatever became of the earlier ones."
            ),
            voice.say(
                "A cap counts what was really granted. What is taken back or denied is free "
                "again, in the period from which it was taken."
            ),
            voice.say(
                "Conditions look at what was recorded before the moment they speak of. Orders and "
                "spend include orders refunded later. A comparison with something that is missing "
                "does not hold, and neither does its contrary; the smallest or largest of several "
                "values leaves out what is missing. A division by 0 gives nothing."
            ),
            voice.say(
                "Grants that expire first are used first. What was used and comes back after its "
                "grant has expired stays available."
            ),
        ),
    ]


def refunds(voice: Voice, program: Program) -> list[str]:
    """What holds for every refund; what it takes back is said with each reward."""
    return bullets(
        voice.say(
            "A refund concerns the earlier grants for events of the same person with the same "
            "order number. What it takes back is stated with each reward and is recorded as an "
            "entry of its own; the decision itself never changes."
        ),
        voice.say(
            "Several part refunds of an order add up, to the whole order at most. A refund that "
            "names no amount is a refund of the whole order."
        ),
        voice.say(
            "What is taken back comes out of what is not yet available, else out of what is "
            "available, also if that leaves less than nothing. What has already expired is not "
            "taken back again."
        ),
        voice.say("A refund does not change how many times a recipient has come to a reward."),
    )


def terms(voice: Voice, program: Program) -> list[str]:
    """Which version decides, and that it never changes."""
    if program.is_self:
        return bullets(
            voice.say(
                "An event is judged by the version of the program in force when it happens. A "
                "published version never changes; new terms come as a new version and never reach "
                "back."
            ),
            voice.say("Counts and sums go on from one version to the next."),
        )
    return bullets(
        voice.say(
            "The terms of a referral are frozen at the invitation: it keeps, for ever, the "
            "version in force when the winning invitation happened, even if the program changes "
            "or ends before the reward is granted."
        ),
        voice.say(
            "A published version never changes; new terms come as a new version and never reach "
            "back."
        ),
    )


def disputes(voice: Voice, program: Program) -> list[str]:
    """What is recorded, and how to have a decision looked at."""
    return bullets(
        voice.say(
            "Every decision has an ID and a recorded reason, also when nothing is granted. Ask "
            "for the explanation of yours: it names the event, the milestone, the time, every "
            "cap, and what was cut and why."
        ),
        voice.say(
            "If you think that a decision is wrong, write to the organiser of the program with "
            "the decision’s ID, or with the date and what you did. A person checks it against the "
            "log, from which every decision can be worked out again."
        ),
        voice.say(
            "A reward under review is released or denied by a person, once. A denial is recorded "
            "and moves no money."
        ),
        voice.say(
            "A mistake is put right by a new entry; nothing that was recorded is erased or "
            "rewritten."
        ),
    )
