"""account: one's own password, second factor, sessions and language."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import get_user_model, update_session_auth_hash
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from banyan.core.events import clock
from banyan.doors.console.page import page, render
from banyan.doors.console.staff import SESSION, at_work
from banyan.doors.console.team import once, words
from banyan.doors.console.team.entering import said
from banyan.kernel.errors import Problem
from banyan.trust.staff import factor, invitations, sessions
from banyan.trust.staff.rights import RIGHTS

EVERYBODY = tuple(RIGHTS)
"""Whoever works here has some right, so this page is everybody's."""


@never_cache
@page(*EVERYBODY)
def account(request: HttpRequest) -> HttpResponseBase:
    """My account."""
    me = at_work(request)
    context = {
        "roles": [words.ROLES[role] for role in me.roles],
        "rights": [words.RIGHTS[right] for right in RIGHTS if me.may(right)],
        "has_factor": factor.has_factor(me.id),
        "is_required": factor.is_required(),
        "codes_left": factor.codes_left(me.id),
        "sessions": sessions.sessions(user_id=me.id, now=clock.now()),
        "this_session": request.session.get(SESSION),
        "secret": once.taken(request),
    }
    return render(request, "console/team/account.html", context, title=_("My account"))


@page(*EVERYBODY)
def change(request: HttpRequest) -> HttpResponseBase:
    """Do one of the things on the page (POST `do`)."""
    acts = {
        "password": _change_password,
        "remove_factor": _remove_factor,
        "codes": _renew_codes,
        "end": _end_session,
        "end_others": _end_others,
    }
    act = acts.get(request.POST.get("do", "")) if request.method == "POST" else None
    if act is not None:
        try:
            act(request)
        except Problem as problem:
            messages.error(request, said(problem))
    return redirect("admin:account")


def _change_password(request: HttpRequest) -> None:
    me, new = at_work(request), request.POST.get("new", "")
    if new != request.POST.get("again", ""):
        messages.error(request, _("The two passwords differ."))
        return
    try:
        invitations.change_password(
            me.id,
            old=request.POST.get("old", ""),
            new=new,
            session=request.session.get(SESSION),
            now=clock.now(),
        )
    except invitations.WrongPassword:
        messages.error(request, _("This is not your password of now."))
        return
    update_session_auth_hash(request, get_user_model().objects.get(pk=me.id))
    messages.success(
        request,
        _("Your password is changed. Wherever else you were signed in, you are signed out."),
    )


def _remove_factor(request: HttpRequest) -> None:
    me = at_work(request)
    if factor.is_required():
        messages.error(
            request, _("Here everybody works with a second step; set up another one instead.")
        )
        return
    user = get_user_model().objects.get(pk=me.id)
    if not user.check_password(request.POST.get("password", "")):
        messages.error(request, _("This is not your password of now."))
        return
    factor.remove(me.actor, me.id, now=clock.now())
    messages.success(request, _("The second step is taken away."))


def _renew_codes(request: HttpRequest) -> None:
    codes = factor.renew_codes(at_work(request).id, now=clock.now())
    once.keep(request, _("Your new recovery codes; the old ones work no more"), "  ".join(codes))


def _end_session(request: HttpRequest) -> None:
    me, number = at_work(request), request.POST.get("session", "")
    mine = {str(one.number) for one in sessions.sessions(user_id=me.id, now=clock.now())}
    if number in mine and sessions.end(me.actor, int(number), now=clock.now()):
        messages.success(request, _("That session is ended."))


def _end_others(request: HttpRequest) -> None:
    me = at_work(request)
    ended = sessions.end_all(me.id, now=clock.now(), but=request.session.get(SESSION))
    messages.success(request, _("Signed out elsewhere: %(count)s sessions.") % {"count": ended})
