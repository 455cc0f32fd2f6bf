"""words: roles and rights as people say them."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

RIGHTS: Mapping[str, Promise] = {
    "board.read": _("see the board and the analytics"),
    "programs.read": _("see programs and their rules"),
    "programs.edit": _("draft, change and compare programs"),
    "programs.publish": _("publish a reviewed program, pause, resume and close it"),
    "programs.review_legal": _("approve or return a program for legal"),
    "programs.review_finance": _("approve or return a program for finance"),
    "programs.stop": _("stop a program at once"),
    "customers.read": _("see customers, with their contacts masked"),
    "customers.contacts": _("see contacts in clear; each look is written down"),
    "customers.edit": _("correct customers, consents and merges"),
    "customers.privacy": _("take out or erase a customer's data"),
    "segments.edit": _("make and change segments"),
    "referrals.read": _("see referrals and chains"),
    "referrals.edit": _("record and correct referrals by hand"),
    "decisions.read": _("see decisions and their reasons"),
    "decisions.rule": _("release or deny held decisions"),
    "disputes.handle": _("answer disputes"),
    "tasks.handle": _("take and close tasks, stuck referrals among them"),
    "payouts.read": _("see payouts"),
    "payouts.prepare": _("gather payouts and enter their results"),
    "payouts.approve": _("approve payouts that somebody else prepared"),
    "wallets.credit": _("give rewards at one's discretion, within limits"),
    "messages.edit": _("change message templates, scripts and answers"),
    "experiments.edit": _("start and end experiments"),
    "records.export": _("take lists out as files"),
    "records.import": _("bring records in from files"),
    "settings.edit": _("keys, webhooks, shops, lines and limits"),
    "staff.manage": _("invite people and give roles"),
    "audit.read": _("see who did and looked at what"),
}

ROLES: Mapping[str, Promise] = {
    "growth": _("Growth"),
    "sales": _("Sales"),
    "support": _("Support"),
    "finance": _("Finance"),
    "legal": _("Legal"),
    "analyst": _("Analyst"),
    "admin": _("Administrator"),
}

ABOUT: Mapping[str, Promise] = {
    "growth": _("builds and runs programs, writes texts, looks after segments and experiments"),
    "sales": _("takes referrals by phone and in person, follows up leads"),
    "support": _("answers customers: disputes, held rewards, corrections"),
    "finance": _("reviews budgets, prepares and approves payouts"),
    "legal": _("reviews rules, stops programs, answers privacy requests"),
    "analyst": _("reads figures, makes segments, takes lists out without contacts"),
    "admin": _("may do everything, and gives roles to others"),
}
