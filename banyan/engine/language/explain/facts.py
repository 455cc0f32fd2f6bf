"""What each name in a condition means, in words: facts about a person, properties of an event,
signs of abuse."""

from collections.abc import Mapping

from banyan.engine.language.explain.voice import Voice, sentence
from banyan.engine.language.names import Place
from banyan.engine.language.program import Program

# Whose fact a plain name is, and who is meant by a prefix.
WHO = {
    "advocate": sentence("the advocate"),
    "friend": sentence("the friend"),
    "self": sentence("the customer"),
}

FACTS = {
    "orders": sentence("{who}’s number of orders"),
    "spend": sentence("{who}’s total spend"),
    "tenure_days": sentence("the number of days since we first saw {who}"),
    "tier": sentence("{who}’s tier"),
    "tags": sentence("{who}’s tags"),
}

# Each with the sentence for true and the one for false.
SIGNS = {
    "is_new": (
        sentence("{who} has not ordered yet"),
        sentence("{who} has ordered before"),
    ),
    "is_known": (
        sentence("{who} is already known to us"),
        sentence("{who} is not known to us yet"),
    ),
    "same_device": (
        sentence("the friend joins on a device or browser on which the advocate was seen before"),
        sentence(
            "the friend joins on a device and browser on which the advocate was not seen before"
        ),
    ),
    "same_ip": (
        sentence(
            "the friend joins from an IP address at which the advocate was seen in the 30 days "
            "before"
        ),
        sentence(
            "the friend joins from an IP address at which the advocate was not seen in the 30 "
            "days before"
        ),
    ),
    "same_contact": (
        sentence("the friend and the advocate share an e-mail address or phone number"),
        sentence("the friend and the advocate share no e-mail address or phone number"),
    ),
    "disposable_email": (
        sentence("the friend’s e-mail address is from a provider of throw-away addresses"),
        sentence("the friend’s e-mail address is not from a provider of throw-away addresses"),
    ),
}

# Whether somebody has a tag.
TAGGED = (sentence("{who} has the tag {tag}"), sentence("{who} lacks the tag {tag}"))

# The same sentences, said to the person they are about.
YOURS = {
    FACTS["orders"]: sentence("your number of orders"),
    FACTS["spend"]: sentence("your total spend"),
    FACTS["tenure_days"]: sentence("the number of days since we first saw you"),
    FACTS["tier"]: sentence("your tier"),
    FACTS["tags"]: sentence("your tags"),
    SIGNS["is_new"][0]: sentence("you have not ordered yet"),
    SIGNS["is_new"][1]: sentence("you have ordered before"),
    SIGNS["is_known"][0]: sentence("you are already known to us"),
    SIGNS["is_known"][1]: sentence("you are not known to us yet"),
    TAGGED[0]: sentence("you have the tag {tag}"),
    TAGGED[1]: sentence("you lack the tag {tag}"),
}

MEASURES = {
    "friends_24h": sentence(
        "the number of the advocate’s friends who joined within 24 hours (this one included)"
    ),
    "friends_total": sentence(
        "the number of the advocate’s friends who have joined so far (this one included)"
    ),
    "device_friends": sentence(
        "the number of friends who have joined on the same device or browser so far (this one "
        "included)"
    ),
    "nth": sentence("the running number of the success"),
}

PROPERTIES = {
    "order_id": sentence("the order number"),
    "currency": sentence("the currency of the event"),
    "coupon": sentence("the coupon code"),
    "total": sentence("the total"),
}
ORDER_TOTAL = sentence("the order total")


class Names:
    """The names that a condition at one place of a program may use."""

    def __init__(
        self,
        voice: Voice,
        program: Program,
        place: Place,
        *,
        event: str | None = None,
        to_reader: bool = False,
    ) -> None:
        """`event` is the track event whose properties are meant, where there is one; `to_reader`:
        whom the place is about reads it."""
        self._voice = voice
        self._to_reader = to_reader
        self._tests = frozenset(program.experiments)
        self._total = ORDER_TOTAL if (event or "").startswith("Order ") else PROPERTIES["total"]
        if program.is_self or place in ("advocates", "friends"):
            self._plain: str | None = "self" if program.is_self else place.removesuffix("s")
        else:
            self._plain = None

    def value(self, name: str) -> str:
        """The name as something that can be compared: “the advocate’s number of orders”."""
        voice = self._voice
        if name in self._tests:
            return voice.say("the variant of the test {test}", test=voice.quote(name))
        if (found := self._fact(name)) is not None and found[1] in FACTS:
            return self._of(found[0], FACTS[found[1]])
        if name in MEASURES:
            return voice.say(MEASURES[name])
        if name == "total":
            return voice.say(self._total)
        if name in PROPERTIES:
            return voice.say(PROPERTIES[name])
        return voice.safe(name)

    def sign(self, name: str, *, holds: bool) -> str | None:
        """The name as a statement that is true or false; None when it is a declared property."""
        found = self._fact(name)
        who, plain = found if found is not None else ("", name)
        if name in self._tests or plain not in SIGNS:
            return None
        yes, no = SIGNS[plain]
        return self._of(who, yes if holds else no)

    def tagged(self, name: str, tag: str, *, holds: bool) -> str | None:
        """That somebody has a tag or lacks it; None when the name does not stand for tags."""
        found = self._fact(name)
        if found is None or found[1] != "tags":
            return None
        yes, no = TAGGED
        return self._of(found[0], yes if holds else no, tag=self._voice.quote(tag))

    def _of(self, who: str, text: str, **values: str) -> str:
        if self._to_reader and text in YOURS:
            return self._voice.say(YOURS[text], **values)
        return self._voice.say(text, who=who, **values)

    def _fact(self, name: str) -> tuple[str, str] | None:
        """(who it is about, the fact's plain name)"""
        side, _, fact = name.partition("_")
        if self._plain is None and side in ("advocate", "friend") and _is_fact(fact):
            return self._voice.say(WHO[side]), fact
        if self._plain is not None and _is_fact(name):
            return self._voice.say(WHO[self._plain]), name
        return None


_ABOUT_A_PERSON: Mapping[str, object] = {**FACTS, "is_new": None, "is_known": None}


def _is_fact(name: str) -> bool:
    return name in _ABOUT_A_PERSON
