"""Tests and draws: what is left to chance, in which shares, and how to work it out again."""

from fractions import Fraction

from banyan.engine.language.explain.amounts import odds
from banyan.engine.language.explain.markdown import bullets
from banyan.engine.language.explain.voice import Voice, sentence
from banyan.engine.language.program import Draw, Experiment, Program

BY = {
    "advocate": sentence(
        "Test {name}: each advocate is in one of these groups, for good: {groups}."
    ),
    "friend": sentence("Test {name}: each friend is in one of these groups, for good: {groups}."),
}


def experiments(voice: Voice, program: Program) -> list[str]:
    """Every test with its groups and shares, and how a person's group follows."""
    items = [_experiment(voice, name, terms) for name, terms in program.experiments.items()]
    return bullets(
        *items,
        voice.say(
            "Which group a person is in follows from the name of the program, the name of the "
            "test and the person’s user ID alone (SHA-256), so nobody can choose it and it never "
            "changes. Every group gets what these rules say for it."
        ),
    )


def _experiment(voice: Voice, name: str, terms: Experiment) -> str:
    whole = sum(map(Fraction, terms.split.values()), Fraction(0))
    groups = [
        voice.say(
            "{variant} ({share})",
            variant=voice.quote(variant),
            share=odds(voice, Fraction(share) / whole),
        )
        for variant, share in terms.split.items()
    ]
    return voice.say(BY[terms.by], name=voice.quote(name), groups=voice.both(groups))


def has_draws(program: Program) -> bool:
    """Whether any reward is drawn by lot."""
    return any(isinstance(reward.amount, Draw) for reward in program.rewards.values())


def draws(voice: Voice, program: Program) -> list[str]:
    """How a draw is decided, and the hash of the seed. Pools and odds stand with the rewards."""
    items = [
        voice.say(
            "Each draw is decided by a secret text, the seed, fixed beforehand, together with the "
            "ID of the decision: the first 16 hexadecimal digits of SHA-256 of “SEED|DECISION "
            "ID”, as a share of 16^16, is compared with the chances above, in the order of the "
            "table."
        )
    ]
    if program.seed_sha256 is not None:
        items.append(
            voice.say(
                "The SHA-256 of the seed is {hash}. When the seed is published, everybody can "
                "check that it is the one promised here, and work out every draw again.",
                hash=f"`{program.seed_sha256}`",
            )
        )
    items.append(
        voice.say(
            "The pool, the chances and the caps on the number of prizes are those stated with "
            "each reward."
        )
    )
    return bullets(*items)
