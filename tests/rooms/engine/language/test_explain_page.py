"""The public rules page: a sentence for every construct of the language, and nothing of the file
becomes markup."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from html.parser import HTMLParser
from typing import Any

import pytest

from banyan.engine.language.explain import LANGUAGES, rules_page
from banyan.engine.language.program import Program

SEED = "1a0b34673fb26f9fe3ccba88b704cdbe18f279a54c65f38637da6ccb4eca3a28"

BASE: dict[str, Any] = {
    "program": "base",
    "version": 1,
    "title": {"en": "Base", "zh-hans": "基础"},
    "currency": "USD",
    "timezone": "UTC",
    "runs": {"from": "2026-01-01", "until": "2027-01-01"},
    "properties": {"plan": "text"},
    "attribution": {"window": "30d"},
    "milestones": {"bought": {"on": "Order Completed"}},
    "rewards": {
        "main": {
            "to": "advocate",
            "on": "bought",
            "give": "cash",
            "amount": 20,
            "caps": [{"per": "advocate", "amount": 500}],
            "boosts": [{"from": "2026-05-01", "until": "2026-05-04", "times": 2}],
        }
    },
    "limits": [{"give": "cash", "per": "program", "amount": 1000}],
    "experiments": {"rate": {"split": {"a": 50, "b": 50}, "by": "advocate"}},
    "risk": [{"id": "same", "when": "same_device", "then": "reject"}],
}

PERCENT = {"percent": 5, "of": "total"}
LADDER = {"first": 50, "grow": "10%", "steps": 4}
TABLE = {"by": "plan", "table": {"pro": 9}}
PRIZES = [
    {"give": "points", "amount": 5, "weight": 1},
    {"give": "points", "amount": 7, "weight": 1},
]
DRAW = {"draw": PRIZES, "chance": 0.5}
# Only count caps may stand over a draw.
DRAWN = {"seed_sha256": SEED, "rewards/main/caps": None, "limits": None}
AMOUNT = "rewards/main/amount"
CAP = "rewards/main/caps/0"
BOOST = "rewards/main/boosts/0"

# For every key of the language: where it stands in the program above and values it may have. Under
# a first entry that is a mapping, the key's surroundings are put there before. None takes the key
# away. Each value must give a page of its own, in both languages.
KEYS: dict[str, tuple[str, list[Any]]] = {
    "Program.program": ("program", ["base", "other"]),
    "Program.version": ("version", [1, 2]),
    "Program.title": ("title", [None, {"en": "E", "zh-hans": "中"}]),
    "Program.currency": ("currency", ["USD", "CNY", "KWD"]),
    "Program.timezone": ("timezone", ["UTC", "Asia/Shanghai"]),
    "Program.runs": ("runs", [None, {"from": "2026-01-01"}]),
    "Program.stops": ("stops", [None, [{"from": "2026-03-01"}]]),
    "Stop.from": ("stops/0/from", ["2026-03-01", "2026-03-02T10:30:00Z"]),
    "Stop.until": ("stops/0/until", [None, "2026-04-01", "2026-04-01T10:30:00Z"]),
    "Program.properties": ("properties", [None, {"plan": "text"}]),
    "Program.properties.*": ("properties/seats", ["number", "text", "boolean"]),
    "Program.advocates": ("advocates", [None, {"where": "orders >= 1"}]),
    "Program.friends": ("friends", [None, {"where": "TRUE"}]),
    "Program.attribution": ("attribution", [{}, {"window": "1d"}]),
    "Program.milestones": ("milestones/more", [None, {"on": "Signed Up"}]),
    "Program.rewards": ("rewards", [None, BASE["rewards"]]),
    "Program.limits": ("limits", [None, BASE["limits"]]),
    "Program.experiments": ("experiments", [None, BASE["experiments"]]),
    "Program.seed_sha256": ("seed_sha256", [None, SEED]),
    "Program.risk": ("risk", [None, BASE["risk"]]),
    "Words.en": ("title/en", ["A", "B"]),
    "Words.zh-hans": ("title/zh-hans", ["甲", "乙"]),
    "Runs.from": ("runs/from", [None, "2026-02-01", "2026-02-01T10:30:00Z"]),
    "Runs.until": ("runs/until", [None, "2027-02-01", "2027-02-01T10:30:00Z"]),
    "Advocates.where": ("advocates/where", ["TRUE", "orders >= 1"]),
    "Friends.where": ("friends/where", ["TRUE", "is_new"]),
    "Attribution.window": ("attribution/window", ["30d", "36h", "90m", "45s", "0s"]),
    "Attribution.credit": ("attribution/credit", ["last_touch", "first_touch"]),
    "Attribution.prefer": ("attribution/prefer", [["code"], ["click", "code"], ["code", "click"]]),
    "Attribution.joins_on": ("attribution/joins_on", [["Signed Up"], ["Signed Up", "Trial"]]),
    "Milestone.on": ("milestones/bought/on", ["Order Completed", "Signed Up"]),
    "Milestone.where": ("milestones/bought/where", [None, "total > 5", "plan = 'pro'"]),
    "Milestone.count": ("milestones/bought/count", [1, 2]),
    "Milestone.sum": ("milestones/bought/sum", [None, {"of": "total", "reaches": 5}]),
    "Milestone.within": ("milestones/bought/within", [None, "60d"]),
    "Milestone.repeats": ("milestones/bought/repeats", [None, {"up_to": 5}]),
    "Sum.of": ("milestones/bought/sum/of", ["total", "friend_spend"]),
    "Sum.reaches": ("milestones/bought/sum/reaches", [100, 500.5]),
    "Repeats.up_to": ("milestones/bought/repeats/up_to", [2, 3]),
    "Reward.to": ("rewards/main/to", ["advocate", "friend"]),
    "Reward.on": ("rewards/main/on", ["bought", "joined"]),
    "Reward.when": ("rewards/main/when", [None, "nth <= 5"]),
    "Reward.give": ("rewards/main/give", ["cash", "credit"]),
    "Reward.amount": (AMOUNT, [20, 21]),
    "Reward.hold": ("rewards/main/hold", [0, "14d"]),
    "Reward.expires": ("rewards/main/expires", [None, "365d"]),
    "Reward.on_refund": ("rewards/main/on_refund", ["full", "keep"]),
    "Reward.caps": ("rewards/main/caps", [None, BASE["rewards"]["main"]["caps"]]),
    "Reward.boosts": ("rewards/main/boosts", [None, BASE["rewards"]["main"]["boosts"]]),
    "Percent.percent": (f"{AMOUNT}/percent", [5, 8]),
    "Percent.of": (f"{AMOUNT}/of", ["total", "advocate_spend"]),
    "Percent.min": (f"{AMOUNT}/min", [None, 1]),
    "Percent.max": (f"{AMOUNT}/max", [None, 200]),
    "Ladder.ladder": (AMOUNT, [{"ladder": LADDER}, {"ladder": {**LADDER, "steps": 3}}]),
    "Ladder.ladder.first": (f"{AMOUNT}/ladder/first", [50, 60]),
    "Ladder.ladder.grow": (f"{AMOUNT}/ladder/grow", ["10%", "20%"]),
    "Ladder.ladder.add": (f"{AMOUNT}/ladder/add", [5, 6]),
    "Ladder.ladder.steps": (f"{AMOUNT}/ladder/steps", [3, 4]),
    "ByTable.by": (f"{AMOUNT}/by", ["plan", "rate", "friend_tier"]),
    "ByTable.table": (f"{AMOUNT}/table", [{"pro": 9}, {"pro": 9, "team": 10}]),
    "ByTable.table.*": (f"{AMOUNT}/table/pro", [9, 10]),
    "ByTable.else": (f"{AMOUNT}/else", [0, 3]),
    "SqlAmount.sql": (f"{AMOUNT}/sql", ["total * 0.05", "total * 0.08"]),
    "Draw.draw": (f"{AMOUNT}/draw", [PRIZES, PRIZES[:1]]),
    "Draw.chance": (f"{AMOUNT}/chance", [1, 0.5]),
    "Prize.give": (f"{AMOUNT}/draw/0/give", ["points", "gift:mug"]),
    "Prize.amount": (f"{AMOUNT}/draw/0/amount", [5, 6]),
    "Prize.weight": (f"{AMOUNT}/draw/0/weight", [1, 2]),
    "Cap.per": (f"{CAP}/per", ["advocate", "friend"]),
    "Cap.period": (f"{CAP}/period", [None, "day"]),
    "Cap.amount": (f"{CAP}/amount", [500, 600]),
    "Cap.count": (CAP, [{"per": "advocate", "count": 5}, {"per": "advocate", "count": 1}]),
    "Cap.partial": (f"{CAP}/partial", [True, False]),
    "Limit.give": ("limits/0/give", ["cash", "points"]),
    "Limit.per": ("limits/0/per", ["advocate", "program"]),
    "Limit.period": ("limits/0/period", [None, "year"]),
    "Limit.amount": ("limits/0/amount", [1000, 2000]),
    "Limit.count": (
        "limits",
        [[{"give": "cash", "per": "program", "count": n}] for n in (1, 2)],
    ),
    "Limit.partial": ("limits/0/partial", [True, False]),
    "Boost.from": (f"{BOOST}/from", ["2026-05-01", "2026-05-02"]),
    "Boost.until": (f"{BOOST}/until", ["2026-05-04", "2026-05-05"]),
    "Boost.times": (f"{BOOST}/times", [2, 1.5]),
    "Experiment.split": ("experiments/rate/split", [{"a": 1}, {"a": 1, "b": 2}]),
    "Experiment.split.*": ("experiments/rate/split/a", [50, 60]),
    "Experiment.by": ("experiments/rate/by", ["advocate", "friend"]),
    "RiskRule.id": ("risk/0/id", ["same", "other"]),
    "RiskRule.when": ("risk/0/when", ["same_device", "same_ip"]),
    "RiskRule.then": ("risk/0/then", ["reject", "hold"]),
    "RiskRule.for": ("risk/0/for", ["both", "advocate"]),
}

# What stands around a key must be there first.
AROUND: dict[str, dict[str, Any]] = {
    "Stop": {"stops": [{"from": "2026-03-01"}]},
    "Sum": {"milestones/bought/sum": {"of": "total", "reaches": 5}},
    "Repeats": {"milestones/bought/repeats": {"up_to": 5}},
    "Percent": {AMOUNT: PERCENT},
    "Ladder": {AMOUNT: {"ladder": LADDER}},
    "Ladder.ladder.add": {AMOUNT: {"ladder": {"first": 50, "steps": 4}}},
    "ByTable": {AMOUNT: TABLE},
    "SqlAmount": {AMOUNT: {}},
    "Draw": {AMOUNT: DRAW, **DRAWN},
    "Prize": {AMOUNT: DRAW, **DRAWN},
}

NOT_PUBLIC = {"Program.advice": "said to whoever takes the program as a model, not to the public"}


def page(program: dict[str, Any], lang: str = "en", form: str = "md") -> str:
    return rules_page(Program.parse(json.dumps(program)), lang=lang, format=form)


def built(*changes: dict[str, Any]) -> dict[str, Any]:
    """The base program with values put at their paths; None takes a key away."""
    program = deepcopy(BASE)
    for change in changes:
        for path, value in change.items():
            put(program, path, value)
    return program


def put(program: Any, path: str, value: Any) -> None:
    *parents, last = [int(part) if part.isdecimal() else part for part in path.split("/")]
    for part in parents:
        program = program[part] if isinstance(part, int) else program.setdefault(part, {})
    if value is None:
        program.pop(last, None)
    else:
        program[last] = deepcopy(value)


def schema_keys() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key of the language with its schema, as `Class.key`; `*` is a key of the author's."""
    schema = Program.model_json_schema(by_alias=True)
    for name, part in [("Program", schema), *schema["$defs"].items()]:
        yield from keys_of(name, part)


def keys_of(name: str, part: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, value in part.get("properties", {}).items():
        yield f"{name}.{key}", value
        yield from keys_of(f"{name}.{key}", value)
        for free in (
            value.get("additionalProperties"),
            *value.get("patternProperties", {}).values(),
        ):
            if isinstance(free, dict) and "$ref" not in free:
                yield f"{name}.{key}.*", free


def choices(value: dict[str, Any]) -> list[Any]:
    """The words a key may have: an enum's, and the heads of `coupon:REF` patterns."""
    found: list[Any] = list(value.get("enum", []))
    found += [True, False] if value.get("type") == "boolean" else []
    if (pattern := value.get("pattern", "")) and (
        heads := re.match(r"\^\(?([a-z|]+)\)?:", pattern)
    ):
        found += [f"{head}:thing" for head in heads[1].split("|")]
    for inner in value.get("anyOf", []):
        found += choices(inner)
    return found


SCHEMA = dict(schema_keys())
CHOICES = {key: words for key, value in SCHEMA.items() if len(words := choices(value)) > 1} | {
    "Program.currency": ["USD", "CNY"]
}


def test_every_key_of_the_language_is_told_of_below() -> None:
    assert set(SCHEMA) == set(KEYS) | set(NOT_PUBLIC)


@pytest.mark.parametrize("key", KEYS)
def test_each_value_of_a_key_gives_a_page_of_its_own(key: str) -> None:
    path, values = KEYS[key]
    around = AROUND.get(key, AROUND.get(key.split(".")[0], {}))
    for lang in LANGUAGES:
        pages = [page(built(around, {path: value}), lang) for value in values]
        alone = key == f"Words.{'zh-hans' if lang == 'en' else 'en'}"
        assert len(set(pages)) == (1 if alone else len(values))


@pytest.mark.parametrize("key", CHOICES)
def test_each_word_of_a_choice_gives_a_page_of_its_own(key: str) -> None:
    path, _ = KEYS[key]
    around = AROUND.get(key, AROUND.get(key.split(".")[0], {}))
    words = [word for word in CHOICES[key] if word != "self"]
    for lang in LANGUAGES:
        assert len({page(built(around, {path: word}), lang) for word in words}) == len(words)


def test_the_kinds_of_invitation_are_a_choice_of_the_language() -> None:
    kinds = SCHEMA["Attribution.prefer"]["items"]["enum"]
    assert len({page(built({"attribution/prefer": [kind]})) for kind in kinds}) == len(kinds) == 3


def test_every_form_of_an_amount_gives_a_page_of_its_own() -> None:
    forms = {
        "Fixed": 20,
        "Percent": PERCENT,
        "Ladder": {"ladder": LADDER},
        "ByTable": TABLE,
        "SqlAmount": {"sql": "total * 0.05"},
        "Draw": DRAW,
    }
    named = {ref["$ref"].rsplit("/", 1)[1] for ref in SCHEMA["Reward.amount"]["oneOf"]}
    assert named == set(forms)
    for lang in LANGUAGES:
        pages = {page(built(DRAWN, {AMOUNT: form}), lang) for form in forms.values()}
        assert len(pages) == len(forms)


SELF = {
    "program": "club",
    "version": 3,
    "currency": "USD",
    "milestones": {"order": {"on": "Order Completed", "repeats": {"up_to": 9}}},
    "rewards": {"points": {"to": "self", "on": "order", "give": "points", "amount": 5}},
}


def test_a_self_program_speaks_of_customers_and_never_of_friends() -> None:
    for form in ("md", "html"):
        text = page(SELF, form=form)
        assert "Who takes part" in text
        assert "Who may refer" not in text
        assert "friend" not in text.lower().replace("nobody is referred", "")
    assert "被推荐人" not in page(SELF, "zh-hans")


def test_a_self_program_may_give_to_a_charity() -> None:
    club = deepcopy(SELF)
    club["rewards"]["points"]["to"] = "charity:trees"
    assert "the charity “trees”, as a gift that the customer brings about" in page(club)


def test_a_program_without_rewards_says_so() -> None:
    text = page(built({"rewards": None, "limits": None}))
    assert "This program grants nothing" in text
    assert "How amounts are worked out" not in text


def test_a_long_ladder_joins_steps_that_grant_the_same() -> None:
    ladder = {"first": 10, "grow": "4%", "steps": 6}
    text = page(built({AMOUNT: {"ladder": ladder}, "rewards/main/give": "points", "limits": None}))
    rows = [line for line in text.splitlines() if line.startswith("| ") and " point" in line]
    assert rows == [
        "| 1st to 2nd time | 10 points |",
        "| 3rd to 4th time | 11 points |",
        "| 5th time and every later one | 12 points |",
    ]


def test_a_ladder_that_falls_below_zero_grants_nothing_there() -> None:
    text = page(built({AMOUNT: {"ladder": {"first": 10, "add": -6, "steps": 3}}}))
    assert "| 2nd time | $4.00 in cash |" in text
    assert "| 3rd time and every later one | $0.00 in cash |" in text


def test_odds_that_have_no_end_are_marked_as_rounded() -> None:
    prizes = [{"give": "points", "amount": n, "weight": 1} for n in (1, 2, 3)]
    text = page(built(DRAWN, {AMOUNT: {"draw": prizes, "chance": 0.3}}))
    assert "| 1 point | about 33.333333% | 10% |" in text
    assert "| no prize |  | 70% |" in text


def test_a_period_ends_with_the_last_day_inside_it() -> None:
    text = page(built({"timezone": "America/New_York"}))
    assert "The program runs from January 1, 2026 through December 31, 2026." in text
    assert "× 2 from May 1, 2026 through May 3, 2026." in text
    assert "Eastern Time (America/New_York)" in text


def test_a_period_that_ends_at_noon_names_the_hour() -> None:
    text = page(built({"runs/until": "2026-06-01T12:00:00Z"}))
    assert "The program runs from January 1, 2026 until June 1, 2026, 12:00." in text


def test_a_title_in_one_language_serves_both() -> None:
    assert "# Rules: Nur" in page(built({"title": {"en": "Nur"}}))
    assert "# 规则：Nur" in page(built({"title": {"en": "Nur"}}), "zh-hans")
    assert "# Rules: base" in page(built({"title": None}))


HOSTILE = "<script>alert(1)</script> [x](javascript:y) `c` **b** | & \" ' https://evil.example"


def hostile() -> dict[str, Any]:
    """Every text of a program that may hold anything, holding markup."""
    name = "<b onclick=x>&amp; `|*"[:40].replace("|", "!")
    return {
        **built({"seed_sha256": None}),
        "title": {"en": HOSTILE, "zh-hans": HOSTILE},
        "properties": {name: "text"},
        "attribution": {"joins_on": [HOSTILE]},
        "milestones": {
            name: {"on": HOSTILE, "where": f"coupon = '{HOSTILE.replace(chr(39), '')}'"}
        },
        "rewards": {
            name: {
                "to": "charity:<i>x</i>"[:12],
                "on": name,
                "give": "coupon:<img>",
                "amount": {"by": name, "table": {HOSTILE: 5}},
            }
        },
        "experiments": {name + "2": {"split": {name: 1}, "by": "friend"}},
        "risk": [{"id": name, "when": f"friend_tier LIKE '%{name}'", "then": "hold"}],
        "limits": [{"give": "gift:<u>", "per": "program", "count": 1}],
    }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_of_the_file_becomes_markup_in_markdown(lang: str) -> None:
    text = page(hostile(), lang)
    assert "<" not in text
    assert "\\[x\\](javascript:y)" in text
    assert "https\\://evil.example" in text


class Tags(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


OURS = """html head meta title style body main h1 h2 h3 p ul ol li strong code
    table thead tbody tr th td"""


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_of_the_file_becomes_markup_in_html(lang: str) -> None:
    text = page(hostile(), lang, "html")
    found = Tags()
    found.feed(text)
    assert found.tags <= set(OURS.split())
    assert found.attributes == {"lang", "charset", "name", "content", "scope"}
    assert "<script" not in text
    assert HOSTILE in found.text


def test_the_html_page_stands_alone_and_says_its_language() -> None:
    text = page(BASE, "zh-hans", "html")
    assert text.startswith('<!doctype html>\n<html lang="zh-Hans">\n')
    assert "<title>基础</title>" in text
    assert not re.search(r"https?://|src=|href=|@import|url\(", text)
    assert '<th scope="col">' in page(built({AMOUNT: TABLE}), form="html")


def test_marks_that_turn_text_round_are_taken_out() -> None:
    assert "# Rules: ab c" in page(built({"title": {"en": "a\u202eb\u2028c"}}))
