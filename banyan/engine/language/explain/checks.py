"""Checks against abuse, judged once when a friend joins."""

from banyan.engine.language.explain.condition import expressions
from banyan.engine.language.explain.markdown import numbered
from banyan.engine.language.explain.voice import Voice, sentence
from banyan.engine.language.program import Program, RiskRule

THEN = {
    ("reject", "both"): sentence("{name}: if {condition}, nobody gets a reward for this referral."),
    ("reject", "advocate"): sentence(
        "{name}: if {condition}, only rewards to the friend are granted for this referral."
    ),
    ("hold", "both"): sentence(
        "{name}: if {condition}, a person looks at every reward for this referral before it is "
        "released or denied."
    ),
    ("hold", "advocate"): sentence(
        "{name}: if {condition}, a person looks at every reward for this referral, except those "
        "to the friend, before it is released or denied."
    ),
}


def checks(voice: Voice, program: Program) -> list[str]:
    """Every check in its order, with what it leads to."""
    return [
        voice.say(
            "Each referral is checked once, when the friend joins. The first check that applies "
            "decides:"
        ),
        *numbered(_check(voice, program, rule) for rule in program.risk),
    ]


def _check(voice: Voice, program: Program, rule: RiskRule) -> str:
    return voice.say(
        THEN[rule.then, rule.for_],
        name=voice.quote(rule.id),
        condition=expressions(voice, program, "risk").condition(rule.when),
    )
