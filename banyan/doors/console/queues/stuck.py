"""stuck: referrals that stand still, by the level at which somebody cares; and the rules by which
tasks arise."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from banyan.core.events import clock
from banyan.core.programs.force import running
from banyan.doors.console.customers.saying import moment, stage
from banyan.doors.console.customers.who import people
from banyan.doors.console.number import number_of
from banyan.doors.console.page import Crumb, page, render, told
from banyan.doors.console.queues import links, typed, words
from banyan.doors.console.queues.tasks import MOMENTS, able
from banyan.doors.console.staff import at_work
from banyan.growth.tasks import read
from banyan.growth.tasks.rules import RULES, Ask, Rules, limits, rule, set_rule
from banyan.insight.metrics import measures
from banyan.insight.metrics.periods import latest
from banyan.insight.metrics.scope import scope
from banyan.insight.metrics.sums import sums
from banyan.kernel.errors import Problem
from banyan.pipeline.watching import stuck_of
from banyan.trust.audit.acts import record

PAGE = 50
MOST_LOST = 0.05
"""Of all friends, so many may be lost before somebody looks into it."""
LEVELS: dict[int, Promise] = {
    1: gettext_lazy("1 · reminded automatically"),
    2: gettext_lazy("2 · service"),
    3: gettext_lazy("3 · management"),
}
UNREACHED = gettext_lazy("1 · no message reached the friend")
LABELS: dict[str, Promise] = {
    "accepted_days": gettext_lazy("Joined, not signed up: stuck after days"),
    "activated_days": gettext_lazy("Signed up, not bought: stuck after days"),
    "first_hours": gettext_lazy("Hours after the reminder until service takes over"),
    "second_hours": gettext_lazy("Hours service has"),
    "third_hours": gettext_lazy("Hours management has"),
    "second_role": gettext_lazy("Level 2"),
    "third_role": gettext_lazy("Level 3"),
    "hours": gettext_lazy("Within hours"),
    "role": gettext_lazy("Who does it"),
    "manager_role": gettext_lazy("Who is told when it lapses"),
    "good_score": gettext_lazy("A high score is from"),
    "product_event": gettext_lazy("Event of a first result, such as Course Completed"),
    "day": gettext_lazy("Day of the yearly occasion (MM-DD)"),
    "every_days": gettext_lazy("Nobody is asked again within days"),
    "most_a_year": gettext_lazy("At most so often in a year"),
    "rewards": gettext_lazy("At so many rewards of an advocate (1: the first)"),
    "high_spend": gettext_lazy(
        "From so much spent in a year a consultant refers for them (0: never)"
    ),
}
TITLES: dict[str, Promise] = {
    "stuck": gettext_lazy("Stuck referrals"),
    "follow_up": gettext_lazy("Following up new referrals"),
    "ask": gettext_lazy("Asking customers for referrals"),
    "thanks": gettext_lazy("Thanking advocates"),
}


@never_cache
@page("tasks.handle")
def stuck(request: HttpRequest) -> HttpResponseBase:
    """Open ones of a level, by what is due first."""
    now, number = clock.now(), typed.page_number(request)
    given = request.GET.get("level", "")
    levels = [int(given)] if given in ("1", "2", "3") else []
    program = request.GET.get("program", "")
    rows = read.tasks(
        kinds=["stuck"],
        levels=levels,
        program=program,
        offset=(number - 1) * PAGE,
        limit=PAGE + 1,
    )
    staff, who = words.Staff(), people([row.customer for row in rows])
    unreached = read.unreached([row.number for row in rows if row.level == 1])
    contact = read.first_contact(since=now - timedelta(days=30), program=program)
    context = {
        "lines": [
            {
                "row": row,
                "who": who[row.customer],
                "stage": stage(stuck_of(row.about)[2]),
                "level": UNREACHED if row.number in unreached else LEVELS[row.level],
                "owner": staff.owner(row.owner, row.role) if row.level > 1 else "",
                "since": moment(row.opened_at),
                "clock": words.clock_of(row.due_at, now),
            }
            for row in rows[:PAGE]
        ],
        "level": given,
        "levels": [
            (str(one), name, read.count(kinds=["stuck"], levels=[one], program=program))
            for one, name in LEVELS.items()
        ],
        "contact": contact,
        **_lost(program, now),
        "median": words.span(contact.median) if contact.median is not None else "",
        "slowest": words.span(contact.slowest_tenth) if contact.slowest_tenth is not None else "",
        "program": program,
        "programs": sorted(running(now)),
        "number": number,
        "has_more": len(rows) > PAGE,
        "query": f"level={given}&program={program}",
        "may_set": at_work(request).may("programs.edit"),
    }
    return render(request, "console/queues/stuck.html", context, title=_("Stuck referrals"))


def _lost(program: str, now: datetime) -> dict[str, object]:
    """Of the friends of the last 30 days, how many were lost."""
    today = now.astimezone(ZoneInfo(settings.OPERATOR_TIME_ZONE)).date()
    found = sums(latest(30, today=today), scope(program))
    joined, lost = found.n(measures.JOINED), found.n(measures.LOST)
    share = lost / joined if joined else None
    return {
        "joined": joined,
        "lost": lost,
        "lost_share": None if share is None else f"{100 * share:.1f} %",
        "is_too_much": share is not None and share > MOST_LOST,
    }


@page("programs.edit", "settings.edit")
def rules(request: HttpRequest) -> HttpResponseBase:
    """By which rules tasks arise, for all programs or one."""
    program = request.POST.get("program", request.GET.get("program", ""))
    if request.method == "POST":
        try:
            _set(request, program)
        except Problem as problem:
            told(request, problem)
        else:
            messages.success(request, _("Kept. It holds from the next look, within a minute."))
            return redirect(f"{reverse('admin:task_rules')}?program={program}")
    context = {
        "program": program,
        "programs": sorted(running(clock.now())),
        "forms": [_form(what, program, request) for what in RULES],
    }
    crumbs = (Crumb(_("Stuck referrals"), links.to("stuck")),)
    return render(
        request, "console/queues/rules.html", context, title=_("Rules for tasks"), crumbs=crumbs
    )


def waiting(request: HttpRequest) -> int:
    """For the menu: those at which somebody must care."""
    return read.count(kinds=["stuck"], levels=[2, 3])


def _set(request: HttpRequest, program: str) -> None:
    what = next((one for one, name in RULES.items() if name == request.POST.get("kind")), None)
    if what is None:
        raise typed.NotRead(_("Choose which rule."))
    values: dict[str, Any] = {}
    for one in fields(what):
        if one.name == "is_on":
            values["is_on"] = bool(request.POST.get("is_on"))
        elif one.name == "moments":
            chosen = request.POST.getlist("moments")
            values["moments"] = tuple(name for name in MOMENTS if name in chosen)
        elif one.name.endswith("role"):
            role = request.POST.get(one.name, one.default)
            if role not in able():
                raise typed.NotRead(_("Choose who shall do it."))
            values[one.name] = role
        elif allowed := limits(one.name):
            values[one.name] = _number(request, one.name, *allowed)
        else:
            values[one.name] = typed.text(request, one.name)
    me, now = at_work(request), clock.now()
    before: Any = rule(what, program)
    after = set_rule(me.actor, program, what(**values), now=now)
    record(
        me.actor,
        "task_rule.set",
        f"task_rule:{RULES[what]}:{program or '*'}",
        now=now,
        before={one.name: _plain(getattr(before, one.name)) for one in fields(before)},
        after={name: _plain(value) for name, value in after.items()},
    )


def _number(request: HttpRequest, name: str, least: int, most: int) -> int:
    number = number_of(typed.text(request, name) or "0")
    if number is None or not least <= number <= most:
        told_as = _("{what}: write a whole number from {least} to {most}.")
        raise typed.NotRead(told_as.format(what=LABELS[name], least=f"{least:,}", most=f"{most:,}"))
    return number


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _form(what: type[Rules], program: str, request: HttpRequest) -> dict[str, Any]:
    value = rule(what, program)
    is_typed = request.method == "POST" and request.POST.get("kind") == RULES[what]
    found = []
    for one in fields(what):
        if one.name in ("is_on", "moments"):
            continue
        shown = request.POST.get(one.name, "") if is_typed else getattr(value, one.name)
        found.append(
            {
                "name": one.name,
                "label": LABELS[one.name],
                "value": shown,
                "is_role": one.name.endswith("role"),
                "is_text": one.name in ("day", "product_event"),
            }
        )
    return {
        "kind": RULES[what],
        "title": TITLES[RULES[what]],
        "is_on": bool(request.POST.get("is_on")) if is_typed else value.is_on,
        "fields": found,
        "moments": [(name, label, name in value.moments) for name, label in MOMENTS.items()]
        if isinstance(value, Ask)
        else [],
        "roles": [(role, words.ROLE_NAMES[role]) for role in able()],
    }
