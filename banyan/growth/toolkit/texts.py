"""texts: a text with {variables}, checked when it is saved and filled when it is passed on."""

from __future__ import annotations

import re
from collections.abc import Mapping

from banyan.kernel.errors import Problem

VARIABLES = ("advocate", "friend", "offer", "reward", "used_function", "link", "code", "program")

# The most characters of a text with everything filled in. A text message with Chinese in it holds
# 70 characters, or 67 for each of several; Moments fold what is longer than a few lines.
LIMITS = {
    "sms": 134,
    "moments": 300,
    "wechat": 600,
    "weibo": 1000,
    "whatsapp": 1000,
    "community": 600,
    "email": 4000,
    "copy": 1000,
    "": 600,
}
CHANNELS = tuple(channel for channel in LIMITS if channel)

# What a value is reckoned at when a text is saved.
_USUAL = {
    "advocate": 8,
    "friend": 8,
    "offer": 60,
    "reward": 60,
    "used_function": 10,
    "link": 50,
    "code": 8,
    "program": 12,
}
_VARIABLE = re.compile(r"\{([^{}]*)\}")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
# Where a sentence ends: Chinese marks at once, a Latin full stop before a space, and each line.
_ENDS = re.compile(r"(?<=[。！？!?\n])|(?<=\.)(?=\s)")
# Words that push. Participation is voluntary, and so is every step of it.
_PUSHING = re.compile(
    r"最后机会|赶紧|赶快|马上抢|立即抢|抢购|必须|错过.{0,4}后悔|仅剩|不转不是|求你"
    r"|hurry|last chance|must\b|act now|don.t miss|you have to|only \d+ left",
    re.I,
)


class BadText(Problem):
    """A text that cannot be filled or does not fit."""

    code = "invalid"


def check(text: str, *, channel: str, place: str) -> None:
    """Raises BadText, whose sentence begins with `place`."""
    if not text.strip():
        raise BadText(f"{place}: the text is empty; leave the language out instead")
    bare = _VARIABLE.sub("", text)
    if "{" in bare or "}" in bare:
        raise BadText(f"{place}: a brace stands alone; write variables as {{link}}")
    for name in _VARIABLE.findall(text):
        if name not in VARIABLES:
            known = ", ".join(f"{{{one}}}" for one in VARIABLES)
            raise BadText(f"{place}: {{{name}}} is no variable; known are {known}")
    length = len(_VARIABLE.sub(lambda found: "x" * _USUAL[found[1]], text))
    if length > LIMITS[channel]:
        raise BadText(
            f"{place}: with usual values this is {length} characters long; "
            f"{channel or 'a text for every channel'} takes {LIMITS[channel]}"
        )


def pushing(text: str) -> list[str]:
    """The words in a text that put pressure on whoever reads it."""
    return _PUSHING.findall(text)


def variables(text: str) -> frozenset[str]:
    """The variables without which a sentence of the text falls away."""
    return frozenset(_VARIABLE.findall(_OPTIONAL.sub("", text)))


def filled(text: str, values: Mapping[str, str], *, channel: str = "") -> str:
    """The text as it is passed on.

    A part in brackets with a variable that has no value falls away, and so does a sentence; what is
    beyond the limit of the channel falls away from the end. The link, if there is one in `values`
    and the text has a place for it, stays in any case.
    """
    known = {name: value.strip() for name, value in values.items() if value.strip()}
    text = _OPTIONAL.sub(lambda part: _optional(part, known), text)
    pieces = [piece for piece in _ENDS.split(text) if set(_VARIABLE.findall(piece)) <= known.keys()]
    while len(_joined(pieces, known)) > LIMITS[channel]:
        spare = [n for n, piece in enumerate(pieces) if "{link}" not in piece]
        if not spare:
            break
        del pieces[spare[-1]]
    told = _joined(pieces, known)
    link = known.get("link", "")
    if link and link not in told and "{link}" in text:
        return f"{told} {link}".strip()
    return told


def _joined(pieces: list[str], values: Mapping[str, str]) -> str:
    text = _VARIABLE.sub(lambda found: values[found[1]], "".join(pieces))
    text = re.sub(r"[ \t]+(?=\n)|(?<=\n)[ \t]+", "", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _optional(part: re.Match[str], values: Mapping[str, str]) -> str:
    names = _VARIABLE.findall(part[1])
    if not names:
        return part[0]
    return part[1] if set(names) <= values.keys() else ""
