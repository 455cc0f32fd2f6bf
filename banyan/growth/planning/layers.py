"""layers: which layer of the pyramid a reward belongs to.

The base thanks for a success, the advanced layer keeps those going who succeed again, and the burst
layer rewards what spreads by itself or in a time of its own.
"""

from __future__ import annotations

from typing import Literal

from banyan.engine.language import compile_sql
from banyan.engine.language.names import columns
from banyan.engine.language.program import Draw, Ladder, Program, Reward

Layer = Literal["base", "advanced", "burst"]
LAYERS: tuple[Layer, ...] = ("base", "advanced", "burst")

_GROWING = frozenset({"nth", *(f"advocate_{fact}" for fact in ("tier", "tags", "orders", "spend"))})


def layer(program: Program, reward: Reward) -> Layer:
    """The layer of one reward."""
    if reward.to == "upline" or reward.boosts or isinstance(reward.amount, Draw):
        return "burst"
    milestone = program.milestones.get(reward.on)
    repeats = milestone is not None and (milestone.times > 1 or milestone.count > 1)
    if isinstance(reward.amount, Ladder) or repeats or reward.give.startswith("badge:"):
        return "advanced"
    if reward.when is not None:
        names = compile_sql(reward.when, columns(program, "reward"), "boolean").names
        if names & _GROWING:
            return "advanced"
    return "base"
