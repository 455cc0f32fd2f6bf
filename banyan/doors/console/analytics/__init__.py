"""analytics: the figures behind the board, and experiments."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from banyan.doors.console.menu import Entry, Group

MENU = (
    Group(
        _("Analytics"),
        (
            Entry(_("Analytics"), "monitoring", "analytics", ("board.read",)),
            Entry(_("Experiments"), "science", "experiments", ("board.read",)),
        ),
    ),
)


def urlpatterns() -> list[URLPattern | URLResolver]:
    """The part's addresses."""
    from banyan.doors.console.analytics import experiments, pages, stages

    return [
        path("analytics/", pages.overview, name="analytics"),
        path("analytics/funnel/", pages.funnel_page, name="analytics_funnel"),
        path("analytics/funnel/stages/", stages.stages_page, name="analytics_stages"),
        path("analytics/exposure/", pages.exposure_page, name="analytics_exposure"),
        path("analytics/cohorts/", pages.cohorts_page, name="analytics_cohorts"),
        path("analytics/advocates/", pages.advocates_page, name="analytics_advocates"),
        path("analytics/money/", pages.money_page, name="analytics_money"),
        path("analytics/lines/", pages.lines_page, name="analytics_lines"),
        path("experiments/", experiments.listing, name="experiments"),
        path("experiments/<int:number>/", experiments.one, name="experiment"),
    ]
