"""entering: signing in: a password, then the code of a second factor; and links to choose one."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from django.conf import settings
from django.contrib import admin, auth, messages
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.shortcuts import render as rendered
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django_otp import login as show_factor

from banyan.core.events import clock
from banyan.doors.console.look import PATH
from banyan.doors.console.staff import SESSION, Standing, address_of, staff_of, standing
from banyan.doors.console.team import qr
from banyan.doors.refusals import refusal
from banyan.engine.language.explain import Language
from banyan.growth.journeys.acts import send_now
from banyan.kernel.errors import Problem
from banyan.trust.access.tallies import TooOften
from banyan.trust.staff import entering, factor, invitations, sessions
from banyan.trust.staff.invitations import LinkGone, Made

_PASSWORD_AT = "staff_password_at"
_CODE_WITHIN = timedelta(minutes=10)
_BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Address and password."""
    next_path = _next(request)
    if request.method != "POST":
        return _on(request, standing(request), next_path) or _entrance(request, "sign_in")
    email = request.POST.get("email", "")
    try:
        found = entering.signed_in(
            email,
            request.POST.get("password", ""),
            address=address_of(request),
            now=clock.now(),
        )
    except (entering.WrongEntry, TooOften) as wrong:
        return _entrance(request, "sign_in", wrong=_told(wrong), email=email)
    user = get_user_model().objects.get(pk=found.id)
    auth.login(request, user, backend=_BACKEND)
    request.session.pop(SESSION, None)
    request.session[_PASSWORD_AT] = clock.now().isoformat()
    if factor.has_factor(found.id):
        return redirect(_with_next("admin:code", next_path))
    entering.note(found.id, factor="none", now=clock.now())
    return redirect(
        _with_next("admin:set_up_factor", next_path) if factor.is_required() else next_path
    )


@require_POST
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """End it, here and in the list of sessions."""
    me, number = standing(request).member, request.session.get(SESSION)
    if me is not None and number is not None:
        sessions.end(me.actor, number, now=clock.now())
    auth.logout(request)
    messages.success(request, _("You are signed out."))
    return redirect("admin:login")


@never_cache
@require_http_methods(["GET", "POST"])
def code(request: HttpRequest) -> HttpResponseBase:
    """The second step: the app's code, or a recovery code."""
    found = standing(request)
    next_path = _next(request)
    if found.lacks != "code" or found.member is None or not _password_is_fresh(request):
        return redirect(_with_next("admin:login", next_path))
    if request.method != "POST":
        return _entrance(request, "code")
    try:
        way = entering.code_taken(found.member.id, request.POST.get("code", ""), now=clock.now())
    except (entering.WrongEntry, TooOften) as wrong:
        return _entrance(request, "code", wrong=_told(wrong))
    _let_in(request, found.member.id)
    entering.note(found.member.id, factor=way, now=clock.now())
    if way == "recovery code":
        left = factor.codes_left(found.member.id)
        messages.warning(
            request,
            _("That was a recovery code; %(left)s are left. Make new ones under “My account”.")
            % {"left": left},
        )
    return redirect(next_path)


@never_cache
@require_http_methods(["GET", "POST"])
def set_up_factor(request: HttpRequest) -> HttpResponseBase:
    """Set up a second factor: scan, show the first code, keep the recovery codes."""
    found = standing(request)
    if found.member is None or found.lacks in ("password", "code"):
        return redirect(_with_next("admin:login", request.get_full_path()))
    user_id = found.member.id
    if request.method == "POST":
        try:
            codes = factor.confirm(user_id, request.POST.get("code", ""), now=clock.now())
        except factor.BadFactor:
            return _factor_page(
                request,
                user_id,
                wrong=_("This is not the code that the app shows now; take the next one."),
            )
        _let_in(request, user_id)
        return _entrance(request, "recovery", codes=codes, next_path=_next(request))
    return _factor_page(request, user_id)


@never_cache
@require_http_methods(["GET", "POST"])
def forgotten(request: HttpRequest) -> HttpResponseBase:
    """Ask for a link to choose a new password. What is said does not depend on whose address it
    is."""
    if request.method != "POST":
        return _entrance(request, "forgotten")
    email, now = request.POST.get("email", ""), clock.now()
    try:
        may = entering.may_ask_for_link(email, address=address_of(request), now=now)
    except TooOften as often:
        return _entrance(request, "forgotten", wrong=_told(often), email=email)
    made = invitations.forgotten(email, now=now) if may else None
    if made is not None:
        send_link(made, "staff_password", now=now)
    return _entrance(request, "forgotten", is_sent=True, email=email)


@never_cache
@require_http_methods(["GET", "POST"])
def choose_password(request: HttpRequest, token: str) -> HttpResponseBase:
    """Where a link leads: choose a password, then sign in with it."""
    now = clock.now()
    try:
        link = invitations.opened(token, now=now)
    except LinkGone:
        return _entrance(request, "link_gone", status=410)
    if request.method != "POST":
        return _entrance(request, "password", link=link)
    password = request.POST.get("password", "")
    if password != request.POST.get("again", ""):
        return _entrance(request, "password", link=link, wrong=_("The two passwords differ."))
    try:
        invitations.choose_password(token, password, now=now)
    except LinkGone:
        return _entrance(request, "link_gone", status=410)
    except Problem as bad:
        return _entrance(request, "password", link=link, wrong=said(bad))
    auth.logout(request)
    messages.success(request, _("Your password is set. Sign in with it."))
    return redirect("admin:login")


def send_link(made: Made, kind: str, *, now: datetime) -> None:
    """Send a link to its member by e-mail, in the language of the page at hand."""
    zh = (translation.get_language() or "").startswith("zh")
    lang: Language = "zh-hans" if zh else "en"
    until = format_datetime(
        made.expires_at.astimezone(ZoneInfo(settings.OPERATOR_TIME_ZONE)),
        "medium",
        locale="zh_Hans_CN" if zh else "en",
    )
    send_now(
        kind,
        channel="email",
        to=made.member.email,
        lang=lang,
        values={"staff_link": made.url, "until": until, "company": settings.COMPANY},
        key=f"{made.member.actor}/{made.url[-12:]}",
        now=now,
    )


def said(problem: Problem) -> str:
    """A problem's sentence without the field that it begins with: it stands beside the field."""
    head, colon, _rest = problem.sentence.partition(": ")
    told = refusal(problem)
    return re.split(": |：", told, maxsplit=1)[-1] if colon and head.isidentifier() else told


def _on(request: HttpRequest, found: Standing, next_path: str) -> HttpResponse | None:
    """Where somebody goes who has a part of it behind them; None for who begins."""
    if staff_of(request) is not None:
        return redirect(next_path)
    if found.lacks == "code" and _password_is_fresh(request):
        return redirect(_with_next("admin:code", next_path))
    if found.lacks == "factor":
        return redirect(_with_next("admin:set_up_factor", next_path))
    return None


def _let_in(request: HttpRequest, user_id: int) -> None:
    request.session.cycle_key()
    show_factor(request, factor.device_of(user_id))


def _password_is_fresh(request: HttpRequest) -> bool:
    at = request.session.get(_PASSWORD_AT)
    return at is not None and clock.now() - datetime.fromisoformat(at) < _CODE_WITHIN


def _factor_page(request: HttpRequest, user_id: int, wrong: str = "") -> HttpResponse:
    begun = factor.begin(user_id)
    key = " ".join(begun.key[n : n + 4] for n in range(0, len(begun.key), 4))
    return _entrance(
        request,
        "set_up",
        wrong=wrong,
        picture=qr.picture(begun.url),
        key=key,
        is_required=factor.is_required() and not factor.has_factor(user_id),
        next_path=_next(request),
    )


def _next(request: HttpRequest) -> str:
    """Where to go on: a page of the console, else its first."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = wanted.startswith(PATH) and url_has_allowed_host_and_scheme(wanted, None)
    return wanted if is_ours else reverse("admin:index")


def _with_next(name: str, next_path: str) -> str:
    return f"{reverse(name)}?{urlencode({'next': next_path})}"


def _told(wrong: Problem) -> str:
    """In the words of the page's language."""
    if isinstance(wrong, TooOften):
        minutes = -(-wrong.retry_after_s // 60)
        return _("Too many tries. Wait %(minutes)s minutes, then try again.") % {"minutes": minutes}
    if "code" in wrong.sentence:
        return _("This code is not right. Wait for the next one and try again.")
    return _("The e-mail address or the password is wrong.")


def _entrance(
    request: HttpRequest, step: str, *, status: int = 200, **context: object
) -> HttpResponse:
    titles = {
        "sign_in": _("Sign in"),
        "code": _("Second step"),
        "set_up": _("Set up the second step"),
        "recovery": _("Your recovery codes"),
        "forgotten": _("Forgotten password"),
        "password": _("Choose your password"),
        "link_gone": _("This link works no more"),
    }
    frame = admin.site.each_context(request) | {
        "title": titles[step],
        "step": step,
        "next_path": _next(request),
        "company": settings.COMPANY,
    }
    return rendered(request, "console/team/entrance.html", frame | context, status=status)
