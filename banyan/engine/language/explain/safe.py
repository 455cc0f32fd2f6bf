"""A text that somebody else wrote, made harmless for where it is shown.

Titles, names and values come from the program file and may hold anything. In Markdown nothing of
them may become markup, neither in a renderer that lets HTML through nor in one that turns addresses
into links.
"""

import re
import unicodedata

_MARKUP = re.compile(r"([\\`*\[\]{}|~#!$@])")
_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_ADDRESS = re.compile(r"(?i)(:)(?=//)|(?<=www)(\.)")


def plain(text: str) -> str:
    """One line without control characters, marks that reorder text, or surplus spaces."""
    kept = (" " if unicodedata.category(char) in _BREAKS else char for char in text)
    return " ".join("".join(char for char in kept if char not in _REORDERING).split())


_BREAKS = {"Cc", "Zl", "Zp", "Zs", "Cs"}
# A right-to-left override in a title would turn the sentence after it round.
_REORDERING = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def markdown(text: str) -> str:
    """Plain text that reads the same in every Markdown renderer. `<`, `>` and `&` become entities:
    raw HTML stays text even where a renderer does not know that a backslash escapes."""
    line = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = _MARKUP.sub(r"\\\1", line)
    line = _UNDERSCORE.sub(r"\\_", line)
    return _ADDRESS.sub(lambda found: "\\" + found[0], line)
