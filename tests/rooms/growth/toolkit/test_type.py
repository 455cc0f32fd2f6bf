"""Setting text: where lines may break, what is left out, what is cut."""

from __future__ import annotations

import pytest

from banyan.growth.toolkit.pictures.type import (
    CLOSING,
    OPENING,
    block,
    broken,
    clipped,
    shown,
    width_of,
)

EM = 40


def lines(text: str, columns: float) -> tuple[str, ...]:
    """At a width of so many Chinese characters."""
    return broken(text, width=round(columns * EM), size=EM)


def test_chinese_breaks_between_characters() -> None:
    assert lines("一二三四五六七", 3) == ("一二三", "四五六", "七")


def test_no_closing_mark_begins_a_line() -> None:
    assert lines("一二三，四五", 3) == ("一二", "三，四", "五")
    assert lines("一二三！？四", 3) == ("一二", "三！？", "四")
    assert lines("他说“好”。", 4) == ("他说", "“好”。")


def test_no_opening_mark_ends_a_line() -> None:
    assert lines("一二（三四）", 3) == ("一二", "（三", "四）")
    assert lines("得了¥20抵用金", 3) == ("得了", "¥20抵", "用金")


@pytest.mark.parametrize("columns", [2, 2.7, 3, 4.2, 5, 6, 7.5, 9])
def test_the_rules_of_marks_hold_at_every_width(columns: float) -> None:
    text = "送好友“八折券”，您得 20 美元（首单后）！详见《活动规则》：第 3 条……满 US$50 可用。"
    found = lines(text, columns)
    assert "".join(found).replace(" ", "") == text.replace(" ", "")
    whole = [line for line in found if width_of(line, EM) <= columns * EM]
    assert len(whole) == len(found)
    if columns >= 4:
        assert not [line for line in found if line[0] in CLOSING]
        assert not [line for line in found if line[-1] in OPENING]


def test_latin_words_stay_whole() -> None:
    assert lines("用 Green Leaf 买菜", 6.5) == ("用 Green Leaf", "买菜")
    assert lines("用 Green Leaf 买菜", 4.3) == ("用 Green", "Leaf 买菜")
    assert lines("twenty-five dollars", 6) == ("twenty-five", "dollars")


def test_a_word_wider_than_a_line_is_broken_all_the_same() -> None:
    found = lines("https://refer.example.com/r/7KXM4PQR", 5)
    assert len(found) > 1
    assert "".join(found) == "https://refer.example.com/r/7KXM4PQR"
    assert all(width_of(line, EM) <= 5 * EM for line in found)


def test_what_the_font_lacks_is_left_out_and_nothing_stands_for_it() -> None:
    assert shown("小陈🌳👨‍👩‍👧 邀请") == "小陈 邀请"
    assert shown("مرحبا") == ""
    assert shown("שלום Ann") == "Ann"
    assert shown("a\u202eb\u200dc\ufe0f\x00\nd") == "abc d"
    assert shown("Zoë Ünal 龘 ①") == "Zoë Ünal 龘 ①"


def test_a_long_name_is_cut_by_columns() -> None:
    assert clipped("陈" * 20, 24) == "陈" * 12 + "…"
    assert clipped("Alexandra", 24) == "Alexandra"
    assert clipped("A" * 30, 24) == "A" * 24 + "…"


def test_text_takes_the_largest_size_that_fits() -> None:
    large = block("一二三四", width=4 * 40, sizes=(40, 20), most_lines=1)
    small = block("一二三四五", width=4 * 40, sizes=(40, 20), most_lines=1)
    assert (large.size, large.lines) == (40, ("一二三四",))
    assert (small.size, small.lines) == (20, ("一二三四五",))


def test_what_fits_nowhere_is_cut_with_a_sign() -> None:
    found = block("一二三四，五六七八", width=5 * 20, sizes=(40, 20), most_lines=1)
    assert found.lines == ("一二三四…",)
    assert width_of(found.lines[0], 20) <= 5 * 20


def test_lines_are_even_so_that_no_character_stands_alone() -> None:
    found = block("一二三四五六七八九十一", width=10 * 40, sizes=(40,), most_lines=2)
    assert [len(line) for line in found.lines] == [6, 5]


def test_lines_end_where_the_text_pauses_when_that_costs_no_line() -> None:
    def set_in(text: str, columns: int, lines: int) -> tuple[str, ...]:
        return block(text, width=columns * 40, sizes=(40,), most_lines=lines).lines

    assert set_in("定制试用、阶梯奖励、推荐人荣誉", 11, 2) == ("定制试用、阶梯奖励、", "推荐人荣誉")
    assert set_in("他说：“好！”。您呢", 8, 2) == ("他说：“好！”。", "您呢")
    # A pause inside a line keeps its space.
    assert set_in("Give 20%, get $20", 20, 1) == ("Give 20%, get $20",)
    assert set_in("A trial, a ladder of rewards, a name", 11, 2) == (
        "A trial, a ladder of",
        "rewards, a name",
    )
    assert set_in("A small trial, a ladder of rewards", 10, 2) == (
        "A small trial,",
        "a ladder of rewards",
    )


def test_nothing_is_no_line() -> None:
    assert block("", width=400, sizes=(40,), most_lines=1).lines == ()
    assert block("🌳", width=400, sizes=(40,), most_lines=1).height == 0
