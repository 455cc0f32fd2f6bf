"""share: a text that is ready to be passed on, with the link that tells where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from django.conf import settings

from banyan.core.programs import read as programs
from banyan.engine.language.explain import Language
from banyan.engine.language.program import Program
from banyan.growth.toolkit.presentation import offer_of, presentation
from banyan.growth.toolkit.proof import ProofItem
from banyan.growth.toolkit.scripts import Script, scripts
from banyan.growth.toolkit.texts import filled, variables
from banyan.kernel.errors import Problem


class NothingToShare(Problem):
    """There is no link or no text to pass on."""

    code = "not_found"


@dataclass(frozen=True)
class Ready:
    """What is passed on. `text` holds `url`; `script` is the id of the text, for its effect."""

    text: str
    url: str
    script: str


def tracked(code: str, *, channel: str = "", script: str = "") -> str:
    """The address of a link that tells the channel and script it was followed from. Short, for it
    stands in QR codes and text messages."""
    words = {"c": channel, "s": script}
    query = urlencode({name: word for name, word in words.items() if word})
    return f"{settings.BASE_URL}/r/{quote(code)}" + (f"?{query}" if query else "")


def code_of(program: str, advocate: str) -> str:
    """The advocate's code in a program. Raises NothingToShare when there is none yet."""
    links = programs.links_of(advocate, program=program, limit=200)
    # The first one made is the one on everything they passed on before.
    if not links:
        raise NothingToShare(
            f"advocate: there is no link of this advocate in {program!r} yet; make one first"
        )
    return min(links, key=lambda link: (link.created_at, link.code)).code


def share_text(
    program: Program,
    advocate: str,
    channel: str,
    lang: Language,
    values: Mapping[str, str] | None = None,
    *,
    script: Script | None = None,
) -> Ready:
    """The text for a channel, with everything filled in that is known.

    `values` may hold `advocate` (a shown name), `friend` and `used_function`; the rest is filled in
    here. Without `script` the most fitting one is taken of which every sentence can be filled.
    Raises NothingToShare.
    """
    code = code_of(program.program, advocate)
    return ready(program, code, channel, lang, values, script=script)


def ready(
    program: Program,
    code: str,
    channel: str,
    lang: Language,
    values: Mapping[str, str] | None = None,
    *,
    script: Script | None = None,
) -> Ready:
    """The same for a code that is at hand."""
    known = known_values(program, lang) | dict(values or {}) | {"code": code}
    chosen = script or _most_fitting(program.program, channel, lang, known)
    if lang not in chosen.texts:
        raise NothingToShare(f"script: {chosen.id} has no text in this language")
    url = tracked(code, channel=channel, script=chosen.id)
    text = filled(chosen.texts[lang], known | {"link": url}, channel=channel)
    return Ready(text if url in text else f"{text} {url}".strip(), url, chosen.id)


def ready_proof(
    item: ProofItem, code: str, channel: str, lang: Language, *, words: str = ""
) -> Ready:
    """A piece of proof with the advocate's link; its effect counts under `proof-KEY`."""
    script = f"proof-{item.key}"
    url = tracked(code, channel=channel, script=script)
    title = item.titles.get(lang) or next(iter(item.titles.values()))
    return Ready("\n".join(filter(None, (words, f"{title} {item.url}", url))), url, script)


def known_values(program: Program, lang: Language) -> dict[str, str]:
    """What the program itself says for the variables of a text."""
    offer = offer_of(program, lang)
    return {
        "offer": offer.friend,
        "reward": offer.advocate,
        "program": presentation(program.program).brand,
    }


def _most_fitting(program: str, channel: str, lang: Language, known: Mapping[str, str]) -> Script:
    there = {name for name, value in known.items() if value.strip()} | {"link"}
    proposed = scripts(program, lang, channel)
    for script in proposed:
        if variables(script.texts[lang]) <= there:
            return script
    if not proposed:
        raise NothingToShare(f"channel: there is no text for {channel!r} in this language")
    return proposed[0]
