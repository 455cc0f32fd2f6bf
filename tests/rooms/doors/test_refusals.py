"""Why something was refused, as pages tell it: each reader in their language."""

from __future__ import annotations

import pytest
from django.utils import translation

from banyan.core.programs.acts import WrongStatus
from banyan.core.programs.codes import BadCode
from banyan.doors.refusals import refusal, translated
from banyan.engine.language import Program, ProgramError
from banyan.kernel.errors import Problem


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        # A number, a name and words from a list.
        ("code: needs 2 to 64 characters, found 1", "推荐码：应有 2 至 64 个字符，现为 1 个"),
        (
            "spring is closed; only one that is live or paused can be paused",
            "spring 已结束；只有进行中或已暂停的计划才能改为“已暂停”",
        ),
        (
            "roles: there is no role 'chef'; there are growth, sales, support",
            "角色：没有角色 'chef'；可用的有增长、销售、客服",
        ),
        # Names and code keep their spaces, Chinese words have none.
        ("'x' is not known; did you mean a, b or c?", "不认识 'x'；是不是 a、b 或 c？"),
        ("expected a number, found the number 5x", "应为数字，却是数字 5x"),
        ("expected a number, but this is a text", "应为数字，而这里是文本"),
        (
            "the key 'freind' is not known; expected title, friends or number",
            "不认识键 'freind'；应为 title、friends 或 number",
        ),
        # A sentence in the sentence, and gaps that follow each other.
        (
            "time_zone: 'Mars' is no IANA time zone, such as UTC or Asia/Shanghai",
            "时区：'Mars' 不是 IANA 时区，例如 UTC 或 Asia/Shanghai",
        ),
        (
            "'fortnight' is not known; did you mean month? (known: day, week, month or year)",
            "不认识 'fortnight'；是不是 month？（可用的有 day、week、month 或 year）",
        ),
        (
            "this is not YAML: while parsing a block mapping, did not find expected key",
            "这不是有效的 YAML：解析键值对时，这里应当是一个键",
        ),
        # Braces of the sentence itself.
        (
            "text: {who} is not known here; known are {link}, {name}.",
            "文本：这里不认识 {who}；可用的有 {link}、{name}。",
        ),
        # What somebody wrote stays as it was written, whatever it looks like.
        (
            "channel: there is no text for 'email, sms or {1}' in this language",
            "渠道：'email, sms or {1}' 没有这种语言的文本",
        ),
        # A name before it belongs to no number in it.
        (
            "verify: 3 differences between the live tables and the log up to position 9; run: "
            "banyan verify",
            "核对：到位置 9 为止，实时表与日志有 3 处不同；请运行：banyan verify",
        ),
        # More than one line.
        ("nested too deep\nthe expression is empty", "嵌套过深\n表达式为空"),
    ],
)
def test_what_varies_finds_its_place(english: str, chinese: str) -> None:
    with translation.override("zh-hans"):
        assert translated(english) == chinese
    with translation.override("en"):
        assert translated(english) == english


def test_what_no_pattern_knows_is_shown_as_it_is() -> None:
    with translation.override("zh-hans"):
        assert translated("Stripe answered 500") == "Stripe answered 500"
        assert translated("请至少选择一项。") == "请至少选择一项。"
        assert translated("") == ""
        assert refusal(Problem()) == ""


def test_a_problem_is_told_without_the_place_of_a_file() -> None:
    with pytest.raises(ProgramError) as failed:
        Program.parse("program: spring\nversion: x\ncurrency: EUR\n", "a.yaml")
    with translation.override("zh-hans"):
        assert refusal(failed.value) == "第 2 行，version：应为整数，却是 'x'"
        assert refusal(WrongStatus("program: 'a' is paused and takes no new links")) == (
            "计划 'a' 已暂停，不再生成新链接"
        )
    with translation.override("en"):
        assert refusal(failed.value) == "Line 2, version: expected a whole number, found 'x'"
        assert refusal(BadCode("code: needs 2")) == "code: needs 2"
