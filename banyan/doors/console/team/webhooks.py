"""webhooks: who is told what happens here, and what became of each message."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from banyan.core.events import clock
from banyan.doors.console.number import number_of
from banyan.doors.console.page import Crumb, page, render, told
from banyan.doors.console.staff import at_work
from banyan.doors.console.team import once
from banyan.kernel.errors import Problem
from banyan.pipeline.outbox import acts, read

PER_PAGE = 50
STATUSES = ("waiting", "delivered", "dead")


@never_cache
@page("settings.edit")
def webhooks(request: HttpRequest) -> HttpResponseBase:
    """All of them, and a form for a new one."""
    url, wanted = request.POST.get("url", ""), request.POST.get("topics", "*")
    if request.method == "POST":
        try:
            key, secret = acts.subscribe(
                at_work(request).actor,
                url=url.strip(),
                wanted=wanted.replace(",", " ").split(),
                description=request.POST.get("description", "").strip(),
                now=clock.now(),
            )
        except Problem as problem:
            told(request, problem)
        else:
            _show(request, secret)
            return redirect("admin:webhook", key=key)
    context = {
        "rows": read.webhooks(),
        "backlog": read.backlog(),
        "url": url,
        "topics": wanted,
        "description": request.POST.get("description", ""),
    }
    return render(request, "console/team/webhooks.html", context, title=_("Webhooks"))


@never_cache
@page("settings.edit")
def one(request: HttpRequest, key: str) -> HttpResponseBase:
    """One webhook with its deliveries."""
    try:
        found = read.webhook(key)
    except acts.NoSubscription:
        raise Http404 from None
    status = request.GET.get("status", "")
    rows = read.deliveries(
        key,
        status=status if status in STATUSES else None,
        before=number_of(request.GET.get("before")),
        limit=PER_PAGE + 1,
    )
    context = {
        "webhook": found,
        "rows": rows[:PER_PAGE],
        "older": rows[PER_PAGE - 1].id if len(rows) > PER_PAGE else None,
        "status": status,
        "statuses": _statuses(),
        "secret": once.taken(request),
    }
    crumbs = (Crumb(_("Webhooks"), reverse("admin:webhooks")),)
    return render(request, "console/team/webhook.html", context, title=found.url, crumbs=crumbs)


@page("settings.edit")
def change(request: HttpRequest, key: str) -> HttpResponseBase:
    """Do one of the things on a webhook's page (POST `do`)."""
    act = _DONE.get(request.POST.get("do", "")) if request.method == "POST" else None
    try:
        if act is not None:
            act(request, key)
    except Problem as problem:
        told(request, problem)
    if request.POST.get("do") == "remove":
        return redirect("admin:webhooks")
    return redirect("admin:webhook", key=key)


def _pause(request: HttpRequest, key: str) -> None:
    acts.change(at_work(request).actor, key, is_active=False, now=clock.now())
    messages.success(request, _("Paused. What happens meanwhile is sent when it goes on."))


def _go_on(request: HttpRequest, key: str) -> None:
    acts.change(at_work(request).actor, key, is_active=True, now=clock.now())
    messages.success(request, _("It goes on, beginning with what waited."))


def _test(request: HttpRequest, key: str) -> None:
    acts.send_test(at_work(request).actor, key, now=clock.now())
    messages.success(
        request, _("A test message is on its way; load the page again to see its answer.")
    )


def _rotate(request: HttpRequest, key: str) -> None:
    _show(request, acts.rotate_secret(at_work(request).actor, key, now=clock.now()))


def _replay(request: HttpRequest, key: str) -> None:
    acts.replay(
        at_work(request).actor,
        number_of(request.POST.get("delivery")) or 0,
        now=clock.now(),
    )
    messages.success(request, _("It is sent again."))


def _remove(request: HttpRequest, key: str) -> None:
    acts.unsubscribe(at_work(request).actor, key, now=clock.now())
    messages.success(request, _("The webhook is removed."))


_DONE: Mapping[str, Callable[[HttpRequest, str], None]] = {
    "pause": _pause,
    "go_on": _go_on,
    "test": _test,
    "rotate": _rotate,
    "replay": _replay,
    "remove": _remove,
}


def _show(request: HttpRequest, secret: str) -> None:
    once.keep(request, _("The signing secret. Copy it now: it is shown only here"), secret)


def _statuses() -> list[tuple[str, str]]:
    return [("waiting", _("waiting")), ("delivered", _("delivered")), ("dead", _("given up"))]
