"""Which invitations count, for how long, and which of several gets the credit."""

from banyan.engine.language.explain.losses import reasons
from banyan.engine.language.explain.markdown import bullets, numbered
from banyan.engine.language.explain.voice import Voice, sentence
from banyan.engine.language.program import Attribution, Program

KINDS = {
    "code": sentence(
        "a referral code: the friend gives the advocate’s code with an event, or uses it as a "
        "coupon"
    ),
    "invite": sentence(
        "an invitation by e-mail or phone number that the advocate sends through us "
        "(the contact is kept only as a keyed hash)"
    ),
    "click": sentence("a click on the advocate’s link"),
}

CREDIT = {
    "last_touch": sentence(
        "Of several invitations of the same kind, the last one gets the credit."
    ),
    "first_touch": sentence(
        "Of several invitations of the same kind, the first one gets the credit."
    ),
}


def invitations(voice: Voice, program: Program, terms: Attribution) -> list[str]:
    """Kinds, credit, joining, window, recognition, and every reason for which one is lost."""
    kinds = [voice.say(KINDS[kind]) for kind in terms.prefer]
    if len(kinds) == 1:
        blocks = [voice.say("One kind of invitation counts: {kind}. Others do not.", kind=kinds[0])]
    else:
        blocks = [
            voice.say(
                "These kinds of invitation count. When a friend has several, the kind higher in "
                "the list wins; a kind not listed does not count."
            ),
            *numbered(kinds),
        ]
    events = voice.either(voice.quote(event) for event in terms.joins_on)
    blocks += bullets(
        voice.say(CREDIT[terms.credit]),
        voice.say(
            "The friend joins with the first event {events} after the invitation by which we "
            "recognise the friend (a code counts with the event that carries it, if that is such "
            "an event). The referral starts there.",
            events=events,
        ),
        voice.say(
            "From the invitation to joining, at most {window} may pass. Later, the invitation is "
            "lost.",
            window=voice.duration(terms.window),
        ),
        voice.say(
            "A click is tied to the browser or account it came from, an invitation to the e-mail "
            "address or phone number, as soon as we have seen it together with the friend’s "
            "account. A browser or contact shared by many belongs to the first 20 accounts seen "
            "with it, and only the newest 100 invitations on it can count."
        ),
        voice.say(
            "A code belongs for ever to the advocate for whom it was made first. Capital and "
            "small letters are the same."
        ),
    )
    blocks.append(
        voice.say("An invitation does not count when (the first reason that applies is recorded):")
    )
    blocks += numbered(reasons(voice, program))
    return blocks
