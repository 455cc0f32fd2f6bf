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

SCOPES = {
    "rules:read": _("read the public rules of programs"),
    "landing:read": _("read where a link leads"),
    "programs:read": _("read programs, their versions and sources"),
    "programs:write": _("save, publish, pause and close programs"),
    "links:read": _("read links and their counters"),
    "links:write": _("make links"),
    "referrals:read": _("read referrals and invitations that were lost"),
    "referrals:write": _("capture referrals, and learn whether somebody is a customer"),
    "decisions:read": _("read decisions and why they are as they are"),
    "decisions:write": _("release and deny held decisions"),
    "disputes:read": _("read disputes, with what was said in them"),
    "disputes:write": _("raise disputes for customers, take them up and answer them"),
    "customers:read": _("read customers, with their personal data"),
    "customers:write": _("write customers and consents, merge and erase customers"),
    "wallets:read": _("read balances and statements"),
    "wallets:write": _("spend and return"),
    "wallets:credit": _("top up"),
    "events:write": _("send events, as a write key does"),
    "events:read": _("read events of a customer and events that could not be used"),
    "toolkit:read": _("read texts to pass on and how programs show themselves"),
    "toolkit:write": _("change texts to pass on, questions, brand, proof and places"),
    "templates:read": _("read the texts of notices"),
    "templates:write": _("change the texts of notices and send them as a test"),
    "notices:read": _("read what people were told, by which way, and how they want it"),
    "notices:write": _(
        "send again, change how people want to be told, read where providers report"
    ),
    "webhooks:read": _("read webhook subscriptions and deliveries"),
    "webhooks:write": _("change webhook subscriptions and send again"),
    "sources:read": _("read the shops and providers that post to us"),
    "sources:write": _("make, change and revoke them"),
    "audit:read": _("read the audit log"),
    "clock:write": _("move the clock of a test installation"),
}
