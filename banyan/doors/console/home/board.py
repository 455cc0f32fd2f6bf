"""board: the console's first page."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from banyan.doors.console.page import render


def board(request: HttpRequest) -> HttpResponseBase:
    """How the programs do today, and what waits for this member of the staff."""
    return render(request, "console/home/board.html", {}, title=_("Board"))
