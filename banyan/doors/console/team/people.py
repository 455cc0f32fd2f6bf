"""people: who works here: inviting them, their roles, their sessions, shutting them out."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from banyan.core.events import clock
from banyan.doors.console.page import Crumb, page, render, told
from banyan.doors.console.staff import at_work
from banyan.doors.console.team import once, words
from banyan.doors.console.team.entering import send_link
from banyan.kernel.errors import Problem
from banyan.trust.staff import acts, factor, invitations, sessions
from banyan.trust.staff.invitations import Made
from banyan.trust.staff.read import Member, member, members
from banyan.trust.staff.rights import BY_ROLE, RIGHTS
from banyan.trust.staff.rights import ROLES as KNOWN


@never_cache
@page("staff.manage")
def staff(request: HttpRequest) -> HttpResponseBase:
    """Everybody, with what they may do and where they are."""
    now = clock.now()
    waiting = {one.member.id: one for one in invitations.invited(now=now)}
    last: dict[int, object] = {}
    for one in sessions.sessions(now=now):
        last.setdefault(one.user_id, one.seen_at)
    with_factor = factor.with_factor()
    rows = [
        {
            "member": one,
            "roles": [words.ROLES[role] for role in one.roles],
            "has_factor": one.id in with_factor,
            "invited": waiting.get(one.id),
            "seen_at": last.get(one.id),
        }
        for one in sorted(members(), key=lambda one: not one.is_active)
    ]
    context = {"rows": rows, "is_required": factor.is_required(), "secret": once.taken(request)}
    return render(request, "console/team/people.html", context, title=_("People"))


@page("staff.manage")
def invite(request: HttpRequest) -> HttpResponseBase:
    """Invite somebody."""
    if request.method == "POST":
        now = clock.now()
        try:
            made = invitations.invite(
                at_work(request).actor,
                request.POST.get("email", ""),
                name=request.POST.get("name", "").strip(),
                roles=request.POST.getlist("role"),
                now=now,
            )
        except Problem as problem:
            told(request, problem)
        else:
            _give_link(request, made, is_invitation=True)
            return redirect("admin:staff")
    context = {
        "email": request.POST.get("email", ""),
        "name": request.POST.get("name", ""),
        "roles": _choices(request.POST.getlist("role")),
    }
    return render(
        request, "console/team/invite.html", context, title=_("Invite somebody"), crumbs=_crumbs()
    )


@page("staff.manage")
def roles(request: HttpRequest) -> HttpResponseBase:
    """What each role may do."""
    context = {
        "roles": [{"name": words.ROLES[role], "about": words.ABOUT[role]} for role in KNOWN],
        "rights": [
            {"says": words.RIGHTS[right], "has": [right in BY_ROLE[role] for role in KNOWN]}
            for right in RIGHTS
        ],
    }
    return render(
        request,
        "console/team/roles.html",
        context,
        title=_("What each role may do"),
        crumbs=_crumbs(),
    )


@page("staff.manage")
def all_sessions(request: HttpRequest) -> HttpResponseBase:
    """Where everybody is signed in."""
    by_id = {one.id: one for one in members()}
    context = {
        "rows": [
            {"session": one, "member": by_id[one.user_id]}
            for one in sessions.sessions(now=clock.now())
        ]
    }
    return render(
        request, "console/team/sessions.html", context, title=_("Sessions"), crumbs=_crumbs()
    )


@never_cache
@page("staff.manage")
def one(request: HttpRequest, user_id: int) -> HttpResponseBase:
    """One member."""
    found, now = _existing(user_id), clock.now()
    waiting = next((one for one in invitations.invited(now=now) if one.member.id == user_id), None)
    context = {
        "member": found,
        "roles": _choices(found.roles),
        "has_factor": factor.has_factor(user_id),
        "sessions": sessions.sessions(user_id=user_id, now=now),
        "invited": waiting,
        "secret": once.taken(request),
    }
    return render(request, "console/team/member.html", context, title=found.name, crumbs=_crumbs())


@page("staff.manage")
def change(request: HttpRequest, user_id: int) -> HttpResponseBase:
    """Do one of the things on a member's page (POST `do`)."""
    _existing(user_id)
    do = request.POST.get("do", "") if request.method == "POST" else ""
    try:
        if do in _DONE:
            _DONE[do](request, user_id)
    except Problem as problem:
        told(request, problem)
    me = member(at_work(request).id)
    if me is None or not me.may("staff.manage"):  # they have just taken it from themselves
        return redirect("admin:index")
    return redirect("admin:staff_member", user_id=user_id)


def _set_roles(request: HttpRequest, user_id: int) -> None:
    given = request.POST.getlist("role")
    acts.set_roles(at_work(request).actor, user_id, roles=given, now=clock.now())
    messages.success(request, _("The roles are changed; they hold from the next click on."))


def _shut_out(request: HttpRequest, user_id: int) -> None:
    acts.set_active(at_work(request).actor, user_id, is_active=False, now=clock.now())
    messages.success(
        request, _("Shut out, and signed out everywhere. What they did keeps their name.")
    )


def _let_in(request: HttpRequest, user_id: int) -> None:
    acts.set_active(at_work(request).actor, user_id, is_active=True, now=clock.now())
    messages.success(request, _("They may sign in again."))


def _invite_again(request: HttpRequest, user_id: int) -> None:
    made = invitations.invite_again(at_work(request).actor, user_id, now=clock.now())
    _give_link(request, made, is_invitation=True)


def _withdraw(request: HttpRequest, user_id: int) -> None:
    invitations.withdraw(at_work(request).actor, user_id, now=clock.now())
    messages.success(request, _("The invitation is withdrawn; its link works no more."))


def _reset(request: HttpRequest, user_id: int) -> None:
    made = invitations.reset(at_work(request).actor, user_id, now=clock.now())
    _give_link(request, made, is_invitation=False)


def _remove_factor(request: HttpRequest, user_id: int) -> None:
    factor.remove(at_work(request).actor, user_id, now=clock.now())
    messages.success(request, _("The second step is taken away, and they are signed out."))


def _end(request: HttpRequest, user_id: int) -> None:
    number = request.POST.get("session", "")
    mine = {str(one.number) for one in sessions.sessions(user_id=user_id, now=clock.now())}
    if number in mine and sessions.end(at_work(request).actor, int(number), now=clock.now()):
        messages.success(request, _("That session is ended."))


_DONE = {
    "roles": _set_roles,
    "shut_out": _shut_out,
    "let_in": _let_in,
    "invite_again": _invite_again,
    "withdraw": _withdraw,
    "reset": _reset,
    "remove_factor": _remove_factor,
    "end": _end,
}


def _give_link(request: HttpRequest, made: Made, *, is_invitation: bool) -> None:
    send_link(made, "staff_invited" if is_invitation else "staff_password", now=clock.now())
    about = _(
        "The link for %(email)s. It is on its way by e-mail; if that does not arrive, pass it on "
        "yourself. It works once and is shown only now"
    )
    once.keep(request, about % {"email": made.member.email}, made.url)


def _choices(chosen: Collection[str]) -> list[dict[str, object]]:
    return [
        {
            "key": role,
            "name": words.ROLES[role],
            "about": words.ABOUT[role],
            "is_chosen": role in chosen,
        }
        for role in KNOWN
    ]


def _existing(user_id: int) -> Member:
    found = member(user_id)
    if found is None:
        raise Http404
    return found


def _crumbs() -> tuple[Crumb, ...]:
    return (Crumb(_("People"), reverse("admin:staff")),)
