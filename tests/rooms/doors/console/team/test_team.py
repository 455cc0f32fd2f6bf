"""People, rights, the audit log and the settings of the installation, as admins use them."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.utils import translation

from banyan.core.events import clock
from banyan.doors.console.team import words
from banyan.growth.journeys.read import notices
from banyan.pipeline.outbox import read as outbox
from banyan.trust.access import keys
from banyan.trust.access.scopes import SCOPES
from banyan.trust.audit.read import entries
from banyan.trust.privacy.read import requests
from banyan.trust.sources.read import sources
from banyan.trust.staff import rights, sessions
from banyan.trust.staff.read import by_email, member, members
from tests.rooms.doors.console.conftest import Staff
from tests.rooms.pipeline.line import Line
from tests.rooms.trust.audit.test_audit import tamper


def test_every_role_and_right_has_its_words() -> None:
    assert {right: str(says) for right, says in words.RIGHTS.items()} == rights.RIGHTS
    assert list(words.ROLES) == list(words.ABOUT) == list(rights.ROLES)
    assert list(words.SCOPES) == list(SCOPES)


def test_roles_change_at_once_and_the_last_admin_stays(staff: Staff) -> None:
    admin, growth = staff("admin"), staff("growth")
    ann, gil = members()
    assert growth.get("/console/audit/").status_code == 403
    admin.post(f"/console/staff/{gil.id}/do/", {"do": "roles", "role": ["finance"]})
    assert growth.get("/console/audit/").status_code == 200
    assert [(e.verb, e.before, e.after) for e in entries(limit=1)] == [
        ("staff.roles_changed", {"roles": ["growth"]}, {"roles": ["finance"]})
    ]
    reply = admin.post(
        f"/console/staff/{ann.id}/do/", {"do": "roles", "role": ["sales"]}, follow=True
    )
    assert "somebody must remain who may give roles" in reply.content.decode()
    # Nor does somebody count who was invited and has not come.
    admin.post("/console/staff/invite/", {"email": "eve@example.com", "role": ["admin"]})
    admin.post(f"/console/staff/{ann.id}/do/", {"do": "roles", "role": ["sales"]})
    found = member(ann.id)
    assert found is not None
    assert found.roles == ("admin",)


def test_who_gives_up_the_right_is_led_where_they_may_still_go(staff: Staff) -> None:
    admin, _other = staff("admin"), staff("admin", email="boss@example.com")
    [me] = [one for one in members() if one.email == "admin@example.com"]
    reply = admin.post(f"/console/staff/{me.id}/do/", {"do": "roles", "role": ["growth"]})
    assert reply["Location"] == "/console/"
    assert admin.get("/console/").status_code == 200


def test_shutting_out_signs_out_everywhere(staff: Staff) -> None:
    admin, growth = staff("admin"), staff("growth")
    growth.get("/console/account/")
    _ann, gil = members()
    assert len(sessions.sessions(user_id=gil.id, now=clock.now())) == 1
    admin.post(f"/console/staff/{gil.id}/do/", {"do": "shut_out"})
    assert growth.get("/console/account/").status_code == 302
    assert sessions.sessions(user_id=gil.id, now=clock.now()) == []
    assert "Shut out: may not sign in." in admin.get(f"/console/staff/{gil.id}/").content.decode()
    admin.post(f"/console/staff/{gil.id}/do/", {"do": "let_in"})
    found = member(gil.id)
    assert found is not None
    assert found.is_active


def test_an_admin_ends_anothers_session_and_sends_a_new_password(staff: Staff) -> None:
    admin, growth = staff("admin"), staff("growth")
    growth.get("/console/account/")
    _ann, gil = members()
    [session] = sessions.sessions(user_id=gil.id, now=clock.now())
    page = admin.get("/console/staff/sessions/").content.decode()
    assert page.count("Sign out</button>") >= 2
    admin.post(f"/console/staff/{gil.id}/do/", {"do": "end", "session": str(session.number)})
    assert growth.get("/console/account/").status_code == 302
    admin.post(f"/console/staff/{gil.id}/do/", {"do": "reset"})
    assert "/console/password/" in admin.get(f"/console/staff/{gil.id}/").content.decode()
    assert [one.kind for one in notices()] == ["staff_password"]


def test_an_invitation_is_taken_back(staff: Staff) -> None:
    admin = staff("admin")
    admin.post("/console/staff/invite/", {"email": "new@example.com", "role": ["sales"]})
    new = by_email("new@example.com")
    assert new is not None
    assert "Withdraw the invitation" in admin.get(f"/console/staff/{new.id}/").content.decode()
    admin.post(f"/console/staff/{new.id}/do/", {"do": "withdraw"})
    found = member(new.id)
    assert found is not None
    assert not found.is_active
    # What was typed is not lost when it is refused.
    page = admin.post("/console/staff/invite/", {"email": "nonsense", "role": ["sales"]})
    assert 'value="nonsense"' in page.content.decode()
    assert admin.get("/console/staff/999/").status_code == 404


def test_the_log_is_searched_by_who_what_about_and_when(staff: Staff) -> None:
    admin = staff("admin")
    admin.post("/console/keys/do/", {"do": "make", "role": "write", "name": "shop"})
    page = admin.get("/console/audit/?who=admin@example.com&what=key.").content.decode()
    assert ("key.create" in page, "staff.added" in page) == (True, False)
    assert "staff.added" in admin.get("/console/audit/?about=user:1").content.decode()
    assert "Nothing fits" in admin.get("/console/audit/?until=2020-01-01").content.decode()
    assert "staff.added" in admin.get("/console/audit/?since=2020-01-01").content.decode()


def test_the_chain_is_checked_and_a_change_by_hand_is_seen(staff: Staff) -> None:
    admin = staff("admin")
    assert "The chain is whole: 1 entries" in admin.get("/console/audit/?check=1").content.decode()
    tamper("UPDATE audit_entry SET actor = 'nobody'")
    assert "broken at entry 1" in admin.get("/console/audit/?check=1").content.decode()


def test_the_log_leaves_as_a_file_which_is_written_down(staff: Staff) -> None:
    admin = staff("admin")
    admin.post("/console/keys/do/", {"do": "make", "role": "write", "name": "=1+1"})
    reply = admin.get("/console/audit/log.csv?what=key.")
    text = b"".join(reply.streaming_content).decode("utf-8-sig")
    [row] = csv.DictReader(io.StringIO(text))
    assert (row["verb"], row["who"]) == ("key.create", "admin@example.com")
    assert entries(limit=1)[0].verb == "audit.export"


def test_a_keys_secret_is_shown_once(staff: Staff) -> None:
    admin = staff("admin")
    admin.post(
        "/console/keys/do/",
        {"do": "make", "role": "secret", "name": "crm", "scope": ["links:read", "links:write"]},
    )
    page = admin.get("/console/keys/").content.decode()
    found = re.search(r"rk_live_[\w-]{32}", page)
    assert found is not None
    key = keys.find(found[0])
    assert key is not None
    assert (key.name, key.scopes) == ("crm", frozenset({"links:read", "links:write"}))
    assert found[0] not in admin.get("/console/keys/").content.decode()
    admin.post("/console/keys/do/", {"do": "revoke", "key": str(key.id)})
    assert keys.find(found[0]) is None
    assert all(scope in page for scope in SCOPES)
    chinese = admin.get("/console/keys/?lang=zh-hans").content.decode()
    assert ("读取审计日志" in chinese, "read the audit log" in chinese) == (True, False)
    translation.deactivate()


def test_a_webhook_is_set_up_tested_paused_and_removed(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.conf.settings.WEBHOOKS_ALLOW_PRIVATE", True)
    admin = staff("admin")
    bad = admin.post("/console/webhooks/", {"url": "ftp://x", "topics": "*"})
    assert 'value="ftp://x"' in bad.content.decode()
    made = admin.post(
        "/console/webhooks/", {"url": "http://127.0.0.1:9999/x", "topics": "decision.*, referral.*"}
    )
    [hook] = outbox.webhooks()
    assert tuple(hook.topics) == ("decision.*", "referral.*")
    assert "whsec_" in admin.get(made["Location"]).content.decode()
    assert "whsec_" not in admin.get(made["Location"]).content.decode()
    do = f"/console/webhooks/{hook.id}/do/"
    admin.post(do, {"do": "test"})
    [sent] = outbox.deliveries(hook.id)
    assert (sent.topic, sent.status) == ("webhook.test", "waiting")
    assert (
        "webhook.test" in admin.get(f"/console/webhooks/{hook.id}/?status=waiting").content.decode()
    )
    admin.post(do, {"do": "replay", "delivery": str(sent.id)})
    admin.post(do, {"do": "pause"})
    assert outbox.webhook(hook.id).status == "paused"
    admin.post(do, {"do": "go_on"})
    assert outbox.webhook(hook.id).status == "active"
    admin.post(do, {"do": "rotate"})
    assert "whsec_" in admin.get(f"/console/webhooks/{hook.id}/").content.decode()
    assert admin.post(do, {"do": "remove"})["Location"] == "/console/webhooks/"
    assert outbox.webhooks() == []
    assert admin.get(f"/console/webhooks/{hook.id}/").status_code == 404


def test_a_shop_is_connected_and_revoked(staff: Staff) -> None:
    admin = staff("admin")
    bad = admin.post("/console/shops/", {"kind": "stripe", "secret": "short", "name": "Main"})
    assert 'value="Main"' in bad.content.decode()
    admin.post("/console/shops/", {"kind": "woocommerce", "name": "Main", "currency": "cny"})
    [shop] = sources()
    assert (shop.kind, shop.currency) == ("woocommerce", "CNY")
    page = admin.get("/console/shops/").content.decode()
    assert shop.path in page
    admin.post("/console/shops/do/", {"do": "revoke", "shop": shop.id})
    [shop] = sources()
    assert shop.revoked_at is not None


def test_privacy_requests_have_their_day_and_are_answered(staff: Staff) -> None:
    line = Line()
    line.say("identify", "u-1", traits={"email": "ann@example.com"})
    line.say("identify", "u-2", traits={"email": "bob@example.com"})
    line.work()
    legal = staff("legal")
    for user in ("u-1", "u-2"):
        kind = "erase" if user == "u-1" else "export"
        legal.post("/console/privacy/", {"kind": kind, "user_id": user})
    page = legal.get("/console/privacy/").content.decode()
    assert page.count("due 20") == 2
    export, erase = requests()
    reply = legal.post(f"/console/privacy/{export.number}/data.json")
    assert "bob@example.com" in reply.content.decode()
    assert entries(limit=1)[0].verb == "customer.exported"
    legal.post(f"/console/privacy/{export.number}/do/", {"do": "done", "reason": "sent by post"})
    refused = legal.post(
        f"/console/privacy/{erase.number}/do/", {"do": "done", "reason": ""}, follow=True
    )
    assert "reason" in refused.content.decode().lower()
    legal.post(f"/console/privacy/{erase.number}/do/", {"do": "done", "reason": "asked by mail"})
    assert [row.state for row in requests()] == ["done", "done"]
    assert "ann@example.com" not in legal.get("/console/records/contacts/").content.decode()
    assert legal.post("/console/privacy/99/do/", {"do": "done"}).status_code == 404
