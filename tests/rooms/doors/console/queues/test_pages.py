"""Every page of the queues: who sees it, and that it shows with something on it and without."""

from __future__ import annotations

from datetime import timedelta
from threading import Event

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from banyan.core.events import clock
from banyan.core.referrals.read import decisions
from banyan.doors.console.queues import disputes, typed, words
from banyan.growth.amends import read as amends
from banyan.growth.feedback.read import dispute
from banyan.growth.payouts import payees
from banyan.growth.payouts.differences import differences
from banyan.growth.payouts.read import batch
from banyan.growth.tasks import acts as tasks
from banyan.growth.tasks import sources
from banyan.growth.tasks.read import task
from banyan.growth.tasks.read import tasks as read_tasks
from banyan.growth.tasks.rules import Ask, FollowUp, Thanks, rule, set_rule
from banyan.pipeline import amending, paying, ruling, watching
from banyan.trust.audit.read import entries
from banyan.trust.staff.acts import set_active
from banyan.trust.staff.read import Member, members
from banyan.trust.staff.rights import ROLES
from tests.rooms.doors.console.conftest import Staff
from tests.rooms.doors.console.queues.shop import Shop

RIGHTS = {
    "/console/tasks/": ("tasks.handle",),
    "/console/tasks/new/": ("tasks.handle",),
    "/console/held/": ("decisions.rule", "decisions.read"),
    "/console/disputes/": ("disputes.handle",),
    "/console/stuck/": ("tasks.handle",),
    "/console/stuck/rules/": ("programs.edit", "settings.edit"),
    "/console/sources/": ("referrals.edit",),
    "/console/payouts/": ("payouts.read", "payouts.prepare", "payouts.approve"),
    "/console/payouts/new/": ("payouts.prepare",),
    "/console/payouts/differences/": ("payouts.read", "payouts.prepare", "payouts.approve"),
    "/console/payouts/rules/": ("payouts.prepare",),
    "/console/payouts/accounts/": ("payouts.read", "payouts.prepare", "payouts.approve"),
    "/console/payouts/accounts/ann/": ("payouts.read", "payouts.prepare", "payouts.approve"),
    "/console/payouts/1/": ("payouts.read", "payouts.prepare", "payouts.approve"),
    "/console/amends/": ("wallets.credit", "referrals.edit", "payouts.approve"),
    "/console/amends/new/reward/": ("wallets.credit",),
    "/console/amends/new/move/": ("referrals.edit",),
    "/console/amends/limits/": ("settings.edit",),
}

ACTS = {
    "/console/held/rule": ("decisions.rule",),
    "/console/disputes/1/accept": ("disputes.handle",),
    "/console/disputes/1/answer": ("disputes.handle",),
    "/console/tasks/1/do": ("tasks.handle",),
    "/console/payouts/1/approve": ("payouts.approve",),
    "/console/payouts/1/cancel": ("payouts.prepare", "payouts.approve"),
    "/console/payouts/1/file": ("payouts.prepare",),
    "/console/payouts/results": ("payouts.prepare",),
    "/console/payouts/accounts/ann/change": ("payouts.prepare",),
    "/console/payouts/accounts/ann/verify": ("payouts.prepare", "payouts.approve"),
    "/console/payouts/differences/1": ("payouts.prepare",),
}


@pytest.fixture
def shop(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """With something in every queue."""
    monkeypatch.setattr(paying, "PATIENCE_S", 0.0)
    monkeypatch.setattr(amending, "PATIENCE_S", 0.0)
    monkeypatch.setattr(ruling, "PATIENCE_S", 0.0)
    shop = Shop()
    shop.open()
    return shop


@pytest.mark.parametrize("role", list(ROLES))
def test_each_role_sees_what_its_rights_open(shop: Shop, staff: Staff, role: str) -> None:
    shop.fill_payouts()
    shop.dispute()
    client, mine = staff(role), set(ROLES[role].split())
    found = {path: client.get(path).status_code for path in RIGHTS}
    assert found == {
        path: 200 if mine.intersection(rights) else 403 for path, rights in RIGHTS.items()
    }
    done = {path: client.post(path).status_code == 403 for path in ACTS}
    assert done == {path: not mine.intersection(rights) for path, rights in ACTS.items()}


def test_empty_queues_teach(staff: Staff) -> None:
    client = staff("admin")
    for path in RIGHTS:
        if "/1/" in path or "/ann/" in path:
            continue
        response = client.get(path)
        assert response.status_code == 200, path
        assert b"c-empty" in response.content or b"<form" in response.content, path


def read(client: Client, path: str, **headers: str) -> str:
    """A page as text."""
    response = client.get(path, headers=headers or None)
    assert response.status_code == 200, (path, response.status_code)
    return response.content.decode()


def test_held_decisions_are_shown_with_what_both_share(shop: Shop, staff: Staff) -> None:
    client = staff("support")
    page = read(client, "/console/held/")
    assert "careful" in page
    assert "many" in page
    assert "careful" in read(client, "/console/held/?page=99")  # the last page there is
    [row] = [one for one in decisions(waiting=True) if one.friend == "dora"]
    page = read(client, f"/console/held/one/{row.decision_id}/")
    assert "Both were seen on the same device or in the same browser." in page
    assert "2, of which 1 shared" in page or "1, of which 1 shared" in page


def test_many_are_released_at_once_and_the_outcome_is_shown(shop: Shop, staff: Staff) -> None:
    client = staff("support")
    ids = [row.decision_id for row in decisions(waiting=True)]
    assert len(ids) == 2
    response = client.post(
        "/console/held/rule", {"decision": ids, "verdict": "release", "reason_release": "known"}
    )
    assert response.status_code == 302
    shown = read(client, response["Location"])
    assert "0 of 2 have reached the ledger." in shown
    shop.work()
    fragment = read(client, response["Location"], **{"HX-Request": "true"})
    assert "2 of 2 have reached the ledger. 2 changed something." in fragment
    assert "<html" not in fragment
    assert decisions(waiting=True) == []


def test_what_somebody_else_decided_meanwhile_is_told(shop: Shop, staff: Staff) -> None:
    client = staff("support")
    first, second = (row.decision_id for row in decisions(waiting=True))
    client.post(
        "/console/held/rule", {"decision": first, "verdict": "release", "reason_release": "known"}
    )
    shop.work()
    response = client.post(
        "/console/held/rule",
        {"decision": [first, second], "verdict": "deny", "reason_deny": "one device"},
    )
    assert "One of those you ticked had been decided by then" in read(client, response["Location"])


def test_an_amount_that_cannot_be_read_is_told(shop: Shop, staff: Staff) -> None:
    client = staff("support")
    assert "is no amount, so every amount is shown" in read(client, "/console/held/?least=much")
    page = read(client, "/console/held/?least=99")
    assert ("Nothing that waits fits" in page, "is no amount" in page) == (True, False)


@pytest.mark.parametrize("given", ["20,50", "1e3", "1_000", "-1", "Infinity", "20.505", ""])
def test_what_is_no_amount_is_not_guessed_at(given: str) -> None:
    with pytest.raises(typed.NotRead, match="is no amount"):
        typed.amount(given, "cash USD")


def test_amounts_are_read_with_and_without_thousands() -> None:
    assert [typed.amount(one, "cash USD") for one in ("20", "20.5", "1,234.50")] == [
        2000, 2050, 123450,
    ]  # fmt: skip


def test_a_denial_needs_a_reason_and_keeps_what_was_ticked(shop: Shop, staff: Staff) -> None:
    client = staff("support")
    [first, _second] = [row.decision_id for row in decisions(waiting=True)]
    response = client.post("/console/held/rule", {"decision": [first], "verdict": "deny"})
    assert response.status_code == 200
    page = response.content.decode()
    assert "Say why these are denied" in page
    assert page.count(" checked>") == 1
    client.post(
        "/console/held/rule", {"decision": [first], "verdict": "deny", "reason_deny": "same person"}
    )
    shop.work()
    assert [row.ruling for row in decisions(outcome="held") if row.decision_id == first] == [
        "denied"
    ]


def test_a_dispute_is_taken_up_and_put_right_by_a_credit(shop: Shop, staff: Staff) -> None:
    number = shop.dispute()
    client = staff("support")
    assert f"Dispute {number}" in read(client, "/console/disputes/")
    page = read(client, f"/console/disputes/{number}/")
    assert "Ben bought for 60 dollars" in page
    client.post(f"/console/disputes/{number}/accept")
    said = {"outcome": "corrected", "how": "credit", "amount": "5.00", "unit": "cash USD"}
    response = client.post(f"/console/disputes/{number}/answer", said | {"text": "You are right."})
    assert response.status_code == 200
    page = response.content.decode()
    assert "above your limit" in page
    assert "You are right." in page
    [waiting] = amends.amends(state="waiting")
    again = client.post(f"/console/disputes/{number}/answer", said | {"text": "You are right."})
    assert f"Correction {waiting.number} waits for" in again.content.decode()
    assert len(amends.amends()) == 1
    link = f'href="/console/amends/{waiting.number}/"'
    assert link in read(client, f"/console/disputes/{number}/")
    # Legal answers disputes and gives nothing away: no link leads them where they may not go.
    assert link not in read(staff("legal"), f"/console/disputes/{number}/")
    assert f"/console/disputes/{number}/" in read(client, "/console/referral/spring/cid")
    assert f"/console/disputes/{number}/" not in read(
        staff("sales"), "/console/referral/spring/cid"
    )
    admin = staff("admin", email="boss@example.com")
    admin.post(f"/console/amends/{waiting.number}/decide", {"do": "approve"})
    shop.work()
    amending.advance(clock.now())
    response = client.post(f"/console/disputes/{number}/answer", said | {"text": "You are right."})
    assert response.status_code == 302
    row = dispute(number)
    assert row is not None
    assert (row.state, row.outcome) == ("solved", "corrected")
    assert len(amends.amends()) == 1
    assert shop.held("ann") == 2000 + 500


def test_clocks_of_disputes_turn_red(shop: Shop, staff: Staff) -> None:
    number = shop.dispute(at=clock.now() - timedelta(hours=80))
    client = staff("support")
    page = read(client, f"/console/disputes/{number}/")
    assert page.count("q-clock--late") == 3
    assert "One is late." in read(client, "/console/disputes/")


def test_no_dispute_stands_beyond_the_last_page(
    shop: Shop, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disputes, "PAGE", 2)
    numbers = [shop.dispute(at=clock.now() - timedelta(hours=80)), *shop.dispute_each()]
    client = staff("support")
    first = read(client, "/console/disputes/")
    second = read(client, "/console/disputes/?page=2")
    assert [one for one in numbers if f"/disputes/{one}/" in first] == numbers[:2]
    assert [one for one in numbers if f"/disputes/{one}/" in second] == numbers[2:]
    assert 'href="?page=2"' in first
    assert 'href="?page=3"' not in second


def test_a_batch_goes_from_due_to_paid(shop: Shop, staff: Staff) -> None:
    shop.account("ann")
    fay, bo = staff("finance", email="fay@example.com"), staff("finance", email="bo@example.com")
    page = read(fay, "/console/payouts/new/?unit=cash USD&method=bank")
    assert "Prepare a batch of one" in page
    response = fay.post("/console/payouts/new/", {"unit": "cash USD", "method": "bank"})
    where = response["Location"]
    assert "You prepared this batch" in read(fay, where)
    fay.post(f"{where}approve", {"total": "2000"})
    assert batch(int(where.split("/")[-2])).state == "prepared"  # type: ignore[union-attr]
    assert "Pay $20.00 in cash?" in read(bo, where)
    bo.post(f"{where}approve", {"total": "1999"})
    assert "has changed since you saw it" in read(bo, where)
    bo.post(f"{where}approve", {"total": "2000"})
    shop.work()
    number = int(where.split("/")[-2])
    paying.note(number, now=clock.now())
    assert shop.held("ann") == 0
    file = fay.post(f"{where}file")
    assert file["Content-Type"].startswith("text/csv")
    lines = file.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("reference,account_number,account_holder")
    assert lines[1].startswith(f"payout/{number}/1,DE89370400440532013000,Ann Example")
    assert ",20.00,USD," in lines[1]
    back = SimpleUploadedFile("r.csv", f"reference,status\npayout/{number}/1,paid\n".encode())
    response = fay.post("/console/payouts/results", {"results": back, "back": str(number)})
    assert "1 paid, 0 failed" in read(fay, response["Location"])
    again = SimpleUploadedFile("r.csv", f"reference,status\npayout/{number}/1,paid\n".encode())
    page = read(fay, fay.post("/console/payouts/results", {"results": again})["Location"])
    assert ("Nothing is new in this file" in page, "1 paid" in page) == (True, False)
    other = SimpleUploadedFile("r.csv", b"reference,status,amount\npayout/99/1,paid,70.00\n")
    page = read(fay, fay.post("/console/payouts/results", {"results": other})["Location"])
    assert ("1 results do not fit our payouts" in page, "1 paid" in page) == (True, False)
    assert "70.00" in read(fay, "/console/payouts/differences/")
    assert batch(number).state == "done"  # type: ignore[union-attr]


def test_a_file_that_brings_a_difference_is_not_called_known(shop: Shop, staff: Staff) -> None:
    shop.fill_payouts()
    fay, bo = staff("finance", email="fay@example.com"), staff("finance", email="bo@example.com")
    bo.post("/console/payouts/1/approve", {"total": "2000"})
    shop.work()
    paying.note(1, now=clock.now())
    fay.post("/console/payouts/1/file")

    def hear(line: str, *, columns: str = "reference,status") -> tuple[bool, bool]:
        """Whether the page calls the file known, and whether it speaks of a difference."""
        back = SimpleUploadedFile("r.csv", f"{columns}\n{line}\n".encode())
        page = read(fay, fay.post("/console/payouts/results", {"results": back})["Location"])
        shop.work()
        paying.note(1, now=clock.now())
        return "Nothing is new in this file" in page, "1 results do not fit our payouts" in page

    with_amount = "reference,status,amount"
    assert hear("payout/1/1,paid") == (False, False)
    assert hear("0000000100000001,paid") == (True, False)
    # Another amount than ours, as often as it is said until somebody has dealt with it.
    assert hear("payout/1/1,paid,19.00", columns=with_amount) == (False, True)
    assert hear("payout/1/1,paid,19.00", columns=with_amount) == (False, True)
    [wrong] = differences(now=clock.now())
    fay.post(f"/console/payouts/differences/{wrong.result}", {"reason": "A fee of theirs."})
    assert hear("payout/1/1,paid,19.00", columns=with_amount) == (True, False)
    # It bounced, which fits what was paid.
    assert hear("payout/1/1,failed") == (False, False)
    assert hear("payout/1/1,failed") == (True, False)


def test_money_that_left_though_it_went_back_is_told(shop: Shop, staff: Staff) -> None:
    shop.fill_payouts()
    fay, bo = staff("finance", email="fay@example.com"), staff("finance", email="bo@example.com")
    bo.post("/console/payouts/1/approve", {"total": "2000"})
    shop.work()
    paying.note(1, now=clock.now())
    fay.post("/console/payouts/1/file")
    for status in ("failed", "paid"):
        back = SimpleUploadedFile("r.csv", f"reference,status\npayout/1/1,{status}\n".encode())
        page = read(fay, fay.post("/console/payouts/results", {"results": back})["Location"])
        shop.work()
        paying.note(1, now=clock.now())
    assert ("Nothing is new" in page, "1 results do not fit our payouts" in page) == (False, True)
    assert [one.what for one in differences(now=clock.now())] == ["paid_though_returned"]


def test_the_staff_are_looked_up_once_for_a_page(
    shop: Shop, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, asked = staff("sales"), 0

    def counted() -> list[Member]:
        nonlocal asked
        asked += 1
        return members()

    monkeypatch.setattr(words, "members", counted)
    assert client.get("/console/tasks/").status_code == 200
    assert asked == 1


def test_a_batch_that_is_given_up_leaves_the_money_where_it_is(shop: Shop, staff: Staff) -> None:
    shop.fill_payouts()
    fay = staff("finance", email="fay@example.com")
    reply = fay.post("/console/payouts/1/cancel", {"reason": "Wrong day."}, follow=True)
    page = reply.content.decode()
    assert "Given up. The money stays in the wallets." in page
    assert "Wrong day." in page
    assert shop.held("ann") == 2000
    by = "Given up by</dt><dd>{}<br>"
    [name] = [one.name for one in members() if one.email == "fay@example.com"]
    assert by.format(name) in page
    chinese = fay.get("/console/payouts/1/", headers={"accept-language": "zh-hans"})
    assert f"放弃人</dt><dd>{name}<br>" in chinese.content.decode()
    given_up = batch(1)
    assert given_up is not None
    assert given_up.state == "cancelled"
    again = fay.post("/console/payouts/1/cancel", {"reason": "Twice."}, follow=True)
    assert "This batch is past that step; look at it again." in again.content.decode()


def test_what_was_typed_of_an_account_stays(shop: Shop, staff: Staff) -> None:
    fay, path = staff("finance"), "/console/payouts/accounts/ann/"
    typed = {
        "method": "bank", "holder": "Ann Example", "account": "DE00370400440532013000",
        "bank": "Example Bank", "city": "Bonn", "agreed": "1",
    }  # fmt: skip
    page = fay.post(f"{path}change", typed).content.decode()
    assert "a letter or digit of this IBAN is wrong" in page
    for name in ("holder", "account", "bank", "city"):
        assert f'name="{name}" value="{typed[name]}"' in page
    assert 'name="agreed" value="1" checked' in page
    unsaid = fay.post(f"{path}change", typed | {"agreed": ""}).content.decode()
    assert 'name="holder" value="Ann Example"' in unsaid
    assert 'name="agreed" value="1" checked' not in unsaid
    assert payees.payee("ann") is None
    assert 'name="holder" value=""' in read(fay, path)


def test_accounts_are_masked_and_each_look_is_written_down(shop: Shop, staff: Staff) -> None:
    shop.account("ann")
    support, fay = staff("support"), staff("finance", email="fay@example.com")
    assert "DE89370400440532013000" not in read(support, "/console/payouts/accounts/ann/?open=1")
    assert "DE89370400440532013000" not in read(fay, "/console/payouts/accounts/ann/")
    assert "DE89370400440532013000" in read(fay, "/console/payouts/accounts/ann/?open=1")
    assert [one.about for one in entries(verb="payee.seen")] == ["customer:ann"]


def test_a_reward_within_limits_is_given_at_once_and_beyond_by_two(
    shop: Shop, staff: Staff
) -> None:
    admin, cleo = staff("admin"), staff("support", email="cleo@example.com")
    admin.post("/console/amends/limits/", {"support|cash USD": "10.00"})
    asked = {"customer": "ann", "unit": "cash USD", "amount": "6", "reason": "long wait"}
    response = cleo.post("/console/amends/new/reward/", asked)
    shop.work()
    amending.advance(clock.now())
    assert "long wait" in read(cleo, response["Location"])
    assert shop.held("ann") == 2600
    response = cleo.post("/console/amends/new/reward/", asked)
    assert "somebody else approves it" in read(cleo, response["Location"])
    response_ = cleo.post(f"{response['Location']}decide", {"do": "approve"})
    assert response_.status_code == 302
    shop.work()
    assert shop.held("ann") == 2600
    staff("support", email="dan@example.com").post(
        f"{response['Location']}decide", {"do": "approve"}
    )
    shop.work()
    amending.advance(clock.now())
    assert shop.held("ann") == 3200


def test_tasks_are_taken_noted_handed_on_and_closed(shop: Shop, staff: Staff) -> None:
    now = clock.now()
    number = tasks.open_task("review", "note:1", owner_role="sales", due_at=now, now=now)
    client = staff("sales")
    assert "Nothing to do here" in read(client, "/console/tasks/?of=mine")
    client.post(f"/console/tasks/{number}/do", {"do": "take"})
    assert ">Review</a>" in read(client, "/console/tasks/?of=mine")
    client.post(f"/console/tasks/{number}/do", {"do": "note", "note": "Called, no answer"})
    assert "Called, no answer" in read(client, f"/console/tasks/{number}/")
    client.post(f"/console/tasks/{number}/do", {"do": "give", "to": "support "})
    assert ">Review</a>" not in read(client, "/console/tasks/")
    other = staff("support")
    assert ">Review</a>" in read(other, "/console/tasks/")
    other.post(f"/console/tasks/{number}/do", {"do": "done", "note": "solved"})
    assert ">Review</a>" in read(other, "/console/tasks/?of=closed")


def test_what_somebody_took_comes_back_to_their_role_when_they_leave(
    shop: Shop, staff: Staff
) -> None:
    now = clock.now()
    number = tasks.open_task("review", "note:1", owner_role="sales", due_at=now, now=now)
    gone, other = staff("sales", email="gone@example.com"), staff("sales")
    gone.post(f"/console/tasks/{number}/do", {"do": "take"})
    assert ">Review</a>" not in read(other, "/console/tasks/")
    [left] = [one for one in members() if one.email == "gone@example.com"]
    set_active("user:1", left.id, is_active=False, now=clock.now())
    page = read(other, "/console/tasks/")
    assert ">Review</a>" in page
    assert "gone (no longer here)" in page
    assert ">Review</a>" not in read(staff("legal"), "/console/tasks/")
    form = {"do": "give", "to": f"sales {left.actor}"}
    refused = other.post(f"/console/tasks/{number}/do", form)
    assert "Choose who shall do it." in refused.content.decode()
    other.post(f"/console/tasks/{number}/do", {"do": "take"})
    assert ">Review</a>" in read(other, "/console/tasks/?of=mine")


def test_a_task_is_not_put_off_into_the_past(shop: Shop, staff: Staff) -> None:
    now = clock.now()
    number = tasks.open_task("review", "note:1", owner_role="sales", due_at=now, now=now)
    client, path = staff("sales"), f"/console/tasks/{number}/do"
    refused = client.post(path, {"do": "put_off", "due_at": "2020-01-03T10:00"})
    assert "A task is put off to a later time, not to one that is over." in refused.content.decode()
    assert client.post(path, {"do": "put_off", "due_at": "2050-01-03T10:00"}).status_code == 302
    row = task(number)
    assert row is not None
    assert f"{row.due_at:%Y-%m-%d %H:%M}" == "2050-01-03 10:00"


def test_levels_are_given_to_roles_with_an_inbox_alone(shop: Shop, staff: Staff) -> None:
    client = staff("growth")
    assert 'value="analyst"' not in read(client, "/console/stuck/rules/")
    form = {
        "kind": "follow_up",
        "program": "",
        "is_on": "1",
        "hours": "3",
        "manager_role": "growth",
    }
    refused = client.post("/console/stuck/rules/", form | {"role": "analyst"})
    assert "Choose who shall do it." in refused.content.decode()
    assert rule(FollowUp, "") == FollowUp()
    assert client.post("/console/stuck/rules/", form | {"role": "legal"}).status_code == 302
    assert rule(FollowUp, "") == FollowUp(is_on=True, hours=3, role="legal")


def test_rules_are_set_by_program_and_what_is_wrong_is_said(shop: Shop, staff: Staff) -> None:
    client = staff("growth")
    page = read(client, "/console/stuck/rules/?program=careful")
    assert "Following up new referrals" in page
    form = {"kind": "follow_up", "program": "careful", "is_on": "1", "hours": "0", "role": "sales"}
    response = client.post("/console/stuck/rules/", form | {"manager_role": "growth"})
    assert "Within hours: write a whole number from 1 to 2,160." in response.content.decode()
    for given in ("-3", "1.5", "many"):
        response = client.post("/console/stuck/rules/", form | {"hours": given})
        assert "Within hours: write a whole number from 1 to 2,160." in response.content.decode()
        assert f'value="{given}"' in response.content.decode()
        client.get("/console/?lang=zh-hans")
        response = client.post("/console/stuck/rules/", form | {"hours": given})
        assert "请填写 1 至 2,160 的整数。" in response.content.decode()
        client.get("/console/?lang=en")
    assert rule(FollowUp, "careful") == FollowUp()
    client.post("/console/stuck/rules/", form | {"hours": "3", "manager_role": "growth"})
    assert rule(FollowUp, "careful") == FollowUp(is_on=True, hours=3)
    assert rule(FollowUp, "spring") == FollowUp()
    page = read(client, "/console/stuck/rules/?program=careful")
    assert "Reached what the product is for" in page
    asking = {
        "kind": "ask", "program": "careful", "is_on": "1", "moments": "product", "day": "",
        "product_event": "Course Completed", "good_score": "9", "every_days": "180",
        "most_a_year": "2", "hours": "72", "role": "sales", "high_spend": "0",
    }  # fmt: skip
    response = client.post("/console/stuck/rules/", asking | {"product_event": ""})
    assert "name the event" in response.content.decode()
    client.post("/console/stuck/rules/", asking)
    kept = rule(Ask, "careful")
    assert (kept.moments, kept.product_event) == (("product",), "Course Completed")


def test_thanks_are_turned_on_with_the_other_rules(shop: Shop, staff: Staff) -> None:
    client, address = staff("growth"), "/console/stuck/rules/"
    assert "Thanking advocates" in read(client, address)
    form = {"kind": "thanks", "program": "careful", "is_on": "1", "hours": "48", "role": "sales"}
    refused = client.post(address, form | {"rewards": "0"})
    assert "write a whole number from 1 to 1,000." in refused.content.decode()
    assert rule(Thanks, "careful") == Thanks()
    assert client.post(address, form | {"rewards": "3"}).status_code == 302
    assert rule(Thanks, "careful") == Thanks(is_on=True, rewards=3, hours=48, role="sales")
    assert rule(Thanks, "spring") == Thanks()


def test_sources_are_kept_asked_and_taken_off(shop: Shop, staff: Staff) -> None:
    client = staff("sales")
    form = {"name": "Prof. Gu", "what": "leader", "relation": "5", "note": "chairs the guild"}
    response = client.post("/console/sources/", form | {"relation": "6"})
    assert "Write a relation from 1 to 5." in response.content.decode()
    client.post("/console/sources/", form)
    page = read(client, "/console/sources/")
    assert "Prof. Gu" in page
    assert "never" in page
    [row] = sources.sources()
    client.post(f"/console/sources/{row.number}", {"do": "asked"})
    assert sources.sources()[0].asked_at is not None
    client.post(f"/console/sources/{row.number}", {"do": "take_off"})
    assert sources.sources() == []


def test_stuck_referrals_stand_by_level(shop: Shop, staff: Staff) -> None:
    watching.look(clock.now(), Event())
    watching.look(clock.now() + timedelta(days=20), Event())
    client = staff("support")
    page = read(client, "/console/stuck/")
    assert "1 · reminded automatically (3)" in page
    assert "no message reached the friend" not in page
    [unlucky, *_] = read_tasks(kinds=["stuck"])
    tasks.unreached(unlucky.number, now=clock.now())
    assert read(client, "/console/stuck/").count("1 · no message reached the friend") == 1
    assert "No message reached the friend by any way" in read(
        client, f"/console/tasks/{unlucky.number}/"
    )
    chinese = client.get("/console/stuck/", headers={"accept-language": "zh-hans"})
    assert chinese.content.decode().count("1 · 消息未能送达好友") == 1
    # Seven friends joined; nobody was lost.
    assert "0.0 %" in page
    assert "0 of 7 who joined" in page
    set_rule("user:1", "careful", FollowUp(is_on=True), now=clock.now())
    assert "First contact" in page


def test_menu_counts_what_waits(shop: Shop, staff: Staff) -> None:
    payees.set_payee(
        "customer", "ann", method="alipay", given={"holder": "安", "account": "13812345678"},
        now=clock.now(),
    )  # fmt: skip
    page = read(staff("admin"), "/console/held/")
    assert page.count("Held decisions") >= 2
    assert "verify" in read(staff("admin"), "/console/payouts/accounts/")
    assert ruling.MOST == 1000
