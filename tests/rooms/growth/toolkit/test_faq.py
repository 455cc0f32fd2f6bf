"""Questions: answered from the terms, changed and added to by operators, found by their words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from banyan.engine.language.explain import LANGUAGES, Language
from banyan.engine.language.program import Program
from banyan.growth.toolkit import acts, read
from tests.installation import Installation
from tests.rooms.growth.toolkit.shop import NOW, SOURCE, SPRING

PRESETS = sorted(Path("programs").glob("*.yaml"))


def answers(program: Program, lang: Language = "en") -> dict[str, str]:
    return {one.key: one.answer for one in read.faq(program, lang)}


def save(key: str, **changed: object) -> None:
    usual: dict[str, object] = {
        "questions": {"en": "Do you deliver to islands?"},
        "answers": {"en": "Yes."},
        "place": 0,
        "is_shown": True,
        "now": NOW,
    }
    acts.save_question("key:1", "spring", key, **(usual | changed))  # type: ignore[arg-type]


def test_the_terms_answer(installation: Installation) -> None:
    found = answers(SPRING)
    assert found["what"] == (
        "The friend gets: 20% off the first order after joining. "
        "For the advocate there is: $20 in cash for each friend, after the first order."
    )
    assert found["when"].endswith("It is yours at once.")
    assert found["how-many"].endswith("There is no limit to the rewards.")
    assert found["who-may"] == "Everybody."
    assert found["who-counts"].endswith("The invitation counts for 30 days.")
    assert found["expiry"] == "No, rewards do not expire."
    assert "checked" not in found["refused"]


def test_other_terms_answer_otherwise(installation: Installation) -> None:
    careful = SOURCE.replace(
        "amount: 20.00}",
        "amount: 20.00, hold: 14d, expires: 90d, caps: [{per: advocate, count: 3}]}",
    )
    careful += "risk: [{id: many, when: 'friends_24h > 5', then: hold}]\n"
    found = answers(Program.parse(careful))
    assert "others after up to 14 days" in found["when"]
    assert "cash in USD: at most 3 grants for each advocate in all" in found["how-many"]
    assert found["expiry"] == "What is not used within 90 days is lost. Some rewards do not expire."
    assert "Cases that look like abuse are checked" in found["refused"]


def test_every_refund_policy_has_its_answer(installation: Installation) -> None:
    told = {
        policy: answers(
            Program.parse(re.sub(r"(amount: [\d.]+)}", rf"\1, on_refund: {policy}}}", SOURCE))
        )["returns"]
        for policy in ("full", "proportional", "keep")
    }
    assert told["full"].endswith("a refund of a part changes nothing.")
    assert told["proportional"].endswith("shrink by the share that is refunded.")
    assert told["keep"] == "A refund takes nothing back."


def test_every_shipped_program_has_its_answers(installation: Installation) -> None:
    for path in PRESETS:
        program = Program.load(path)
        for lang in LANGUAGES:
            found = read.faq(program, lang)
            keys = {one.key for one in found}
            assert {"what", "when", "how-many", "voluntary"} <= keys, path
            assert ("privacy" in keys) != program.is_self, path
            for one in found:
                assert not set(one.answer) & set("{}"), one
                assert bool(re.search(r"[\u4e00-\u9fff]", one.question)) == (lang == "zh-hans")
            assert read.good_fit(program, lang)


def test_operators_add_change_and_hide(installation: Installation) -> None:
    save("last")
    save("first", place=-1)
    save("when", questions={}, answers={"en": "On the first of the month."})
    save("returns", questions={}, answers={}, is_shown=False)
    found = read.faq(SPRING, "en")
    keys = [one.key for one in found]
    assert (keys[0], keys[1], keys[-1]) == ("first", "what", "last")
    assert "returns" not in keys
    when = found[keys.index("when")]
    assert (when.question, when.answer, when.is_written) == (
        "When do I get my reward?",
        "On the first of the month.",
        True,
    )
    chinese = answers(SPRING, "zh-hans")
    assert "last" not in chinese
    assert chinese["when"].startswith("达到条件后")
    assert "last" not in answers(Program.parse(SOURCE.replace("program: spring", "program: x")))
    assert acts.remove_question("key:1", "spring", "returns") is True
    assert acts.remove_question("key:1", "spring", "returns") is False
    assert "returns" in answers(SPRING)


def test_questions_are_found_by_every_word(installation: Installation) -> None:
    save("islands")
    assert [one.key for one in read.faq(SPRING, "en", query="ISLANDS deliver")] == ["islands"]
    assert read.faq(SPRING, "en", query="islands mountains") == []
    assert "expiry" in {one.key for one in read.faq(SPRING, "zh-hans", query="过期")}


def test_whom_it_suits_is_the_operators_word_or_follows_from_the_terms(
    installation: Installation,
) -> None:
    assert read.good_fit(SPRING, "en").endswith(
        "What counts at the invitation: the friend has not ordered yet."
    )
    acts.set_good_fit("key:1", "spring", {"zh-hans": "爱下厨的人。"}, now=NOW)
    assert read.good_fit(SPRING, "zh-hans") == "爱下厨的人。"
    assert read.good_fit(SPRING, "en").startswith("Somebody who has the need")
    open_to_all = Program.parse(SOURCE + "friends: {where: 'TRUE'}\n")
    assert "What counts" not in read.good_fit(open_to_all, "en")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"questions": {"en": ""}}, "questions.en: expected 1 to 200 characters, found 0"),
        ({"answers": {"en": "x" * 2001}}, "answers.en: expected 1 to 2000 characters, found 2001"),
        ({"answers": {"de": "Ja"}}, "answers: 'de' is no language here"),
    ],
)
def test_what_is_no_question_is_refused(
    installation: Installation, changed: dict[str, object], sentence: str
) -> None:
    with pytest.raises(acts.BadToolkit) as refused:
        save("islands", **changed)
    assert refused.value.sentence.startswith(sentence)
