"""Each rule of the lint: the program it refuses or warns about, and the same program mended."""

from typing import Any

import pytest

from banyan.engine.language import Program, ProgramError, lint

# A program the lint has nothing to say about; each case changes lines of it.
SOUND = """\
program: p
version: 1
currency: USD
seed_sha256: {hash}
runs: {{from: 2026-01-01, until: 2027-01-01}}
attribution: {{window: 30d}}
milestones:
  bought:
    on: Order Completed
    where: "total >= 50 AND coupon IS NULL"
    within: 60d
rewards:
  credit:
    to: advocate
    on: bought
    give: credit
    amount: {{ladder: {{first: 10, add: 5, steps: 5}}}}
    hold: 14d
    caps:
      - {{per: advocate, period: year, amount: 500}}
      - {{per: program, amount: 100000}}
"""
TEXT = SOUND.format(hash="ab" * 32)
PAYS = """\
  more:
    to: {to}
    on: {on}
    give: {give}
    amount: {amount}
    hold: {hold}
"""


def more(
    to: str = "friend",
    on: str = "bought",
    give: str = "credit",
    amount: str = "10",
    hold: str = "14d",
    rest: str = "",
) -> str:
    """The sound program with a second reward; `rest` holds further lines."""
    return TEXT + PAYS.format(to=to, on=on, give=give, amount=amount, hold=hold) + rest


def found(text: str) -> list[str]:
    return [
        str(finding).removeprefix("program.yaml:").split("; ")[0]
        for finding in lint(Program.parse(text))
    ]


def test_a_sound_program() -> None:
    assert found(TEXT) == []
    assert found(more()) == []


def test_a_finding() -> None:
    (finding,) = lint(Program.parse(more(give="perk:lounge"), "here.yaml"))
    assert (finding.path, finding.line, finding.column) == ("here.yaml", 22, 3)
    assert (finding.severity, finding.key) == ("warning", "rewards.more")
    assert str(finding) == (
        "here.yaml:22:3: warning rewards.more: a perk for life can never be changed or taken back; "
        "add expires, such as 365d"
    )


def test_a_program_made_in_code_has_no_places() -> None:
    program = Program.parse(more(give="perk:lounge"))
    made = Program(**{name: getattr(program, name) for name in Program.model_fields})
    assert [str(finding)[:60] for finding in lint(made)] == [
        "program.yaml:1:1: warning rewards.more: a perk for life can "
    ]


LADDER = "{ladder: {first: 10, grow: 5%, steps: 9}}"
DRAW = "{draw: [{give: gift:mug, amount: 1, weight: 1}]}"
CAPS = "    caps: [{{per: {per}, {size}}}]\n"
FRIEND_CAP = "    caps: [{per: friend, amount: 90}, {per: program, amount: 900}]\n"
PERSON = "a ladder without a cap per beneficiary promises one person any amount"
BUDGET = "a ladder without a cap or limit for the program has no budget"
REPEATS = "a reward on a milestone that repeats"


@pytest.mark.parametrize(
    ("offending", "findings", "mended"),
    [
        pytest.param(
            more(amount=LADDER),
            [
                f"22:3: error rewards.more.caps: {BUDGET}",
                f"22:3: error rewards.more.caps: {PERSON}",
            ],
            more(amount=LADDER, rest=FRIEND_CAP),
            id="a ladder without caps",
        ),
        pytest.param(
            more(amount=LADDER, rest=CAPS.format(per="program", size="amount: 9")),
            [f"28:5: error rewards.more.caps: {PERSON}"],
            more(amount=LADDER, rest=FRIEND_CAP.replace("friend", "beneficiary")),
            id="a ladder without a cap per beneficiary",
        ),
        pytest.param(
            more(amount=LADDER, rest=CAPS.format(per="friend", size="count: 9")),
            [f"28:5: error rewards.more.caps: {BUDGET}"],
            more(
                amount=LADDER,
                rest=CAPS.format(per="friend", size="count: 9")
                + "limits: [{give: credit, per: program, amount: 9}]\n",
            ),
            id="a ladder without a budget",
        ),
        pytest.param(
            more(rest="").replace("within: 60d", "within: 60d\n    repeats: {up_to: 3}"),
            [
                f"23:3: error rewards.more.caps: {REPEATS} without a cap or limit for the program "
                "has no budget",
                f"23:3: error rewards.more.caps: {REPEATS} without a cap per beneficiary promises "
                "one person any amount",
            ],
            more(rest=FRIEND_CAP).replace("within: 60d", "within: 60d\n    repeats: {up_to: 3}"),
            id="a repeating reward without caps",
        ),
        pytest.param(
            more(amount="{percent: 10, of: total}"),
            [
                "26:5: error rewards.more.amount: a percentage without max or a cap pays any "
                "amount "
                "for one large order"
            ],
            more(amount="{percent: 10, of: total, max: 100}"),
            id="a percentage without max or cap",
        ),
        pytest.param(
            more(to="upline", amount="{percent: 1, of: total, max: 5}"),
            [
                "26:5: error rewards.more.amount: a reward for the upline that grows with sales or "
                "success is what pyramid schemes pay"
            ],
            more(to="upline", amount="5"),
            id="a reward for the upline that grows",
        ),
        pytest.param(
            more(to="upline", on="joined", amount="5"),
            [
                "24:5: error rewards.more.on: a reward for the upline without a purchase pays for "
                "recruiting, which the law of many countries forbids"
            ],
            more(to="upline", amount="5"),
            id="a reward for the upline without a purchase",
        ),
        *(
            pytest.param(
                TEXT.replace("on: Order Completed", f"on: {event}").replace("total >= 50", "TRUE"),
                [f"15:5: error rewards.credit.on: {event} is the act of sharing"],
                TEXT,
                id=f"a reward for {event}",
            )
            for event in (
                "Referral Shared",
                "Referral Link Created",
                "Referral Link Clicked",
                "Referral Submitted",
                "Product Shared",
                "Invite Sent",
            )
        ),
        pytest.param(
            more(
                to="advocate",
                give="gift:mug",
                amount=DRAW,
            ).replace("seed_sha256: " + "ab" * 32 + "\n", ""),
            [
                "25:5: error rewards.more.amount: nobody can check a draw whose seed was not fixed "
                "beforehand"
            ],
            more(
                to="advocate",
                give="gift:mug",
                amount=DRAW,
            ),
            id="a draw without a seed",
        ),
        pytest.param(
            more(give="gift:mug", amount=DRAW),
            ["26:5: error rewards.more.amount: who reaches bought may go away with nothing"],
            more(give="gift:mug", amount=DRAW)
            + "  sure: {to: friend, on: bought, give: points, amount: 10, hold: 14d}\n",
            id="a draw without a base reward",
        ),
        pytest.param(
            TEXT.replace("until: 2027-01-01", "until: 2025-12-31"),
            ["5:26: error runs.until: the program ends before it begins, so it is never in force"],
            TEXT,
            id="a program that ends before it begins",
        ),
        pytest.param(
            more(rest="    boosts: [{from: 2026-05-02, until: 2026-05-01, times: 2}]\n"),
            [
                "28:33: error rewards.more.boosts[0].until: the boost ends before it begins, so it "
                "never holds"
            ],
            more(rest="    boosts: [{from: 2026-05-01, until: 2026-05-02, times: 2}]\n"),
            id="a boost that ends before it begins",
        ),
        pytest.param(
            more(give="coupon:TEN", amount="1", rest="    expires: 7d\n"),
            [
                "28:5: error rewards.more.expires: a coupon good for 7d and held for 14d is dead "
                "before it can be used: shops count from the day it is issued"
            ],
            more(give="coupon:TEN", amount="1", rest="    expires: 30d\n"),
            id="a coupon dead before it is available",
        ),
        pytest.param(
            more(on="joined", give="cash"),
            ["24:5: warning rewards.more.on: cash for joining draws people who invent friends"],
            more(on="joined", give="credit"),
            id="cash for joining",
        ),
        pytest.param(
            TEXT.replace("window: 30d", "window: 719h"),
            [
                "6:15: warning attribution.window: 719h is short: friends who think it over are "
                "lost "
                "to their advocates"
            ],
            TEXT,
            id="a short window",
        ),
        pytest.param(
            TEXT.replace("window: 30d", "window: 46d"),
            [
                "6:15: warning attribution.window: 46d is long: friends count who would have "
                "come by "
                "themselves"
            ],
            TEXT.replace("window: 30d", "window: 45d"),
            id="a long window",
        ),
        pytest.param(
            TEXT.replace("    within: 60d\n", ""),
            [
                "8:3: warning milestones.bought: a paid milestone without within stays a debt for "
                "ever: a friend may reach it years later"
            ],
            TEXT,
            id="a paid milestone without end",
        ),
        pytest.param(
            more(hold="0"),
            [
                "22:3: warning rewards.more: orders can be refunded, but this is available at once "
                "and may be spent by then"
            ],
            more(hold="0", rest="    on_refund: keep\n"),
            id="no hold",
        ),
        pytest.param(
            more(amount="2.49"),
            [
                "26:5: warning rewards.more.amount: 2.49 for an order of 50 or more is under 5 %, "
                "too little to be noticed"
            ],
            more(amount="2.50"),
            id="a benefit nobody feels",
        ),
        pytest.param(
            TEXT.replace("{ladder: {first: 10, add: 5, steps: 5}}", "10"),
            [
                "17:5: warning rewards.credit.amount: the second friend brings what the first one "
                "brought, so nothing leads on"
            ],
            TEXT.replace("{ladder: {first: 10, add: 5, steps: 5}}", "10")
            + PAYS.format(to="advocate", on="bought", give="badge:ten", amount=1, hold="0d")
            + '    when: "nth = 10"\n',
            id="a reward that never rises",
        ),
        pytest.param(
            more(give="perk:lounge", amount="1"),
            ["22:3: warning rewards.more: a perk for life can never be changed or taken back"],
            more(give="perk:lounge", amount="1", rest="    expires: 365d\n"),
            id="a perk for life",
        ),
    ],
)
def test_rules(offending: str, findings: list[str], mended: str) -> None:
    assert found(offending) == findings
    assert found(mended) == []


def test_every_message_says_what_would_mend_it() -> None:
    spoilt = (
        more(to="upline", on="joined", give="cash", amount=LADDER)
        .replace("window: 30d", "window: 90d")
        .replace("    within: 60d\n", "")
        .replace("hold: 14d", "hold: 0")
    )
    messages = [finding.sentence for finding in lint(Program.parse(spoilt))]
    assert len(messages) == 8
    assert all("; " in message for message in messages)


def severities(text: str) -> list[str]:
    return [f"{finding.severity} {finding.key}" for finding in lint(Program.parse(text))]


@pytest.mark.parametrize(
    ("where", "asked"),
    [
        ("total >= 100", True),
        ("total > 100", True),
        ("100 <= total", True),
        ("total = 100", True),
        ("total BETWEEN 100 AND 200", True),
        ("(total >= 100) AND coupon IS NULL", True),
        ("total >= 100 OR coupon IS NULL", False),
        ("total <= 100", False),
        ("friend_orders >= 100", False),
    ],
)
def test_the_least_order_of_a_milestone(where: str, asked: bool) -> None:
    text = more(amount="3").replace("total >= 50 AND coupon IS NULL", where)
    text = text.replace("first: 10", "first: 50")
    assert severities(text) == ["warning rewards.more.amount"] * asked


@pytest.mark.parametrize(
    ("amount", "warned"),
    [
        ("{percent: 4, of: total, max: 10}", True),
        ("{percent: 4, of: total, min: 2.5, max: 10}", False),
        ("{percent: 5, of: total, max: 10}", False),
        ("{percent: 10, of: total, max: 2}", True),
        ("{sql: total / 100}", False),
    ],
)
def test_the_least_benefit(amount: str, warned: bool) -> None:
    assert severities(more(amount=amount)) == ["warning rewards.more.amount"] * warned


def test_a_sum_asks_for_what_it_must_reach() -> None:
    text = TEXT.replace('where: "total >= 50 AND coupon IS NULL"', "sum: {of: total, reaches: 300}")
    assert severities(text) == ["warning rewards.credit.amount"]


@pytest.mark.parametrize(
    ("rest", "sure"),
    [
        ("  s: {to: friend, on: bought, give: points, amount: 1, hold: 1d}\n", True),
        ("  s: {to: friend, on: bought, give: points, amount: 1, hold: 1d, when: TRUE}\n", True),
        ("  s: {to: friend, on: bought, give: points, amount: 0, hold: 1d}\n", False),
        (
            "  s: {to: friend, on: bought, give: points, amount: 1, hold: 1d, when: nth < 9}\n",
            False,
        ),
        ("  s: {to: advocate, on: bought, give: points, amount: 1, hold: 1d}\n", False),
        ("  s: {to: friend, on: joined, give: points, amount: 1, hold: 1d}\n", False),
    ],
)
def test_a_base_reward_is_sure(rest: str, sure: bool) -> None:
    draw = more(give="gift:mug", amount=DRAW)
    assert severities(draw + rest) == ["error rewards.more.amount"] * (not sure)


@pytest.mark.parametrize(
    ("to", "per", "bounded"),
    [
        ("friend", "beneficiary", True),
        ("friend", "friend", True),
        ("friend", "advocate", True),
        ("advocate", "friend", False),
        ("advocate", "advocate", True),
        ("charity:wwf", "advocate", True),
        ("charity:wwf", "beneficiary", True),
    ],
)
def test_caps_that_bound_a_beneficiary(to: str, per: str, bounded: bool) -> None:
    caps = f"    caps: [{{per: {per}, amount: 9}}]\n"
    budget = "limits: [{give: points, per: program, count: 9}]\n"
    program = more(to=to, give="points", amount=LADDER, rest=caps) + budget
    assert severities(program) == ["error rewards.more.caps"] * (not bounded)


def test_self_programs_are_not_asked_for_what_they_cannot_have() -> None:
    text = """\
program: points
version: 1
currency: USD
milestones: {bought: {on: Order Completed}}
rewards:
  points:
    to: self
    on: bought
    give: points
    amount: 10
    hold: 14d
"""
    assert found(text) == []
    assert severities(text.replace("on: Order Completed", "on: Referral Shared")) == [
        "error rewards.points.on"
    ]


def test_what_the_reader_refuses_before_the_lint() -> None:
    """A ladder without a last step, repeats without an end and negative spans are no programs."""
    spoilt: list[tuple[str, Any]] = [
        (TEXT.replace(", steps: 5", ""), "rewards.credit.amount.ladder.steps"),
        (TEXT.replace("within: 60d", "repeats: {}"), "milestones.bought.repeats.up_to"),
        (TEXT.replace("hold: 14d", "hold: -14d"), "rewards.credit.hold"),
        (TEXT.replace("hold: 14d", "expires: -14d"), "rewards.credit.expires"),
    ]
    for text, key in spoilt:
        with pytest.raises(ProgramError) as refused:
            Program.parse(text)
        assert [finding.key for finding in refused.value.findings] == [key]
