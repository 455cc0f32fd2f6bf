"""Why an invitation does not count, and why an event cannot be used."""

from collections.abc import Mapping
from typing import Any

from banyan.engine.language.explain import safe
from banyan.engine.language.explain.voice import Language, Voice, sentence
from banyan.engine.language.program import Program

Row = Mapping[str, Any]

# In the order in which they are checked; the first that applies is the reason.
LOST = {
    "already_referred": sentence("the friend already had a referral in this program"),
    "self_referral": sentence("the advocate and the friend are the same person"),
    "outside_run": sentence("no version of the program was in force when the invitation happened"),
    "outside_window": sentence("the friend joined too long after the invitation"),
    "advocate_not_eligible": sentence(
        "the advocate did not meet the condition at the moment of the invitation"
    ),
    "not_new": sentence("the friend did not meet the condition at the moment of the invitation"),
    "lost_to_other_touch": sentence("another invitation that also counted went before it"),
}

LOST_INVITATIONS = {
    "click": sentence("a click on the link of {advocate} ({place}): {reason}"),
    "code": sentence("the code of {advocate} ({place}): {reason}"),
    "invite": sentence("an invitation that {advocate} sent ({place}): {reason}"),
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


def reasons(voice: Voice, program: Program) -> list[str]:
    """Every reason that can apply under this version, in the order of the checks."""
    window = program.attribution.window if program.attribution is not None else 0
    late = LOST["outside_window"]
    terms = {
        "outside_window": voice.say(
            "{reason}: more than {window}",
            reason=voice.say(late),
            window=voice.duration(window),
        )
    }
    return [
        terms.get(reason, voice.say(text))
        for reason, text in LOST.items()
        if _possible(program, reason)
    ]


def _possible(program: Program, reason: str) -> bool:
    """Where everybody may refer or be referred, nobody fails that condition."""
    where = {"advocate_not_eligible": program.advocates.where, "not_new": program.friends.where}
    return where.get(reason, "").strip().upper() != "TRUE"


def lost_invitation(voice: Voice, row: Row, timezone: str) -> str:
    """“a click on the link of “ann” (position 3, …): the friend already had a referral …”.

    The terms stay unsaid: the version that judged the invitation need not be the referral's.
    """
    kind, reason = LOST_INVITATIONS[row["kind"]], LOST[row["reason"]]
    return voice.say(
        kind,
        advocate=voice.quote(row["advocate"]),
        place=voice.place(row["touch_position"], row["touched_at"], timezone),
        reason=voice.say(reason),
    )


def explain_lost(row: Row, *, timezone: str, lang: Language) -> str:
    """One sentence of plain text on a row of `touches_lost`; times as microseconds UTC."""
    voice = Voice(lang, safe.plain)
    return voice.say(
        "In program {program}, when the friend came at position {position}, this did not count: "
        "{invitation}.",
        program=voice.quote(row["program"]),
        position=voice.number(row["join_position"]),
        invitation=lost_invitation(voice, row, timezone),
    )


def explain_reject(row: Row, *, lang: Language) -> str:
    """One sentence of plain text on a row of `rejects`."""
    voice, reason = Voice(lang, safe.plain), REJECTED[row["code"]]
    return voice.say(
        "The event at position {position} could not be used: {reason}.",
        position=voice.number(row["position"]),
        reason=voice.say(reason),
    )
