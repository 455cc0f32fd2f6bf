"""Which looks at pages count, asked as browsers, robots and the staff ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from banyan.core.events import clock
from banyan.core.programs import acts
from banyan.insight.exposure import counting
from banyan.insight.exposure.models import Seen
from banyan.trust.staff import acts as staff
from tests.installation import Installation
from tests.rooms.doors.portal.me import PROGRAM, Company, browser, signed_in
from tests.rooms.doors.portal.test_landing import everything
from tests.rooms.insight.exposure.salted import salt

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari"
PASSWORD = "correct horse battery"


@pytest.fixture
def company(installation: Installation) -> Iterator[Company]:
    """Ann has a link; this process counts."""
    made = Company()
    made.publish(PROGRAM)
    made.member("ann", "ANN")
    made.work()
    salt(clock.now().date())
    counting.start()
    yield made
    counting.stop()


def seen() -> dict[tuple[str, str], tuple[int, int]]:
    """(program, page) -> views and visitors, all days together, once everything is written."""
    counting.stop()
    counting.start()
    rows = Seen.objects.values_list("program", "page", "views", "visitors")
    return {(program, page): (views, visitors) for program, page, views, visitors in rows}


def get(
    path: str, headers: Mapping[str, str] | None = None, *, client: Client | None = None
) -> int:
    """Look at a page with a phone, if `headers` do not say otherwise; the status."""
    said = {"user-agent": PHONE, **(headers or {})}
    return (client or browser()).get(path, headers=said).status_code


def test_the_programs_page_and_the_landing_page_count(company: Company) -> None:
    assert get("/programs/friends/") == 200
    assert get("/") == 200  # of a single program it is the same page
    assert get("/i/ANN") == 200
    assert (
        get("/i/?referral_code=ann&referral_channel=wechat", {"user-agent": "Mozilla/5.0 (X)"})
        == 200
    )
    assert seen() == {
        ("friends", "program"): (2, 1),
        ("friends", "landing"): (2, 2),
        ("friends", "all"): (4, 2),
    }


def test_a_page_that_did_not_change_was_seen_all_the_same(company: Company) -> None:
    tag = browser().get("/programs/friends/", headers={"user-agent": PHONE})["ETag"]
    assert get("/programs/friends/", {"if-none-match": tag}) == 304
    assert seen()["friends", "program"] == (2, 1)


@pytest.mark.parametrize(
    "headers",
    [
        {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"user-agent": "WhatsApp/2.23.20.0"},
        {"sec-purpose": "prefetch"},
        {"purpose": "prefetch"},
    ],
)
def test_who_is_no_person_does_not_count(company: Company, headers: dict[str, str]) -> None:
    for path in ("/programs/friends/", "/i/ANN"):
        assert get(path, headers) == 200
    assert seen() == {}


def test_a_question_for_the_head_does_not_count(company: Company) -> None:
    for path in ("/programs/friends/", "/i/ANN"):
        assert browser().head(path, headers={"user-agent": PHONE}).status_code == 200
    assert seen() == {}


def test_the_staff_do_not_count_and_customers_do(company: Company) -> None:
    staff.add("system", "gus@example.com", roles=["growth"], password=PASSWORD, now=clock.now())
    gus = browser()
    assert gus.login(username="gus@example.com", password=PASSWORD)
    for path in ("/programs/friends/", "/i/ANN"):
        assert get(path, client=gus) == 200
    assert seen() == {}
    assert get("/programs/friends/", client=signed_in(company, "ann")) == 200
    assert seen()["friends", "program"] == (1, 1)


def test_pages_without_the_offer_do_not_count(company: Company) -> None:
    assert get("/i/NOSUCH") == 404
    assert get("/i/") == 200
    assert get("/programs/friends/rules/") == 200
    assert get("/i/ANN", client=signed_in(company, "ann")) == 403  # the own link
    acts.pause("tester", "friends")
    assert get("/i/ANN") == 409
    assert seen() == {}
    assert get("/programs/friends/") == 200
    assert seen()["friends", "all"] == (1, 1)


@pytest.mark.parametrize("path", ["/programs/friends/", "/i/ANN"])
def test_to_count_asks_the_database_nothing(company: Company, path: str) -> None:
    get(path)  # what is kept a while is there
    counting.stop()
    with CaptureQueriesContext(connection) as alone:
        get(path)
    counting.start()
    with CaptureQueriesContext(connection) as counted:
        get(path)
    asked = [query["sql"].split(" WHERE ")[0] for query in counted.captured_queries]
    assert [query["sql"].split(" WHERE ")[0] for query in alone.captured_queries] == asked
    assert not any("exposure" in sql or "session" in sql for sql in asked)


@pytest.mark.parametrize("path", ["/programs/friends/", "/i/ANN"])
def test_a_look_changes_no_row_but_those_of_the_count(company: Company, path: str) -> None:
    before = everything()
    assert get(path) == 200
    assert seen()["friends", "all"] == (1, 1)
    after = everything()
    assert {table for table in after if after[table] != before[table]} == {"exposure_seen"}
    assert not any(trace in str(after["exposure_seen"]) for trace in ("127.0.0", "iPhone"))


def test_a_look_leaves_no_cookie_and_counts_with_a_wish_for_privacy(company: Company) -> None:
    client = browser()
    assert get("/i/ANN", {"sec-gpc": "1"}, client=client) == 200
    assert client.cookies == {}
    assert seen()["friends", "landing"] == (1, 1)
    [day] = Seen.objects.values_list("day", flat=True).distinct()
    assert isinstance(day, date)
