"""rights: what each role may do. Pages and acts ask for rights, never for roles."""

from __future__ import annotations

from collections.abc import Iterable

RIGHTS = {
    "board.read": "see the board and the analytics",
    "programs.read": "see programs and their rules",
    "programs.edit": "draft, change and compare programs",
    "programs.publish": "publish a reviewed program, pause, resume and close it",
    "programs.review_legal": "approve or return a program for legal",
    "programs.review_finance": "approve or return a program for finance",
    "programs.stop": "stop a program at once",
    "customers.read": "see customers, with their contacts masked",
    "customers.contacts": "see contacts in clear; each look is written down",
    "customers.edit": "correct customers, consents and merges",
    "customers.privacy": "take out or erase a customer's data",
    "segments.edit": "make and change segments",
    "referrals.read": "see referrals and chains",
    "referrals.edit": "record and correct referrals by hand",
    "decisions.read": "see decisions and their reasons",
    "decisions.rule": "release or deny held decisions",
    "disputes.handle": "answer disputes",
    "tasks.handle": "take and close tasks, stuck referrals among them",
    "payouts.read": "see payouts",
    "payouts.prepare": "gather payouts and enter their results",
    "payouts.approve": "approve payouts that somebody else prepared",
    "wallets.credit": "give rewards at one's discretion, within limits",
    "messages.edit": "change message templates, scripts and answers",
    "experiments.edit": "start and end experiments",
    "records.export": "take lists out as files",
    "records.import": "bring records in from files",
    "settings.edit": "keys, webhooks, shops, lines and limits",
    "staff.manage": "invite people and give roles",
    "audit.read": "see who did and looked at what",
}

_READING = "board.read programs.read customers.read referrals.read decisions.read"

ROLES = {
    "growth": f"{_READING} programs.edit programs.publish segments.edit referrals.edit "
    "decisions.rule tasks.handle payouts.read wallets.credit messages.edit experiments.edit "
    "records.export records.import",
    "sales": "board.read programs.read customers.read customers.contacts customers.edit "
    "referrals.read referrals.edit decisions.read tasks.handle records.import",
    "support": "programs.read customers.read customers.contacts customers.edit referrals.read "
    "decisions.read decisions.rule disputes.handle tasks.handle payouts.read wallets.credit",
    "finance": f"{_READING} programs.review_finance decisions.rule payouts.read payouts.prepare "
    "payouts.approve tasks.handle records.export audit.read",
    "legal": f"{_READING} programs.review_legal programs.stop customers.privacy disputes.handle "
    "tasks.handle audit.read",
    "analyst": f"{_READING} segments.edit experiments.edit records.export",
    "admin": " ".join(RIGHTS),
}
"""In the order in which they are offered."""

BY_ROLE = {role: frozenset(rights.split()) for role, rights in ROLES.items()}


def rights_of(roles: Iterable[str]) -> frozenset[str]:
    """Everything that any of the roles may do."""
    return frozenset().union(*(BY_ROLE[role] for role in roles))
