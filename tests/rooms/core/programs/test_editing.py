"""A value of a program's file changed where it stands: what was meant is said, all else stays."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banyan.core.programs.editing import NotEditable, Path, drop, put, rename
from banyan.core.programs.presets import Preset, presets
from banyan.engine.language import ProgramError
from banyan.engine.language.source import Node, Source, Written, plain

PLAIN = """\
# The head stays.
program: plain
version: 1   # counted by hand
currency: USD

milestones:
  bought:
    on: Order Completed
    where: "total >= 50"
  # A line of its own.
  again:
    on: Order Completed

rewards:
  credit:
    to: advocate
    amount: 20.00      # our choice
    caps:
      - {per: advocate, period: year, amount: 500.00}   # the year
      - {per: program, amount: 9000.00}
"""


def number(text: str) -> Written:
    return Written(text, "number")


def changed_lines(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines that are only in one of both texts."""
    a, b = before.splitlines(), after.splitlines()
    gone: list[str] = []
    come: list[str] = []
    for what, a1, a2, b1, b2 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if what != "equal":
            gone += a[a1:a2]
            come += b[b1:b2]
    return gone, come


def test_a_number_changes_and_its_comment_stays() -> None:
    assert changed_lines(PLAIN, put(PLAIN, ("rewards", "credit", "amount"), number("25.50"))) == (
        ["    amount: 20.00      # our choice"],
        ["    amount: 25.50      # our choice"],
    )


def test_a_number_becomes_a_percentage_on_its_line() -> None:
    percent = {"percent": number("5"), "of": "total", "max": number("50.00")}
    assert changed_lines(PLAIN, put(PLAIN, ("rewards", "credit", "amount"), percent))[1] == [
        "    amount: {percent: 5, of: total, max: 50.00}      # our choice"
    ]


def test_a_key_that_is_missing_comes_where_the_language_has_it() -> None:
    after = put(PLAIN, ("rewards", "credit", "on"), "bought")
    assert after.splitlines()[15:18] == [
        "    to: advocate",
        "    on: bought",
        "    amount: 20.00      # our choice",
    ]
    after = put(PLAIN, ("timezone",), "Asia/Shanghai")
    assert after.splitlines()[3:5] == ["currency: USD", "timezone: Asia/Shanghai"]


def test_what_leads_there_is_made_with_it() -> None:
    assert changed_lines(PLAIN, put(PLAIN, ("runs", "until"), "2027-01-01")) == (
        [],
        ["runs: {until: 2027-01-01}"],
    )
    assert changed_lines(PLAIN, put(PLAIN, ("limits", 0), {"give": "cash", "per": "program"})) == (
        [],
        ["", "limits:", "  - {give: cash, per: program}"],
    )


def test_a_new_part_stands_on_lines_of_its_own() -> None:
    after = put(PLAIN, ("milestones", "third"), {"on": "Order Completed", "count": number("3")})
    assert changed_lines(PLAIN, after) == (
        [],
        ["  third:", "    on: Order Completed", "    count: 3"],
    )


def test_an_item_is_added_and_taken_away() -> None:
    after = put(PLAIN, ("rewards", "credit", "caps", 2), {"per": "friend", "count": number("1")})
    assert changed_lines(PLAIN, after) == ([], ["      - {per: friend, count: 1}"])
    assert drop(after, ("rewards", "credit", "caps", 2)) == PLAIN
    assert changed_lines(PLAIN, drop(PLAIN, ("rewards", "credit", "caps", 0))) == (
        ["      - {per: advocate, period: year, amount: 500.00}   # the year"],
        [],
    )


def test_what_would_be_left_empty_goes_too() -> None:
    once = drop(PLAIN, ("milestones", "bought"))
    assert changed_lines(PLAIN, once)[0] == [
        "  bought:",
        "    on: Order Completed",
        '    where: "total >= 50"',
    ]
    twice = drop(once, ("milestones", "again"))
    assert "milestones" not in plain(Source.read(twice).root)  # type: ignore[operator]


def test_a_name_changes_and_nothing_else() -> None:
    assert changed_lines(PLAIN, rename(PLAIN, ("milestones", "bought"), "first")) == (
        ["  bought:"],
        ["  first:"],
    )
    with pytest.raises(NotEditable, match="there is 'again' already"):
        rename(PLAIN, ("milestones", "bought"), "again")


def test_texts_that_mean_something_else_in_yaml_are_quoted() -> None:
    for text in ("yes", "12", "true", "null", "a: b", "a # b", "- a", "*a", "送好友八折", '"', "é"):
        after = put(PLAIN, ("title", "en"), text)
        assert Source.read(after).find(("title", "en"))[1].text == text


def test_long_texts_stand_on_lines() -> None:
    after = put(PLAIN, ("advice", "en"), "One line.\nAnother: one # too.")
    assert "advice:\n  en: |\n    One line.\n    Another: one # too.\n" in after
    assert Source.read(after).find(("advice", "en"))[1].text == "One line.\nAnother: one # too.\n"


def test_json_stays_json() -> None:
    text = '{"version": 1, "milestones": {}}\n'
    after = put(text, ("milestones", "a"), {"on": "Order Completed", "count": number("2")})
    assert after == ('{"version": 1, "milestones": {"a": {"on": "Order Completed", "count": 2}}}\n')
    assert drop(after, ("version",)) == (
        '{"milestones": {"a": {"on": "Order Completed", "count": 2}}}\n'
    )


def test_a_key_without_a_value_takes_one() -> None:
    after = put("program: x\nmilestones:\nversion: 1\n", ("milestones", "a", "on"), "Signed Up")
    assert plain(Source.read(after).root) == {
        "program": "x",
        "milestones": {"a": {"on": "Signed Up"}},
        "version": number("1"),
    }


def test_what_an_alias_stands_for_is_not_changed_through_it() -> None:
    text = "program: x\na: &one {b: 1, c: 2}\nd: *one\n"
    with pytest.raises(NotEditable, match="it is written by an alias"):
        put(text, ("d", "b"), number("3"))
    with pytest.raises(NotEditable, match="it is written by an alias"):
        drop(text, ("d", "b"))


def test_a_text_that_is_no_yaml_is_refused() -> None:
    with pytest.raises(ProgramError):
        put("a: [1", ("a",), "b")


def paths(node: Node, before: Path = ()) -> Iterator[tuple[Path, Node]]:
    """Every value of a file with its path."""
    for key, (_start, value) in node.entries.items():
        yield (*before, key), value
        yield from paths(value, (*before, key))
    for index, item in enumerate(node.items):
        yield (*before, index), item
        yield from paths(item, (*before, index))


@pytest.mark.parametrize("preset", presets(), ids=lambda one: one.name)
def test_every_value_of_every_preset_can_be_changed_alone(preset: Preset) -> None:
    for path, node in paths(Source.read(preset.source).root):
        if node.style in ("map", "list", "|", ">"):
            continue
        after = put(preset.source, path, "changed text")
        gone, come = changed_lines(preset.source, after)
        assert (len(gone), len(come)) == (1, 1), path
        assert come[0].partition("#")[2] == gone[0].partition("#")[2], path
        assert Source.read(after).find(path)[1].text == "changed text"


@pytest.mark.parametrize("preset", presets(), ids=lambda one: one.name)
def test_every_value_of_every_preset_can_be_taken_away_alone(preset: Preset) -> None:
    for path, _node in paths(Source.read(preset.source).root):
        after = drop(preset.source, path)
        gone, come = changed_lines(preset.source, after)
        # Of a line in braces a part goes; else whole lines go and none comes.
        assert len(come) <= 1, path
        assert gone, path


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=30
).filter(lambda text: not any(c in text for c in "\u2028\u2029\ufeff\ufffe\uffff\x85"))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(presets()), st.data(), WORDS)
def test_any_text_reads_back_as_it_was_put(preset: Preset, data: st.DataObject, text: str) -> None:
    all_paths = [path for path, node in paths(Source.read(preset.source).root) if not node.style]
    path = data.draw(st.sampled_from(all_paths))
    assert Source.read(put(preset.source, path, text)).find(path)[1].text == text
