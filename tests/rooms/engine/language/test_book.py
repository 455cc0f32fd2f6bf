"""Programs that cannot stand in one book, and their neighbours that can."""

from hashlib import sha256

import pytest

from banyan.engine.language.book import Book, BookProblem, compile_book
from banyan.engine.language.program import Program

SHOP = """\
program: shop
version: 1
currency: USD
properties: {plan: text}
attribution: {window: 30d}
milestones:
  bought: {on: Order Completed, where: "plan = 'pro'"}
rewards:
  credit: {to: advocate, on: bought, give: credit, amount: 20.00}
"""
SECOND = SHOP.replace("version: 1", "version: 2")
SELF = """\
program: club
version: 1
currency: USD
milestones:
  bought: {on: Order Completed}
rewards:
  points: {to: self, on: bought, give: points, amount: 10}
"""


def seeded(seed: str, *, version: int = 1, slug: str = "shop") -> str:
    """A program that draws, with the hash of its seed."""
    return f"""\
program: {slug}
version: {version}
currency: USD
attribution: {{window: 30d}}
seed_sha256: {sha256(seed.encode()).hexdigest()}
milestones:
  bought: {{on: Order Completed}}
rewards:
  points: {{to: friend, on: bought, give: points, amount: 10}}
  prize:
    to: friend
    on: bought
    give: points
    amount: {{draw: [{{give: points, amount: 100, weight: 1}}], chance: 0.1}}
    caps: [{{per: program, count: 10}}]
"""


def book(*texts: str, **seeds: str) -> Book:
    return compile_book([Program.parse(text) for text in texts], seeds=seeds)


def problem(*texts: str, **seeds: str) -> str:
    with pytest.raises(BookProblem) as caught:
        book(*texts, **seeds)
    return caught.value.sentence


def test_no_program() -> None:
    assert problem() == "No program was given; name at least one program file."


def test_lines_stand_by_slug_and_versions_ascend() -> None:
    lines = book(SECOND, SELF, SHOP).lines
    assert [(line.slug, [t.version for t in line.terms], line.is_self) for line in lines] == [
        ("club", [1], True),
        ("shop", [1, 2], False),
    ]


def test_one_version_twice() -> None:
    assert problem(SHOP, SELF, SHOP.replace("20.00", "10.00")) == (
        "Program 'shop' is given twice in version 1; a published version never changes, "
        "so give the newer text the next number."
    )


def test_a_self_program_and_a_referral_program_of_one_slug() -> None:
    assert problem(SHOP, SELF.replace("club", "shop").replace("version: 1", "version: 2")) == (
        "Program 'shop' has `attribution` in one version and none in another; "
        "a self program and a referral program need two slugs."
    )


class TestProperties:
    def test_another_kind_in_another_version(self) -> None:
        second = SECOND.replace("plan: text", "plan: number").replace("'pro'", "1")
        assert problem(SHOP, second) == (
            "Property 'plan' of program 'shop' is text in one version and number in another; "
            "give the new meaning a new name."
        )

    def test_another_kind_in_another_program_is_another_column(self) -> None:
        other = SHOP.replace("program: shop", "program: trial").replace(
            "plan: text", "plan: number"
        )
        both = book(SHOP, other.replace("'pro'", "1"))
        assert [line.properties["plan"] for line in both.lines] == [
            "properties.plan:text",
            "properties.plan:number",
        ]
        assert both.wanted["properties.plan:text"] == "text"
        assert both.wanted["properties.plan:number"] == "number"
        assert both.too_large == ("properties.plan:number", "properties.total")

    def test_one_version_may_do_without(self) -> None:
        first = SHOP.replace("properties: {plan: text}\n", "").replace("plan = 'pro'", "total > 1")
        assert book(first, SECOND).lines[0].properties["plan"] == "properties.plan:text"


class TestSeeds:
    def test_the_fitting_seed(self) -> None:
        assert book(seeded("rain"), SELF, shop="rain").seeds == {"shop": "rain"}

    def test_none_is_needed_without_a_draw(self) -> None:
        assert book(SHOP).seeds == {}

    def test_no_seed_or_that_of_another_program(self) -> None:
        sentence = "Program 'shop' draws prizes; give its seed: --seed shop=TEXT."
        assert problem(seeded("rain")) == sentence
        assert problem(seeded("rain"), club="rain") == sentence

    @pytest.mark.parametrize("seed", ["snow", "rain ", "Rain", ""])
    def test_a_seed_that_does_not_fit(self, seed: str) -> None:
        assert problem(seeded("rain"), shop=seed) == (
            "The seed given for program 'shop' does not have the published `seed_sha256`; "
            "give the text whose SHA-256 was published."
        )

    def test_all_versions_share_one(self) -> None:
        assert len(book(seeded("rain"), seeded("rain", version=2), shop="rain").payouts) == 4
        assert problem(seeded("rain"), seeded("snow", version=2), shop="rain") == (
            "The versions of program 'shop' name different `seed_sha256`; "
            "all versions of a program share one."
        )

    def test_two_programs_have_their_own(self) -> None:
        both = (seeded("rain"), seeded("snow", slug="club"))
        assert book(*both, shop="rain", club="snow").seeds == {"shop": "rain", "club": "snow"}
        assert problem(*both, shop="rain") == (
            "Program 'club' draws prizes; give its seed: --seed club=TEXT."
        )
