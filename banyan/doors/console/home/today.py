"""today: what happened since midnight beside yesterday; the board asks for it again by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render as rendered
from django.utils.translation import gettext as _

from banyan.doors.console.analytics import shown, words
from banyan.doors.console.analytics.asked import Asked
from banyan.doors.console.analytics.shown import Column, Table
from banyan.doors.console.number import number_of
from banyan.insight.metrics import measures as of
from banyan.insight.metrics.periods import Period
from banyan.insight.metrics.stages import Stage, plan
from banyan.insight.metrics.sums import Sums, sums

KEY = "today"
MOST_TURNS = 60
"""How often, a minute apart, one opened board asks again: a screen that nobody looks at any more
must not keep its session alive."""


def again(request: HttpRequest, chosen: Asked) -> HttpResponseBase:
    """The table alone, as it stands now, for a board that is open."""
    turn = number_of(request.GET.get("turn", "")) or MOST_TURNS
    context = {"asked": chosen, "today": today_table(chosen), "turn": following(turn)}
    return rendered(request, "console/home/today.html", context)


def following(turn: int) -> int | None:
    """The number of the next time; None once it was often enough."""
    return turn + 1 if turn < MOST_TURNS else None


def today_table(chosen: Asked) -> Table:
    """Each stage, rewards and revenue: since midnight, and yesterday until midnight."""
    day = chosen.today
    yesterday = Period(day - timedelta(days=1), day - timedelta(days=1))
    both = sums(Period(yesterday.first, day), chosen.scope)
    return Table(
        KEY,
        _("Today"),
        (Column(_("Figure"), is_number=False), Column(_("Since midnight")), Column(_("Yesterday"))),
        _rows(both.during(Period(day, day)), both.during(yesterday), chosen),
    )


def _rows(now: Sums, before: Sums, chosen: Asked) -> Sequence[Sequence[shown.Cell]]:
    money = chosen.scope.currency
    stages: Sequence[Stage] = plan(chosen.scope.program).stages
    reached = [
        (
            shown.text(words.stage_title(one)),
            shown.count(now.n(one.key)),
            shown.count(before.n(one.key)),
        )
        for one in stages
    ]
    rewards = [shown.money(one.money(of.GRANTED), money) for one in (now, before)]
    revenue = [shown.money(one.revenue(of.ORDERS), money) for one in (now, before)]
    return [
        *reached,
        (shown.text(_("Rewards granted")), *rewards),
        (shown.text(_("Revenue of friends")), *revenue),
    ]
