"""What is granted: to whom, when, how much, and what may cut or end it."""

from banyan.engine.language.explain.amounts import amount
from banyan.engine.language.explain.caps import cap
from banyan.engine.language.explain.condition import expressions
from banyan.engine.language.explain.markdown import bullets, labelled
from banyan.engine.language.explain.quantity import unit_name
from banyan.engine.language.explain.voice import Voice, sentence
from banyan.engine.language.program import Boost, Fixed, Program, Reward

TO = {
    "advocate": sentence("the advocate."),
    "friend": sentence("the friend."),
    "upline": sentence(
        "the advocate’s own advocate, that is, whoever referred the advocate in this program "
        "before. If there is nobody, or it is the friend, nothing is granted. There is no third "
        "level."
    ),
    "charity": sentence("the charity {name}, as a gift that the advocate’s referral brings about."),
    "self": sentence("the customer."),
}
CHARITY_OF_CUSTOMER = sentence("the charity {name}, as a gift that the customer brings about.")

REFUNDS = {
    "proportional": sentence(
        "the share of the order that is refunded is taken back of the grant, too."
    ),
    "full": sentence(
        "the whole grant is taken back once the order is refunded in full; a part refund takes "
        "nothing."
    ),
    "keep": sentence("nothing is taken back."),
}


def rewards(voice: Voice, program: Program) -> list[str]:
    """Every reward under its name, in the order in which they are decided."""
    if not program.rewards:
        return [voice.say("This program grants nothing: people refer because they want to.")]
    blocks: list[str] = []
    for name, terms in program.rewards.items():
        blocks.append(f"### {voice.quote(name)}")
        blocks += _reward(voice, program, terms)
    return blocks


def _reward(voice: Voice, program: Program, terms: Reward) -> list[str]:
    how_much, details = amount(voice, program, terms)
    first = [
        labelled(voice, voice.say("Who gets it"), _recipient(voice, program, terms)),
        labelled(voice, voice.say("When"), _when(voice, program, terms)),
        *_what(voice, program, terms),
        labelled(voice, voice.say("How much"), how_much),
    ]
    second = [
        *_boosts(voice, program, terms),
        *_caps(voice, program, terms),
        labelled(voice, voice.say("Available"), _available(voice, terms)),
        labelled(voice, voice.say("Good until"), _expires(voice, terms)),
        labelled(voice, voice.say("After a refund"), voice.say(REFUNDS[terms.refund_policy])),
    ]
    if not details:
        return bullets(*first, *second)
    return [*bullets(*first), *details, *bullets(*second)]


def _recipient(voice: Voice, program: Program, terms: Reward) -> str:
    who, _, name = terms.to.partition(":")
    if who == "charity" and program.is_self:
        return voice.say(CHARITY_OF_CUSTOMER, name=voice.quote(name))
    return voice.say(TO[who], name=voice.quote(name))


def _when(voice: Voice, program: Program, terms: Reward) -> str:
    milestone = voice.quote(terms.on)
    if terms.when is None:
        return voice.say("each time the milestone {milestone} is reached.", milestone=milestone)
    event = program.milestones[terms.on].on if terms.on in program.milestones else None
    condition = expressions(voice, program, "reward", event=event).condition(terms.when)
    return voice.say(
        "each time the milestone {milestone} is reached, if {condition}.",
        milestone=milestone,
        condition=condition,
    )


def _what(voice: Voice, program: Program, terms: Reward) -> list[str]:
    """What the amount is an amount of; where it is fixed, the amount names it itself."""
    if isinstance(terms.amount, Fixed):
        return []
    units = [unit_name(voice, give=give, currency=program.currency) for give in terms.gives]
    return [labelled(voice, voice.say("What"), voice.say("{unit}.", unit=voice.either(units)))]


def _boosts(voice: Voice, program: Program, terms: Reward) -> list[str]:
    if not terms.boosts:
        return []
    times = voice.chain(boost(voice, program, terms) for terms in terms.boosts)
    return [labelled(voice, voice.say("Boosts"), voice.say("{boosts}.", boosts=times))]


def boost(voice: Voice, program: Program, terms: Boost) -> str:
    """“× 2 from January 22, 2027 through January 24, 2027”."""
    ends = program.at_us(terms.from_), program.at_us(terms.until)
    return voice.say(
        "× {times} {period}",
        times=voice.number(terms.times),
        period=voice.period(*ends, program.timezone),
    )


def _caps(voice: Voice, program: Program, terms: Reward) -> list[str]:
    if not terms.caps:
        return [labelled(voice, voice.say("Caps"), voice.say("none of its own."))]
    listed = voice.chain(cap(voice, program, limit, give=terms.give) for limit in terms.caps)
    return [labelled(voice, voice.say("Caps"), voice.say("{caps}.", caps=listed))]


def _available(voice: Voice, terms: Reward) -> str:
    if not terms.hold:
        return voice.say("at once.")
    return voice.say("{span} after the milestone is reached.", span=voice.duration(terms.hold))


def _expires(voice: Voice, terms: Reward) -> str:
    if terms.expires is None:
        return voice.say("it does not expire.")
    return voice.say(
        "{span} after it becomes available; what is not used by then is lost.",
        span=voice.duration(terms.expires),
    )
