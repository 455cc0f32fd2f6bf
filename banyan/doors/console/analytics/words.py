"""words: figures, stages, leaks and what to do about them, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from banyan.insight.metrics.stages import Stage

Text = str | Promise


@dataclass(frozen=True)
class Words:
    """A figure's name, what it says, and how it is reckoned."""

    name: Text
    says: Text
    formula: Text


FIGURES: Mapping[str, Words] = {
    "initiated": Words(
        _("Referrals initiated"),
        _("How often somebody was reached for the first time."),
        _("first clicks of visitors on a code + invitations sent + codes passed on by mouth"),
    ),
    "acceptance": Words(
        _("Acceptance rate"),
        _("How many of those who were reached came."),
        _("friends who accepted ÷ referrals initiated"),
    ),
    "conversion": Words(
        _("Conversion rate"),
        _("How many of those who came bought."),
        _("first purchases ÷ friends who accepted"),
    ),
    "redemption": Words(
        _("Redemption rate"),
        _("How much of what was earned is used; too high may mean abuse, too low dull rewards."),
        _("spent less returned ÷ what became available, in the main unit of the rewards"),
    ),
    "depth": Words(
        _("Depth of referrals"),
        _("How far referred friends refer on."),
        _("sum of the depths of new referrals ÷ new referrals"),
    ),
    "new_share": Words(
        _("Referred among new customers"),
        _("What referral adds to growth."),
        _("new customers whom a program brought ÷ all new customers"),
    ),
    "per_advocate": Words(
        _("Friends per advocate"),
        _("How often an advocate who brings anybody does so in the period."),
        _("friends who joined ÷ advocates who brought them"),
    ),
    "layers": Words(
        _("Layers of the chain"),
        _("How many layers a new friend stands below somebody whom nobody brought."),
        _("sum of the depths of new referrals ÷ new referrals"),
    ),
    "coverage": Words(
        _("Coverage of customers"),
        _("How many customers pass a program on."),
        _("advocates who were active in the period ÷ customers who ever ordered"),
    ),
    "lead_conversion": Words(
        _("Conversion of leads"),
        _("How many of those who were reached bought."),
        _("first purchases ÷ referrals initiated"),
    ),
    "retention": Words(
        _("Retention of friends"),
        _("How many friends buy again."),
        _("of friends whose first purchase was in the period before, those who bought again since"),
    ),
    "nps": Words(
        _("NPS"),
        _("How many customers would recommend you."),
        _("100 × (answers of 9 and 10 − answers of 0 to 6) ÷ answers"),
    ),
    "days_to_purchase": Words(
        _("Days to the first purchase"),
        _("How long a friend takes."),
        _("median of days from being reached to the first purchase"),
    ),
    "roi": Words(
        _("Return on rewards"),
        _("What a unit of cost brings in revenue."),
        _("revenue of friends less refunds ÷ (rewards granted less taken back + running cost)"),
    ),
    "cac_saved": Words(
        _("Acquisition cost saved"),
        _("How much cheaper a friend is than a customer won elsewhere."),
        _("1 − cost per friend who bought ÷ cost of a customer won elsewhere"),
    ),
    "uplift": Words(
        _("Uplift of customer value"),
        _("How much more a referred customer spends a month than others, since the first order."),
        _("monthly spend of referred customers ÷ that of others − 1"),
    ),
    "cost_share": Words(
        _("Rewards in referred revenue"),
        _("What share of the revenue they bring the rewards take."),
        _("rewards granted less taken back ÷ revenue of friends less refunds"),
    ),
    "revenue_share": Words(
        _("Referred share of revenue"),
        _("How much of the business customers carry whom a program brought."),
        _("their orders less refunds ÷ all orders less refunds"),
    ),
    "attributed": Words(
        _("Referrals with a known advocate"),
        _("Of those who came by a referral, how many are known to be whose."),
        _(
            "friends ÷ (friends + people who named an unknown code, or said at sign-up or with an "
            "order that somebody sent them)"
        ),
    ),
    "exposure": Words(
        _("Visitors a day"),
        _("How many people see the pages of programs."),
        _("daily visitors of the program page and the landing page, on average over the days"),
    ),
}

CARRIERS: Mapping[str, Text] = {
    "click": _("A link that was followed"),
    "code": _("A code that was named"),
    "invite": _("A contact that was given"),
}

UNKNOWN: Mapping[str, Text] = {
    "code": _("named a code that nobody has"),
    "said": _("said that somebody sent them"),
}

GROUPS: Mapping[str, Text] = {
    "quantity": _("Quantity"),
    "quality": _("Quality"),
    "efficiency": _("Efficiency"),
}

STAGES: Mapping[str, Text] = {
    "initiated": _("Initiated"),
    "accepted": _("Accepted"),
    "activated": _("Registered"),
    "purchased": _("First purchase"),
    "repurchased": _("Bought again"),
}


def stage_title(stage: Stage) -> str:
    """A stage's name in the reader's language: what staff named it, else that of the built-in
    stage, else what is there."""
    is_chinese = str(get_language()).startswith("zh")
    own, other = (stage.name_en, stage.name_zh)[:: -1 if is_chinese else 1]
    return own or str(STAGES.get(stage.key, other or stage.plain_name))


@dataclass(frozen=True)
class Remedy:
    """Why a stage usually leaks, and what is prepared for it."""

    cause: Text
    plan: tuple[Text, ...]


REMEDIES: Mapping[str, Remedy] = {
    "accepted": Remedy(
        _("The invitation does not convince, or reaches the wrong people."),
        (
            _("Compare scripts and channels below and retire the weakest."),
            _("Say what the friend gets in the first line, and who invites."),
            _("Open the landing page on a phone: does it load and say the same?"),
        ),
    ),
    "activated": Remedy(
        _("Registering asks for too much, or breaks on some devices."),
        (
            _("Register yourself through a link of the weakest channel."),
            _("Ask for less at the first step; a phone number is enough."),
            _("Remind friends who accepted within a day."),
        ),
    ),
    "purchased": Remedy(
        _("The first offer does not fit, or the friend's reward comes too late to matter."),
        (
            _("Give the friend something that counts for the first order."),
            _("Let sales call friends who registered and did not buy: see the stuck referrals."),
            _("Lower the minimum of the milestone in a test of two variants."),
        ),
    ),
    "repurchased": Remedy(
        _("The first order disappointed, or nothing brings the friend back."),
        (
            _("Ask friends for an NPS answer after the first order and read the low ones."),
            _("Reward the second purchase, for the friend or the advocate."),
            _("Check refunds of first orders by product."),
        ),
    ),
}
OTHER_REMEDY = Remedy(
    _("Friends do not learn of this step, or it costs them more than it promises."),
    (
        _("Go through the step yourself, from the message that leads to it."),
        _("Ask five friends who stopped there what held them back."),
        _("Remind those who stopped within two days, and reward the step in a test of variants."),
    ),
)
"""Of stages that staff chose, and of the first one where something stands before it."""

BY: Mapping[str, Text] = {
    "channel": _("By channel"),
    "script": _("By script"),
    "version": _("By version"),
    "variant": _("By variant"),
    "segment": _("By segment of the advocate"),
}

KINDS: Mapping[str, Text] = {
    "base": _("Plain rewards"),
    "ladder": _("Ladders"),
    "other": _("Not money: badges, gifts, perks"),
}

DIFFERENCES: Mapping[str, Text] = {
    "kept_after_refund": _("Order refunded, reward kept"),
    "taken_without_refund": _("Taken back without a refund"),
    "not_in_ledger": _("Not in the ledger as decided"),
    "unrewarded": _("Friend bought, nobody was rewarded"),
}

ROLES: Mapping[str, Text] = {
    "growth": _("Growth"),
    "sales": _("Sales"),
    "support": _("Support"),
    "finance": _("Finance"),
    "legal": _("Legal"),
    "analyst": _("Analyst"),
}

ASSUMED: Mapping[str, tuple[Text, Text]] = {
    "customer_value": (
        _("Value of a customer"),
        _("What a customer spends over a lifetime, in whole units of the currency."),
    ),
    "other_cac": (
        _("Cost of a customer won elsewhere"),
        _("What your other channels cost per new customer."),
    ),
    "running_cost": (
        _("Running cost a month"),
        _("People, tools and mailings of the program; rewards are counted by themselves."),
    ),
    "margin": (_("Margin, %"), _("What is left of revenue after the goods.")),
    "budget_share": (
        _("Budget of rewards, % of referred revenue"),
        _("15 to 20 % is usual."),
    ),
    "base_share": (_("Planned: plain rewards, %"), _("70 % is usual.")),
    "ladder_share": (_("Planned: ladders, %"), _("20 % is usual.")),
    "other_share": (_("Planned: not money, %"), _("10 % is usual.")),
}
