"""failures: what people were to be told and were not."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from banyan.core.events import clock
from banyan.doors.console.messages.texts import CHANNEL_NAMES, KIND_NAMES
from banyan.doors.console.number import number_of
from banyan.doors.console.page import page, render, told
from banyan.doors.console.staff import at_work
from banyan.growth.journeys import acts, read
from banyan.growth.journeys.channels import configured
from banyan.kernel.errors import Problem
from banyan.trust.audit.acts import record

PER_PAGE = 50


@page("messages.edit")
def every(request: HttpRequest) -> HttpResponseBase:
    """Failures, the newest first; each can be tried again while its words are kept."""
    if request.method == "POST":
        return _tried_again(request)
    rows = read.failures(before=number_of(request.GET.get("before")), limit=PER_PAGE + 1)
    ways = configured()
    context = {
        "rows": [
            {
                "notice": row,
                "kind": KIND_NAMES.get(row.kind, row.kind),
                "channel": CHANNEL_NAMES.get(row.channel, row.channel),
            }
            for row in rows[:PER_PAGE]
        ],
        "older": rows[PER_PAGE - 1].number if len(rows) > PER_PAGE else None,
        "backlog": read.backlog(clock.now()),
        "ways": [
            (CHANNEL_NAMES[channel], ways.get(channel)) for channel in ("email", "sms", "wechat")
        ],
    }
    return render(request, "console/messages/failures.html", context, title=_("Not sent"))


def _tried_again(request: HttpRequest) -> HttpResponseBase:
    number = number_of(request.POST.get("notice"))
    me, now = at_work(request), clock.now()
    if number is not None:
        try:
            acts.retry(number, now=now)
        except Problem as problem:
            told(request, problem)
        else:
            record(me.actor, "notice.retried", f"notice:{number}", now=now)
            messages.success(request, _("It is tried again."))
    return redirect("admin:not_sent")
