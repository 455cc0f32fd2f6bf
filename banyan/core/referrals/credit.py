"""credit: whom other ways of giving credit would have named for a referral.

All invitations that counted where a friend joined are the rivals: the one that won, and those that
were lost to it alone. Another way may choose another among them; what did not count (out of time,
not eligible, the friend was referred before) counts in none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from banyan.core.referrals.read import ReferralRow, TouchLostRow

Way = Literal["last_touch", "first_touch", "code_only", "invite_only", "click_only", "equal_shares"]
WAYS: tuple[Way, ...] = (
    "last_touch",
    "first_touch",
    "code_only",
    "invite_only",
    "click_only",
    "equal_shares",
)

RIVAL = "lost_to_other_touch"


@dataclass(frozen=True)
class Rival:
    """An invitation that counted where the friend joined."""

    advocate: str
    kind: str
    position: int


def rivals(referral: ReferralRow, lost: Iterable[TouchLostRow]) -> list[Rival]:
    """The winner and those lost to it, in the order of the log."""
    found = [Rival(referral.advocate, referral.kind, referral.touch_position)]
    found += [
        Rival(one.advocate, one.kind, one.touch_position)
        for one in lost
        if one.program == referral.program
        and one.join_position == referral.join_position
        and one.reason == RIVAL
    ]
    return sorted(found, key=lambda one: one.position)


def credited(way: Way, found: Sequence[Rival]) -> Mapping[str, Fraction]:
    """Each advocate's share of the referral under a way, adding up to 1; empty where it names
    nobody. `found` is in the order of the log.

    `last_touch` and `first_touch` ask for no kind; of a kind alone the last one wins.
    """
    if way == "equal_shares":
        shares: dict[str, Fraction] = {}
        for one in found:
            shares[one.advocate] = shares.get(one.advocate, Fraction(0)) + Fraction(1, len(found))
        return shares
    kind, only, _ = way.partition("_only")
    asked = [one for one in found if not only or one.kind == kind]
    if not asked:
        return {}
    return {asked[0 if way == "first_touch" else -1].advocate: Fraction(1)}
