"""urls_review: addresses, tabs and lines of the menu of a program's life, versions and trials."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from banyan.doors.console.menu import Entry
from banyan.doors.console.programs import (
    bench,
    budget,
    checklist,
    compare,
    review,
    review_queue,
    versions,
)
from banyan.doors.console.programs.frame import Tab

TABS = (
    Tab(_("Checklist"), "program_checklist"),
    Tab(_("Review and life"), "program_review"),
    Tab(_("Budget"), "program_budget"),
    Tab(_("Versions"), "program_versions"),
    Tab(_("Compare"), "program_compare"),
    Tab(_("Test bench"), "program_bench"),
)

ENTRIES = (
    Entry(_("Approvals"), "approval", "approvals", ("programs.read",), count=review_queue.waiting),
)

_ONE = "programs/p/<slug:slug>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("approvals/", review_queue.approvals, name="approvals"),
    path(_ONE + "checklist/", checklist.program_checklist, name="program_checklist"),
    path(_ONE + "checklist/<slug:verb>/", checklist.checklist_act, name="checklist_act"),
    path(_ONE + "review/", review.program_review, name="program_review"),
    path(_ONE + "life/<slug:verb>/", review.life_act, name="program_life"),
    path(_ONE + "budget/", budget.program_budget, name="program_budget"),
    path(_ONE + "budget/keep/", budget.keep_budget, name="program_budget_keep"),
    path(_ONE + "budget/drop/", budget.drop_budget, name="program_budget_drop"),
    path(_ONE + "versions/", versions.program_versions, name="program_versions"),
    path(_ONE + "versions/figures/", versions.version_figures, name="version_figures"),
    path(_ONE + "compare/", compare.program_compare, name="program_compare"),
    path(_ONE + "compare/ask/", compare.compare_ask, name="compare_ask"),
    path(_ONE + "compare/<int:number>/", compare.program_comparison, name="program_comparison"),
    path(
        _ONE + "compare/<int:number>/progress/", compare.compare_progress, name="compare_progress"
    ),
    path(
        _ONE + "compare/<int:number>/file.<str:form>",
        compare.comparison_file,
        name="comparison_file",
    ),
    path(_ONE + "compare/<int:number>/<slug:verb>/", compare.compare_act, name="compare_act"),
    path(_ONE + "bench/", bench.program_bench, name="program_bench"),
]
