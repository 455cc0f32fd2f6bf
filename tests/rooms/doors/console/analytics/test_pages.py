"""The figures on the pages are those of the exported log; what is set there is kept and audited."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import pairwise

import polars as pl
import pytest
from django.test import Client, override_settings

from banyan.insight.experiments.read import experiments
from banyan.insight.metrics.assumptions import assumptions
from banyan.insight.metrics.lines import lines
from banyan.insight.metrics.scope import scope
from banyan.pipeline.exporting.contents import CONTENTS
from banyan.pipeline.wait import cursor_position
from banyan.trust.audit.read import entries
from tests.installation import Installation
from tests.rooms.doors.console.conftest import Staff
from tests.rooms.insight.metrics.busy import CURRENCIES, busy
from tests.rooms.insight.metrics.by_hand import Books
from tests.rooms.pipeline.line import PROGRAM, Line

ZONE = "Asia/Shanghai"
DAYS = "from=2026-02-01&to=2026-03-31"
FIRST, LAST = "2026-02-01", "2026-03-31"
BEFORE = ("2025-12-04", "2026-01-31")
PAGES = ("", "funnel/", "exposure/", "cohorts/", "advocates/", "money/", "lines/")


@pytest.fixture(autouse=True)
def zone() -> Iterator[None]:
    """Days of a zone that is not UTC."""
    with override_settings(OPERATOR_TIME_ZONE=ZONE):
        yield


def table(client: Client, path: str, key: str) -> list[list[str]]:
    """A table's file, its heading left out."""
    answer = client.get(f"/console/{path}{'&' if '?' in path else '?'}format=csv&table={key}")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    text = answer.content.decode()
    assert text[0] == "\ufeff"
    return list(csv.reader(io.StringIO(text[1:])))[1:]


def counted(books: Books, measure: str, first: str, last: str) -> int:
    """How often something happened to the program in these days."""
    return sum(
        n
        for (day, program, told, _, _), (n, _) in books.days().items()
        if told == measure and program in ("friends", "") and first <= day <= last
    )


def exported(name: str) -> pl.DataFrame:
    return pl.concat(list(CONTENTS[name].frames(cursor_position())))


def test_every_figure_is_that_of_the_exported_log(installation: Installation, staff: Staff) -> None:
    busy()
    client, books = staff("analyst"), Books(ZONE, CURRENCIES)
    stages = ["initiated", "accepted", "activated", "purchased", "repurchased"]
    now = [counted(books, one, FIRST, LAST) for one in stages]
    before = [counted(books, one, *BEFORE) for one in stages]
    assert sum(now) > 200
    for path in ("", "analytics/funnel/"):
        rows = table(client, f"{path}?{DAYS}", "funnel")
        assert [int(row[1]) for row in rows] == now
        assert [int(row[2]) for row in rows] == before
        assert [row[3] for row in rows[1:]] == [
            str(round(100 * b / a, 2)) for a, b in pairwise(now)
        ]
    _check_groups(client, books, stages)
    _check_advocates(client, books)
    _check_money(client, books)
    _check_cohorts(client, books)
    _check_activity(client, books)


def _joined(books: Books) -> dict[tuple[str, str], str]:
    """The day on which each friend joined."""
    return {key: books.day(row["started_at"]) for key, row in books.friends.items()}


def _check_groups(client: Client, books: Books, stages: list[str]) -> None:
    rows = table(client, f"analytics/funnel/?{DAYS}", "funnel-by-channel")
    found = {row[0]: [int(cell) for cell in row[2:6]] for row in rows}
    wanted: dict[str, list[int]] = {}
    for (program, friend), reached in books.stages().items():
        channel = books.friends[program, friend]["channel"] or "(none)"
        for number, stage in enumerate(stages[1:]):
            if stage in reached and FIRST <= books.day(reached[stage]) <= LAST:
                wanted.setdefault(str(channel), [0, 0, 0, 0])[number] += 1
    assert {name: row for name, row in found.items() if any(row)} == wanted
    by_variant = table(client, f"analytics/funnel/?{DAYS}", "funnel-by-variant")
    accepted = {row[0]: int(row[2]) for row in by_variant}
    assert accepted["rate=a"] + accepted["rate=b"] == sum(row[0] for row in wanted.values())


def _check_advocates(client: Client, books: Books) -> None:
    mine = [key for key, day in _joined(books).items() if FIRST <= day <= LAST]
    brought = Counter(books.friends[key]["advocate"] for key in mine)
    money = books.money_of_friends()
    rows = table(client, f"analytics/advocates/?{DAYS}", "heads")
    assert [int(row[1]) for row in rows] == sorted(brought.values(), reverse=True)[:20]
    for advocate, joined, _, revenue, cost in rows:
        sums = [money[key] for key in mine if books.friends[key]["advocate"] == advocate]
        assert int(joined) == len(sums)
        assert float(revenue) == sum(one[1] - one[2] for one in sums) / 100
        assert float(cost) == sum(one[3] for one in sums) / 100
    depths = Counter(books.depth(*key) for key in mine)
    layers = table(client, f"analytics/advocates/?{DAYS}", "layers")
    assert {int(row[0]): int(row[1]) for row in layers} == depths


UNITS = {"credit USD": "Credit USD", "cash USD": "Cash USD", "points": "Points"}


def _check_money(client: Client, books: Books) -> None:
    rows = table(client, f"analytics/money/?{DAYS}", "rewards")
    wanted: Counter[tuple[str, str]] = Counter()
    for (day, program, measure, reward, unit), (_, amount) in books.days().items():
        if program == "friends" and measure == "granted" and FIRST <= day <= LAST:
            wanted[reward, UNITS.get(unit, unit)] += amount
    found = {(row[0].removeprefix("friends · "), row[1]): float(row[4]) for row in rows}
    scale = {unit: 100 if unit.endswith(" USD") else 1 for _, unit in found}
    assert {k: round(v * scale[k[1]]) for k, v in found.items() if v} == dict(wanted)
    stock = table(client, f"analytics/money/?{DAYS}", "stock")
    balances = exported("balances")
    for unit, _, pending, available, *_ in stock:
        held = balances.filter(pl.col("unit").replace(UNITS) == unit)
        for told, suffix in ((pending, ":pending"), (available, ":available")):
            wallets = held.filter(pl.col("account").str.ends_with(suffix))["amount"].sum()
            # A self program fills the same wallets.
            assert unit == "Points" or round(float(told) * scale.get(unit, 1)) == wallets, unit


def _check_cohorts(client: Client, books: Books) -> None:
    rows = table(client, "analytics/cohorts/", "cohorts-bought")
    joined = Counter(day[:7] for day in _joined(books).values())
    assert {row[0]: int(row[1]) for row in rows} == {
        month: n for month, n in joined.items() if month >= "2025-12"
    }


def _check_activity(client: Client, books: Books) -> None:
    rows = table(client, f"?{DAYS}", "activity")
    assert sum(int(row[2]) for row in rows) == counted(books, "accepted", FIRST, LAST)
    mondays = [date.fromisoformat(row[0]).weekday() for row in rows]
    assert set(mondays) == {0}


def test_every_page_opens_for_those_with_the_right(
    installation: Installation, staff: Staff
) -> None:
    line = Line()
    line.publish()
    line.story()
    line.work()
    growth, support = staff("growth"), staff("support")
    for path in PAGES:
        page = growth.get(f"/console/analytics/{path}")
        assert page.status_code == 200
        assert "</html>" in page.content.decode()
        assert support.get(f"/console/analytics/{path}").status_code == 403
    assert growth.get("/console/experiments/").status_code == 200
    assert support.get("/console/experiments/").status_code == 403
    assert growth.get("/console/experiments/7/").status_code == 404


def test_what_referral_is_to_the_whole_business_is_told_of_all_programs_alone(
    installation: Installation, staff: Staff
) -> None:
    line = Line()
    line.publish()
    line.story()
    line.work()
    client = staff("analyst")

    def groups(path: str) -> tuple[bool, bool]:
        page = client.get(f"/console/analytics/{path}").content.decode()
        return "The whole business" in page, "Referred share of revenue" in page

    # The only program there is is all of them.
    assert groups("?program=spring") == (True, True)
    line.publish(PROGRAM.replace("program: spring", "program: autumn"))
    assert groups("?program=spring") == (False, False)
    assert groups("") == (True, True)
    keys = [row[0] for row in table(client, "?program=spring", "figures")]
    assert "Referred share of revenue" not in keys


def test_pages_teach_while_nothing_is_published(installation: Installation, staff: Staff) -> None:
    client = staff("analyst")
    for path in PAGES:
        text = client.get(f"/console/analytics/{path}").content.decode()
        assert "No referral program is published yet" in text


def test_the_period_stands_in_the_address(installation: Installation, staff: Staff) -> None:
    Line().publish()
    client = staff("analyst")

    def shown(query: str) -> tuple[str, ...]:
        text = client.get(f"/console/analytics/?{query}").content.decode()
        [span] = re.findall(r'name="shown" value="(\w+)"', text)
        return span, *re.findall(r'type="date" name="\w+" value="([0-9-]+)"', text)

    assert shown("days=7")[0] == "7"
    assert shown("from=2026-03-01&to=2026-03-31") == ("typed", "2026-03-01", "2026-03-31")
    # What the form sends: dates changed beside a span, then a span changed beside dates.
    typed = "from=2026-03-01&to=2026-03-31"
    assert shown(f"shown=30&days=30&{typed}") == ("typed", "2026-03-01", "2026-03-31")
    assert shown(f"shown=typed&days=90&{typed}")[0] == "90"
    for nonsense in ("days=x", "days=-1", "from=2026-99-01&to=2026-01-01", "from=2027-01-01&to=1"):
        assert shown(nonsense)[0] == "30"
    text = client.get(f"/console/analytics/funnel/?program=spring&{typed}").content.decode()
    assert "program=spring&amp;from=2026-03-01&amp;to=2026-03-31" in text


def test_lines_are_drawn_by_who_may_and_written_down(
    installation: Installation, staff: Staff
) -> None:
    Line().publish()
    admin, growth = staff("admin"), staff("growth")
    typed = {"figure": "acceptance", "target": "40", "yellow": "25", "red": "12.5"}
    typed |= {"owner": "sales", "reason": "spring"}
    assert growth.post("/console/analytics/lines/?program=spring", typed).status_code == 403
    done = admin.post("/console/analytics/lines/?program=spring", typed)
    assert (done.status_code, done["Location"]) == (
        302,
        "/console/analytics/lines/?program=spring#acceptance",
    )
    drawn = lines("spring")["acceptance"]
    assert (drawn.target, drawn.yellow, drawn.red, drawn.owner) == (0.4, 0.25, 0.125, "sales")
    [entry] = entries(about="figure:spring/acceptance")
    assert (entry.verb, entry.reason) == ("figure.lines_drawn", "spring")
    assert (entry.before or {})["red"] == "0.1"
    assert (entry.after or {})["red"] == "0.125"
    wrong = admin.post("/console/analytics/lines/?program=spring", typed | {"red": "60"})
    text = wrong.content.decode()
    assert wrong.status_code == 422
    assert "the red line must not be on the good side" in text
    assert 'value="60"' in text  # what was typed is not lost
    assert lines("spring")["acceptance"].red == 0.125


def test_assumptions_are_kept_with_the_program_and_written_down(
    installation: Installation, staff: Staff
) -> None:
    Line().publish()
    growth, analyst = staff("growth"), staff("analyst")
    path = "/console/analytics/money/?program=spring"
    typed = {"customer_value": "500", "running_cost": "3000.50", "margin": "40", "budget_share": ""}
    assert analyst.post(path, typed).status_code == 403
    assert growth.post(path, typed).status_code == 302
    found = assumptions(scope("spring"))
    assert (found.customer_value, found.running_cost, found.margin) == (50_000, 300_050, 0.4)
    assert found.budget_share == 0.2
    [entry] = entries(about="program:spring")
    assert entry.verb == "program.assumed"
    text = growth.get(path).content.decode()
    assert 'name="running_cost" inputmode="decimal" value="3000.5"' in text
    wrong = growth.post(path, typed | {"margin": "a lot"})
    assert wrong.status_code == 422
    assert 'value="a lot"' in wrong.content.decode()


def test_rewards_are_held_against_orders_once_the_page_stands(
    installation: Installation, staff: Staff
) -> None:
    line = Line()
    line.publish()
    line.story()
    line.work()
    client = staff("growth")
    path = "/console/analytics/money/?program=spring&from=2026-03-01&to=2026-03-31"
    page = client.get(path).content.decode()
    assert 'hx-get="?program=spring&amp;from=2026-03-01' in page
    assert "No difference: every reward fits" not in page
    part = client.get(f"{path}&table=differences").content.decode()
    assert part.strip().startswith('<section class="c-card a-part" id="differences"')
    assert "No difference: every reward fits its order" in part
    assert table(client, path.removeprefix("/console/"), "differences") == []


def test_an_experiment_is_planned_read_ended_and_applied(
    installation: Installation, staff: Staff
) -> None:
    line = Line()
    line.publish(PROGRAM + "experiments:\n  rate: {split: {a: 50, b: 50}, by: friend}\n")
    line.story()
    line.work()
    growth, finance = staff("growth"), staff("finance")
    typed = {
        "of": "spring/rate",
        "hypothesis": "More brings more.",
        "metric": "bought",
        "audience": "",
        "baseline": "50",
        "effect": "25",
        "deviation": "",
        "alpha": "5",
        "power": "90",
        "starts_on": "2026-03-01",
        "ends_on": "2026-04-01",
    }
    path = "/console/experiments/"
    assert finance.post(path, typed).status_code == 403
    sized = growth.post(path, typed | {"act": "size"})
    assert "It needs 77 people in each variant." in sized.content.decode()
    assert experiments() == []
    wrong = growth.post(path, typed | {"baseline": "many"})
    assert wrong.status_code == 422
    assert 'value="many"' in wrong.content.decode()
    wrong = growth.post(path, typed | {"baseline": "150", "act": "size"})
    assert wrong.status_code == 422
    done = growth.post(path, typed | {"act": "begin"})
    [made] = experiments()
    assert done["Location"] == f"{path}{made.number}/"
    rows = table(growth, f"experiments/{made.number}/", "report")
    assert [row[0] for row in rows] == ["a", "b"]
    assert sum(int(row[2]) for row in rows) == 2  # ben and cid
    page = growth.get(f"{path}{made.number}/").content.decode()
    assert "Too early to judge" in page
    assert page.index('data-confirm="end"') < page.index('<dialog class="c-dialog" id="end"')
    end = {"act": "end", "winner": "b", "conclusion": "b it is"}
    assert finance.post(f"{path}{made.number}/", end).status_code == 403
    assert growth.post(f"{path}{made.number}/", end | {"conclusion": ""}).status_code == 422
    assert growth.post(f"{path}{made.number}/", end).status_code == 302
    assert growth.post(f"{path}{made.number}/", {"act": "apply"}).status_code == 302
    [ended] = experiments()
    assert (ended.winner, ended.version) == ("b", 2)
    verbs = [one.verb for one in entries(about=f"experiment:{made.number}")]
    assert sorted(verbs) == ["experiment.applied", "experiment.begun", "experiment.ended"]
    assert "Its terms are in a draft of version 2." in (
        growth.get(f"{path}{made.number}/").content.decode()
    )
