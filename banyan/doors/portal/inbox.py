"""inbox: what a customer was told."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from banyan.doors.portal import saying
from banyan.doors.portal.person import person_of
from banyan.doors.portal.session import for_customer
from banyan.growth.journeys.acts import mark_read
from banyan.growth.journeys.read import inbox, unread

PAGE = 20


@for_customer
@require_GET
def index(request: HttpRequest) -> HttpResponseBase:
    """Notices, the newest first."""
    person = person_of(request)
    given = request.GET.get("before", "")
    before = int(given) if given.isascii() and given.isdigit() and len(given) < 18 else None
    rows = inbox(person.user_id, before, PAGE + 1, lang=person.language, now=person.now)
    values = {
        "tab": "inbox",
        "items": [
            {
                "title": row.title,
                "text": row.text,
                "path": urlsplit(row.link).path,
                "is_read": row.is_read,
                "at": saying.moment(row.created_at, settings.OPERATOR_TIME_ZONE, person.language),
            }
            for row in rows[:PAGE]
        ],
        "unread": unread(person.user_id),
        "after": rows[PAGE - 1].number if len(rows) > PAGE else None,
    }
    return render(request, "portal/me/inbox.html", values)


@for_customer
@require_POST
def read(request: HttpRequest) -> HttpResponseBase:
    """Everything is read."""
    person = person_of(request)
    for user_id in person.ids:
        mark_read(user_id, now=person.now)
    return redirect("portal:my-inbox")
