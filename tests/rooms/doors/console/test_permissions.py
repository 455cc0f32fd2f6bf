"""Which role may open which page: the table below is the whole console, and is compared with its
addresses, so that a page without a line here fails the test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from banyan.doors.console.records.kinds import KINDS
from banyan.doors.console.urls import parts
from banyan.trust.staff.rights import BY_ROLE, ROLES
from tests.rooms.doors.console.conftest import Staff

ANYBODY = None
"""Before signing in."""

_STAFF = " ".join(BY_ROLE["admin"])
_PAYOUTS = "payouts.read payouts.prepare payouts.approve"
_AMENDS = "wallets.credit referrals.edit payouts.approve"
_LISTS = " ".join(dict.fromkeys(kind.right for kind in KINDS))

PAGES: dict[str, tuple[str | None, tuple[object, ...]]] = {
    # Queues
    "tasks": ("tasks.handle", ()),
    "task_new": ("tasks.handle", ()),
    "task": ("tasks.handle", (1,)),
    "task_act": ("tasks.handle", (1,)),
    "held": ("decisions.rule decisions.read", ()),
    "held_rule": ("decisions.rule", ()),
    "held_rulings": ("decisions.rule", (1, 2)),
    "held_one": ("decisions.rule decisions.read", ("p/r/u/1",)),
    "disputes": ("disputes.handle", ()),
    "dispute": ("disputes.handle", (1,)),
    "dispute_accept": ("disputes.handle", (1,)),
    "dispute_answer": ("disputes.handle", (1,)),
    "stuck": ("tasks.handle", ()),
    "sources": ("referrals.edit", ()),
    "source_act": ("referrals.edit", (1,)),
    "task_rules": ("programs.edit settings.edit", ()),
    "payouts": (_PAYOUTS, ()),
    "payouts_new": ("payouts.prepare", ()),
    "payout_results": ("payouts.prepare", ()),
    "payout_differences": (_PAYOUTS, ()),
    "payout_settle": ("payouts.prepare", (1,)),
    "payout_rules": ("payouts.prepare", ()),
    "payees": (_PAYOUTS, ()),
    "payee": (_PAYOUTS, ("u-1",)),
    "payee_change": ("payouts.prepare", ("u-1",)),
    "payee_verify": ("payouts.prepare payouts.approve", ("u-1",)),
    "payout": (_PAYOUTS, (1,)),
    "payout_progress": (_PAYOUTS, (1,)),
    "payout_approve": ("payouts.approve", (1,)),
    "payout_cancel": ("payouts.prepare payouts.approve", (1,)),
    "payout_file": ("payouts.prepare", (1,)),
    "amends": (_AMENDS, ()),
    "amend_limits": ("settings.edit", ()),
    "amend_new": ("wallets.credit referrals.edit", ("nothing",)),
    "amend": (_AMENDS, (1,)),
    "amend_decide": (_AMENDS, (1,)),
    # Programs
    "programs": ("programs.read", ()),
    "programs_calendar": ("programs.read", ()),
    "program_new": ("programs.edit", ()),
    "program_begin": ("programs.edit", ()),
    "program_schema": ("programs.read", ()),
    "draft": ("programs.read", (1,)),
    "draft_save": ("programs.edit", (1,)),
    "draft_check": ("programs.edit", (1,)),
    "draft_tick": ("programs.edit", (1,)),
    "draft_hand_over": ("programs.edit", (1,)),
    "draft_discard": ("programs.edit", (1,)),
    "draft_file": ("programs.read", (1, "rules", "md")),
    "program": ("programs.read", ("spring",)),
    "program_rules": ("programs.read", ("spring",)),
    "version_file": ("programs.read", ("spring", 1, "public", "md")),
    "version_figures": ("programs.read", ("spring",)),
    "program_market": ("programs.read", ("spring",)),
    "program_landing": ("programs.edit", ("spring",)),
    "program_call": ("programs.edit", ("spring",)),
    "rival_note": ("programs.edit", ("spring",)),
    "rival_answer": ("programs.edit", ("spring", 1)),
    "poll_ask": ("programs.edit", ("spring",)),
    "poll_end": ("programs.edit", ("spring", 1)),
    "wish_keep": ("programs.edit", ("spring",)),
    "wish_forget": ("programs.edit", ("spring", 1)),
    "approvals": ("programs.read", ()),
    "program_budget": ("programs.read", ("spring",)),
    "program_budget_keep": ("programs.publish programs.review_finance", ("spring",)),
    "program_budget_drop": ("programs.publish programs.review_finance", ("spring",)),
    "program_checklist": ("programs.read", ("spring",)),
    "checklist_act": ("programs.read", ("spring", "nothing")),
    "program_review": ("programs.read", ("spring",)),
    "program_life": ("programs.read", ("spring", "nothing")),
    "program_versions": ("programs.read", ("spring",)),
    "program_compare": ("programs.read", ("spring",)),
    "compare_ask": ("programs.edit", ("spring",)),
    "program_comparison": ("programs.read", ("spring", 1)),
    "compare_progress": ("programs.read", ("spring", 1)),
    "comparison_file": ("programs.read", ("spring", 1, "csv")),
    "compare_act": ("programs.edit", ("spring", 1, "nothing")),
    "program_bench": ("programs.read", ("spring",)),
    # Customers
    "customers": ("customers.read", ()),
    "customer": ("customers.read", ("u-1",)),
    "customer_seen": ("customers.contacts", ("u-1",)),
    "customer_event": ("customers.contacts", (1,)),
    "customer_correct": ("customers.edit", ("u-1",)),
    "customer_consent": ("customers.edit", ("u-1",)),
    "customer_merge": ("customers.edit", ("u-1",)),
    "customer_link": ("referrals.edit", ("u-1",)),
    "customer_export": ("customers.privacy", ("u-1",)),
    "customer_erase": ("customers.privacy", ("u-1",)),
    "referral": ("referrals.read", ("spring", "u-1")),
    "decision_why": ("decisions.read", ("p/r/u/1",)),
    "decision": ("decisions.read", ("p/r/u/1",)),
    "chains": ("referrals.read", ()),
    "chains_file": ("records.export", ()),
    "chain_file": ("records.export", ("u-1",)),
    "chain": ("referrals.read", ("u-1",)),
    "segments": ("customers.read", ()),
    "segment_new": ("segments.edit", ()),
    "segment": ("customers.read", ("s",)),
    "segment_refresh": ("segments.edit", ("s",)),
    "segment_remove": ("segments.edit", ("s",)),
    "segment_file": ("records.export", ("s",)),
    "circle": ("customers.read", ()),
    "circle_choose": ("segments.edit", ()),
    "circle_leave": ("segments.edit", ()),
    # Analytics
    "analytics": ("board.read", ()),
    "analytics_funnel": ("board.read", ()),
    "analytics_stages": ("board.read", ()),
    "analytics_exposure": ("board.read", ()),
    "analytics_cohorts": ("board.read", ()),
    "analytics_advocates": ("board.read", ()),
    "analytics_money": ("board.read", ()),
    "analytics_lines": ("board.read", ()),
    "experiments": ("board.read", ()),
    "experiment": ("board.read", (1,)),
    # Messages
    "texts": ("messages.edit", ()),
    "text": ("messages.edit", ("test", "email", "en")),
    "text_preview": ("messages.edit", ("test", "email", "en")),
    "text_test": ("messages.edit", ("test", "email", "en")),
    "scripts": ("messages.edit", ()),
    "script_new": ("messages.edit", ()),
    "script": ("messages.edit", ("nothing",)),
    "questions": ("messages.edit", ()),
    "question_save": ("messages.edit", ()),
    "page_save": ("messages.edit", ()),
    "touchpoints": ("messages.edit", ()),
    "touchpoint": ("messages.edit", ()),
    "not_sent": ("messages.edit", ()),
    # Records; each list asks for its own right besides, see below
    "records": (_LISTS, ()),
    "record_list": (_LISTS, ("nothing",)),
    "record_views": (_LISTS, ("nothing",)),
    "record_do": (_LISTS, ("nothing",)),
    "record_file": (_LISTS, ("nothing",)),
    "record": (_LISTS, ("nothing",)),
    "imports": ("records.import", ()),
    "import": ("records.import", (1,)),
    "import_progress": ("records.import", (1,)),
    "import_report": ("records.import", (1,)),
    # Signing in and one's own account
    "code": (ANYBODY, ()),
    "set_up_factor": (ANYBODY, ()),
    "forgotten": (ANYBODY, ()),
    "choose_password": (ANYBODY, ("nothing",)),
    "account": (_STAFF, ()),
    "account_do": (_STAFF, ()),
    # Installation
    "staff": ("staff.manage", ()),
    "invite": ("staff.manage", ()),
    "roles": ("staff.manage", ()),
    "sessions": ("staff.manage", ()),
    "staff_member": ("staff.manage", (999,)),
    "staff_do": ("staff.manage", (999,)),
    "audit": ("audit.read", ()),
    "audit_csv": ("audit.read", ()),
    "privacy": ("customers.privacy", ()),
    "privacy_do": ("customers.privacy", (1,)),
    "privacy_data": ("customers.privacy", (1,)),
    "keys": ("settings.edit", ()),
    "keys_do": ("settings.edit", ()),
    "webhooks": ("settings.edit", ()),
    "webhook": ("settings.edit", ("nothing",)),
    "webhook_do": ("settings.edit", ("nothing",)),
    "shops": ("settings.edit", ()),
    "shops_do": ("settings.edit", ()),
}


def guarded() -> Iterator[tuple[str, str, frozenset[str]]]:
    """Every page that asks for a right: its name, an address of it, the rights that open it."""
    for name, (rights, arguments) in PAGES.items():
        if rights is not None:
            yield name, reverse(f"admin:{name}", args=arguments), frozenset(rights.split())


def test_every_page_of_the_console_has_its_line_here() -> None:
    names = [pattern.name for pattern in parts() if isinstance(pattern, URLPattern)]
    assert len(names) == len(set(names)) == len(parts())
    assert sorted(map(str, names)) == sorted(PAGES)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_what_its_rights_say_and_nothing_else(staff: Staff, role: str) -> None:
    client, mine = staff(role), BY_ROLE[role]
    for name, url, rights in guarded():
        seen = client.get(url).status_code
        if mine & rights:
            assert seen in (200, 302, 404, 405), (name, seen)
        else:
            # A page may refuse the method before it looks at who asks.
            answers = {seen, client.post(url).status_code}
            assert answers in ({403}, {403, 405}), (name, answers)


@pytest.mark.parametrize("role", ROLES)
def test_each_list_asks_for_its_own_right(staff: Staff, role: str) -> None:
    client, mine = staff(role), BY_ROLE[role]
    for kind in KINDS:
        seen = client.get(f"/console/records/{kind.slug}/").status_code
        assert seen == (200 if kind.right in mine else 403), kind.slug
        file = client.get(f"/console/records/{kind.slug}/file/?form=csv").status_code
        may = kind.right in mine and "records.export" in mine
        assert file == (200 if may else 403), kind.slug


def test_nobody_opens_anything_before_signing_in(staff: Staff) -> None:
    nobody = Client(HTTP_HOST="localhost")
    for name, url, _rights in guarded():
        answers = [nobody.get(url), nobody.post(url)]
        led = [answer for answer in answers if answer.status_code != 405]
        assert led, name
        for answer in led:
            assert answer.status_code == 302, name
            assert answer["Location"].startswith("/console/login/"), name
    for name in ("forgotten", "choose_password"):
        rights, arguments = PAGES[name]
        assert rights is ANYBODY
        assert nobody.get(reverse(f"admin:{name}", args=arguments)).status_code in (200, 410)
    assert nobody.get("/console/code/").status_code == 302
    assert nobody.get("/console/second-step/").status_code == 302
