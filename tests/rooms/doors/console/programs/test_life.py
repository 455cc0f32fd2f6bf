"""From a draft to publication by two second persons; cuts with notice; who may do what."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from banyan.core.events import clock
from banyan.core.people.read import customer
from banyan.core.programs import drafts
from banyan.core.programs.acts import save_draft
from banyan.core.programs.models import Version
from banyan.core.programs.read import program, version
from banyan.doors.console.programs.review import ACTS
from banyan.insight.segments import acts as segments
from banyan.insight.segments.rules import Condition, Group, Rules
from banyan.pipeline.approving import read, reviews
from banyan.trust.audit.read import entries
from banyan.trust.staff.rights import ROLES
from tests.installation import Installation
from tests.rooms.doors.console.conftest import Staff
from tests.rooms.doors.console.pages import said
from tests.rooms.pipeline.line import PROGRAM, Line

SECOND = PROGRAM.replace("version: 1", "version: 2")
RAISED = SECOND.replace("20.00", "25.00")
CUT = SECOND.replace("20.00", "15.00").replace("within: 60d", "within: 30d")
PAGE = "/console/programs/p/spring/"


def draft(source: str) -> None:
    save_draft("user:999", source, now=clock.now())


def act(client: Client, verb: str, **fields: object) -> Any:
    return client.post(f"{PAGE}life/{verb}/", fields)


def asked(growth: Client, number: int = 2) -> int:
    """Lay a version before legal and finance; the review's number."""
    reply = growth.post(f"{PAGE}life/submit/", {"number": number, f"note_{number}": "For spring."})
    assert reply.status_code == 302, reply.content.decode()
    return read.reviews("spring")[0].id


def approved(staff: Staff, review: int) -> None:
    for side in ("legal", "finance"):
        reply = staff(side).post(
            f"{PAGE}life/judge-{side}/", {"review": review, "verdict": "approve"}
        )
        assert reply.status_code == 302, reply.content.decode()


@pytest.fixture
def line(installation: Installation) -> Line:
    """A running program."""
    made = Line()
    made.now = clock.now()
    made.publish()
    return made


def test_two_persons_and_a_raise_that_begins_at_once(line: Line, staff: Staff) -> None:
    draft(RAISED)
    growth = staff("growth")
    review = asked(growth)
    before = growth.get(f"{PAGE}review/")
    assert "The reward “thanks” is raised: $25.00 in cash. Until now: $20.00 in cash." in said(
        before
    )
    early = growth.post(f"{PAGE}life/publish/", {"review": review})
    assert early.status_code == 409
    assert "Legal and finance must both agree" in said(early)
    approved(staff, review)
    assert growth.post(f"{PAGE}life/publish/", {"review": review}).status_code == 302
    row = version("spring", 2)
    assert row is not None
    assert row.status == "published"
    found = read.review(review)
    assert found is not None
    assert (found.status, found.cuts) == ("published", ())
    verbs = [one.verb for one in entries(limit=50) if one.about == "program:spring"]
    assert sorted(verbs) == [
        "program.published",
        "program.review_approved",
        "program.review_approved",
        "program.review_asked",
    ]


def test_nobody_judges_their_own_text_or_for_both_sides(line: Line, staff: Staff) -> None:
    draft(RAISED)
    boss, other = (
        staff("admin", email="boss@example.com"),
        staff("admin", email="other@example.com"),
    )
    review = asked(boss)
    own = boss.post(f"{PAGE}life/judge-legal/", {"review": review, "verdict": "approve"})
    assert own.status_code == 409
    assert "You wrote this text" in said(own)
    assert (
        other.post(f"{PAGE}life/judge-legal/", {"review": review, "verdict": "approve"}).status_code
        == 302
    )
    both = other.post(f"{PAGE}life/judge-finance/", {"review": review, "verdict": "approve"})
    assert both.status_code == 409
    assert "this side needs a second person" in said(both)
    found = read.review(review)
    assert found is not None
    assert [one.side for one in found.verdicts] == ["legal"]


def test_a_return_needs_remarks_and_makes_it_a_draft_again(line: Line, staff: Staff) -> None:
    draft(RAISED)
    growth, legal = staff("growth"), staff("legal")
    review = asked(growth)
    mute = legal.post(f"{PAGE}life/judge-legal/", {"review": review, "verdict": "return"})
    assert mute.status_code == 409
    told = {"review": review, "verdict": "return", f"remarks_legal_{review}": "Name the end."}
    assert legal.post(f"{PAGE}life/judge-legal/", told).status_code == 302
    page = said(growth.get(f"{PAGE}review/"))
    assert "returned with remarks" in page
    assert "Name the end." in page
    assert asked(growth) > review


def test_a_changed_text_voids_its_approvals(line: Line, staff: Staff) -> None:
    draft(RAISED)
    growth = staff("growth")
    review = asked(growth)
    approved(staff, review)
    draft(RAISED + "# one letter\n")
    assert "its approvals no longer count" in said(growth.get(f"{PAGE}review/"))
    reply = growth.post(f"{PAGE}life/publish/", {"review": review})
    assert reply.status_code == 409
    row = version("spring", 2)
    assert row is not None
    assert row.status == "draft"
    again = asked(growth)
    old, new = read.review(review), read.review(again)
    assert old is not None
    assert new is not None
    assert (old.status, new.status, new.verdicts) == ("void", "open", ())


def test_a_cut_needs_notice_and_words_for_customers(line: Line, staff: Staff) -> None:
    draft(CUT)
    growth = staff("growth")
    review = asked(growth)
    approved(staff, review)
    soon = growth.post(f"{PAGE}life/publish/", {"review": review, "notice_2": "Less from May."})
    assert soon.status_code == 409
    page = said(soon)
    assert "may begin 14 days from now at the earliest" in page
    assert "The reward “thanks” is lowered: $15.00 in cash. Until now: $20.00 in cash." in page
    assert (
        "The time for the milestone “bought” is less favourable: 30 days instead of 60 days."
        in page
    )
    assert "Less from May." in page
    start = (clock.now() + timedelta(days=14, minutes=5)).strftime("%Y-%m-%dT%H:%M")
    mute = growth.post(f"{PAGE}life/publish/", {"review": review, "starts_at_2": start})
    assert mute.status_code == 409
    assert "Write what customers are told" in said(mute)
    told = {"review": review, "starts_at_2": start, "notice_2": "Less from May."}
    assert growth.post(f"{PAGE}life/publish/", told).status_code == 302
    row, found = version("spring", 2), read.review(review)
    assert row is not None
    assert found is not None
    assert (row.status, found.notice, len(found.cuts)) == ("published", "Less from May.", 2)
    assert row.starts_at is not None
    assert row.starts_at > clock.now() + timedelta(days=13)


def test_legal_sets_the_notice(line: Line, staff: Staff) -> None:
    legal = staff("legal")
    assert act(legal, "notice-days", notice_days=0).status_code == 302
    assert act(legal, "notice-days", notice_days=366).status_code == 409
    assert act(legal, "notice-days", notice_days="many").status_code == 409
    assert read.notice_days("spring") == 0
    draft(CUT)
    growth = staff("growth")
    review = asked(growth)
    approved(staff, review)
    told = {"review": review, "notice_2": "Less from today."}
    assert growth.post(f"{PAGE}life/publish/", told).status_code == 302


def test_pause_resume_stop_and_restart(line: Line, staff: Staff) -> None:
    growth, legal = staff("growth"), staff("legal")

    def status() -> str:
        row = program("spring")
        assert row is not None
        return row.status

    assert growth.post(f"{PAGE}life/pause/", {"reason": "No stock."}).status_code == 302
    assert status() == "paused"
    assert growth.post(f"{PAGE}life/resume/").status_code == 302
    words = {"stop_reason": "An order.", "stop_notice": "It rests."}
    assert "Stop at once…" in said(legal.get(PAGE))
    assert "Stop at once…" not in said(growth.get(PAGE))
    assert legal.post(f"{PAGE}life/stop/", words).status_code == 302
    assert status() == "paused"
    assert "Stop at once…" not in said(legal.get(PAGE))
    assert "Whoever publishes programs says here what was mended" in said(
        legal.get(f"{PAGE}review/")
    )
    assert growth.post(f"{PAGE}life/resume/").status_code == 409
    assert growth.post(f"{PAGE}life/ask-restart/", {"restart_why": "Mended."}).status_code == 302
    assert "Approve: let it go on" in said(legal.get(f"{PAGE}review/"))
    assert legal.post(f"{PAGE}life/restart/").status_code == 302
    assert status() == "live"
    assert growth.post(f"{PAGE}life/close/").status_code == 302
    assert status() == "closed"


def test_legal_looks_again_each_quarter(line: Line, staff: Staff) -> None:
    legal = staff("legal")
    (due,) = read.legal_due()
    assert due.last_at is None
    assert due.due_at <= clock.now()
    assert legal.post(f"{PAGE}life/check/", {"verdict": "return"}).status_code == 409
    told = {"verdict": "return", "check_remarks": "The texts say “best”."}
    assert legal.post(f"{PAGE}life/check/", told).status_code == 302
    assert legal.post(f"{PAGE}life/check/", {"verdict": "approve"}).status_code == 302
    (due,) = read.legal_due()
    assert due.was_approved
    assert due.due_at - read.QUARTER == due.last_at
    assert [one.is_approved for one in read.checks("spring")] == [True, False]
    assert "The texts say “best”." in said(legal.get(f"{PAGE}review/"))


def test_a_pilot_is_for_a_segment(line: Line, staff: Staff) -> None:
    growth = staff("growth")
    draft(RAISED)
    line.say("identify", "eva", traits={"tags": ["east"]})
    line.say("identify", "wim", traits={"tags": ["west"]})
    line.work()
    east = Rules("all", (Group("all", (Condition("tag", "has", "east"),)),))
    segments.make("user:1", "east", name="In the east", rules=east, now=clock.now())
    page = growth.get(f"{PAGE}review/").content.decode()
    assert '<option value="east">In the east (1)</option>' in page
    wanted = {"number": 2, "pilot_tag": "trial", "pilot_segment": "east", "pilot_targets": "30"}
    assert growth.post(f"{PAGE}life/pilot/", wanted).status_code == 302
    line.work()
    tags = {}
    for user_id in ("eva", "wim"):
        row = customer(user_id)
        assert row is not None
        tags[user_id] = row.traits["tags"]
    assert tags == {"eva": ["east", "trial"], "wim": ["west"]}


def test_a_pilot_is_for_customers_with_a_tag_and_then_for_everybody(
    line: Line, staff: Staff
) -> None:
    growth = staff("growth")
    draft(RAISED)
    wrong = growth.post(f"{PAGE}life/pilot/", {"number": 2, "pilot_tag": "Pilot!"})
    assert wrong.status_code == 409
    line.say("identify", "ann", traits={"tags": ["vip"]})
    wanted = {"number": 2, "pilot_tag": "trial", "pilot_customers": "ann\n", "pilot_targets": "30"}
    assert growth.post(f"{PAGE}life/pilot/", wanted).status_code == 302
    row = version("spring", 2)
    assert row is not None
    assert row.terms.advocates.where == "tags LIKE '%,trial,%'"
    review = asked(growth)
    approved(staff, review)
    told = {
        "review": review,
        "starts_at_2": (clock.now() + timedelta(days=15)).isoformat(),
        "notice_2": "A trial.",
    }
    assert growth.post(f"{PAGE}life/publish/", told).status_code == 302
    pilot = read.pilots("spring")[0].id
    assert (
        growth.post(
            f"{PAGE}life/pilot-note/", {"pilot": pilot, "suggestion": "Shorter."}
        ).status_code
        == 302
    )
    assert growth.post(f"{PAGE}life/pilot-promote/", {"pilot": pilot}).status_code == 302
    whole = version("spring", 3)
    assert whole is not None
    assert whole.status == "draft"
    assert whole.terms.advocates.where == "TRUE"
    assert whole.terms.rewards == row.terms.rewards
    assert "Shorter." in said(growth.get(f"{PAGE}review/"))
    from banyan.pipeline.approving.pilots import _tags

    assert _tags("ann") == ["vip", "trial"]


def test_the_queue_shows_what_waits_for_whom(line: Line, staff: Staff) -> None:
    draft(RAISED)
    asked(staff("growth"))
    assert "waits for you" in said(staff("finance").get("/console/approvals/"))
    assert "waits for others" in said(staff("growth").get("/console/approvals/"))
    assert "Nothing waits" not in said(staff("analyst").get("/console/approvals/"))


@pytest.mark.parametrize("role", ROLES)
def test_each_act_asks_for_its_right(line: Line, staff: Staff, role: str) -> None:
    client = staff(role)
    for verb, one in ACTS.items():
        may = one.right in ROLES[role].split()
        status = client.post(
            f"{PAGE}life/{verb}/", {"number": "x", "review": "x", "pilot": "x"}
        ).status_code
        # What is allowed fails for want of fields, or does its work.
        assert (status == 403) == (not may), (role, verb, status)
    assert client.post(f"{PAGE}life/dance/").status_code == 404
    assert client.post("/console/programs/p/autumn/life/pause/").status_code == 404
    assert client.get(f"{PAGE}life/pause/").status_code == 405


PAGES: tuple[str, ...] = ("review/", "versions/", "compare/", "bench/")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_opens_for_readers_and_no_other(
    line: Line, staff: Staff, language: str, client_without_rights: Callable[[], Client]
) -> None:
    draft(CUT)
    reader = staff("support")
    for page in PAGES:
        reply = reader.get(f"{PAGE}{page}", HTTP_ACCEPT_LANGUAGE=language)
        assert reply.status_code == 200, page
        assert client_without_rights().get(f"{PAGE}{page}").status_code in (302, 403)
    assert reader.post(f"{PAGE}compare/ask/").status_code == 403


@pytest.fixture
def client_without_rights(installation: Installation) -> Callable[[], Client]:
    """Somebody who is not signed in."""
    return lambda: Client(HTTP_HOST="localhost")


def test_the_list_of_versions_says_who_published_how(line: Line, staff: Staff) -> None:
    draft(RAISED)
    growth = staff("growth")
    review = asked(growth)
    approved(staff, review)
    growth.post(f"{PAGE}life/publish/", {"review": review})
    page = said(growth.get(f"{PAGE}versions/?a=1&b=2"))
    assert "tester, without a review" in page
    assert "growth, after legal and finance agreed" in page
    assert "From version 1 to version 2" in page
    assert "$25.00 in cash" in page
    assert "- {to: advocate, on: bought, give: cash, amount: 20.00" in page.replace(
        "-     {", "- {"
    )
    assert reviews.latest("spring", 2) is not None


def test_reviewers_of_a_first_version_see_what_it_gives(
    installation: Installation, staff: Staff
) -> None:
    draft(PROGRAM)
    growth = staff("growth")
    asked(growth, 1)
    text = said(staff("finance").get(f"{PAGE}review/"))
    assert "The friend gets 100 points after joining" in text
    assert "The advocate gets $20 in cash for each friend" in text
    assert "Read it in words" in text
    # It was not built in the console, so it has no steps that could be unfinished.
    assert "Steps that still lack something" not in text


def test_publication_asks_first_and_says_that_the_worker_has_it(line: Line, staff: Staff) -> None:
    draft(RAISED)
    growth = staff("growth")
    review = asked(growth)
    assert "Publish version 2?" not in said(growth.get(f"{PAGE}review/"))
    approved(staff, review)
    page = growth.get(f"{PAGE}review/").content.decode()
    assert 'data-confirm="publish-2"' in page
    assert 'form="publish-form-2"' in page
    Version.objects.filter(number=2).update(status="ordered")
    text = said(growth.get(f"{PAGE}review/"))
    assert "Version 2 is being published" in text
    assert "No draft waits" not in text


def test_a_draft_of_a_published_version_says_so_and_is_no_work_left(
    line: Line, staff: Staff
) -> None:
    growth = staff("growth")
    row = drafts.start("user:1", PROGRAM, origin="blank", now=clock.now())
    other = drafts.start("user:1", SECOND, origin="blank", now=clock.now())
    overview = growth.get(PAGE).content.decode()
    assert f"/drafts/{other.id}/" in overview
    assert f"/drafts/{row.id}/" not in overview
    past = growth.get(f"/console/programs/drafts/{row.id}/").content.decode()
    assert "Version 1 is published and never changes again." in past
    assert "Check and hand over" not in past
    assert (
        "Check and hand over"
        in growth.get(f"/console/programs/drafts/{other.id}/").content.decode()
    )
