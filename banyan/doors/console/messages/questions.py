"""questions: what stands on a program's pages beside its rules: questions, brand, who it suits."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from banyan.core.events import clock
from banyan.core.programs.read import programs
from banyan.doors.console.messages.texts import LANGUAGE_NAMES
from banyan.doors.console.number import number_of
from banyan.doors.console.page import page, render, told
from banyan.doors.console.staff import at_work
from banyan.engine.language.explain import LANGUAGES
from banyan.growth.toolkit import acts, read
from banyan.kernel.errors import Problem
from banyan.trust.audit.acts import record


@page("messages.edit")
def every(request: HttpRequest) -> HttpResponseBase:
    """A program's questions in both languages, and how it shows itself."""
    slugs = [row.slug for row in programs()]
    program = request.GET.get("program", "")
    program = program if program in slugs else ""
    return _shown(request, program, {})


@page("messages.edit")
def save(request: HttpRequest) -> HttpResponseBase:
    """Write, change, hide a question, or go back to the shipped one (POST `do`)."""
    if request.method != "POST":
        return redirect("admin:questions")
    program, key = request.POST.get("program", ""), request.POST.get("key", "").strip()
    me, now = at_work(request), clock.now()
    about = f"program:{program}" if program else "installation"
    try:
        if request.POST.get("do") == "remove":
            if acts.remove_question(me.actor, program, key):
                record(me.actor, "faq.remove", about, now=now, after={"key": key})
                messages.success(request, _("Taken away."))
        else:
            is_shown = request.POST.get("do") != "hide"
            acts.save_question(
                me.actor,
                program,
                key,
                questions=_by_language(request, "question"),
                answers=_by_language(request, "answer"),
                place=_whole(request.POST.get("place", "")),
                is_shown=is_shown,
                now=now,
            )
            record(me.actor, "faq.save", about, now=now, after={"key": key, "is_shown": is_shown})
            messages.success(request, _("Saved; the public page shows it now."))
    except Problem as problem:
        told(request, problem)
        return _shown(request, program, {"key": key} | request.POST.dict())
    return redirect(f"{reverse('admin:questions')}?program={program}")


@page("messages.edit")
def present(request: HttpRequest) -> HttpResponseBase:
    """Say how a program shows itself."""
    if request.method != "POST":
        return redirect("admin:questions")
    program, me, now = request.POST.get("program", ""), at_work(request), clock.now()
    shown = read.own(program)
    brand, colour = request.POST.get("brand", ""), request.POST.get("colour", "").strip()
    lines = {
        lang: [line.strip() for line in text.splitlines() if line.strip()]
        for lang, text in _by_language(request, "highlights").items()
    }
    try:
        acts.present(
            me.actor,
            program,
            brand=brand,
            colour=colour,
            highlights=lines,
            names={str(lang): names for lang, names in shown.names.items()},
            good_fit=_by_language(request, "good_fit"),
            now=now,
        )
    except Problem as problem:
        told(request, problem)
        return _shown(request, program, request.POST.dict())
    record(
        me.actor,
        "presentation.save",
        f"program:{program}" if program else "installation",
        now=now,
        before={"brand": shown.brand, "colour": shown.colour},
        after={"brand": brand, "colour": colour},
    )
    messages.success(request, _("Saved; the public pages show it now."))
    return redirect(f"{reverse('admin:questions')}?program={program}")


def _shown(request: HttpRequest, program: str, typed: dict[str, str]) -> HttpResponseBase:
    terms = read.terms_of(program, now=clock.now()) if program else None
    answered = {
        lang: {one.key: one for one in read.faq(terms, lang)} if terms else {} for lang in LANGUAGES
    }
    keys = list(dict.fromkeys(key for lang in LANGUAGES for key in answered[lang]))
    own = read.own(program)
    context = {
        "program": program,
        "programs": [row.slug for row in programs()],
        "rows": [
            {
                "key": key,
                "by_language": [
                    (lang, LANGUAGE_NAMES[lang], answered[lang].get(key)) for lang in LANGUAGES
                ],
                "is_written": any(
                    one.is_written for lang in LANGUAGES if (one := answered[lang].get(key))
                ),
            }
            for key in keys
        ],
        "typed": typed,
        "new": [
            (
                lang,
                LANGUAGE_NAMES[lang],
                typed.get(f"question-{lang}", ""),
                typed.get(f"answer-{lang}", ""),
            )
            for lang in LANGUAGES
        ],
        "brand": typed.get("brand", own.brand),
        "colour": typed.get("colour", own.colour),
        "looks": [
            (
                lang,
                LANGUAGE_NAMES[lang],
                typed.get(f"highlights-{lang}", "\n".join(own.highlights.get(lang, ()))),
                typed.get(f"good_fit-{lang}", own.good_fit.get(lang, "")),
            )
            for lang in LANGUAGES
        ],
    }
    return render(
        request, "console/messages/questions.html", context, title=_("Questions and pages")
    )


def _by_language(request: HttpRequest, name: str) -> dict[str, str]:
    given = {lang: request.POST.get(f"{name}-{lang}", "") for lang in LANGUAGES}
    return {lang: text.replace("\r\n", "\n") for lang, text in given.items() if text.strip()}


def _whole(text: str) -> int:
    number = min(number_of(text.removeprefix("-")) or 0, 9_999)
    return -number if text.startswith("-") else number
