"""Who may edit programs chooses which stages the funnel shows; the page, the board and the file
carry them."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.test import Client

from banyan.insight.metrics import counting
from banyan.insight.metrics.scope import scope
from banyan.insight.metrics.stages import OURS, Stage, configure, plan
from banyan.trust.audit.read import entries
from tests.installation import Installation
from tests.rooms.doors.console.conftest import Staff
from tests.rooms.pipeline.line import Line

FORM = "/console/analytics/funnel/stages/?program=spring"
FUNNEL = "/console/analytics/funnel/?program=spring&from=2026-03-01&to=2026-03-31"
TRIAL = "event:Trial Attended"


@pytest.fixture
def line(installation: Installation) -> Line:
    """Ben and cid come and buy; cid attends a trial lesson."""
    line = Line()
    line.publish()
    line.story()
    line.say("Trial Attended", "cid")
    line.work()
    return line


def typed(*stages: tuple[str, str, str, str], **more: str) -> dict[str, object]:
    """The form as a browser sends it: of each stage its key, both names and what should come on."""
    names = ("key", "name_en", "name_zh", "usual")
    columns = {name: [one[n] for one in stages] for n, name in enumerate(names)}
    return {**columns, **more}


def shown(text: str) -> list[str]:
    """Keys of the stages that the form shows, in order."""
    return re.findall(r'name="key" value="([^"]+)"', text)


def rows(client: Client, path: str, *, lang: str = "en") -> list[list[str]]:
    """The funnel's file, heading first."""
    answer = client.get(f"{path}&format=csv&table=funnel", headers={"accept-language": lang})
    return list(csv.reader(io.StringIO(answer.content.decode()[1:])))


def test_a_stage_is_added_named_and_moved(line: Line, staff: Staff) -> None:
    growth = staff("growth")
    page = growth.get(FORM).content.decode()
    assert shown(page) == [one.key for one in OURS]
    assert '<option value="milestone:bought">bought</option>' in page
    assert '<option value="Trial Attended"></option>' in page
    two = [("initiated", "", "", "100"), ("purchased", "", "", "50")]
    added = growth.post(FORM, typed(*two, do="add", event=" Trial Attended ", pick=""))
    assert shown(added.content.decode()) == ["initiated", "purchased", TRIAL]
    three = [*two, (TRIAL, "Trial lesson", "课程体验", "60")]
    moved = growth.post(FORM, typed(*three, do="up-2")).content.decode()
    assert shown(moved) == ["initiated", TRIAL, "purchased"]
    assert re.search(r'value="up-1" formnovalidate aria-label="[^"]+" autofocus', moved)
    assert 'value="课程体验"' in moved  # what was typed is not lost
    first = growth.post(FORM, typed(*three, do="down-0")).content.decode()
    assert shown(first) == ["purchased", "initiated", TRIAL]
    dropped = growth.post(FORM, typed(*three, do="drop-0")).content.decode()
    assert shown(dropped) == ["purchased", TRIAL]
    picked = growth.post(FORM, typed(*two, do="add", pick="milestone:bought")).content.decode()
    assert shown(picked) == ["initiated", "purchased", "milestone:bought"]
    assert shown(growth.post(FORM, typed(*two, do="add")).content.decode()) == [
        "initiated",
        "purchased",
    ]
    assert plan("spring").said_by == "ours"  # nothing was kept so far


def test_what_is_saved_is_on_the_page_the_board_and_in_the_file(line: Line, staff: Staff) -> None:
    growth = staff("growth")
    stages = [
        ("initiated", "", "", "100"),
        ("activated", "", "", "70"),
        (TRIAL, "Trial lesson", "课程体验", "60"),
        ("milestone:bought", "", "", "40"),
    ]
    saved = growth.post(FORM, typed(*stages, do="save", reason="we sell lessons"))
    assert (saved.status_code, saved["Location"]) == (
        302,
        "/console/analytics/funnel/?program=spring&days=30",
    )
    assert plan("spring").stages == (
        Stage("initiated", 1),
        Stage("activated", 0.7),
        Stage(TRIAL, 0.6, "Trial lesson", "课程体验"),
        Stage("milestone:bought", 0.4),
    )
    [entry] = entries(about="funnel:spring")
    assert (entry.verb, entry.reason) == ("funnel.stages_chosen", "we sell lessons")
    assert (entry.before or {})["said_by"] == "ours"
    after = entry.after or {}
    assert isinstance(after["stages"], list)
    assert [one["key"] for one in after["stages"]] == [one[0] for one in stages]
    waiting = growth.get(FUNNEL).content.decode()
    assert "Being counted from the log" in waiting
    assert "<li>Trial lesson: 0 %</li>" in waiting
    line.work()
    done = growth.get(FUNNEL).content.decode()
    assert "Being counted from the log" not in done
    [head, *found] = rows(growth, FUNNEL)
    assert head[-2:] == ["Loss rate", "Days to it, median"]
    assert [(row[0], row[1], row[3], row[6], row[7]) for row in found] == [
        ("Initiated", "2", "—", "—", "—"),
        ("Registered", "2", "100.0", "0.0", "0.0"),
        ("Trial lesson", "1", "50.0", "50.0", "0.0"),
        ("bought", "2", "200.0", "0.0", "0.0"),
    ]
    by_channel = growth.get(f"{FUNNEL}&format=csv&table=funnel-by-channel").content.decode()
    assert by_channel.splitlines()[0].endswith(
        "Name,Initiated,Registered,Trial lesson,bought,Revenue"
    )
    months = growth.get(f"{FUNNEL}&format=csv&table=funnel-by-month").content.decode()
    assert months.splitlines()[0].endswith("Month,Initiated,Registered,Trial lesson,bought")
    assert months.splitlines()[1:] == [
        *(f"2025-{month:02},0,0,0,0" for month in range(4, 13)),
        "2026-01,0,0,0,0",
        "2026-02,0,0,0,0",
        "2026-03,2,2,1,2",
    ]
    board = rows(growth, FUNNEL.replace("analytics/funnel/", ""))
    assert [row[:2] for row in board[1:]] == [row[:2] for row in found]
    chinese = rows(growth, FUNNEL, lang="zh-hans")[1:]
    assert [row[0] for row in chinese] == ["推荐发起", "激活注册", "课程体验", "bought"]


def test_only_who_may_edit_programs_chooses(line: Line, staff: Staff) -> None:
    analyst = staff("analyst")
    page = analyst.get(FORM).content.decode()
    assert "Who may edit programs chooses the stages." in page
    assert 'name="key"' not in page
    two = typed(("initiated", "", "", "1"), ("purchased", "", "", "50"), do="save")
    assert analyst.post(FORM, two).status_code == 403
    assert staff("support").get(FORM).status_code == 403
    assert (plan("spring").said_by, list(entries(about="funnel:spring"))) == ("ours", [])


def test_what_is_no_funnel_is_refused_with_all_that_was_typed(line: Line, staff: Staff) -> None:
    growth = staff("growth")
    first = ("initiated", "", "", "100")
    for second, said in (
        ((TRIAL, "Trial lesson", "", "most"), "expected a number such as 20 or 1.5"),
        ((TRIAL, "Trial lesson", "", "0"), "more than 0 % and at most 100 %"),
        (("milestone:flown", "Trial lesson", "", "50"), "no reward is on a milestone flown"),
    ):
        wrong = growth.post(FORM, typed(first, second, do="save"))
        text = wrong.content.decode()
        assert (wrong.status_code, said in text) == (422, True)
        assert 'value="Trial lesson"' in text
    assert growth.post(FORM, typed(first, do="save")).status_code == 422
    empty = growth.post(FORM, typed(first, do="drop-0")).content.decode()
    assert "No stage yet" in empty
    headers = {"accept-language": "zh-hans"}
    refused = growth.post(FORM, typed(first, do="save"), headers=headers).content.decode()
    assert "环节：应为 2 至 12 个" in refused
    second = (TRIAL, "", "课程体验", "most")
    refused = growth.post(FORM, typed(first, second, do="save"), headers=headers).content.decode()
    assert "应从上一环节转化：应为数字，例如 20 或 1.5" in refused
    assert plan("spring").said_by == "ours"


def test_all_programs_have_stages_and_go_back_to_the_default(line: Line, staff: Staff) -> None:
    growth = staff("growth")
    everywhere = FORM.replace("spring", "")
    two = [("initiated", "", "", "100"), ("milestone:bought", "Bought it", "", "50")]
    assert "Back to the default" not in growth.get(everywhere).content.decode()
    assert growth.post(everywhere, typed(*two, do="save")).status_code == 302
    line.work()
    assert [row[0] for row in rows(growth, FUNNEL)[1:]] == ["Initiated", "Bought it"]
    assert "These are the stages of all programs." in growth.get(FORM).content.decode()
    assert "Back to the default" in growth.get(everywhere).content.decode()
    assert growth.post(everywhere, {"do": "reset"}).status_code == 302
    assert len(rows(growth, FUNNEL)) == 1 + len(OURS)
    verbs = [one.verb for one in entries(about="funnel:all")]
    assert sorted(verbs) == ["funnel.stages_chosen", "funnel.stages_reset"]


def test_a_trial_lesson_that_loses_most_is_named(
    installation: Installation, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """课程体验: of forty who registered 55 % never came to the lesson."""
    line = Line()
    line.publish()
    line.say("Referral Link Created", "ann", code="ANN", program="spring")
    for number in range(40):
        line.say("Signed Up", f"f{number}", referral_code="ANN")
        if number < 18:
            line.say("Trial Attended", f"f{number}")
    line.work()
    configure(scope("spring"), (*OURS[:3], Stage(TRIAL, 0.6, "Trial lesson", "课程体验")))
    line.work()
    growth = staff("growth")
    [*_others, trial] = rows(growth, FUNNEL)
    assert (trial[0], trial[1], trial[6]) == ("Trial lesson", "18", "55.0")
    page = growth.get(FUNNEL).content.decode()
    assert "It leaks before “Trial lesson”" in page
    assert "45.0% of the stage before came on; 60.0% is usual." in page
    assert "Go through the step yourself" in page
    # While it is being counted, nothing is concluded.
    monkeypatch.setattr(counting, "NEAR", -1)
    assert "It leaks" not in growth.get(FUNNEL).content.decode()
