"""From a draft to publication by two second persons; cuts with notice; who may do what."""

import re
from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.test import Client

from banyan.core.events import clock
from banyan.core.people.read import customer
from banyan.core.programs import drafts
from banyan.core.programs.acts import make_link, save_draft
from banyan.core.programs.force import running_one
from banyan.core.programs.models import Version
from banyan.core.programs.read import program, version, versions
from banyan.core.referrals.read import referrals_of
from banyan.doors.console.programs import review_queue
from banyan.doors.console.programs.review import ACTS
from banyan.engine.language import Program
from banyan.growth.journeys.acts import notify
from banyan.growth.journeys.models import Notice
from banyan.insight.segments import acts as segments
from banyan.insight.segments.rules import Condition, Group, Rules
from banyan.pipeline.approving import read, reviews
from banyan.pipeline.approving.telling import tell
from banyan.trust.audit.read import entries
from banyan.trust.staff.read import members
from banyan.trust.staff.rights import ROLES
from tests.installation import Installation
from tests.rooms.doors.console.conftest import Staff
from tests.rooms.doors.console.pages import said
from tests.rooms.pipeline.line import PROGRAM, Line

SECOND = PROGRAM.replace("version: 1", "version: 2")
RAISED = SECOND.replace("20.00", "25.00")
CUT = SECOND.replace("20.00", "15.00").replace("within: 60d", "within: 30d")
PROGRAM_TERMS = Program.parse(PROGRAM, "spring.yaml")
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
    again = growth.post(f"{PAGE}life/publish/", {"review": review})
    assert again.status_code == 409
    assert "Version 2 is published already." in said(again)
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


FRESH = PROGRAM.replace("program: spring", "program: fresh")
FRESH_PAGE = "/console/programs/p/fresh/"


def test_a_pilot_shuts_nobody_out_of_a_running_program(line: Line, staff: Staff) -> None:
    growth = staff("growth")
    draft(RAISED)
    line.say("identify", "eva", traits={"tags": ["east"]})
    line.work()
    wanted = {"number": 2, "pilot_tag": "trial", "pilot_customers": "eva", "pilot_targets": "30"}
    reply = growth.post(f"{PAGE}life/pilot/", wanted)
    assert reply.status_code == 409
    assert (
        "Version 1 is for everybody, and one version counts at a time: this pilot would shut out "
        "everybody who is not in it." in said(reply)
    )
    page = reply.content.decode()
    assert ("<details open>" in page, ">eva</textarea>" in page) == (True, True)
    line.work()
    row, eva = version("spring", 2), customer("eva")
    assert row is not None
    assert eva is not None
    assert row.terms.advocates.where == "TRUE"
    assert eva.traits["tags"] == ["east"]
    assert read.pilots("spring") == []
    draft(FRESH)
    begun = growth.post(f"{FRESH_PAGE}life/pilot/", wanted | {"number": 1})
    assert begun.status_code == 302
    assert [(one.number, one.tag) for one in read.pilots("fresh")] == [(1, "trial")]


def test_a_second_pilot_may_follow_a_running_one(line: Line, staff: Staff) -> None:
    growth = staff("growth")
    draft(FRESH)
    wanted = {"number": 1, "pilot_tag": "trial", "pilot_customers": "eva"}
    assert growth.post(f"{FRESH_PAGE}life/pilot/", wanted).status_code == 302
    first = version("fresh", 1)
    assert first is not None
    line.publish(first.source)
    draft(FRESH.replace("version: 1", "version: 2").replace("20.00", "25.00"))
    assert growth.post(f"{FRESH_PAGE}life/pilot/", wanted | {"number": 2}).status_code == 302
    assert [one.number for one in read.pilots("fresh")] == [2, 1]


def test_a_pilot_is_for_a_segment(line: Line, staff: Staff) -> None:
    growth = staff("growth")
    draft(FRESH)
    line.say("identify", "eva", traits={"tags": ["east"]})
    line.say("identify", "wim", traits={"tags": ["west"]})
    line.work()
    east = Rules("all", (Group("all", (Condition("tag", "has", "east"),)),))
    segments.make("user:1", "east", name="In the east", rules=east, now=clock.now())
    page = growth.get(f"{FRESH_PAGE}review/").content.decode()
    assert '<option value="east">In the east (1)</option>' in page
    wanted = {"number": 1, "pilot_tag": "trial", "pilot_segment": "east", "pilot_targets": "30"}
    assert growth.post(f"{FRESH_PAGE}life/pilot/", wanted).status_code == 302
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
    draft(FRESH)
    wrong = growth.post(f"{FRESH_PAGE}life/pilot/", {"number": 1, "pilot_tag": "Pilot!"})
    assert wrong.status_code == 409
    line.say("identify", "ann", traits={"tags": ["vip"]})
    wanted = {"number": 1, "pilot_tag": "trial", "pilot_customers": "ann\n", "pilot_targets": "30"}
    assert growth.post(f"{FRESH_PAGE}life/pilot/", wanted).status_code == 302
    row = version("fresh", 1)
    assert row is not None
    assert row.terms.advocates.where == "tags LIKE '%,trial,%'"
    line.publish(row.source)
    line.say("Referral Link Created", "ann", code="ANN", program="fresh")
    line.say("Referral Link Created", "bob", code="BOB", program="fresh")
    line.say("Signed Up", "cid", referral_code="ANN")
    line.say("Signed Up", "dan", referral_code="BOB")
    line.work()
    found = [(one.advocate, one.friend, one.version) for one in referrals_of(["cid", "dan"])]
    assert found == [("ann", "cid", 1)]
    pilot = read.pilots("fresh")[0].id
    noted = growth.post(f"{FRESH_PAGE}life/pilot-note/", {"pilot": pilot, "suggestion": "Shorter."})
    assert noted.status_code == 302
    assert growth.post(f"{FRESH_PAGE}life/pilot-promote/", {"pilot": pilot}).status_code == 302
    whole = version("fresh", 2)
    assert whole is not None
    assert whole.status == "draft"
    assert whole.terms.advocates.where == "TRUE"
    assert whole.terms.rewards == row.terms.rewards
    page = said(growth.get(f"{FRESH_PAGE}review/"))
    assert "Shorter." in page
    assert "Who may refer: the condition falls away." in page
    from banyan.pipeline.approving.pilots import _tags

    assert _tags("ann") == ["vip", "trial"]


def test_an_announced_cut_is_seen_and_withdrawn(line: Line, staff: Staff) -> None:
    draft(CUT)
    growth, start = staff("growth"), clock.now() + timedelta(days=14, minutes=5)
    review = asked(growth)
    approved(staff, review)
    when = start.strftime("%Y-%m-%dT%H:%M")
    told = {"review": review, "starts_at_2": when, "notice_2": "Less from May."}
    reply = growth.post(f"{PAGE}life/publish/", told, follow=True)
    shown = when.replace("T", " ")
    page = said(reply)
    assert f"Version 2 is published and comes into force on {shown}." in page
    assert f"Version 2 comes into force on {shown}. Until then it can be withdrawn" in page
    assert "Withdraw version 2" in page
    page = said(growth.get(f"{PAGE}versions/"))
    assert ("took its place" in page, "announced" in page) == (False, True)
    assert "Withdraw version 2" not in said(staff("legal").get(f"{PAGE}review/"))
    assert act(staff("legal"), "withdraw-announced", number=2).status_code == 403
    assert act(growth, "withdraw-announced", number=1).status_code == 409
    for _click in range(2):
        assert act(growth, "withdraw-announced", number=2).status_code == 302
    assert [(one.number, one.status) for one in versions("spring")] == [
        (3, "draft"),
        (2, "published"),
        (1, "published"),
    ]
    page = said(growth.get(f"{PAGE}review/"))
    assert (
        f"If it begins no later than {shown}, it takes the place of version 2, which is announced "
        "for then: that one never comes into force." in page
    )
    review = asked(growth, number=3)
    approved(staff, review)
    mute = growth.post(f"{PAGE}life/publish/", {"review": review})
    assert mute.status_code == 409
    assert "they know of a version that now never comes into force" in said(mute)
    told = {"review": review, "notice_3": "It stays at 20 dollars."}
    page = said(growth.post(f"{PAGE}life/publish/", told, follow=True))
    assert "Version 3 is published." in page
    assert "Withdraw version" not in page
    page = said(growth.get(f"{PAGE}versions/"))
    assert ("never: version 3 took its place" in page, "announced" in page) == (True, False)
    running = running_one("spring", start + timedelta(days=1))
    assert running is not None
    assert (running.version.number, running.terms.rewards["thanks"].amount) == (
        3,
        PROGRAM_TERMS.rewards["thanks"].amount,
    )


def test_an_announced_version_is_put_off(line: Line, staff: Staff) -> None:
    start, end = (clock.now().replace(microsecond=0) + timedelta(days=days) for days in (20, 30))
    line.publish(RAISED, starts_at=start)
    draft(f"{PROGRAM.replace('version: 1', 'version: 3')}runs: {{until: {end.isoformat()}}}\n")
    growth = staff("growth")
    at, later = (f"{one:%Y-%m-%d %H:%M}" for one in (start, end))
    assert (
        f"If it begins no later than {at}, it takes the place of version 2, which is announced for "
        f"then, until {later}: only from then on that one is in force."
        in said(growth.get(f"{PAGE}review/"))
    )
    source = versions("spring")[0].source
    line.publish(source)
    assert f"Version 2 comes into force on {later}." in said(growth.get(f"{PAGE}review/"))
    page = said(growth.get(f"{PAGE}versions/"))
    assert f"{later}; until then version 3 takes its place" in page


def test_who_approves_a_restart_reads_that_customers_are_told(line: Line, staff: Staff) -> None:
    growth, legal = staff("growth"), staff("legal")
    hint = "Whoever was told of the stop is then told, once, that the program goes on."
    stop = {"stop_reason": "Wording.", "stop_notice": "It rests."}
    assert legal.post(f"{PAGE}life/stop/", stop).status_code == 302
    assert hint not in said(legal.get(f"{PAGE}review/"))
    assert act(growth, "ask-restart", restart_why="Mended.").status_code == 302
    assert hint in said(legal.get(f"{PAGE}review/"))
    chinese = said(legal.get(f"{PAGE}review/", headers={"accept-language": "zh-hans"}))
    assert "收到过停止通知的客户届时会收到一次恢复通知。" in chinese


def test_what_a_stop_publishes_again_is_still_what_customers_were_told_of(
    line: Line, staff: Staff
) -> None:
    draft(CUT)
    growth, legal = staff("growth"), staff("legal")
    review = asked(growth)
    approved(staff, review)
    when = (clock.now() + timedelta(days=14, minutes=5)).strftime("%Y-%m-%dT%H:%M")
    told = {"review": review, "starts_at_2": when, "notice_2": "Less from May."}
    assert growth.post(f"{PAGE}life/publish/", told).status_code == 302
    assert act(legal, "stop", stop_reason="Wording.", stop_notice="It rests.").status_code == 302
    assert act(growth, "ask-restart", restart_why="Mended.").status_code == 302
    assert act(legal, "restart").status_code == 302
    page = said(growth.get(f"{PAGE}review/"))
    assert ("Withdraw version 4" in page, "Withdraw version 2" in page) == (True, False)
    assert act(growth, "withdraw-announced", number=4).status_code == 302
    review = asked(growth, number=5)
    approved(staff, review)
    mute = growth.post(f"{PAGE}life/publish/", {"review": review})
    assert mute.status_code == 409
    assert "they know of a version that now never comes into force" in said(mute)


def test_what_was_cut_is_told_in_the_readers_language(line: Line, staff: Staff) -> None:
    draft(CUT)
    growth = staff("growth")
    review = asked(growth)
    approved(staff, review)
    when = (clock.now() + timedelta(days=14, minutes=5)).strftime("%Y-%m-%dT%H:%M")
    told = {"review": review, "starts_at_2": when, "notice_2": "Less from May."}
    assert growth.post(f"{PAGE}life/publish/", told).status_code == 302
    english = said(growth.get(f"{PAGE}review/"))
    assert "The reward “thanks” is lowered: $15.00 in cash. Until now: $20.00 in cash." in english
    growth.get("/console/?lang=zh-hans")
    chinese = said(growth.get(f"{PAGE}review/"))
    assert "is lowered" not in chinese
    assert "15.00" in chinese
    assert "Less from May." in chinese


def test_an_announced_raise_is_not_taken_back_without_notice(line: Line, staff: Staff) -> None:
    draft(RAISED)
    growth, start = staff("growth"), clock.now() + timedelta(days=5)
    review = asked(growth)
    approved(staff, review)
    when = start.strftime("%Y-%m-%dT%H:%M")
    told = {"review": review, "starts_at_2": when}
    assert growth.post(f"{PAGE}life/publish/", told).status_code == 302
    draft(PROGRAM.replace("version: 1", "version: 3"))
    review = asked(growth, number=3)
    approved(staff, review)
    words = {"review": review, "notice_3": "It stays at 20 dollars."}
    sneaked = growth.post(f"{PAGE}life/publish/", words)
    assert sneaked.status_code == 409
    page = said(sneaked)
    assert "gives less than what runs or is announced, so it may begin 14 days from now" in page
    assert "The reward “thanks” is lowered: $20.00 in cash. Until now: $25.00 in cash." in page
    row = version("spring", 3)
    assert row is not None
    assert row.status == "draft"
    late = (clock.now() + timedelta(days=14, minutes=5)).strftime("%Y-%m-%dT%H:%M")
    assert growth.post(f"{PAGE}life/publish/", words | {"starts_at_3": late}).status_code == 302
    at_raise, after = (
        running_one("spring", start + timedelta(days=1)),
        running_one("spring", start + timedelta(days=30)),
    )
    assert at_raise is not None
    assert after is not None
    assert (at_raise.version.number, after.version.number) == (2, 3)


def test_a_closed_program_gets_no_new_version(line: Line, staff: Staff) -> None:
    growth = staff("growth")
    assert "Begin version 2" in said(growth.get(PAGE))
    draft(RAISED)
    assert act(growth, "close", reason="Over.").status_code == 302
    page = said(growth.get(PAGE))
    assert "Begin version" not in page
    assert "Copy" in page
    reply = act(growth, "submit", number=2, note_2="For spring.")
    assert reply.status_code == 409
    assert ">For spring.</textarea>" in reply.content.decode()
    assert "This program is closed for good; copy it" in said(reply)
    assert read.reviews("spring") == []


def test_a_restart_that_waits_for_legal_is_counted(line: Line, staff: Staff) -> None:
    growth, legal = staff("growth"), staff("legal")
    stop = {"stop_reason": "Wording.", "stop_notice": "It rests."}
    assert legal.post(f"{PAGE}life/stop/", stop).status_code == 302
    assert "stopped by order" in said(growth.get(PAGE))
    assert "waits for you" not in said(legal.get("/console/approvals/"))
    assert act(growth, "ask-restart", restart_why="Mended.").status_code == 302
    assert "waits for you" in said(legal.get("/console/approvals/"))
    assert "waits for you" not in said(staff("finance").get("/console/approvals/"))
    assert "waits for you" not in said(growth.get("/console/approvals/"))
    assert act(legal, "restart").status_code == 302
    assert "waits for you" not in said(legal.get("/console/approvals/"))
    assert "stopped by order" not in said(growth.get(PAGE))


@pytest.mark.parametrize(
    ("language", "words"), [("en", "stopped by order"), ("zh-hans", "已被叫停")]
)
def test_the_list_and_the_calendar_say_what_the_programs_own_page_says(
    line: Line, staff: Staff, language: str, words: str
) -> None:
    growth, legal = staff("growth"), staff("legal")
    paused = {"en": "paused", "zh-hans": "已暂停"}[language]
    pages = ("/console/programs/", "/console/programs/calendar/", PAGE)

    def told(what: str) -> list[int]:
        """How often each page says so."""
        replies = [growth.get(one, headers={"accept-language": language}) for one in pages]
        badge = rf'class="c-badge[^>]*>{what}<'
        return [len(re.findall(badge, reply.content.decode())) for reply in replies]

    assert (told(paused), told(words)) == ([0, 0, 0], [0, 0, 0])
    assert act(growth, "pause", reason="Holidays.").status_code == 302
    assert (told(paused), told(words)) == ([1, 1, 1], [0, 0, 0])
    stop = {"stop_reason": "Wording.", "stop_notice": "It rests."}
    assert act(legal, "stop", **stop).status_code == 302
    # The stop published the same terms again: that is a line of the calendar more.
    assert (told(paused), told(words)) == ([0, 0, 0], [1, 2, 1])
    assert act(growth, "close", reason="Over.").status_code == 302
    assert told(words) == [0, 0, 0]


def test_how_many_a_notice_reached_stands_beside_it(line: Line, staff: Staff) -> None:
    people = {"ann": "reached", "ben": "unreached", "cid": "waits"}
    for name in people:
        line.say("Referral Link Created", name, code=name.upper(), program="spring")
        make_link("tester", program="spring", advocate=name, code=name.upper(), now=line.now)
    line.work()
    assert act(staff("legal"), "notice-days", notice_days=0).status_code == 302
    draft(CUT)
    growth, support = staff("growth"), staff("support")
    review = asked(growth)
    approved(staff, review)
    told = {"review": review, "notice_2": "Less from today."}
    assert growth.post(f"{PAGE}life/publish/", told).status_code == 302
    count = "Customers told: {} by a message; {} in their inbox alone, as no message could reach "
    count += "them; {} still waiting."
    assert count.format(0, 0, 0) in said(growth.get(f"{PAGE}review/"))
    tell(clock.now(), Event())
    assert count.format(0, 0, 3) in said(growth.get(f"{PAGE}review/"))
    # Another notice of the same kind is not counted with it.
    notify(
        "ann",
        "terms_changed",
        values={"notice": "More."},
        key="spring/version/20",
        program="spring",
        now=clock.now(),
    )
    mine = Notice.objects.filter(key__startswith="terms_changed/spring/version/2/")
    mine.filter(user_id="ann").update(status="sent")
    mine.filter(user_id="ben").update(status="suppressed", reason="no_channel")
    page = growth.get(f"{PAGE}review/")
    assert count.format(1, 1, 1) in said(page)
    chinese = said(growth.get(f"{PAGE}review/", headers={"accept-language": "zh-hans"}))
    assert "1 人已收到消息；1 人无法送达，仅在站内信中可见；1 人尚待发送。" in chinese
    link = 'href="/console/records/notices/?kind=terms_changed"'
    assert link in support.get(f"{PAGE}review/").content.decode()
    assert said(support.get("/console/records/notices/?kind=terms_changed")).count("ann") >= 1
    # Who may not see customers is told the numbers alone.
    finance = staff("finance").get(f"{PAGE}review/")
    assert count.format(1, 1, 1) in said(finance)
    assert (link in finance.content.decode()) == ("customers.read" in ROLES["finance"].split())


def test_what_is_closed_waits_for_nobody_to_let_it_go_on(line: Line, staff: Staff) -> None:
    growth, legal = staff("growth"), staff("legal")
    [me] = [one for one in members() if one.email == "legal@example.com"]

    def waits() -> tuple[bool, int, str]:
        """In the queue, in the menu, on the board."""
        queue = said(legal.get("/console/approvals/"))
        board = legal.get("/console/").content.decode()
        on_board = re.search(r"let go on</span>.*?<strong>(\d+)<", board, re.DOTALL)
        assert on_board is not None
        return "spring is stopped since" in queue, review_queue.restarts(me), on_board[1]

    assert waits() == (False, 0, "0")
    assert act(legal, "stop", stop_reason="Wording.", stop_notice="It rests.").status_code == 302
    assert waits() == (True, 0, "0")
    assert act(growth, "ask-restart", restart_why="Mended.").status_code == 302
    assert waits() == (True, 1, "1")
    assert "Approve: let it go on" in said(legal.get(f"{PAGE}review/"))
    assert "Ask to go on" in said(growth.get(f"{PAGE}review/"))
    assert act(growth, "close", reason="Over.").status_code == 302
    assert waits() == (False, 0, "0")
    page = said(legal.get(f"{PAGE}review/"))
    assert ("stopped by order" in page, "Stopped by order" in page) == (False, True)
    assert "Approve: let it go on" not in page
    assert "Ask to go on" not in said(growth.get(f"{PAGE}review/"))


def form_of(client: Client, number: int) -> str:
    """The form by which a version is published."""
    page = client.get(f"{PAGE}review/").content.decode()
    [form] = re.findall(rf'<form[^>]*id="publish-form-{number}".*?</form>', page, re.DOTALL)
    return str(form)


def announce(staff: Staff, source: str, *, days: int, **told: str) -> None:
    """Publish version 2 for so many days ahead."""
    draft(source)
    growth = staff("growth")
    review = asked(growth)
    approved(staff, review)
    when = (clock.now() + timedelta(days=days, minutes=5)).strftime("%Y-%m-%dT%H:%M")
    fields = {"review": review, "starts_at_2": when, **told}
    assert growth.post(f"{PAGE}life/publish/", fields).status_code == 302


def test_words_for_customers_are_forced_only_where_something_becomes_less(
    line: Line, staff: Staff
) -> None:
    announce(staff, CUT, days=15, notice_2="Less from May.")
    draft(RAISED.replace("version: 2", "version: 3"))
    growth = staff("growth")
    review = asked(growth, number=3)
    approved(staff, review)
    form = form_of(growth, 3)
    assert 'name="notice_3" maxlength="5000">' in form
    assert "Everybody with a link is told it; empty: nobody is told anything." in form
    # At once it takes the place of what customers know of; afterwards it only raises.
    assert growth.post(f"{PAGE}life/publish/", {"review": review}).status_code == 409
    later = (clock.now() + timedelta(days=20)).strftime("%Y-%m-%dT%H:%M")
    reply = growth.post(f"{PAGE}life/publish/", {"review": review, "starts_at_3": later})
    assert reply.status_code == 302
    assert [one.notice for one in read.reviews("spring")] == ["", "Less from May."]


def test_a_cut_forces_words_and_a_start(line: Line, staff: Staff) -> None:
    draft(CUT)
    growth = staff("growth")
    approved(staff, asked(growth))
    form = form_of(growth, 2)
    assert 'name="notice_2" maxlength="5000" required>' in form
    assert re.search(r'name="starts_at_2" value="" min="[^"]+" required>', form)


@pytest.mark.parametrize(("days", "must_wait"), [(5, True), (20, False)])
def test_what_gives_less_than_an_announced_raise_begins_no_earlier_than_a_cut(
    line: Line, staff: Staff, days: int, must_wait: bool
) -> None:
    announce(staff, RAISED, days=days)
    draft(PROGRAM.replace("version: 1", "version: 3"))
    growth = staff("growth")
    review = asked(growth, number=3)
    approved(staff, review)
    form, page = form_of(growth, 3), said(growth.get(f"{PAGE}review/"))
    start = re.search(r'name="starts_at_3" value=""( min="([^"]+)" required)?>', form)
    assert start is not None
    assert (bool(start[1]), "Empty: at once." in form) == (must_wait, not must_wait)
    assert ("It gives less than what is announced" in page) is must_wait
    told = {"review": review, "notice_3": "It stays at 20 dollars."}
    at_once = growth.post(f"{PAGE}life/publish/", told)
    assert at_once.status_code == (409 if must_wait else 302)
    if must_wait:
        first = growth.post(f"{PAGE}life/publish/", told | {"starts_at_3": start[2]})
        assert first.status_code == 302


def test_the_address_of_an_act_leads_back_to_its_page(line: Line, staff: Staff) -> None:
    reply = staff("growth").get(f"{PAGE}life/pause/")
    assert (reply.status_code, reply.headers["Location"]) == (302, f"{PAGE}review/")
    assert staff("growth").get(f"{PAGE}life/stop/").status_code == 403
    row = program("spring")
    assert row is not None
    assert row.status == "live"


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
    may = "programs.publish" in ROLES[role].split()
    assert client.get(f"{PAGE}life/pause/").status_code == (302 if may else 403)


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
