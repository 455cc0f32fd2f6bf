"""`banyan explain`: a program's rules, or one decision of a replay."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.rooms.doors.cli.running import banyan, installed

ROOT = Path(__file__).parents[4]
MEUNDIES = ROOT / "programs" / "meundies.yaml"

PROGRAM = """\
program: give
version: 1
title: {en: "Give and get"}
currency: USD
attribution: {window: 30d}
milestones:
  bought: {on: Order Completed, where: "total >= 50", within: 60d}
rewards:
  credit:
    to: advocate
    on: bought
    give: credit
    amount: 20.00
    hold: 14d
    caps:
      - {per: advocate, amount: 30.00}
      - {per: program, amount: 100000.00}
"""


def event(number: int, user: str, name: str, **properties: Any) -> str:
    return json.dumps(
        {
            "type": "track",
            "messageId": f"m{number}",
            "userId": user,
            "timestamp": f"2026-01-{number:02}T08:00:00Z",
            "event": name,
            "properties": properties,
        }
    )


LOG = [
    event(1, "ann", "Referral Link Created", code="ANN"),
    event(2, "zoe", "Referral Link Created", code="ZOE"),
    event(3, "ben", "Referral Link Clicked", code="ZOE", channel="mail"),
    event(4, "ben", "Signed Up", referral_code="ann"),
    event(5, "ben", "Order Completed", order_id="b1", total=60, currency="USD"),
    event(6, "cem", "Signed Up", referral_code="ANN"),
    event(7, "cem", "Order Completed", order_id="c1", total=80),
    event(8, "ben", "Order Refunded", order_id="b1"),
]


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a replay in which ann's cap leaves her half of the second reward."""
    folder = tmp_path_factory.mktemp("replayed")
    (folder / "give.yaml").write_text(PROGRAM)
    (folder / "log.jsonl").write_text("\n".join(LOG) + "\n")
    files = (folder / "give.yaml", folder / "log.jsonl")
    code, _, errors = installed("replay", *files, "--out", folder / "out")
    assert (code, errors) == (0, "")
    return folder / "out"


def test_the_rules_of_a_program_are_printed() -> None:
    code, page, errors = banyan("explain", MEUNDIES)
    assert (code, errors) == (0, "")
    assert page.startswith("# Rules: Give 20%, get \\$20\n\n- Program “meundies”, version 1.")
    assert page.endswith("nothing that was recorded is erased or rewritten.\n")


def test_in_chinese_and_as_a_page() -> None:
    code, page, errors = banyan("explain", MEUNDIES, "--lang", "zh-hans", "--format", "html")
    assert (code, errors) == (0, "")
    assert page.startswith('<!doctype html>\n<html lang="zh-Hans">')
    assert "<h1>规则：送好友八折，得 20 美元</h1>" in page


def test_a_decision_is_explained(replayed: Path) -> None:
    code, text, errors = banyan("explain", "--decision", "give/credit/ann/7", replayed)
    assert (code, errors) == (0, "")
    assert text == (
        "Decision “give/credit/ann/7” (program “give”, version 1). “cem” gave the code of “ann” "
        "(position 6, January 6, 2026, 08:00) and joined at position 6, January 6, 2026, 08:00. "
        "The event at position 7, January 7, 2026, 08:00 reached the milestone “bought”; for the "
        "reward “credit” this was the 2nd time of “ann” (the advocate). The milestone’s rule: "
        "the friend’s event "
        "“Order Completed” counts if the order total is at least 50. The first such event reaches "
        "the milestone, once. Only events within 60 days of joining count. The rule gives $20.00 "
        "in credit. Caps asked, in this order: at most $30.00 in credit for each advocate in all "
        "($20.00 in credit used before, $10.00 in credit left); at most $100,000.00 in credit for "
        "the whole program in all ($20.00 in credit used before, $99,980.00 in credit left). Only "
        "$10.00 in credit was granted and $10.00 in credit was cut: cap 1 of the reward (at most "
        "$30.00 in credit for each advocate in all) had no more left. It is to become available on "
        "January 21, 2026, 08:00. (The hold is 14 days.) It does not expire. Times are those of "
        "UTC.\n"
    )


def test_what_became_of_a_decision_and_which_invitations_did_not_count(replayed: Path) -> None:
    _, text, _ = banyan("explain", "--decision", "give/credit/ann/5", replayed)
    assert (
        "1 other invitation did not count: a click on the link of “zoe” (position 3, January 3, "
        "2026, 08:00): another invitation that also counted went before it."
    ) in text
    assert (
        "Later this was taken back, after a refund of the order: $20.00 in credit at position 8, "
        "January 8, 2026, 08:00; $0.00 in credit remains."
    ) in text


def test_a_decision_is_explained_in_chinese(replayed: Path) -> None:
    arguments = ("--decision", "give/credit/ann/7", replayed, "--lang", "zh-hans")
    code, text, _ = banyan("explain", *arguments)
    assert code == 0
    assert "“cem”使用了“ann”的推荐码（位置 6，2026 年 1 月 6 日 08:00）" in text
    assert "只发放了抵用金 US$10.00，削减了抵用金 US$10.00" in text


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_every_format_of_a_replay_is_read(replayed: Path, tmp_path: Path, form: str) -> None:
    source = replayed.parent
    files = (source / "give.yaml", source / "log.jsonl")
    assert installed("replay", *files, "--out", tmp_path, "--format", form)[0] == 0
    asked = ("explain", "--decision", "give/credit/ann/5")
    assert banyan(*asked, tmp_path) == banyan(*asked, replayed)


def test_an_unknown_decision_is_answered_with_the_nearest(replayed: Path) -> None:
    code, text, errors = banyan("explain", "--decision", "give/credit/ann/6", replayed)
    assert (code, text) == (1, "")
    assert errors == (
        "There is no decision 'give/credit/ann/6' among the 2 of this replay; the nearest are "
        "give/credit/ann/7, give/credit/ann/5.\n"
    )


def test_a_decision_needs_the_folder_of_a_replay(tmp_path: Path) -> None:
    code, _, errors = banyan("explain", "--decision", "a/b/c/1", MEUNDIES)
    assert (code, errors) == (1, f"{MEUNDIES} is not a folder that a replay wrote.\n")
    code, _, errors = banyan("explain", "--decision", "a/b/c/1", tmp_path)
    assert code == 1
    assert str(tmp_path) in errors
    assert "Traceback" not in errors


def test_what_is_no_program_is_said_in_a_line(tmp_path: Path) -> None:
    code, _, errors = banyan("explain", tmp_path / "none.yaml")
    assert code == 1
    assert errors.startswith(f"{tmp_path}/none.yaml:1:1: error: the file cannot be opened")
    (tmp_path / "wrong.yaml").write_text("program: wrong\nversion: 1\n")
    code, page, errors = banyan("explain", tmp_path / "wrong.yaml")
    assert (code, page) == (1, "")
    assert errors.startswith(f"{tmp_path}/wrong.yaml:1:1: error")


def test_wrong_usage_is_told_apart(tmp_path: Path) -> None:
    assert banyan("explain")[0] == 2
    assert banyan("explain", MEUNDIES, "--lang", "fr")[0] == 2
    assert banyan("explain", tmp_path)[0] == 2
    assert banyan("explain", "--decision", "a/b/c/1", tmp_path, "--format", "html")[0] == 2
