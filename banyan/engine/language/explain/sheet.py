"""A Markdown text as a whole HTML page: no script, nothing from outside, readable by everyone."""

from html import escape

from markdown_it import MarkdownIt

from banyan.engine.language.explain.voice import Language

_TAGS = {"en": "en", "zh-hans": "zh-Hans"}

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1.0625rem/1.6 system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-
serif; max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; overflow-wrap: break-word; } h1
{ font-size: 1.7rem; line-height: 1.25; } h2 { font-size: 1.3rem; margin-top: 2.4rem; } h3 { font-
size: 1.08rem; margin-top: 1.8rem; } li { margin: .3rem 0; } table { border-collapse: collapse;
margin: 1rem 0; } th, td { border: 1px solid GrayText; padding: .3rem .7rem; text-align: left;
vertical-align: top; }
"""


def html(markdown: str, *, title: str, lang: Language) -> str:
    """The page. `markdown` holds no raw HTML (it would be shown as text); `title` is plain text."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(markdown)
    for token in tokens:
        if token.type == "th_open":
            token.attrSet("scope", "col")
    body = reader.renderer.render(tokens, reader.options, {})
    return f"""<!doctype html>
<html lang="{_TAGS[lang]}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
{body}</main>
</body>
</html>
"""
