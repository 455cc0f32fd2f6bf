"""keys: what lets programs of the company call this installation."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from banyan.core.events import clock
from banyan.doors.console.number import number_of
from banyan.doors.console.page import page, render, told
from banyan.doors.console.staff import at_work
from banyan.doors.console.team import once, words
from banyan.kernel.errors import Problem
from banyan.trust.access import keys as access
from banyan.trust.access.scopes import SCOPES


@never_cache
@page("settings.edit")
def keys(request: HttpRequest) -> HttpResponseBase:
    """Keys, the newest first, and a form for a new one."""
    context = {
        "rows": list(reversed(access.every())),
        "kinds": _kinds(),
        "scopes": {scope: words.SCOPES[scope] for scope in SCOPES},
        "secret": once.taken(request),
    }
    return render(request, "console/team/keys.html", context, title=_("Keys"))


@page("settings.edit")
def change(request: HttpRequest) -> HttpResponseBase:
    """Make or revoke one (POST `do`)."""
    do = request.POST.get("do") if request.method == "POST" else None
    try:
        if do == "make":
            _make(request)
        elif do == "revoke":
            access.revoke(
                at_work(request).actor,
                number_of(request.POST.get("key")) or 0,
                now=clock.now(),
            )
            messages.success(request, _("The key is revoked; within ten seconds it works nowhere."))
    except Problem as problem:
        told(request, problem)
    return redirect("admin:keys")


def _make(request: HttpRequest) -> None:
    role = request.POST.get("role", "")
    made, secret = access.make(
        at_work(request).actor,
        role,
        is_test=request.POST.get("is_test") == "yes",
        name=request.POST.get("name", "").strip()[:100],
        scopes=request.POST.getlist("scope") if role == "secret" else (),
        now=clock.now(),
    )
    about = _("The new key %(name)s. Copy it now: it is shown only here")
    once.keep(request, about % {"name": made.name or made.hint}, secret)


def _kinds() -> list[tuple[str, str]]:
    return [
        ("write", _("Write: sends events and reads nothing")),
        ("secret", _("Secret: for your servers; may do everything, or what is ticked below")),
        ("publishable", _("Publishable: for browsers; reads public rules alone")),
        ("portal", _("Portal: signs tokens with which your site's customers enter the portal")),
    ]
