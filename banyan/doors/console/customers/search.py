"""search: a customer by whatever somebody on the telephone can say of themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from banyan.core.events import read as log
from banyan.core.people.finding import by_name
from banyan.core.people.names import speaker
from banyan.core.people.read import search
from banyan.core.programs.read import link_row
from banyan.doors.console.customers import saying
from banyan.doors.console.customers.who import Who, people
from banyan.doors.console.page import page, render

MOST = 30
LOOKED_AT = 8
"""So many of the customers one looked at last are remembered."""
_SEEN = "customers_looked_at"
_LATEST_EVENTS = 300


@dataclass(frozen=True)
class Found:
    """A customer of a list, and when an event of theirs came last."""

    who: Who
    at: str = ""


@never_cache
@require_http_methods(["GET", "POST"])
@page("customers.read")
def customers(request: HttpRequest) -> HttpResponseBase:
    """The search, and whom one looked at. What is searched for may be a phone number, so it stands
    in no address."""
    text = request.POST.get("text", "").strip()
    found = _found(text) if text else []
    if len(found) == 1:
        return redirect("admin:customer", found[0])
    known = people(found)
    context = {
        "text": text,
        "found": [Found(known[user_id]) for user_id in found],
        "is_cut": len(found) == MOST,
        "looked_at": _people(request.session.get(_SEEN, [])),
        "latest": _latest(),
    }
    return render(request, "console/customers/search.html", context, title=_("Customers"))


def remember(request: HttpRequest, user_id: str) -> None:
    """Note whom one looked at, for the search's page."""
    before = [one for one in request.session.get(_SEEN, []) if one != user_id]
    request.session[_SEEN] = [user_id, *before][:LOOKED_AT]


def _found(text: str) -> list[str]:
    """By user id or contact, else by a code, else by name."""
    exact = [*search(text, limit=MOST)]
    if text in exact:
        return [speaker(text)]
    link = link_row(text)
    found = [*exact, *([link.advocate] if link else [])] or by_name(text, limit=MOST)
    return list(dict.fromkeys(speaker(one) for one in found))[:MOST]


def _people(user_ids: list[str]) -> list[Found]:
    known = people(user_ids)
    return [Found(known[user_id]) for user_id in user_ids]


def _latest() -> list[Found]:
    """Whose events came last."""
    events = log.after(max(log.head() - _LATEST_EVENTS, 0), _LATEST_EVENTS)
    rows = events.filter(events["user_id"] != "")[["user_id", "occurred_at"]]
    last: dict[str, datetime] = dict(rows.iter_rows())
    newest = sorted(last, key=lambda user_id: last[user_id], reverse=True)[:LOOKED_AT]
    known = people(newest)
    return [Found(known[user_id], saying.moment(last[user_id])) for user_id in newest]
