"""places: touchpoints: where customers are asked to refer, and what comes of each place."""

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
from banyan.doors.console.page import Crumb, page, render, told
from banyan.doors.console.staff import at_work
from banyan.engine.language.explain import LANGUAGES
from banyan.growth.toolkit import touchpoints
from banyan.kernel.errors import Problem
from banyan.trust.audit.acts import record


@page("messages.edit")
def every(request: HttpRequest) -> HttpResponseBase:
    """All of them along the customer's way."""
    rows = [
        {"place": one, "stage": stages()[one.stage], "effect": touchpoints.came_of(one)}
        for one in touchpoints.touchpoints()
    ]
    return render(
        request, "console/messages/touchpoints.html", {"rows": rows}, title=_("Touchpoints")
    )


@page("messages.edit")
def one(request: HttpRequest) -> HttpResponseBase:
    """One of them, or a new one (`key`)."""
    found = touchpoints.touchpoint(request.GET.get("key", ""))
    typed: dict[str, object] = {
        "key": "",
        "stage": "after",
        "where": "",
        "program": "",
        "is_active": True,
    }
    texts = dict(found.texts) if found else {}
    if found is not None:
        typed |= vars(found)
    if request.method == "POST":
        if request.POST.get("do") == "remove":
            return _removed(request)
        names = ("key", "stage", "where", "program")
        typed = {name: request.POST.get(name, "").strip() for name in names}
        typed["is_active"] = request.POST.get("is_active") == "yes"
        given = {lang: request.POST.get(f"text-{lang}", "") for lang in LANGUAGES}
        texts = {lang: text.replace("\r\n", "\n") for lang, text in given.items() if text.strip()}
        if _saved(request, typed, texts):
            return redirect("admin:touchpoints")
    context = {
        "typed": typed,
        "is_new": found is None,
        "place": found,
        "texts": [(lang, LANGUAGE_NAMES[lang], texts.get(lang, "")) for lang in LANGUAGES],
        "stages": stages().items(),
        "programs": [row.slug for row in programs()],
    }
    crumbs = (Crumb(_("Touchpoints"), reverse("admin:touchpoints")),)
    title = found.where if found else _("New touchpoint")
    return render(request, "console/messages/touchpoint.html", context, title=title, crumbs=crumbs)


def stages() -> dict[str, str]:
    """The customer's way, in words."""
    return {
        "before": _("before the purchase"),
        "at": _("at the purchase"),
        "after": _("after the purchase"),
    }


def _saved(request: HttpRequest, typed: dict[str, object], texts: dict[str, str]) -> bool:
    me, now, key = at_work(request), clock.now(), str(typed["key"])
    before = touchpoints.touchpoint(key)
    try:
        touchpoints.save_touchpoint(
            me.actor,
            key,
            stage=str(typed["stage"]),
            where=str(typed["where"]),
            program=str(typed["program"]),
            texts=texts,
            is_active=bool(typed["is_active"]),
            now=now,
        )
    except Problem as problem:
        told(request, problem)
        return False
    told_before = None if before is None else {"where": before.where, "is_active": before.is_active}
    after = {"where": typed["where"], "is_active": typed["is_active"]}
    record(
        me.actor, "touchpoint.save", f"touchpoint:{key}", now=now, before=told_before, after=after
    )
    messages.success(request, _("Saved."))
    return True


def _removed(request: HttpRequest) -> HttpResponseBase:
    key = request.POST.get("key", "")
    if touchpoints.remove_touchpoint(key):
        record(at_work(request).actor, "touchpoint.remove", f"touchpoint:{key}", now=clock.now())
        messages.success(request, _("Taken away."))
    return redirect("admin:touchpoints")
