"""The checklist of a program: who may do what, what is shown before publication."""

from __future__ import annotations

import pytest
from django.test import Client

from banyan.core.events import clock
from banyan.core.programs.acts import save_draft
from banyan.growth.planning.preparations import preparations
from banyan.trust.audit.read import entries
from banyan.trust.staff.read import by_email
from tests.installation import Installation
from tests.rooms.doors.console.conftest import Staff
from tests.rooms.doors.console.pages import said
from tests.rooms.pipeline.line import PROGRAM

PAGE = "/console/programs/p/spring/"
LIST = f"{PAGE}checklist/"
TYPED = {"department": "Shops", "text": "Train the shops.", "owner": "", "due_on": ""}


@pytest.fixture
def growth(installation: Installation, staff: Staff) -> Client:
    """Somebody of growth, and a program that waits for its first publication."""
    save_draft("user:999", PROGRAM, now=clock.now())
    return staff("growth")


def test_a_list_is_begun_worked_on_and_named_before_publication(
    growth: Client, staff: Staff
) -> None:
    assert "Nothing is on the list yet" in said(growth.get(LIST))
    assert "Open on the checklist" not in said(growth.get(PAGE))
    assert growth.post(f"{LIST}begin/").status_code == 302
    support = staff("support")
    me = by_email("support@example.com")
    assert me is not None
    assert (
        growth.post(f"{LIST}add/", TYPED | {"owner": me.actor, "due_on": "2020-01-31"}).status_code
        == 302
    )
    [shops] = [one for one in preparations("spring") if one.department == "Shops"]
    page = said(growth.get(LIST))
    assert "0 of 12 items are done." in page
    assert (
        f"late Train the shops. Mark as done Train the shops. Owner: {me.name} · Due: 2020-01-31"
        in page
    )
    for where in (PAGE, f"{PAGE}review/"):
        shown = said(growth.get(where))
        assert "Open on the checklist 12" in shown
        assert f"Shops Train the shops. {me.name} · 2020-01-31 late" in shown
    draft = growth.post("/console/programs/begin/", {"version": "spring"})
    assert "Open on the checklist 12" in said(growth.get(f"{draft.headers['Location']}check/"))
    # Whoever reads programs may say that it is done, and open it again.
    assert support.post(f"{LIST}tick/", {"item": shops.id, "done": "yes"}).status_code == 302
    assert "1 of 12 items are done." in said(support.get(LIST))
    assert f"Done by {me.name}, " in said(support.get(LIST))
    assert "Open on the checklist 11" in said(growth.get(f"{PAGE}review/"))
    assert support.post(f"{LIST}tick/", {"item": shops.id, "done": "no"}).status_code == 302
    assert (
        growth.post(f"{LIST}change/", TYPED | {"item": shops.id, "text": "Visit them."}).status_code
        == 302
    )
    assert growth.post(f"{LIST}remove/", {"item": shops.id}).status_code == 302
    assert len(preparations("spring")) == 11
    found = [one for one in entries(limit=20) if one.verb.startswith("preparation.")]
    assert [one.verb for one in found] == [
        "preparation.removed",
        "preparation.changed",
        "preparation.reopened",
        "preparation.done",
        "preparation.added",
        "preparation.begun",
    ]
    assert found[1].before == {
        "item": shops.id,
        "department": "Shops",
        "owner": me.actor,
        "due_on": "2020-01-31",
        "is_done": False,
    }
    assert "Train the shops" not in str([(one.before, one.after) for one in found])


def test_who_may_not_edit_and_what_is_wrong(growth: Client, staff: Staff) -> None:
    support = staff("support")
    for verb in ("begin", "add", "change", "remove"):
        assert support.post(f"{LIST}{verb}/", TYPED).status_code == 403
    assert growth.post(f"{LIST}fly/").status_code == 404
    assert growth.post(f"{LIST}tick/", {"item": "x"}).status_code == 404
    assert growth.get(f"{LIST}add/").status_code == 405
    for wrong, words in (
        ({"due_on": "31.1.2026"}, "31.1.2026 is no day"),
        ({"owner": "user:999"}, "Choose who does it from the list."),
        ({"department": ""}, "Name the department"),
        ({"text": " "}, "Say what is to do"),
    ):
        reply = growth.post(f"{LIST}add/", TYPED | wrong)
        assert reply.status_code == 422
        assert words in said(reply)
        assert 'value="Train the shops."' in reply.content.decode() or "text" in wrong
    assert preparations("spring") == []
    gone = growth.post(f"{LIST}remove/", {"item": 7})
    assert gone.status_code == 422
    assert "This is not on the list any more." in said(gone)


def test_the_list_is_read_in_chinese(growth: Client) -> None:
    growth.post(f"{LIST}begin/")
    page = said(growth.get(LIST, headers={"accept-language": "zh-hans"}))
    assert "共 11 项，已完成 0 项。" in page
    assert "打款账户已开立并存入资金；奖励的税务处理已明确。" in page
    review = said(growth.get(f"{PAGE}review/", headers={"accept-language": "zh-hans"}))
    assert "法务 法务已批准条款、数据告知和邀请文案。" in review
