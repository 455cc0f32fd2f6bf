"""Who may refer, and who counts as a friend."""

from banyan.engine.language.explain.condition import ALWAYS, expressions
from banyan.engine.language.explain.markdown import bullets
from banyan.engine.language.explain.voice import Voice
from banyan.engine.language.program import Program


def advocates(voice: Voice, program: Program) -> list[str]:
    """The condition at the invitation, and what nobody may do."""
    where = expressions(voice, program, "advocates").condition(program.advocates.where)
    if where == voice.say(ALWAYS):
        first = voice.say("Whoever refers is called the advocate. Anyone may refer.")
    else:
        first = voice.say(
            "Whoever refers is called the advocate. At the moment of the invitation this must be "
            "so: {condition}.",
            condition=where,
        )
    return bullets(
        first,
        voice.say("Nobody can refer themselves."),
        voice.say("A friend who has joined may refer others in turn, under the same rules."),
    )


def friends(voice: Voice, program: Program) -> list[str]:
    """The condition at the invitation, and that it is once and for ever."""
    where = expressions(voice, program, "friends").condition(program.friends.where)
    if where == voice.say(ALWAYS):
        first = voice.say(
            "Whoever is referred is called the friend. Anyone may be referred, also a customer of "
            "long standing."
        )
    else:
        first = voice.say(
            "Whoever is referred is called the friend. At the moment of the invitation this must "
            "be so: {condition}.",
            condition=where,
        )
    return bullets(
        first,
        voice.say(
            "A friend can be referred once in this program, for ever: the first referral stays, "
            "and no later invitation changes it."
        ),
    )


def customers(voice: Voice, program: Program) -> list[str]:
    """Who takes part in a program without referrals."""
    return bullets(
        voice.say(
            "Every customer whom we know by a user ID takes part, with that customer’s own events. "
            "Nobody has to be invited, and nobody is referred."
        )
    )
