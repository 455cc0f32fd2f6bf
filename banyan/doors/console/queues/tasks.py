"""tasks: the one inbox of what the staff has to do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from banyan.core.events import clock
from banyan.core.people.read import customer
from banyan.core.programs.force import running
from banyan.doors.console.customers.saying import moment
from banyan.doors.console.customers.who import people, person
from banyan.doors.console.page import Crumb, page, render, told
from banyan.doors.console.queues import links, typed, words
from banyan.doors.console.staff import at_work
from banyan.doors.refusals import translated
from banyan.growth.tasks import acts, read
from banyan.growth.tasks.asking import fatigue
from banyan.growth.tasks.kinds import BY_HAND, NAMES, UNREACHED
from banyan.growth.tasks.read import StepRow, TaskRow
from banyan.kernel.errors import Problem
from banyan.trust.audit.acts import record
from banyan.trust.staff.rights import ROLES

PAGE = 50

STEPS: dict[str, Promise] = {
    "opened": gettext_lazy("opened"),
    "reminded": gettext_lazy("the friend was reminded automatically"),
    "raised": gettext_lazy("raised to the next level"),
    "taken": gettext_lazy("taken"),
    "given": gettext_lazy("handed on"),
    "noted": gettext_lazy("note"),
    "lapsed": gettext_lazy("not done in time; the manager was told"),
    "done": gettext_lazy("done"),
    "dropped": gettext_lazy("dropped"),
}
MOMENTS: dict[str, Promise] = {
    "first_order": gettext_lazy("First order"),
    "repeat_order": gettext_lazy("Bought again"),
    "good_score": gettext_lazy("Gave a high score"),
    "friend_bought": gettext_lazy("Their friend bought"),
    "product": gettext_lazy("Reached what the product is for"),
    "day": gettext_lazy("The yearly occasion"),
    UNREACHED: gettext_lazy(
        "No message reached the friend by any way that they allow: call them, or ask whoever "
        "brought them."
    ),
}
"""What the system notes with a task."""
WHAT: dict[str, Promise] = {
    "follow_up": gettext_lazy("A new referral: speak to the friend while it is warm."),
    "stuck": gettext_lazy(
        "A referral stands still. Find out what holds the friend up and help; once they move on, "
        "this closes by itself."
    ),
    "ask": gettext_lazy("A good moment to ask this customer for a referral."),
    "consult": gettext_lazy(
        "A valuable customer: offer to do it for them. Prepare the introduction, make it in their "
        "name, follow up, and report back; record the referral for them."
    ),
    "approval": gettext_lazy("Something needs a second pair of eyes."),
    "dispute": gettext_lazy("A customer disputes a decision; the promised times run."),
    "thanks": gettext_lazy("Say thanks."),
    "review": gettext_lazy("Look through this."),
    "exception": gettext_lazy("Something was not done in time and needs a manager."),
    "payout": gettext_lazy("A batch of payouts is due: prepare it."),
}
BUDGET = gettext_lazy(
    "The rewards of a program reached its budget, see “What was done”. Decide whether it may cost "
    "so much, or what changes."
)
"""Of the exceptions that budgets make."""


@never_cache
@page("tasks.handle")
def tasks(request: HttpRequest) -> HttpResponseBase:
    """What is due first: one's own and one's roles', one's own alone, everybody's, or closed."""
    me, now, number = at_work(request), clock.now(), typed.page_number(request)
    staff = words.staff(request)
    left = staff.left()
    which = request.GET.get("of", "ours")
    kind = request.GET.get("kind", "")
    asked: dict[str, Any] = {"kinds": [kind] if kind in NAMES else ()}
    if which in ("ours", "mine"):
        asked["owner"] = me.actor
    if which == "ours":
        asked["roles"], asked["left"] = words.inboxes(me), left
    state = "closed" if which == "closed" else "open"
    rows = read.tasks(**asked, state=state, offset=(number - 1) * PAGE, limit=PAGE + 1)
    context = {
        "lines": lines(rows[:PAGE], now, staff),
        "which": which,
        "tabs": [
            ("ours", _("For me and my role")),
            ("mine", _("Taken by me")),
            ("all", _("Everybody's")),
            ("closed", _("Closed ones")),
        ],
        "kind": kind,
        "kinds": NAMES.items(),
        "number": number,
        "has_more": len(rows) > PAGE,
        "query": f"of={which}&kind={kind}",
        "late": read.count(roles=words.inboxes(me), owner=me.actor, left=left, late_at=now),
        "may_keep": me.may("referrals.edit"),
    }
    return render(request, "console/queues/tasks.html", context, title=_("Tasks"))


@never_cache
@page("tasks.handle")
def task(request: HttpRequest, number: int) -> HttpResponseBase:
    """One task, and what was done with it."""
    return _shown(request, _row(number))


@page("tasks.handle")
@require_POST
def act(request: HttpRequest, number: int) -> HttpResponseBase:
    """Take it, hand it on, note something, put it off, close it."""
    before, me, now = _row(number), at_work(request), clock.now()
    do = request.POST.get("do", "")
    try:
        row = _done(request, do, number, me.actor, now)
    except Problem as problem:
        told(request, problem)
        return _shown(request, _row(number), typed_=request.POST)
    record(
        me.actor,
        f"task.{do}",
        f"task:{number}",
        now=now,
        before=_told(before),
        after=_told(row),
    )
    if row.state != "open":
        messages.success(request, _("Closed."))
        return redirect((request.POST.get("back") == "stuck" and "admin:stuck") or "admin:tasks")
    return redirect("admin:task", number)


@page("tasks.handle")
def new(request: HttpRequest) -> HttpResponseBase:
    """Set somebody a task by hand."""
    if request.method == "POST":
        try:
            number = _opened(request)
        except Problem as problem:
            told(request, problem)
        else:
            return redirect("admin:task", number)
    context = {
        "kinds": [(one, NAMES[one]) for one in BY_HAND],
        "programs": sorted(running(clock.now())),
        "roles": _roles(),
        "typed": request.POST if request.method == "POST" else request.GET,
    }
    return render(
        request, "console/queues/task_new.html", context, title=_("New task"), crumbs=_way()
    )


def waiting(request: HttpRequest) -> int:
    """For the menu: those for me and my roles."""
    me = at_work(request)
    return read.count(roles=words.inboxes(me), owner=me.actor, left=words.staff(request).left())


def lines(rows: list[TaskRow], now: datetime, staff: words.Staff) -> list[dict[str, Any]]:
    """Tasks as lines of a list."""
    who = people([row.customer for row in rows])
    return [
        {
            "row": row,
            "kind": NAMES[row.kind],
            "who": who.get(row.customer, ""),
            "owner": staff.owner(row.owner, row.role),
            "clock": words.clock_of(row.due_at, now),
            "closed": moment(row.closed_at),
        }
        for row in rows
    ]


def _done(request: HttpRequest, do: str, number: int, actor: str, now: datetime) -> TaskRow:
    note = request.POST.get("note", "")
    if do == "take":
        return acts.take(actor, number, now=now)
    if do == "give":
        to = typed.text(request, "to")
        if to not in [value for value, _name in _people(words.Staff())]:
            raise typed.NotRead(_("Choose who shall do it."))
        role, _between, owner = to.partition(" ")
        return acts.give(actor, number, role=role, owner=owner, note=note, now=now)
    if do == "note":
        return acts.note(actor, number, note, now=now)
    if do == "put_off":
        due_at = typed.moment(request.POST.get("due_at", ""))
        return acts.put_off(actor, number, due_at=due_at, now=now)
    if do == "done":
        return acts.close(actor, number, outcome="done", note=note, now=now)
    if do == "dropped":
        return acts.close(actor, number, outcome="dropped", note=note, now=now)
    raise Http404


def _opened(request: HttpRequest) -> int:
    me, now = at_work(request), clock.now()
    kind, user_id = request.POST.get("kind", ""), typed.text(request, "customer")
    known = next((one for one in BY_HAND if one == kind), None)
    if known is None:
        raise typed.NotRead(_("Choose what is to be done."))
    if user_id and customer(user_id) is None:
        raise typed.NotRead(_("Nobody is known by the id {user_id}.").format(user_id=user_id))
    role = request.POST.get("role", "")
    about = f"customer:{user_id}" if user_id else f"note:{now.timestamp():.0f}"
    number = acts.open_task(
        known,
        about,
        owner_role=role if role in able() else me.roles[0],
        due_at=typed.moment(request.POST.get("due_at", "")),
        program=request.POST.get("program", ""),
        customer=user_id,
        note=request.POST.get("note", ""),
        actor=me.actor,
        now=now,
    )
    record(me.actor, "task.opened", f"task:{number}", now=now, after=_told(_row(number)))
    return number


def _shown(request: HttpRequest, row: TaskRow, *, typed_: Any = None) -> HttpResponseBase:
    now, staff = clock.now(), words.Staff()
    asked, last = fatigue(row.customer, now=now) if row.customer else (0, None)
    context = {
        "row": row,
        "what": BUDGET if row.about.startswith("budget:") else WHAT[row.kind],
        "kind": NAMES[row.kind],
        "who": person(row.customer) if row.customer else None,
        "who_link": links.of_customer(row.customer),
        "about_link": links.of_about(row.about, at_work(request)),
        "owner": staff.owner(row.owner, row.role),
        "is_mine": row.owner == at_work(request).actor,
        "clock": words.clock_of(row.due_at, now),
        "due": moment(row.due_at),
        "opened": moment(row.opened_at),
        "closed": moment(row.closed_at),
        "steps": [_step(one, staff) for one in read.steps(row.number)],
        "people": _people(staff),
        "asked": asked,
        "asked_last": moment(last),
        "is_asking": row.kind in ("ask", "consult"),
        "later": (now + timedelta(days=1)).strftime("%Y-%m-%dT%H:00"),
        "typed": typed_ or {},
    }
    return render(
        request, "console/queues/task.html", context, title=str(NAMES[row.kind]), crumbs=_way()
    )


def _step(one: StepRow, staff: words.Staff) -> dict[str, str]:
    to = staff.owner(one.to, one.to) if one.what in ("given", "raised", "lapsed") else ""
    to = str(words.ROLE_NAMES.get(one.to, to)) if to else ""
    if one.what == "noted" and one.to:
        to = _("put off to {moment}").format(moment=moment(datetime.fromisoformat(one.to)))
    return {
        "what": str(STEPS[one.what]),
        "at": moment(one.at),
        "by": staff.name(one.actor),
        "to": to,
        "note": _note(one),
    }


def _note(one: StepRow) -> str:
    """What a person wrote stays as it is; what the system says is said in the page's language."""
    if one.actor != "system":
        return one.note
    return str(MOMENTS[one.note]) if one.note in MOMENTS else translated(one.note)


def _people(staff: words.Staff) -> list[tuple[str, str]]:
    """Roles and people who may be given a task: value and name."""
    return _roles() + [
        (f"{one.roles[0]} {one.actor}", one.name)
        for one in staff.active()
        if one.may("tasks.handle")
    ]


def _roles() -> list[tuple[str, str]]:
    return [(role, str(words.ROLE_NAMES[role])) for role in able()]


def able() -> list[str]:
    """The roles that have an inbox of tasks."""
    return [role for role, rights in ROLES.items() if "tasks.handle" in rights.split()]


def _row(number: int) -> TaskRow:
    row = read.task(number)
    if row is None:
        raise Http404
    return row


def _told(row: TaskRow) -> dict[str, object]:
    return {
        "state": row.state,
        "role": row.role,
        "owner": row.owner,
        "level": row.level,
        "due_at": row.due_at.isoformat(),
    }


def _way() -> tuple[Crumb, ...]:
    return (Crumb(_("Tasks"), links.to("tasks")),)
