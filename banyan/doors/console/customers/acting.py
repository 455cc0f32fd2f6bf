"""acting: what the staff do to a customer: correct, consent, merge, hand out, erase, give a link.

Each is an act of the rooms below and stands in the audit log with who did it and why.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from banyan.core.events import clock
from banyan.core.events.acts import append_one
from banyan.core.people.read import customer
from banyan.doors.console.customers.customer import customer_page
from banyan.doors.console.page import page, told
from banyan.doors.console.staff import at_work
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.pipeline import farewell, takeout, wait
from banyan.pipeline.links import make_link
from banyan.trust.audit.acts import record
from banyan.trust.privacy import acts as privacy

CORRECTED = ("name", "email", "phone", "locale", "tier")
_PATIENCE_S = 5.0
"""How long a page waits for the worker to take up what was just said."""


class NotConfirmed(Problem):
    """Something that cannot be undone, without the word that was asked for."""


class NothingGiven(Problem):
    """A form in which nothing was filled in."""


Done = Callable[[HttpRequest, str, datetime], str]


def _act(do: Done) -> Callable[[HttpRequest, str], HttpResponseBase]:
    """A view of a form of the customer's page: it does the act, says so and goes back; what is
    refused stands in the form again."""

    def view(request: HttpRequest, user_id: str) -> HttpResponseBase:
        if customer(user_id) is None:
            raise Http404
        try:
            messages.success(request, do(request, user_id, clock.now()))
        except Problem as problem:
            told(request, problem)
            return customer_page(
                request,
                user_id,
                "data",
                typed={name: request.POST.get(name, "") for name in request.POST},
                status=422,
            )
        return redirect(reverse("admin:customer", args=[user_id]) + "?tab=data")

    return never_cache(require_POST(view))


def _correct(request: HttpRequest, user_id: str, now: datetime) -> str:
    given = {name: value for name in CORRECTED if (value := _typed(request, name))}
    if not given:
        raise NothingGiven(_("Fill in what is to be corrected; what is left empty stays as it is."))
    actor = at_work(request).actor
    with one_transaction():
        said = {"type": "identify", "userId": user_id, "traits": given}
        position = append_one(actor, said, now=now).position
        record(
            actor,
            "customer.corrected",
            f"customer:{user_id}",
            now=now,
            after={"fields": sorted(given), "position": position},
            reason=_typed(request, "reason"),
        )
    return _taken_up(position)


def _consent(request: HttpRequest, user_id: str, now: datetime) -> str:
    actor, purpose = at_work(request).actor, _typed(request, "purpose")
    if request.POST.get("said") == "yes":
        receipt = privacy.give_consent(
            actor,
            user_id,
            purpose,
            text_version=_typed(request, "text_version"),
            channel="console",
            now=now,
        )
    else:
        receipt = privacy.withdraw_consent(actor, user_id, purpose, channel="console", now=now)
    return _taken_up(receipt.position)


def _merge(request: HttpRequest, user_id: str, now: datetime) -> str:
    """Another id is merged into this one, so that this page stays."""
    former = _typed(request, "former")
    privacy.merge_customers(
        at_work(request).actor, former, user_id, reason=_typed(request, "reason"), now=now
    )
    return _("{former} is the same person from now on.").format(former=former)


def _link(request: HttpRequest, user_id: str, now: datetime) -> str:
    actor, program = at_work(request).actor, _typed(request, "program")
    with one_transaction():
        row = make_link(
            actor,
            program=program,
            advocate=user_id,
            code=_typed(request, "code") or None,
            channel=_typed(request, "channel"),
            now=now,
        )
        record(
            actor,
            "link.made",
            f"customer:{user_id}",
            now=now,
            after={"code": row.code, "program": program},
        )
    return _("The code is {code}.").format(code=row.code)


def _erase(request: HttpRequest, user_id: str, now: datetime) -> str:
    if _typed(request, "typed") != user_id:
        raise NotConfirmed(
            _("Type the user id exactly as it stands on the page; nothing was erased.")
        )
    done = farewell.erase(
        at_work(request).actor, user_id, reason=_typed(request, "reason"), now=now
    )
    return _("Erased: {events} events, {contacts} contacts.").format(
        events=done.events, contacts=done.contacts
    )


correct = page("customers.edit")(_act(_correct))
consent = page("customers.edit")(_act(_consent))
merge = page("customers.edit")(_act(_merge))
link = page("referrals.edit")(_act(_link))
erase = page("customers.privacy")(_act(_erase))


@never_cache
@page("customers.privacy")
@require_POST
def export(request: HttpRequest, user_id: str) -> HttpResponseBase:
    """Everything that is held of them, as a JSON file to hand out."""
    try:
        data = takeout.export(
            at_work(request).actor, user_id, reason=_typed(request, "reason"), now=clock.now()
        )
    except Problem as problem:
        told(request, problem)
        return redirect(reverse("admin:customer", args=[user_id]) + "?tab=data")
    body = msgspec.json.format(msgspec.json.encode(data), indent=2)
    response = HttpResponse(body, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="customer.json"'
    return response


def _typed(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").strip()


def _taken_up(position: int) -> str:
    if wait.decided(position, timeout_s=_PATIENCE_S):
        return _("Saved.")
    return _("Saved; it will show here as soon as the worker has taken it up.")
