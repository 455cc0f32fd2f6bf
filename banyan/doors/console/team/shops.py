"""shops: shops and payment services whose signed messages become events."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from banyan.core.events import clock
from banyan.doors.console.page import page, render, told
from banyan.doors.console.staff import at_work
from banyan.doors.console.team import once
from banyan.kernel.errors import Problem
from banyan.trust.sources import acts, read
from banyan.trust.sources.options import KINDS


@never_cache
@page("settings.edit")
def shops(request: HttpRequest) -> HttpResponseBase:
    """All of them with the address each posts to, and a form for a new one."""
    typed = {name: request.POST.get(name, "") for name in ("kind", "name", "currency", "prefix")}
    if request.method == "POST":
        try:
            _create(request, typed)
        except Problem as problem:
            told(request, problem)
        else:
            return redirect("admin:shops")
    context = {
        "rows": read.sources(),
        "kinds": KINDS,
        "base_url": settings.BASE_URL,
        "typed": typed,
        "secret": once.taken(request),
    }
    return render(request, "console/team/shops.html", context, title=_("Shops"))


@page("settings.edit")
def change(request: HttpRequest) -> HttpResponseBase:
    """Change a shop's secret or revoke it (POST `do`)."""
    me, key = at_work(request), request.POST.get("shop", "")
    do = request.POST.get("do") if request.method == "POST" else None
    try:
        if do == "secret":
            _made, secret = acts.change_secret(
                me.actor, key, secret=request.POST.get("secret", ""), now=clock.now()
            )
            _show(request, secret)
        elif do == "revoke":
            acts.revoke(me.actor, key, now=clock.now())
            messages.success(
                request, _("Its messages are refused from now on; what they told stays.")
            )
    except Problem as problem:
        told(request, problem)
    return redirect("admin:shops")


def _create(request: HttpRequest, typed: dict[str, str]) -> None:
    prefix = typed["prefix"].strip()
    _made, secret = acts.create(
        at_work(request).actor,
        typed["kind"],
        secret=request.POST.get("secret", ""),
        name=typed["name"].strip()[:100],
        currency=typed["currency"].strip().upper(),
        options={"user_prefix": prefix} if prefix else {},
        now=clock.now(),
    )
    if request.POST.get("secret", "").strip():
        messages.success(request, _("The shop is set up. Let it post to the address below."))
    else:
        _show(request, secret)


def _show(request: HttpRequest, secret: str) -> None:
    once.keep(request, _("The signing secret. Copy it now: it is shown only here"), secret)
