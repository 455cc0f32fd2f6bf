"""ruletext: a program's rules as a part of a page of ours."""

from __future__ import annotations

from functools import lru_cache

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from banyan.engine.language.explain import Language, rules_page
from banyan.engine.language.program import Program

_reader = MarkdownIt("commonmark", {"html": False}).enable("table")
_LOWER = {"h2": "h3", "h3": "h4"}


def rules(program: Program, lang: Language) -> SafeString:
    """The whole public rules without their title, headings one step lower than on a page of their
    own. Texts of the program file were escaped when the rules were written."""
    return _rules(rules_page(program, lang=lang, format="md"))


@lru_cache(maxsize=64)
def _rules(text: str) -> SafeString:
    tokens = _reader.parse(text)
    first = next(i for i, token in enumerate(tokens) if token.type == "heading_close")
    tokens = tokens[first + 1 :]
    for token in tokens:
        token.tag = _LOWER.get(token.tag, token.tag)
        if token.type == "th_open":
            token.attrSet("scope", "col")
    html: str = _reader.renderer.render(tokens, _reader.options, {})
    wide = html.replace("<table>", '<div class="scroll" tabindex="0"><table>')
    return mark_safe(wide.replace("</table>", "</table></div>"))
