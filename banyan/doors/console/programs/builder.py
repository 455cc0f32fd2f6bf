"""builder: a program's draft as a guided form and as YAML, two views of one document.

One form holds both. A save brings the text as it stands in the editor, the fields of the step, and
what those fields showed; the fields that somebody changed are written into the text. So whatever
was edited, by whichever view, is kept, and a script can save while one types with the very request
that the button sends without one.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from banyan.core.events import clock
from banyan.core.programs import drafts
from banyan.core.programs.acts import save_draft
from banyan.core.programs.drafts import DraftMoved, DraftRow, NoSuchDraft
from banyan.core.programs.editing import NotEditable
from banyan.core.programs.force import running_one
from banyan.core.programs.read import program, version
from banyan.doors.console.number import number_of
from banyan.doors.console.page import Crumb, page, render, told
from banyan.doors.console.programs import builder_advice, builder_incentives
from banyan.doors.console.programs.builder_block import ShownBlock, fields_of, shown_blocks
from banyan.doors.console.programs.builder_choices import EVENTS, UNITS
from banyan.doors.console.programs.builder_document import Document
from banyan.doors.console.programs.builder_fields import NAMED, Field, changed, posted, spoken
from banyan.doors.console.programs.builder_findings import in_reader_language
from banyan.doors.console.programs.builder_steps import STEPS, Step, step
from banyan.doors.console.programs.checklist import open_lines
from banyan.doors.console.programs.review_words import who
from banyan.doors.console.programs.rules import rules_html
from banyan.doors.console.staff import at_work
from banyan.doors.refusals import refusal
from banyan.engine.language import ProgramError
from banyan.engine.language.schema import program_schema
from banyan.growth.planning import polls, wishes
from banyan.growth.toolkit.acts import set_good_fit
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.pipeline.approving.changes import changes
from banyan.pipeline.approving.read import notice_days
from banyan.trust.audit.acts import record

QUIET = timedelta(minutes=15)


@page("programs.read")
def draft(request: HttpRequest, draft_id: int) -> HttpResponse:
    """The builder: the step that is asked for, the YAML, what is wrong, the rules in words."""
    row = _draft(draft_id)
    return _page(request, row, step(request.GET.get("step", "")))


@page("programs.edit")
@require_POST
def save(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Keep what was typed, by either view; answers a script with what the page shows now."""
    row = _draft(draft_id)
    now_at = step(request.POST.get("step", ""))
    text = request.POST.get("source", row.source).replace("\r\n", "\n")
    facts = dict(row.facts)
    problems: list[str] = []
    text = _with_fields(request, text, facts, now_at, problems)
    facts |= _notes(request.POST.get("notes", "{}"))
    if action := request.POST.get("do", ""):
        text = _acted(text, action, problems)
    try:
        row = _kept(request, row, text, facts)
    except DraftMoved:
        return _moved(request, row, text, facts, now_at)
    except Problem as problem:
        problems.append(refusal(problem))
    if _is_script(request):
        return JsonResponse(_state(request, row, now_at) | {"problems": problems})
    if problems:
        for sentence in problems:
            messages.error(request, sentence)
        return _page(request, row, now_at)
    go = request.POST.get("go", "")
    if go == "check":
        return redirect("admin:draft_check", draft_id)
    target = step(go).name if go else now_at.name
    return redirect(reverse("admin:draft", args=[draft_id]) + f"?step={target}")


@page("programs.edit")
def check(request: HttpRequest, draft_id: int) -> HttpResponse:
    """What to think of before it is handed over: errors, warnings, advice, promises, steps."""
    row = _draft(draft_id)
    document = Document(row.source, row.facts)
    context = {
        "draft": row,
        "errors": [in_reader_language(one) for one in document.errors],
        "warnings": [
            in_reader_language(one) for one in document.findings if one.severity == "warning"
        ],
        "steps": _steps(document),
        "open_items": open_lines(row.slug),
        **builder_advice.checklist(document),
        **_against_running(document, row),
    }
    return render(
        request,
        "console/programs/builder_check.html",
        context,
        title=_("Before it is handed over"),
        crumbs=_crumbs(row, with_draft=True),
    )


@page("programs.edit")
@require_POST
def tick(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Keep which of the tips were thought of; back to the list, or nothing for a script."""
    row = _draft(draft_id)
    _keep_ticks(request, row)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204)
    return redirect("admin:draft_check", draft_id)


@page("programs.edit")
@require_POST
def hand_over(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Make the draft a version that others review."""
    row, now, actor = _draft(draft_id), clock.now(), at_work(request).actor
    document = Document(row.source, row.facts)
    _keep_ticks(request, row)
    if document.errors:
        messages.error(request, _("There are errors; a program with errors cannot be reviewed."))
        return redirect("admin:draft_check", draft_id)
    try:
        with one_transaction():
            version = save_draft(actor, row.source, now=now)
            _show_good_fit(actor, version.program, row)
            drafts.handed_over(actor, draft_id, now=now)
            record(
                actor,
                "program.handed_over",
                f"program:{version.program}",
                now=now,
                after={"version": version.number, "sha256": version.sha256},
                reason=request.POST.get("reason", "").strip()[:500],
            )
    except Problem as problem:
        told(request, problem)
        return redirect("admin:draft", draft_id)
    messages.success(
        request,
        _(
            "Version {number} is handed over. Now ask legal and finance here, "
            "or try it with chosen customers first."
        ).format(number=version.number),
    )
    return redirect("admin:program_review", version.program)


@page("programs.edit")
@require_POST
def discard(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Throw the draft away."""
    row, actor, now = _draft(draft_id), at_work(request).actor, clock.now()
    with one_transaction():
        drafts.discard(actor, draft_id)
        before = {"program": row.slug, "version": row.number}
        record(actor, "draft.discarded", f"draft:{draft_id}", now=now, before=before)
    messages.success(request, _("The draft is gone."))
    return redirect("admin:programs")


@page("programs.read")
def schema(request: HttpRequest) -> HttpResponse:
    """The JSON Schema of programs, from which the editor completes."""
    return JsonResponse(program_schema())


def _keep_ticks(request: HttpRequest, row: DraftRow) -> None:
    """What is ticked, where a form with tips was sent."""
    if "tips" in request.POST:
        program = Document(row.source, row.facts).program
        known = builder_advice.tips(program, row.facts) if program else []
        chosen = set(request.POST.getlist("tip"))
        keys = ",".join(one.key for one in known if one.key in chosen)
        drafts.note(row.id, builder_advice.TICKED, keys)


def _against_running(document: Document, row: DraftRow) -> dict[str, Any]:
    """What the draft promises less, more or otherwise than what runs; nothing where nothing does.

    `is_known`: whether there is a program of that name, whose past it can be compared on.
    """
    slug = row.slug
    found = running_one(slug, clock.now()) if slug else None
    changed = (
        changes(found.terms, document.program, lang=spoken()) if found and document.program else ()
    )
    return {
        "changes": changed,
        "has_cuts": any(one.effect == "cut" for one in changed),
        "notice_days": notice_days(slug),
        "running": found,
        "is_known": bool(slug) and program(slug) is not None,
    }


def _kept(request: HttpRequest, old: DraftRow, text: str, facts: dict[str, str]) -> DraftRow:
    """Saved, and written down: not with every letter, but whenever a button was pressed, somebody
    else goes on, or after a while. Raises DraftMoved, TooLong."""
    actor, now = at_work(request).actor, clock.now()
    with one_transaction():
        row = drafts.save(
            actor,
            old.id,
            revision=number_of(request.POST.get("revision")) or 0,
            source=text,
            facts=facts,
            now=now,
        )
        goes_on = old.updated_by == actor and now - old.updated_at < QUIET
        if row.revision != old.revision and not (goes_on and _is_script(request)):
            after = {"program": row.slug, "version": row.number, "revision": row.revision}
            record(actor, "draft.saved", f"draft:{row.id}", now=now, after=after)
    return row


def _is_past(row: DraftRow) -> bool:
    """Whether the version that it names is published, so that nothing of it changes any more."""
    found = version(row.slug, row.number) if row.slug and row.number else None
    return found is not None and found.status in ("ordered", "published")


def _draft(draft_id: int) -> DraftRow:
    try:
        return drafts.draft(draft_id)
    except NoSuchDraft:
        raise Http404 from None


def _page(request: HttpRequest, row: DraftRow, now_at: Step) -> HttpResponse:
    document = Document(row.source, row.facts)
    return render(
        request,
        "console/programs/builder.html",
        _context(request, row, document, now_at),
        title=_name(document, row),
        crumbs=_crumbs(row),
    )


def _context(
    request: HttpRequest, row: DraftRow, document: Document, now_at: Step
) -> dict[str, Any]:
    may_edit = at_work(request).may("programs.edit")
    blocks = shown_blocks(document, now_at.blocks(document))
    number = STEPS.index(now_at)
    return {
        "draft": row,
        "document": document,
        "step": now_at,
        "number": number + 1,
        "following": STEPS[number + 1] if number + 1 < len(STEPS) else None,
        "steps": _steps(document),
        "lacks": now_at.missing(document),
        "blocks": blocks,
        "shown": json.dumps(_shown(blocks), ensure_ascii=False),
        "findings": [in_reader_language(one) for one in document.findings],
        "mistakes": builder_advice.mistakes(document),
        **(_said_before(row) if now_at.name == "incentives" else {}),
        "may_import": now_at.name == "today" and at_work(request).may("records.import"),
        **_rules(document),
        "may_edit": may_edit,
        "is_past": _is_past(row),
        "units": UNITS,
        "named": NAMED,
        "events": EVENTS,
        "saved": _saved(row),
    }


def _state(request: HttpRequest, row: DraftRow, now_at: Step) -> dict[str, Any]:
    """What a script brings the page up to date with."""
    document = Document(row.source, row.facts)
    context = _context(request, row, document, now_at)
    form = render_to_string("console/programs/builder_form.html", context, request)
    return {
        "revision": row.revision,
        "is_readable": document.source is not None,
        "source": row.source,
        "saved": context["saved"],
        "shown": context["shown"],
        "form": form,
        "steps": [
            {"name": one["step"].name, "is_done": not one["lacks"]} for one in context["steps"]
        ],
        "findings": [
            {
                "line": one.line,
                "column": one.column,
                "severity": one.severity,
                "key": one.key,
                "sentence": one.sentence,
            }
            for one in context["findings"]
        ],
        "told": render_to_string("console/programs/builder_findings.html", context, request),
        "rules": context["rules"],
    }


def _steps(document: Document) -> list[dict[str, Any]]:
    return [{"step": one, "lacks": one.missing(document)} for one in STEPS]


def _shown(blocks: list[ShownBlock]) -> dict[str, str]:
    """What each field showed, so that a save knows which were changed."""
    found: dict[str, str] = {}
    for block in blocks:
        found |= {one.field.name: one.value for one in block.fields if not one.is_foreign}
        found |= _shown(block.rows)
    return found


def _with_fields(
    request: HttpRequest, text: str, facts: dict[str, str], now_at: Step, problems: list[str]
) -> str:
    """The text with the fields that were changed; each that cannot be written is told of."""
    shown = _notes(request.POST.get("shown", "{}"))
    blocks = now_at.blocks(Document(text, facts))
    for one in _names_last(fields_of(blocks)):
        value = posted(one, request.POST.dict(), request.POST.getlist)
        if value is None or value == shown.get(one.name, ""):
            continue
        try:
            text = changed(text, facts, [(one, value)])
        except NotEditable as problem:
            problems.append(refusal(problem))
        except ProgramError:
            problems.append(_("The YAML cannot be read as it stands; mend it, then use the form."))
            break
    return text


def _names_last(fields: list[Field]) -> list[Field]:
    """Until names change, the paths of the form lead to where its values are."""
    return sorted(fields, key=lambda one: one.kind == "key")


def _acted(text: str, action: str, problems: list[str]) -> str:
    try:
        return builder_incentives.act(text, action)
    except ProgramError:
        problems.append(_("The YAML cannot be read as it stands; mend it, then use the form."))
    except Problem as problem:
        problems.append(refusal(problem))
    return text


def _moved(
    request: HttpRequest, row: DraftRow, text: str, facts: dict[str, str], now_at: Step
) -> HttpResponse:
    """Somebody saved meanwhile: show both texts, and let this one be kept on top of theirs."""
    latest = _draft(row.id)
    if _is_script(request):
        return JsonResponse({"is_moved": True, "by": who(latest.updated_by)}, status=409)
    mine = {name: value for name, value in facts.items() if latest.facts.get(name, "") != value}
    context = {
        "draft": latest,
        "step": now_at,
        "mine": text,
        "theirs": latest.source,
        "lines": builder_advice.differences(latest.source, text),
        "notes": json.dumps(mine, ensure_ascii=False),
        "my_notes": [(name, latest.facts.get(name, ""), value) for name, value in mine.items()],
        "by": who(latest.updated_by),
        "at": _local(latest.updated_at),
    }
    return render(
        request,
        "console/programs/builder_conflict.html",
        context,
        title=_("Somebody else saved this draft"),
        crumbs=_crumbs(latest, with_draft=True),
        status=409,
    )


def _show_good_fit(actor: str, slug: str, row: DraftRow) -> None:
    """The good fit of step 4 stands at the top of the program's pages."""
    texts = {"en": row.facts.get("fit_en", ""), "zh-hans": row.facts.get("fit_zh", "")}
    told_ = {lang: text for lang, text in texts.items() if text.strip()}
    if told_:
        set_good_fit(actor, slug, told_, now=clock.now())


def _saved(row: DraftRow) -> str:
    """“Saved 12:03 by Ann”."""
    at = _local(row.updated_at)
    return _("Saved {time} by {name}").format(time=f"{at:%H:%M}", name=who(row.updated_by))


def _local(at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(settings.OPERATOR_TIME_ZONE))


def _name(document: Document, row: DraftRow) -> str:
    first, second = document.word("title", "en"), document.word("title", "zh-hans")
    if spoken() == "zh-hans":
        first, second = second, first
    return first or second or row.slug or _("A new program")


def _crumbs(row: DraftRow, *, with_draft: bool = False) -> tuple[Crumb, ...]:
    found = [Crumb(_("Programs"), reverse("admin:programs"))]
    if row.slug and program(row.slug) is not None:
        found.append(Crumb(row.slug, reverse("admin:program", args=[row.slug])))
    if with_draft:
        found.append(Crumb(_("Draft"), reverse("admin:draft", args=[row.id])))
    return tuple(found)


def _notes(text: str) -> dict[str, str]:
    """A JSON object of texts, as the page holds it."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(name): str(value) for name, value in found.items()}


def _is_script(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def _said_before(row: DraftRow) -> dict[str, Any]:
    """What customers said they would like, beside the rules that it was asked for."""
    is_known = bool(row.slug) and program(row.slug) is not None
    asked = polls.polls(row.slug) if is_known else []
    kept = wishes.wishes(row.slug) if is_known else []
    said = [(one.question(spoken()), one.reward, one.answers(spoken())) for one in asked]
    said += [(one.question, one.reward, one.answers) for one in kept]
    return {"said": said, "is_known": is_known, "has_incentives": True}


def _rules(document: Document) -> dict[str, Any]:
    """The public rules in both languages, for templates and scripts; None while there are none."""
    if document.program is None:
        return {"rules": None, "rules_zh": ""}
    rules = rules_html(document.program)
    return {"rules": rules, "rules_zh": rules["zh-hans"]}
