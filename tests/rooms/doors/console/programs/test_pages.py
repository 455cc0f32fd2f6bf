"""Pages around the builder: the list, the calendar, a program's first page, rules, the market."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import translation

from banyan.core.events import clock
from banyan.core.programs import drafts
from banyan.core.programs.presets import preset, presets
from banyan.core.programs.read import program
from banyan.doors.console.programs.builder_document import Document
from banyan.doors.console.programs.builder_goals import goals
from banyan.doors.console.programs.rules import implementation_rules
from banyan.doors.refusals import translated
from banyan.engine.language import Program, lint
from banyan.growth.planning import polls, rivals
from banyan.growth.toolkit import calls
from banyan.pipeline.publish import publish, settled
from banyan.trust.audit.read import entries

Staff = Callable[..., Client]

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


def source(name: str) -> str:
    found = preset(name)
    assert found is not None
    return found.source


@pytest.fixture
def meundies(staff: Staff) -> str:
    text = source("meundies") + "runs: {from: 2026-01-01, until: 2036-01-01}\n"
    publish("user:1", text, starts_at=None, now=clock.now())
    assert settled("meundies", 1, timeout_s=20).status == "published"
    return "/console/programs/p/meundies/"


def body(client: Client, path: str, **asked: str) -> str:
    answer = client.get(path, asked)
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_where_links_lead_is_an_address_or_nothing(staff: Staff, meundies: str) -> None:
    client, path = staff("growth"), f"{meundies}landing/"
    client.post(path, {"landing": "https://shop.example.com/hello"})
    for wrong in ("javascript:alert(1)", "shop.example.com", "https://"):
        client.post(path, {"landing": wrong})
        assert "landing: expected an address such as" in body(client, meundies)
        row = program("meundies")
        assert row is not None
        assert row.landing_url == "https://shop.example.com/hello"
    assert staff("legal").post(path, {"landing": ""}).status_code == 403
    [noted] = entries(verb="program.landing_set", limit=10)
    assert noted.after == {"landing_url": "https://shop.example.com/hello"}


def test_without_programs_the_list_teaches(staff: Staff) -> None:
    assert "Choose one to begin with" in body(staff("growth"), "/console/programs/")
    # Who may not begin one is not told to.
    assert "Choose one to begin with" not in body(staff("legal"), "/console/programs/")
    assert "Nothing is planned" in body(staff("legal"), "/console/programs/calendar/")


def test_presets_are_found_by_word_and_kind(staff: Staff) -> None:
    client = staff("growth")
    page = body(client, "/console/programs/new/")
    assert page.count('name="preset"') == len(presets()) == 29
    draws = body(client, "/console/programs/new/", kind="draw")
    assert 'value="idea-mystery-gift"' in draws
    assert 'value="meundies"' not in draws
    assert body(client, "/console/programs/new/", q="give 20%").count('name="preset"') == 1
    assert "None fits" in body(client, "/console/programs/new/", q="zeppelin")


def test_a_published_program_is_in_the_list_and_the_calendar(staff: Staff, meundies: str) -> None:
    client = staff("finance")
    page = body(client, "/console/programs/")
    assert "Give 20%, get $20" in page
    assert "version 1" in page
    calendar = body(client, "/console/programs/calendar/")
    assert ("2026-01-01" in calendar, "2036-01-01" in calendar, "running" in calendar) == (
        True,
        True,
        True,
    )
    first = body(client, meundies)
    assert "Begin version 2" not in first
    assert "Begin version 2" in body(staff("growth"), meundies)
    assert client.get("/console/programs/p/none/").status_code == 404
    assert staff("sales").get(meundies).status_code == 200


def test_rules_are_shown_and_given_as_files_in_both_languages(staff: Staff, meundies: str) -> None:
    client = staff("legal")
    assert "Who may refer" in body(client, f"{meundies}rules/")
    assert "谁可以推荐" in body(client, f"{meundies}rules/", lang="zh-hans")
    public = client.get(f"{meundies}rules/1/public.md?lang=en")
    assert public["Content-Disposition"] == 'attachment; filename="meundies-v1-public-en.md"'
    assert public.content.decode().startswith("# Rules: Give 20%, get ")
    sheet = client.get(f"{meundies}rules/1/implementation.html?lang=zh-hans")
    assert sheet["Content-Type"] == "text/html; charset=utf-8"
    assert '<html lang="zh-Hans">' in sheet.content.decode()
    assert client.get(f"{meundies}rules/2/public.md").status_code == 404
    assert client.get(f"{meundies}rules/1/secret.md").status_code == 404


def test_implementation_rules_hold_the_notes_and_the_public_rules() -> None:
    terms = Program.parse(source("meundies"))
    facts = {
        "owner": "Growth team",
        "channels": "wechat,sms",
        "follow_hours": "4",
        "kind": "rewarded",
    }
    english = implementation_rules(terms, facts, lang="en", at=NOW)
    assert english.startswith("# Implementation rules: Give 20%, get ")
    for line in (
        "## Resources\n\n- **Who runs the program**: Growth team",
        "- **Channels**: WeChat, text message",
        "- **Within how many hours**: 4",
        "## What is promised to everybody",
        "### Who may refer",
    ):
        assert line in english
    # Steps without a note have no heading.
    assert "## Thanks" not in english
    chinese = implementation_rules(terms, facts, lang="zh-hans", at=NOW)
    assert "- **计划负责人**: Growth team" in chinese
    assert "- **渠道**: 微信、短信" in chinese


def test_competitors_and_wishes_are_noted_by_who_may_edit(staff: Staff, meundies: str) -> None:
    growth, legal = staff("growth"), staff("legal")
    rival = {"company": "Acme", "amount": "25", "measure": "money", "seen_on": "2026-05-01"}
    assert legal.post(f"{meundies}market/rival/", rival).status_code == 403
    assert growth.post(f"{meundies}market/rival/", rival).status_code == 302
    page = body(growth, f"{meundies}market/")
    assert "25.00 USD" in page
    assert "better than ours" in page
    assert "Competitors give more than this program: Acme." in body(legal, meundies)
    # What cannot be read is told, and what was typed stays.
    wrong = growth.post(f"{meundies}market/rival/", rival | {"amount": "much", "company": "Best"})
    assert wrong.status_code == 422
    assert 'value="Best"' in wrong.content.decode()
    wish = {
        "question": "What would move you?",
        "answers": "Cash: 3\nPoints: 1",
        "asked_on": "2026-05-01",
    }
    assert legal.post(f"{meundies}market/wish/", wish).status_code == 403
    assert growth.post(f"{meundies}market/wish/", wish).status_code == 302
    assert "75 % (3)" in body(growth, f"{meundies}market/")


def test_an_offer_is_answered_by_a_version_and_told_on_the_board(
    staff: Staff, meundies: str
) -> None:
    growth = staff("growth")
    assert "Better offers of competitors" in body(growth, "/console/")
    rival = {"company": "Acme", "amount": "25", "measure": "money", "seen_on": "2026-05-01"}
    growth.post(f"{meundies}market/rival/", rival)
    board = body(growth, "/console/")
    assert f'href="{meundies}market/"' in board
    [noted] = rivals.rivals("meundies")
    path = f"{meundies}market/rival/{noted.id}/"
    growth.post(path, {"response": "version:9", "answer": ""})
    assert "response: choose a version" in body(growth, f"{meundies}market/")
    growth.post(path, {"response": "version:1", "answer": "it gives more"})
    page = body(growth, f"{meundies}market/")
    assert f'href="{meundies}versions/?b=1#words"' in page
    assert "it gives more" in page
    assert f'href="{meundies}market/"' not in body(growth, "/console/")
    [entry] = entries(verb="rival.answered", limit=10)
    assert entry.after == {"response": "version:1"}


def test_customers_are_asked_and_their_answers_stand_beside_the_rule(
    staff: Staff, meundies: str
) -> None:
    growth, legal = staff("growth"), staff("legal")
    asked = {
        "question_en": "What would move you?",
        "choices_en": "Cash\nPoints",
        "question_zh": "您想要什么？",
        "choices_zh": "现金\n积分",
        "reward": "advocate-credit",
    }
    assert legal.post(f"{meundies}market/poll/", asked).status_code == 403
    wrong = growth.post(f"{meundies}market/poll/", asked | {"choices_en": "Cash"})
    assert wrong.status_code == 422
    assert "What would move you?" in wrong.content.decode()
    assert growth.post(f"{meundies}market/poll/", asked).status_code == 302
    [row] = polls.polls("meundies")
    polls.vote("ann", row.id, 1, now=clock.now())
    page = body(growth, f"{meundies}market/")
    assert "100 % (1)" in page
    assert f"/me/polls/{row.id}/" in page
    draft = growth.post("/console/programs/begin/", {"version": "meundies"})["Location"]
    step = body(growth, draft, step="incentives")
    assert "What would move you?" in step
    assert "100 % (1)" in step
    assert legal.post(f"{meundies}market/poll/{row.id}/end/").status_code == 403
    assert growth.post(f"{meundies}market/poll/{row.id}/end/").status_code == 302
    assert "Ask no more" not in body(growth, f"{meundies}market/")
    assert [one.verb for one in entries(about="program:meundies", limit=2)] == [
        "poll.closed",
        "poll.opened",
    ]


def test_a_program_calls_where_friends_are_wanted(staff: Staff, meundies: str) -> None:
    growth, path = staff("growth"), f"{meundies}call/"
    growth.post(path, {"place": "tagged", "tags": "east， south,"})
    assert calls.call("meundies") == calls.Call("tagged", ("east", "south"))
    assert 'value="east, south"' in body(growth, meundies)
    growth.post(path, {"place": "tagged", "tags": ""})
    assert "tags: name at least one place" in body(growth, meundies)
    assert calls.call("meundies").tags == ("east", "south")
    assert "east, south" in body(staff("legal"), meundies)
    assert staff("legal").post(path, {"place": "nowhere"}).status_code == 403
    growth.post(path, {"place": "nowhere"})
    assert "nowhere for now" in body(staff("legal"), meundies)
    assert growth.post("/console/programs/p/none/call/", {"place": "nowhere"}).status_code == 404
    entry = entries(verb="program.call_set", limit=1)[0]
    assert (entry.before, entry.after) == (
        {"place": "tagged", "tags": ["east", "south"]},
        {"place": "nowhere", "tags": []},
    )


def test_goals_are_measured(staff: Staff) -> None:
    facts = {
        "goal1_kind": "growth",
        "goal1_metric": "joined",
        "goal1_target": "40",
        "goal1_date": "2020-01-01",
        "goal2_metric": "other",
        "goal2_other": "Score",
        "goal2_baseline": "20",
        "goal2_target": "60",
        "goal2_now": "50",
    }
    found = goals("p", facts, now=clock.now())
    assert [(one.metric, one.now, one.share, one.is_late) for one in found] == [
        ("friends who joined, in 30 days", Decimal(0), 0, True),
        ("Score", Decimal(50), 75, False),
    ]
    assert goals("p", {}, now=clock.now()) == []


def test_every_sentence_of_the_lint_about_presets_is_known_in_chinese() -> None:
    with translation.override("zh-hans"):
        for one in presets():
            for finding in lint(one.terms):
                assert translated(finding.sentence) != finding.sentence, finding.sentence


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("give: credit", "giv: credit", "不认识键 'giv'；是不是 give？"),
        ("amount: 20.00", "amount: '20'", "应为数字，却是文本 '20'；请去掉引号"),
        ("on: first-order", "on: first", "没有里程碑 'first'；是不是 first-order？"),
        ("hold: 14d", "hold: 14", "时长需要单位（d、h、m 或 s），例如 14d"),
    ],
)
def test_usual_errors_are_told_in_chinese(old: str, new: str, wanted: str) -> None:
    document = Document(source("meundies").replace(old, new, 1), {})
    with translation.override("zh-hans"):
        assert wanted in [translated(one.sentence) for one in document.errors]
    with translation.override("en"):
        assert document.errors[0].sentence.isascii()


def test_a_draft_with_dates_is_in_the_calendar(staff: Staff) -> None:
    text = source("meundies") + "runs: {from: 2030-02-01, until: 2030-03-01}\n"
    drafts.start("user:1", text, origin="blank", now=clock.now())
    page = body(staff("legal"), "/console/programs/calendar/")
    assert ("2030-02-01" in page, "2030-03-01" in page, "later" in page) == (True, True, True)
