"""The public rules page of a program, made from the program alone."""

from typing import Literal

from banyan.engine.language.explain import (
    chances,
    checks,
    general,
    invitations,
    milestones,
    people,
    rewards,
    safe,
    sheet,
)
from banyan.engine.language.explain.voice import Language, Voice
from banyan.engine.language.program import Program

Format = Literal["md", "html"]


def rules_page(program: Program, *, lang: Language, format: Format) -> str:  # noqa: A002
    """The rules in words: Markdown, or a whole HTML page that needs nothing from outside.

    Every text of the program file is escaped; it can say what it likes and become no markup.
    """
    voice = Voice(lang, safe.markdown)
    text = "\n\n".join([f"# {_title(voice, program)}", *_sections(voice, program)]) + "\n"
    if format == "md":
        return text
    return sheet.html(text, title=safe.plain(_title_text(program, lang)), lang=lang)


def _title(voice: Voice, program: Program) -> str:
    return voice.say("Rules: {title}", title=voice.safe(_title_text(program, voice.language)))


def _title_text(program: Program, lang: Language) -> str:
    """The title in this language, else in the other, else the program's name."""
    if program.title is None:
        return program.program
    wanted, other = program.title.en, program.title.zh_hans
    if lang == "zh-hans":
        wanted, other = other, wanted
    return wanted or other or program.program


def _sections(voice: Voice, program: Program) -> list[str]:
    """Every section in the order in which a reader asks; one without content is left out."""
    blocks = general.overview(voice, program)
    if program.attribution is None:
        blocks += _section(voice.say("Who takes part"), people.customers(voice, program))
    else:
        blocks += _section(voice.say("Who may refer"), people.advocates(voice, program))
        blocks += _section(voice.say("Who counts as a friend"), people.friends(voice, program))
        blocks += _section(
            voice.say("Which invitations count"),
            invitations.invitations(voice, program, program.attribution),
        )
    blocks += _section(voice.say("What counts"), milestones.milestones(voice, program))
    blocks += _section(voice.say("What is granted"), rewards.rewards(voice, program))
    if program.limits:
        blocks += _section(voice.say("Limits over several rewards"), general.limits(voice, program))
    if chances.has_draws(program) or program.seed_sha256 is not None:
        blocks += _section(voice.say("Draws"), chances.draws(voice, program))
    if program.experiments:
        blocks += _section(voice.say("Tests"), chances.experiments(voice, program))
    if program.risk:
        blocks += _section(voice.say("Checks against abuse"), checks.checks(voice, program))
    if program.rewards:
        blocks += _section(
            voice.say("How amounts are worked out"), general.working_out(voice, program)
        )
        blocks += _section(voice.say("Refunds"), general.refunds(voice, program))
    blocks += _section(voice.say("Your terms stay as they were"), general.terms(voice, program))
    blocks += _section(voice.say("Questions and disputes"), general.disputes(voice, program))
    return blocks


def _section(heading: str, blocks: list[str]) -> list[str]:
    return [f"## {heading}", *blocks]
