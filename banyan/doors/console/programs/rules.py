"""rules: a program's rules in words, on a page, for the printer and as files, in both languages.

The public rules say what was promised. The implementation rules are for those who run the program:
the same rules with goals, owners, the plan and the ways of follow-up that were noted beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from markdown_it import MarkdownIt

from banyan.core.events import clock
from banyan.core.programs import drafts
from banyan.core.programs.drafts import NoSuchDraft
from banyan.core.programs.force import running_one
from banyan.core.programs.read import VersionRow, version, versions
from banyan.doors.console.page import page
from banyan.doors.console.programs.builder_document import Document
from banyan.doors.console.programs.builder_fields import spoken
from banyan.doors.console.programs.builder_steps import STEPS, Step
from banyan.doors.console.programs.frame import program_page
from banyan.engine.language import Program, ProgramError
from banyan.engine.language.explain import LANGUAGES, Language, rules_page, safe
from banyan.engine.language.explain.sheet import html as sheet

KINDS = ("public", "implementation")
_TYPES = {"md": "text/markdown; charset=utf-8", "html": "text/html; charset=utf-8"}


@page("programs.read")
def program_rules(request: HttpRequest, slug: str) -> HttpResponse:
    """The rules of one version as people read them, and its files."""
    rows = [row for row in versions(slug) if row.status != "refused"]
    chosen = _chosen(request, slug, rows)
    lang = _language(request)
    context = {
        "chosen": chosen,
        "rows": rows,
        "lang": lang,
        "languages": _LANGUAGE_NAMES,
        "rules": as_html(rules_page(_terms(chosen), lang=lang, format="md")) if chosen else "",
    }
    return program_page(request, slug, "console/programs/rules.html", context, tab="program_rules")


@page("programs.read")
def version_file(
    request: HttpRequest, slug: str, number: int, kind: str, form: str
) -> HttpResponse:
    """The public or the implementation rules of a version as a file or a page to print."""
    row = version(slug, number)
    if row is None or kind not in KINDS or form not in _TYPES:
        raise Http404
    facts = drafts.facts_of(slug)
    return _file(request, _terms(row), facts, kind, form, at=row.published_at or row.created_at)


@page("programs.read")
def draft_file(request: HttpRequest, draft_id: int, kind: str, form: str) -> HttpResponse:
    """The same of a draft, as it would be."""
    try:
        row = drafts.draft(draft_id)
    except NoSuchDraft:
        raise Http404 from None
    terms = Document(row.source, row.facts).program
    if terms is None or kind not in KINDS or form not in _TYPES:
        raise Http404
    return _file(request, terms, row.facts, kind, form, at=row.updated_at)


def rules_html(program: Program) -> dict[str, str]:
    """The public rules as parts of a page, by language. Texts of the program are escaped."""
    return {lang: as_html(rules_page(program, lang=lang, format="md")) for lang in LANGUAGES}


def as_html(markdown: str) -> str:
    """Markdown as HTML; what looks like HTML in it stays text."""
    return str(MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown))


def implementation_rules(
    terms: Program, facts: Mapping[str, str], *, lang: Language, at: datetime
) -> str:
    """The implementation rules as Markdown: what is noted for each step, then the public rules."""
    with translation.override(lang):
        document = Document("", facts)
        title = _("Implementation rules: {title}").format(title=_title(terms, lang))
        day = at.date().isoformat()
        stand = _("Version {number}, as of {day}.").format(number=terms.version, day=day)
        promised = _("What is promised to everybody")
        lines = [f"# {safe.markdown(title)}", safe.markdown(stand)]
        for step in STEPS:
            lines += _section(step, document)
        lines.append(f"## {safe.markdown(promised)}")
    public = rules_page(terms, lang=lang, format="md")
    return "\n\n".join([*lines, *_one_level_down(public)]) + "\n"


def _section(step: Step, document: Document) -> list[str]:
    """What was noted for a step; nothing where nothing was."""
    rows = []
    for block in step.blocks(document):
        for field in block.fields:
            if not field.is_note:
                continue
            said = str(document.facts.get(field.name, "")).strip()
            if said:
                chosen = dict(field.choices)
                parts = said.split(",") if field.kind == "many" else [said]
                words = pgettext("list", ", ").join(str(chosen.get(part, part)) for part in parts)
                rows.append(f"- **{safe.markdown(str(field.label))}**: {safe.markdown(words)}")
    return [f"## {safe.markdown(str(step.title))}", "\n".join(rows)] if rows else []


def _one_level_down(markdown: str) -> list[str]:
    """The public page inside of ours: its own title falls away, its headings go one level down."""
    blocks = markdown.strip().split("\n\n")[1:]
    return [f"#{block}" if block.startswith("#") else block for block in blocks]


def _file(
    request: HttpRequest,
    terms: Program,
    facts: Mapping[str, str],
    kind: str,
    form: str,
    *,
    at: datetime,
) -> HttpResponse:
    lang = _language(request)
    if kind == "public":
        text = rules_page(terms, lang=lang, format="md")
    else:
        text = implementation_rules(terms, facts, lang=lang, at=at)
    name = f"{terms.program}-v{terms.version}-{kind}-{lang}.{form}"
    if form == "html":
        text = sheet(text, title=safe.plain(_title(terms, lang)), lang=lang)
    response = HttpResponse(text, content_type=_TYPES[form])
    if form == "md" or "download" in request.GET:
        response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _title(terms: Program, lang: Language) -> str:
    words = terms.title
    if words is None:
        return terms.program
    first, second = (words.zh_hans, words.en) if lang == "zh-hans" else (words.en, words.zh_hans)
    return first or second or terms.program


def _chosen(request: HttpRequest, slug: str, rows: list[VersionRow]) -> VersionRow | None:
    """The version that is asked for, else the one in force, else the newest."""
    asked = request.GET.get("version", "")
    for row in rows:
        if str(row.number) == asked:
            return row
    found = running_one(slug, clock.now())
    return found.version if found else rows[0] if rows else None


def _terms(row: VersionRow) -> Program:
    try:
        return row.terms
    except ProgramError:
        raise Http404 from None


def _language(request: HttpRequest) -> Language:
    asked = request.GET.get("lang", "")
    return next((one for one in LANGUAGES if one == asked), spoken())


_LANGUAGE_NAMES = (("en", "English"), ("zh-hans", "简体中文"))
