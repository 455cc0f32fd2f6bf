"""Comparing and the test bench, from the pages."""

import io
import zipfile
from datetime import timedelta
from threading import Event

import pytest

from banyan.core.events import clock
from banyan.core.events import read as log
from banyan.core.programs.acts import save_draft
from banyan.core.referrals.read import decisions
from banyan.insight.segments import acts as segments
from banyan.insight.segments.rules import Condition, Group, Rules
from banyan.pipeline.comparing import runner
from banyan.pipeline.comparing.read import comparisons
from tests.installation import Installation
from tests.rooms.doors.console.conftest import Staff
from tests.rooms.doors.console.pages import said
from tests.rooms.pipeline.line import PROGRAM, Line

PAGE = "/console/programs/p/spring/"
DRAFT = PROGRAM.replace("version: 1", "version: 2").replace("20.00", "35.00")


@pytest.fixture
def line(installation: Installation) -> Line:
    """Ann brought ben and cid yesterday."""
    made = Line()
    made.now = clock.now() - timedelta(days=1)
    made.publish()
    made.story()
    made.work()
    save_draft("user:1", DRAFT, now=clock.now())
    return made


def test_a_comparison_from_the_form_to_the_file(line: Line, staff: Staff) -> None:
    growth, reader = staff("growth"), staff("support")
    assert "Nothing compared yet" in said(growth.get(f"{PAGE}compare/"))
    day = clock.now().date()
    wanted = {
        "what": "version:2",
        "base": "version:1",
        "from": (day - timedelta(days=9)).isoformat(),
        "until": day.isoformat(),
    }
    wrong = growth.post(f"{PAGE}compare/ask/", wanted | {"from": "soon"})
    assert wrong.status_code == 409
    assert "soon is no date" in said(wrong)
    assert growth.post(f"{PAGE}compare/ask/", wanted | {"what": "version:9"}).status_code == 409
    (number,) = (
        int(reply.url.rstrip("/").rsplit("/", 1)[1])
        for reply in [growth.post(f"{PAGE}compare/ask/", wanted)]
    )
    one = f"{PAGE}compare/{number}/"
    assert "waits until a worker is free" in said(growth.get(one))
    waiting = growth.get(f"{one}progress/")
    assert "hx-get" in waiting.content.decode()
    assert "HX-Refresh" not in waiting
    assert runner.turn(Event())
    assert growth.get(f"{one}progress/")["HX-Refresh"] == "true"
    page = said(reader.get(one))
    assert "$20.00" in page
    assert "$35.00" in page
    assert "+$15.00" in page
    assert "ann" in page
    book = reader.get(f"{one}file.xlsx")
    assert zipfile.is_zipfile(io.BytesIO(book.content))
    assert "| ann | cash USD | 20.0 | 35.0 | 15.0 |" in reader.get(f"{one}file.md").content.decode()
    assert (
        "ann,cash USD,20.0,35.0,15.0" in reader.get(f"{one}file.csv?table=winners").content.decode()
    )
    assert reader.get(f"{one}file.csv?table=secrets").status_code == 404
    assert reader.get(f"{one}file.exe").status_code == 404
    assert reader.post(f"{one}delete/").status_code == 403
    assert growth.get("/console/programs/p/other/compare/1/").status_code == 404
    assert growth.post(f"{one}delete/").status_code == 302
    assert comparisons("spring") == []


def test_a_comparison_looks_at_chosen_segments_apart(line: Line, staff: Staff) -> None:
    growth = staff("growth")
    # Without segments nobody is asked about any.
    assert "Segments to look at apart" not in said(growth.get(f"{PAGE}compare/"))
    loyal = Rules("all", (Group("all", (Condition("friends", "at_least", "1"),)),))
    segments.make("user:1", "loyal", name="Loyal ones", rules=loyal, now=clock.now())
    assert "Loyal ones" in said(growth.get(f"{PAGE}compare/"))
    day = clock.now().date()
    wanted = {
        "what": "version:2",
        "base": "version:1",
        "from": (day - timedelta(days=9)).isoformat(),
        "until": day.isoformat(),
        "segment": ["loyal"],
    }
    wrong = growth.post(f"{PAGE}compare/ask/", wanted | {"from": "soon"})
    assert 'value="loyal" checked' in wrong.content.decode()
    gone = growth.post(f"{PAGE}compare/ask/", wanted | {"segment": ["other"]})
    assert "One of the segments is gone" in said(gone)
    reply = growth.post(f"{PAGE}compare/ask/", wanted)
    assert runner.turn(Event())
    page = said(growth.get(reply["Location"]))
    assert "Loyal ones ann +$15.00 1 0 0 $20.00 $35.00 +$15.00" in page
    assert "everybody else" in page
    # 80 of orders, 20 or 35 of rewards.
    assert "Loyal ones $80.00 $20.00 $60.00 $80.00 $35.00 $45.00" in page
    file = growth.get(f"{reply['Location']}file.csv?table=segments").content.decode()
    assert "loyal,Loyal ones,cash USD,1,0,0,20.0,35.0,15.0" in file


def rows(*told: dict[str, str]) -> dict[str, list[str]]:
    """Rows as the form sends them."""
    names = ("when", "who", "what_happens", "total", "code", "browser", "order", "more")
    return {name: [row.get(name, "") for row in told] for name in names}


LINK = {
    "when": "2026-03-01T08:00",
    "who": "ann",
    "what_happens": "Referral Link Created",
    "code": "ANN",
}
CLICK = {
    "when": "2026-03-01T09:00",
    "what_happens": "Referral Link Clicked",
    "code": "ANN",
    "browser": "b1",
}
JOIN = {"when": "2026-03-02T09:00", "who": "ben", "what_happens": "Signed Up", "browser": "b1"}
BUY = {"when": "2026-03-03T09:00", "who": "ben", "what_happens": "Order Completed", "total": "50"}
TIME = {"when": "2026-04-03T09:00", "what_happens": "Clock Ticked"}


def test_typed_events_are_decided_and_nothing_is_kept(line: Line, staff: Staff) -> None:
    reader = staff("sales")
    before = (log.head(), len(decisions(limit=500)))
    first = said(reader.get(f"{PAGE}bench/?what=version:2"))
    assert "What happens?" in first
    tried = reader.post(
        f"{PAGE}bench/", {"what": "version:2", "do": "rows"} | rows(LINK, CLICK, JOIN, BUY, TIME)
    )
    assert tried.status_code == 200
    page = said(tried)
    assert "ann has referred ben since 2026-03-02 09:00" in page
    assert "ann: $35.00 in cash" in page
    assert "ben: 100 points" in page
    assert "It became available on March 17, 2026, 09:00." in page
    assert "wallet:ann:available" in page
    assert (log.head(), len(decisions(limit=500))) == before
    # What was typed stands there again.
    assert 'value="2026-03-03T09:00"' in tried.content.decode()


def test_a_row_that_says_too_little_names_itself(line: Line, staff: Staff) -> None:
    reader = staff("sales")
    for row, expected in (
        (BUY | {"when": ""}, "Row 1: say when it happens."),
        (BUY | {"who": ""}, "Row 1: say who does it."),
        (BUY | {"more": "plan"}, "Row 1: write further properties like plan=pro"),
        (BUY | {"when": "soon"}, "soon is no date and time"),
    ):
        reply = reader.post(f"{PAGE}bench/", {"what": "version:2", "do": "rows"} | rows(row))
        assert reply.status_code == 409
        assert expected in said(reply)
    nothing = reader.post(f"{PAGE}bench/", {"what": "version:2", "do": "rows"} | rows(BUY))
    assert "Nobody gets anything." in said(nothing)


def test_a_real_customers_past_under_the_draft(line: Line, staff: Staff) -> None:
    picked = {"what": "version:2", "do": "customer", "customer": "cid"}
    page = said(staff("sales").post(f"{PAGE}bench/", picked))
    assert "ann has referred cid" in page
    assert "ann: $35.00 in cash" in page
    unknown = staff("sales").post(f"{PAGE}bench/", picked | {"customer": "nobody"})
    assert "The log holds no event of nobody." in said(unknown)
