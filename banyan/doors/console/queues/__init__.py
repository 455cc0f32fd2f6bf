"""queues: what waits for somebody: tasks, held decisions, disputes, stuck referrals, payouts."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from banyan.doors.console.menu import Entry, Group
from banyan.doors.console.queues import (
    amends,
    disputes,
    held,
    payees,
    payouts,
    sources,
    stuck,
    tasks,
)

_PAYING = ("payouts.read", "payouts.prepare", "payouts.approve")

MENU: tuple[Group, ...] = (
    Group(
        _("Waiting"),
        (
            Entry(_("Tasks"), "task_alt", "tasks", ("tasks.handle",), tasks.waiting),
            Entry(_("Held decisions"), "pan_tool", "held", ("decisions.rule",), held.waiting),
            Entry(_("Disputes"), "gavel", "disputes", ("disputes.handle",), disputes.waiting),
            Entry(_("Stuck referrals"), "hourglass_top", "stuck", ("tasks.handle",), stuck.waiting),
            Entry(_("Payouts"), "payments", "payouts", _PAYING, payouts.waiting),
            Entry(
                _("Corrections and goodwill"),
                "build",
                "amends",
                ("wallets.credit", "referrals.edit", "payouts.approve"),
                amends.waiting,
            ),
        ),
    ),
)


def urlpatterns() -> list[URLPattern | URLResolver]:
    """The part's addresses."""
    return [
        path("tasks/", tasks.tasks, name="tasks"),
        path("tasks/new/", tasks.new, name="task_new"),
        path("tasks/<int:number>/", tasks.task, name="task"),
        path("tasks/<int:number>/do", tasks.act, name="task_act"),
        path("held/", held.held_list, name="held"),
        path("held/rule", held.rule, name="held_rule"),
        path("held/rulings/<int:first>-<int:last>/", held.rulings, name="held_rulings"),
        path("held/one/<id:decision_id>/", held.look, name="held_one"),
        path("disputes/", disputes.disputes, name="disputes"),
        path("disputes/<int:number>/", disputes.dispute, name="dispute"),
        path("disputes/<int:number>/accept", disputes.accept, name="dispute_accept"),
        path("disputes/<int:number>/answer", disputes.answer, name="dispute_answer"),
        path("sources/", sources.sources, name="sources"),
        path("sources/<int:number>", sources.act, name="source_act"),
        path("stuck/", stuck.stuck, name="stuck"),
        path("stuck/rules/", stuck.rules, name="task_rules"),
        path("payouts/", payouts.payouts, name="payouts"),
        path("payouts/new/", payouts.new, name="payouts_new"),
        path("payouts/results", payouts.hear, name="payout_results"),
        path("payouts/differences/", payouts.differences, name="payout_differences"),
        path("payouts/differences/<int:number>", payouts.settle, name="payout_settle"),
        path("payouts/rules/", payouts.rules, name="payout_rules"),
        path("payouts/accounts/", payees.payees, name="payees"),
        path("payouts/accounts/<id:user_id>/change", payees.change, name="payee_change"),
        path("payouts/accounts/<id:user_id>/verify", payees.verify, name="payee_verify"),
        path("payouts/accounts/<id:user_id>/", payees.payee, name="payee"),
        path("payouts/<int:number>/", payouts.payout, name="payout"),
        path("payouts/<int:number>/progress", payouts.progress, name="payout_progress"),
        path("payouts/<int:number>/approve", payouts.approve, name="payout_approve"),
        path("payouts/<int:number>/cancel", payouts.cancel, name="payout_cancel"),
        path("payouts/<int:number>/file", payouts.file, name="payout_file"),
        path("amends/", amends.amends, name="amends"),
        path("amends/limits/", amends.limits, name="amend_limits"),
        path("amends/new/<slug:kind>/", amends.new, name="amend_new"),
        path("amends/<int:number>/", amends.amend, name="amend"),
        path("amends/<int:number>/decide", amends.decide, name="amend_decide"),
    ]
