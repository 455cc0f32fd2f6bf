"""Why an invitation does not count, and why an event cannot be used."""

from typing import Any

from banyan.engine.language.explain.condition import expressions
from banyan.engine.language.explain.voice import Voice, sentence
from banyan.engine.language.program import Program

# In the order in which they are checked; the first that applies is the reason.
LOST = {
    "already_referred": sentence("the friend already had a referral in this program"),
    "self_referral": sentence("the advocate and the friend are the same person"),
    "outside_run": sentence("no version of the program was in force when the invitation happened"),
    "outside_window": sentence("the friend joined more than {window} after the invitation"),
    "advocate_not_eligible": sentence(
        "the advocate did not meet the condition at the moment of the invitation ({advocates})"
    ),
    "not_new": sentence(
        "the friend did not meet the condition at the moment of the invitation ({friends})"
    ),
    "lost_to_other_touch": sentence("another invitation that also counted went before it"),
}

REJECTED = {
    "bad_timestamp": sentence("its timestamp is missing or is no RFC 3339 time with an offset"),
    "no_id": sentence("it names neither a userId nor an anonymousId"),
    "bad_type": sentence("its type is missing or none that the event format knows"),
    "no_event": sentence("it is a track event without a name"),
    "bad_json": sentence("its line is no JSON object"),
    "number_too_large": sentence("it holds a number larger than 10^12"),
    "unknown_code": sentence(
        "its referral code is missing or belonged to nobody at that time; the event itself still "
        "counts"
    ),
}


def lost_reason(voice: Voice, program: Program, reason: str) -> str:
    """The reason of a row of `touches_lost`, with the terms it refers to."""
    window = program.attribution.window if program.attribution is not None else 0
    return voice.say(
        LOST[reason],
        window=voice.duration(window),
        advocates=expressions(voice, program, "advocates").condition(program.advocates.where),
        friends=expressions(voice, program, "friends").condition(program.friends.where),
    )


def rejected_event(voice: Voice, row: dict[str, Any]) -> str:
    """One sentence for a row of `rejects`."""
    reason = REJECTED[row["code"]]
    return voice.say(
        "The event at position {position} could not be used: {reason}.",
        position=voice.number(row["position"]),
        reason=voice.say(reason),
    )
