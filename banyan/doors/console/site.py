"""site: Django's admin as the console: who may enter, what is in its menu, where its parts are."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.core.paginator import InvalidPage
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from banyan.doors.console.page import View, to_sign_in
from banyan.doors.console.staff import staff_of


class Console(UnfoldAdminSite):  # type: ignore[misc]  # Unfold ships no types
    """The console: its own pages and, under `records/`, lists of everything that is kept."""

    site_title = index_title = _("Console")
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        """Staff with a role."""
        return staff_of(request) is not None

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Django's guard; whoever is signed out while a page asks for a part of it signs in again
        in place of that page."""
        entered = super().admin_view(view, cacheable)

        @wraps(entered)
        def opened(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
            if "HX-Request" in request.headers and not self.has_permission(request):
                return to_sign_in(request)
            answer: HttpResponseBase = entered(request, *arguments, **named)
            return answer

        return opened

    def extra_urls(self) -> list[URLPattern | URLResolver]:
        """Addresses of the parts, before those of the lists."""
        from banyan.doors.console.urls import parts

        return parts()

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Our own page to sign in."""
        from banyan.doors.console.team.entering import sign_in

        return sign_in(request)

    def logout(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Sign out."""
        from banyan.doors.console.team.entering import sign_out

        return sign_out(request)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """One's own account, where the password is changed."""
        return redirect("admin:account")

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """The first page: today's board."""
        from banyan.doors.console.home.board import board

        return board(request)

    def search(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Unfold's search, which takes any page that is asked for to be one."""
        try:
            found: HttpResponseBase = super().search(request, extra_context)
        except InvalidPage as none:
            raise Http404 from none
        return found
