"""customer: everything about one customer, a tab at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.shortcuts import render as part
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from banyan.core.events import clock
from banyan.core.ledger.read import balances
from banyan.core.people.names import ids_of
from banyan.core.people.read import customer as read_customer
from banyan.core.referrals.friends import counts
from banyan.doors.console.customers import aside, data, happened, saying, wallet
from banyan.doors.console.customers.search import remember
from banyan.doors.console.customers.story import story
from banyan.doors.console.customers.subject import Subject
from banyan.doors.console.customers.who import person
from banyan.doors.console.page import Crumb, page, render
from banyan.doors.console.staff import at_work
from banyan.growth.tasks.asking import fatigue
from banyan.growth.tasks.rules import Ask, rule
from banyan.insight.segments.read import segments_of


@dataclass(frozen=True)
class Tab:
    """A part of the page: its words, the rights of which one opens it, and what fills it."""

    name: str
    title: str
    rights: tuple[str, ...]
    fill: Callable[[Subject], dict[str, Any]]
    has_pages: bool = True

    @property
    def template(self) -> str:
        """The tab as a whole; its next pages alone are `NAME_more.html`."""
        return f"console/customers/{self.name}_tab.html"


def _why(subject: Subject) -> dict[str, Any]:
    only_less = subject.asked.get("only") == "less"
    told = story(
        subject.ids,
        before=subject.number("before"),
        only_less=only_less,
        now=subject.now,
    )
    return {"story": told, "only_less": only_less}


TABS = (
    Tab("why", gettext_noop("What they got and why not more"), ("decisions.read",), _why),
    Tab("referrals", gettext_noop("Referrals"), ("referrals.read",), happened.referrals),
    Tab("wallet", gettext_noop("Wallet"), ("decisions.read",), wallet.wallet),
    Tab("events", gettext_noop("Events"), ("customers.read",), happened.events),
    Tab("messages", gettext_noop("Messages and disputes"), ("customers.read",), aside.messages),
    Tab("data", gettext_noop("Data and consent"), ("customers.read",), data.identities_of, False),
    Tab("access", gettext_noop("Access"), ("audit.read", "customers.privacy"), aside.access),
)


@never_cache
@require_GET
@page("customers.read")
def customer(request: HttpRequest, user_id: str) -> HttpResponseBase:
    """The page, with the tab that is asked for; htmx asks for a tab's next page alone."""
    return customer_page(request, user_id, request.GET.get("tab", ""))


def customer_page(
    request: HttpRequest,
    user_id: str,
    name: str,
    *,
    typed: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponseBase:
    """The page with a tab; `typed` stands in its forms again when something was refused."""
    row = read_customer(user_id)
    if row is None:
        raise Http404
    if row.merged_into is not None:
        return redirect("admin:customer", row.merged_into)
    me = at_work(request)
    tabs = [tab for tab in TABS if me.rights.intersection(tab.rights)]
    tab = next((one for one in tabs if one.name == name), tabs[0])
    subject = Subject(
        row,
        ids_of(user_id),
        person(user_id),
        me,
        clock.now(),
        {name: request.GET.get(name, "") for name in request.GET},
    )
    context = {"subject": subject, "tab": tab, "here": reverse("admin:customer", args=[user_id])}
    context |= {"typed": typed or {}, "may_see": me.may("customers.contacts")}
    context |= tab.fill(subject)
    if tab.has_pages and request.headers.get("HX-Request"):
        return part(request, f"console/customers/{tab.name}_more.html", context)
    remember(request, user_id)
    return render(
        request,
        "console/customers/customer.html",
        context | _head(subject, tabs),
        title=str(subject.who),
        crumbs=(Crumb(_("Customers"), reverse("admin:customers")),),
        status=status,
    )


def _asked(subject: Subject) -> dict[str, Any]:
    """How often they were asked for a referral in a year, and whether they are left in peace now,
    by the rule of all programs."""
    wanted = rule(Ask, "")
    times, last = fatigue(subject.user_id, now=subject.now)
    rests_until = last + timedelta(days=wanted.every_days) if last else None
    return {
        "asked_times": times,
        "asked_last": saying.moment(last),
        "rests_until": saying.moment(rests_until)
        if rests_until is not None and rests_until > subject.now
        else "",
        "is_asked_out": times >= wanted.most_a_year,
    }


def _head(subject: Subject, tabs: list[Tab]) -> dict[str, Any]:
    """What stands above the tabs: what one wants to know first."""
    friends = counts(subject.ids)
    held: dict[str, list[int]] = {}
    for user_id in subject.ids:
        for one in balances(user_id):
            pending, available = held.get(one.unit, (0, 0))
            held[one.unit] = [pending + one.pending, available + one.available]
    return {
        "tabs": [(one, _(one.title)) for one in tabs],
        "first_seen": saying.moment(subject.row.first_seen_at),
        "last_seen": saying.moment(subject.row.last_seen_at),
        "friends": sum(friends.values()),
        "friends_bought": friends.get("closed", 0),
        "balances": [
            (saying.amount(unit, available), saying.amount(unit, pending) if pending else "")
            for unit, (pending, available) in sorted(held.items())
        ],
        "segments": segments_of(subject.user_id),
        **_asked(subject),
        "erased": saying.moment(subject.row.erased_at),
    }
