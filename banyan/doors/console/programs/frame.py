"""frame: what stands around every page of one program: its name, its status, its tabs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from banyan.core.programs.read import ProgramRow, VersionRow, program, versions
from banyan.doors.console.page import Crumb, render
from banyan.doors.console.staff import at_work
from banyan.engine.language import Program, ProgramError
from banyan.pipeline.approving.read import stop

STATUS_WORDS = {
    "draft": gettext_noop("in draft"),
    "live": gettext_noop("live"),
    "paused": gettext_noop("paused"),
    "closed": gettext_noop("closed"),
}
STATUS_LOOKS = {"draft": "", "live": "good", "paused": "wait", "closed": "bad"}


@dataclass(frozen=True)
class Tab:
    """A page of a program: `admin:NAME` with its slug, for who has one of the rights."""

    title: str | Promise
    name: str
    rights: tuple[str, ...] = ("programs.read",)


@dataclass(frozen=True)
class Act:
    """What a form of a page does and the right it asks for. `do` takes the request, the program,
    the actor and the time, gives what to say, and raises Problem."""

    right: str
    do: Callable[[HttpRequest, str, str, datetime], str]


def program_page(
    request: HttpRequest,
    slug: str,
    template: str,
    context: dict[str, Any],
    *,
    tab: str,
    status: int = 200,
) -> HttpResponse:
    """One tab of a program's page; `tab` is the name of its address.

    Templates extend `console/programs/program.html` and fill its block `tab`. Adds `program`
    (ProgramRow) and `versions` to the context. Raises Http404 for a program that is not there.
    """
    row = program(slug)
    if row is None:
        raise Http404
    all_versions = versions(slug)
    word, look = standing(row, is_stopped=stop(slug) is not None)
    frame = {
        "program": row,
        "versions": all_versions,
        "tabs": _tabs(request, slug, tab),
        "status_word": word,
        "status_look": look,
    }
    crumbs = (Crumb(_("Programs"), reverse("admin:programs")),)
    title = title_of(row, all_versions)
    return render(request, template, frame | context, title=title, crumbs=crumbs, status=status)


def standing(row: ProgramRow, *, is_stopped: bool) -> tuple[str, str]:
    """A program's status in words, and how its badge looks. `is_stopped`: whether a stop by order
    holds it; what is closed stays so."""
    if is_stopped and row.status != "closed":
        return _("stopped by order"), "bad"
    return _(STATUS_WORDS[row.status]), STATUS_LOOKS[row.status]


def title_of(row: ProgramRow, rows: list[VersionRow]) -> str:
    """What people call it in the language of the page: by its newest readable version."""
    for version in rows:
        try:
            return called(version.terms)
        except ProgramError:
            continue
    return row.slug


def called(terms: Program) -> str:
    """What people call a program, in the language of the page."""
    words = terms.title
    if words is None:
        return terms.program
    first, second = words.en, words.zh_hans
    if str(get_language()).startswith("zh"):
        first, second = second, first
    return first or second or terms.program


def _tabs(request: HttpRequest, slug: str, current: str) -> list[dict[str, object]]:
    from banyan.doors.console.programs import TABS

    rights = at_work(request).rights
    return [
        {
            "title": one.title,
            "url": reverse(f"admin:{one.name}", args=[slug]),
            "is_current": one.name == current,
        }
        for one in TABS
        if rights.intersection(one.rights)
    ]
