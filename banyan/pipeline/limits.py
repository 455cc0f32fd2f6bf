"""limits: what the caps of a program still leave, as of now.

For pages that say what is left and must not promise what can no longer be granted. What is used
the engine keeps in its state; it is read there, however many decisions there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from banyan.engine.language.explain.allowance import bounds_of, size_of
from banyan.engine.language.program import Cap, Limit, Program
from banyan.pipeline.asking import used

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


@dataclass(frozen=True)
class Room:
    """A cap, and what is left of it: minor units of `unit`, or grants where it `counts`. `reward`
    is empty for a limit over several rewards."""

    reward: str
    unit: str
    counts: bool
    size: int
    used: int
    period: str | None
    ends_at: datetime | None
    """When the period that is running is over; None: it never is."""

    @property
    def left(self) -> int:
        """Never less than nothing."""
        return max(self.size - self.used, 0)


def rooms(program: Program, advocate: str, *, now: datetime) -> list[Room]:
    """Every cap on what this advocate alone can get, in the order of the file.

    `program` is a published version. What is decided for one user id counts for that one, also
    when somebody has several: `advocate` is the id that the link or the invitation belongs to.
    """
    counted = used(program.program, program.version, advocate, now=now)
    caps = [
        (name, f"cap:{place}", cap)
        for name, reward in program.rewards.items()
        if reward.to == "advocate"
        for place, cap in enumerate(reward.caps)
    ]
    caps += [("", f"limit:{place}", limit) for place, limit in enumerate(program.limits)]
    return [
        _room(program, name, cap, counted.get((name, slot), 0), now=now)
        for name, slot, cap in caps
        if cap.per in ("advocate", "beneficiary")
    ]


def is_used_up(program: Program, advocate: str, *, now: datetime) -> bool:
    """Whether nothing is left of what an invitation of the advocate offers the friend; of a program
    that gives friends nothing: of what it offers the advocate.

    `program` is a published version. Caps per friend are whole for a friend who is new.
    """
    of_friend = [name for name, reward in program.rewards.items() if reward.to == "friend"]
    of_advocate = [name for name, reward in program.rewards.items() if reward.to == "advocate"]
    promised = of_friend or of_advocate
    if not any(program.rewards[name].caps for name in promised) and not program.limits:
        return False
    counted = used(program.program, program.version, advocate, now=now)
    return bool(promised) and all(_is_exhausted(program, name, counted) for name in promised)


def _is_exhausted(program: Program, name: str, counted: dict[tuple[str, str], int]) -> bool:
    """Whether one cap of the reward leaves nothing, or the limits nothing of all it may give."""
    reward = program.rewards[name]
    concerned = {"program", "advocate"}
    if reward.to == "advocate":
        concerned.add("beneficiary")

    def is_full(owner: str, slot: str, cap: Cap) -> bool:
        unit = _unit(program, owner, cap)
        size = size_of(program, cap, unit)
        return cap.per in concerned and counted.get((owner, slot), 0) >= size

    return any(is_full(name, f"cap:{n}", cap) for n, cap in enumerate(reward.caps)) or all(
        any(
            is_full("", f"limit:{n}", limit)
            for n, limit in enumerate(program.limits)
            if limit.give == give
        )
        for give in reward.gives
    )


def _room(program: Program, reward: str, cap: Cap, amount: int, *, now: datetime) -> Room:
    """A cap of that reward, or a limit of the program, of which so much is used."""
    unit, ends_at = _unit(program, reward, cap), None
    if cap.period is not None:
        _first, after = bounds_of((now - _EPOCH) // _US, cap.period, program.timezone)
        ends_at = _EPOCH + after * _US
    return Room(
        reward=reward,
        unit=unit,
        counts=cap.count is not None,
        size=size_of(program, cap, unit),
        used=amount,
        period=cap.period,
        ends_at=ends_at,
    )


def _unit(program: Program, reward: str, cap: Cap) -> str:
    return program.unit(cap.give if isinstance(cap, Limit) else program.rewards[reward].give)
