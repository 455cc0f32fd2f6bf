"""kinds: what can be put right by hand, and by which events.

The engine names the advocate of a referral once, for ever, so that a replay gives the same. A
referral that was credited wrongly is therefore put right by value: out of the wallet of who got it,
into that of who should have; and one that nobody recorded is recorded before the friend joins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Kind = Literal["reward", "record", "move", "withdraw"]
KINDS: tuple[Kind, ...] = get_args(Kind)

NAMES: Mapping[Kind, Promise] = {
    "reward": _("Reward at discretion"),
    "record": _("Referral recorded by hand"),
    "move": _("Reward moved to the right advocate"),
    "withdraw": _("Referral withdrawn"),
}

RECORDED = "Recommendation Recorded"
"""The friend's event by which a referral is recorded by hand: it holds `advocate` and `program`,
which makes it a touch of the kind `code`."""
