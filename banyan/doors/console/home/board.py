"""board: the console's first page."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from banyan.core.events import clock
from banyan.core.programs.read import published
from banyan.doors.console.analytics import shown, tables
from banyan.doors.console.analytics.asked import Asked, asked
from banyan.doors.console.analytics.cards import cards
from banyan.doors.console.analytics.pages import both
from banyan.doors.console.home import today
from banyan.doors.console.home.waiting import waits
from banyan.doors.console.page import render
from banyan.doors.console.staff import at_work
from banyan.insight.metrics.assumptions import assumptions
from banyan.insight.metrics.economics import economics
from banyan.insight.metrics.figures import kpis
from banyan.insight.metrics.funnel import funnel
from banyan.insight.metrics.rebuild import position
from banyan.insight.metrics.stages import plan
from banyan.pipeline import sample
from banyan.pipeline.alarm_news import sends_mail
from banyan.pipeline.approving.budget import BASIS, budget
from banyan.pipeline.standing import Standing, standing


def board(request: HttpRequest) -> HttpResponseBase:
    """How the programs do today, and what waits for this member of the staff."""
    me, now = at_work(request), clock.now()
    may_figures = me.may("board.read")
    if may_figures and request.GET.get("table") == today.KEY and "format" not in request.GET:
        return today.again(request, asked(request))
    context: dict[str, Any] = {
        "waits": waits(me, now=now),
        "may_figures": may_figures,
        "is_sample": any(one.published_by == sample.ACTOR for one in published()),
    }
    if may_figures:
        figures, parts = _figures(request)
        if file := shown.as_file(request, parts):
            return file
        context |= figures | _state(now)
    return render(request, "console/home/board.html", context, title=_("Board"))


def _figures(request: HttpRequest) -> tuple[dict[str, Any], list[shown.Table]]:
    chosen = asked(request)
    now, before = both(chosen)
    money = chosen.scope.currency
    own = budget(chosen.scope.program)
    assumed = assumptions(chosen.scope)
    if own:
        assumed = replace(assumed, budget_share=own.share_bp / BASIS)
    found = economics(now, assumed, days=chosen.period.days)
    past = economics(before, assumed, days=chosen.period.days)
    stages = plan(chosen.scope.program).stages
    parts = [
        tables.funnel_table(funnel(now, before, stages), stages),
        tables.activity_table(now, chosen.period),
        tables.cost_table(now, chosen.period),
    ]
    since_midnight = today.today_table(chosen)
    facts = [
        (_("Revenue of friends"), shown.money(found.net, money), shown.money(past.net, money)),
        (_("Rewards granted"), shown.money(found.rewards, money), shown.money(past.rewards, money)),
        (_("Budget used"), shown.share(found.budget_used), shown.share(past.budget_used)),
        (
            _("Share of new customers"),
            shown.share(found.new_share),
            shown.share(past.new_share),
        ),
    ]
    return {
        "asked": chosen,
        "has_days": True,
        "kpis": cards(kpis(now, before, chosen.period)),
        "facts": [(title, one.text, other.text) for title, one, other in facts],
        "budget": shown.money(found.budget, money).text,
        "budget_width": min(100, round(100 * (found.budget_used or 0))),
        "budget_url": _budget_url(chosen, is_own=own is not None),
        "is_own_budget": own is not None,
        "today": since_midnight,
        "turn": today.following(0),
        "parts": parts,
        "more": f"{reverse('admin:analytics')}?{chosen.query}",
    }, [*parts, since_midnight]


def _budget_url(chosen: Asked, *, is_own: bool) -> str:
    """Where the budget that the board shows is set."""
    if is_own:
        return reverse("admin:program_budget", args=[chosen.scope.program])
    return f"{reverse('admin:analytics_money')}?{chosen.query}"


def _state(now: datetime) -> dict[str, Any]:
    """Alarms, how far behind the line is, and when everything was last proved."""
    found: Standing = standing(now)
    verify = next((one for one in found.jobs if one.name == "verify"), None)
    return {
        "alarms": found.alarms,
        "mails_alarms": sends_mail(),
        "lag": round(found.lag_s),
        "is_late": found.lag_s > settings.LAG_LIMIT_S,
        "behind": found.head - found.cursor,
        "uncounted": found.cursor - position(),
        "verify": verify,
    }
