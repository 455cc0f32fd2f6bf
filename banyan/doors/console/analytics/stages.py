"""stages: which stages the funnel shows and in what order, chosen by who may edit programs.

Each button sends the whole form and gets it back changed, so that it works by keyboard, without
scripts and on a phone; nothing is kept before "Save".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from banyan.core.events import clock
from banyan.core.events import read as log
from banyan.doors.console.analytics import words
from banyan.doors.console.analytics.asked import Asked, asked
from banyan.doors.console.analytics.pages import show
from banyan.doors.console.number import number_of
from banyan.doors.console.page import page, told
from banyan.doors.console.staff import at_work
from banyan.insight.metrics.lines import number
from banyan.insight.metrics.stages import (
    BUILT_IN,
    EVENT,
    HALF,
    MILESTONE,
    MOST,
    Stage,
    configure,
    payable,
    plan,
    reset,
)
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.trust.audit.acts import record

_TYPED = ("key", "name_en", "name_zh", "usual")


@dataclass(frozen=True)
class Row:
    """A stage as it was typed; `usual` in per cent."""

    key: str
    name_en: str
    name_zh: str
    usual: str

    @property
    def title(self) -> str:
        """What it is called while nobody names it otherwise."""
        return words.stage_title(Stage(self.key))

    @property
    def title_en(self) -> str:
        """The same in English."""
        with override("en"):
            return self.title

    @property
    def title_zh(self) -> str:
        """The same in Chinese."""
        with override("zh-hans"):
            return self.title

    @property
    def kind(self) -> str:
        """What it is."""
        if self.key.startswith(EVENT):
            return _("Event")
        return _("Milestone") if self.key.startswith(MILESTONE) else _("Built in")

    def stage(self) -> Stage:
        """As it is kept. Raises BadLine for what is no number."""
        field = _("Should come on from the stage before")
        usual = number(self.usual, field=field, is_percent=True)
        names = (self.name_en.strip(), self.name_zh.strip())
        return Stage(self.key, HALF if usual is None else usual, *names)


@page("board.read")
def stages_page(request: HttpRequest) -> HttpResponseBase:
    """The stages of a program's funnel, or of all that have none of their own."""
    chosen = asked(request)
    if request.method == "POST":
        return _posted(request, chosen)
    return _form(request, chosen, [_row(one) for one in plan(chosen.scope.program).stages])


def _posted(request: HttpRequest, chosen: Asked) -> HttpResponseBase:
    if not at_work(request).may("programs.edit"):
        raise PermissionDenied
    columns = (request.POST.getlist(name) for name in _TYPED)
    rows = [Row(*texts) for texts in zip(*columns, strict=False)][: 2 * MOST]
    act, _dash, place = request.POST.get("do", "").partition("-")
    if act in ("save", "reset"):
        return _kept(request, chosen, rows, is_reset=act == "reset")
    rows, focus = _changed(rows, act, number_of(place), _picked(request))
    return _form(request, chosen, rows, focus=focus)


def _changed(rows: list[Row], act: str, place: int | None, picked: str) -> tuple[list[Row], str]:
    """The rows after a button was pressed, and which button has the focus then."""
    if act in ("up", "down") and place is not None and place < len(rows):
        other = min(max(0, place + (1 if act == "down" else -1)), len(rows) - 1)
        rows[place], rows[other] = rows[other], rows[place]
        is_at_end = other in (0, len(rows) - 1)
        turned = ("down" if other == 0 else "up") if is_at_end else act
        return rows, f"{turned}-{other}"
    if act == "drop" and place is not None and place < len(rows):
        return rows[:place] + rows[place + 1 :], "add"
    if picked and picked not in [row.key for row in rows] and len(rows) < MOST:
        return [*rows, _row(BUILT_IN.get(picked, Stage(picked)))], "add"
    return rows, "add"


def _picked(request: HttpRequest) -> str:
    """The key of what is to be added; a typed event goes before what is chosen."""
    event = request.POST.get("event", "").strip()
    return f"{EVENT}{event}" if event else request.POST.get("pick", "")


def _kept(
    request: HttpRequest, chosen: Asked, rows: Sequence[Row], *, is_reset: bool
) -> HttpResponseBase:
    try:
        with one_transaction():
            stages = [row.stage() for row in rows]
            changed = reset(chosen.scope) if is_reset else configure(chosen.scope, stages)
            record(
                at_work(request).actor,
                "funnel.stages_reset" if is_reset else "funnel.stages_chosen",
                f"funnel:{chosen.scope.program or 'all'}",
                now=clock.now(),
                before=changed.before,
                after=changed.after,
                reason=request.POST.get("reason", "").strip(),
            )
    except Problem as problem:
        told(request, problem)
        return _form(request, chosen, rows, status=422)
    return redirect(f"{reverse('admin:analytics_funnel')}?{chosen.query}")


def _form(
    request: HttpRequest, chosen: Asked, rows: Sequence[Row], *, focus: str = "", status: int = 200
) -> HttpResponse:
    there, said_by = {row.key for row in rows}, plan(chosen.scope.program).said_by
    picks = [
        (key, title)
        for key, title in chain(words.STAGES.items(), _milestones(chosen))
        if key not in there
    ]
    return show(
        request,
        "stages",
        chosen,
        {
            "rows": [(n, row, f"up-{n}", f"down-{n}") for n, row in enumerate(rows)],
            "last": len(rows) - 1,
            "picks": picks,
            "events": log.names_lately(),
            "focus": focus,
            "is_full": len(rows) >= MOST,
            "most": MOST,
            "said_by": said_by,
            "may_reset": said_by == ("program" if chosen.scope.program else "all"),
            "may_choose": at_work(request).may("programs.edit"),
            "has_days": False,
        },
        title=_("Stages of the funnel"),
        tab="analytics_funnel",
        status=status,
    )


def _milestones(chosen: Asked) -> list[tuple[str, str]]:
    """Keys and names of milestones that pay."""
    return [
        (
            f"{MILESTONE}{one.name}",
            one.name if one.is_always else _("%(name)s (where it paid)") % {"name": one.name},
        )
        for one in payable(chosen.scope)
    ]


def _row(stage: Stage) -> Row:
    return Row(stage.key, stage.name_en, stage.name_zh, f"{100 * stage.usual:.4g}")
