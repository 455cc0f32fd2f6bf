"""plan: what a run's clients send and what breaks meanwhile; all of it follows from the seed.

A plan is the same every time; the moments at which its parts meet are not.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

LANES = 4
"""Clients that send at the same time."""


@dataclass(frozen=True)
class Events:
    """One request to the intake: a single event, or a batch.

    `loses_reply`: the client hangs up before the answer, and then sends it again. `gives_up`: it
    tries once, whatever becomes of it.
    """

    events: tuple[Mapping[str, Any], ...]
    loses_reply: bool = False
    gives_up: bool = False


@dataclass(frozen=True)
class Click:
    """Somebody opens a link, under a visitor's id of their own."""

    code: str
    visitor: str


@dataclass(frozen=True)
class Link:
    """An advocate's code is made."""

    advocate: str
    code: str


@dataclass(frozen=True)
class Spend:
    """Somebody pays from their wallet; the reference makes a second try harmless."""

    user: str
    unit: str
    amount: int
    reference: str
    loses_reply: bool = False
    is_keyed: bool = False


@dataclass(frozen=True)
class TopUp:
    """Somebody's wallet gets value from outside; the reference makes a second try harmless."""

    user: str
    unit: str
    amount: int
    reference: str
    loses_reply: bool = False


@dataclass(frozen=True)
class Return:
    """A spend is undone."""

    user: str
    reference: str


@dataclass(frozen=True)
class Rule:
    """One of an advocate's held decisions is released or denied, if there is one by then."""

    advocate: str
    verb: str


@dataclass(frozen=True)
class Tick:
    """The test clock goes ahead."""

    by: str


Action = Events | Click | Link | Spend | Return | Rule | Tick


@dataclass(frozen=True)
class Damage:
    """What breaks once `after` actions were begun, and for how long."""

    after: int
    what: str
    seconds: float


@dataclass(frozen=True)
class Plan:
    """A run: lanes of actions sent at the same time, and what breaks, in order."""

    seed: int
    lanes: tuple[tuple[Action, ...], ...]
    damages: tuple[Damage, ...]


ANYWHERE = (
    "kill worker",
    "kill worker",
    "kill web",
    "kill both",
    "kill serving process",
    "second worker, kill leader",
    "freeze worker",
    "freeze web",
)
ON_POSTGRES = ("restart database", "restart database", "cut connections")
ON_SMALL_DISK = ("fill disk", "fill disk")


def plan(seed: int, *, on_postgres: bool, on_small_disk: bool) -> Plan:
    """The plan of a seed for an installation of that kind."""
    chance = random.Random(seed)
    lanes = _lanes(chance, f"s{seed}")
    total = sum(map(len, lanes))
    choices = ANYWHERE + on_postgres * ON_POSTGRES + on_small_disk * ON_SMALL_DISK
    damages = sorted(
        (
            Damage(chance.randrange(total), chance.choice(choices), chance.uniform(0.0, 1.2))
            for _ in range(chance.choice([1, 1, 2, 2, 3]))
        ),
        key=lambda damage: damage.after,
    )
    return Plan(seed, lanes, tuple(damages))


def _lanes(chance: random.Random, name: str) -> tuple[tuple[Action, ...], ...]:
    advocates = [f"{name}-ann", f"{name}-bob"]
    codes = {advocate: advocate.upper() for advocate in advocates}
    lanes: list[list[Action]] = [[] for _ in range(LANES)]
    for number, advocate in enumerate(advocates):
        lanes[number].append(Link(advocate, codes[advocate]))
    told: list[Mapping[str, Any]] = []
    clicks: list[Action] = []
    friends = [f"{name}-f{number}" for number in range(8)]
    for friend in friends:
        code = codes[chance.choice(advocates)]
        visitor = str(UUID(int=chance.getrandbits(128), version=4))
        if chance.random() < 0.5:
            clicks.append(Click(code, visitor))
            told.append(_track(chance, "Signed Up", friend, anonymous=visitor))
        else:
            told.append(_track(chance, "Signed Up", friend, referral_code=code))
        if chance.random() < 0.5:
            told.append(_identify(chance, friend))
        for number in range(chance.choice([0, 1, 1, 2])):
            order = f"{friend}-o{number}"
            bought = _track(chance, "Order Completed", friend, order_id=order, **_priced(chance))
            told.append(bought)
            if chance.random() < 0.25:
                told.append(_track(chance, "Order Refunded", friend, order_id=order))
    sent = _requests(chance, _nearly_in_order(chance, told))
    rest: list[Action] = _spends(chance, name, friends, advocates)
    rest += [Tick("1d")] if chance.random() < 0.5 else []
    for action in [*clicks, *sent]:
        chance.choice(lanes).append(action)
    for action in rest:
        lane = chance.choice(lanes)
        lane.insert(chance.randrange(len(lane) // 2, len(lane) + 1), action)
    for again in chance.sample(sent, k=min(3, len(sent))):
        chance.choice(lanes).append(again)
    for _ in range(4):
        verb = chance.choice(["release", "deny"])
        chance.choice(lanes).append(Rule(chance.choice(advocates), verb))
    # The same request from two clients at once.
    twin = chance.choice(sent)
    for lane in chance.sample(lanes, k=2):
        lane.insert(len(lane) // 2, twin)
    return tuple(map(tuple, lanes))


def _nearly_in_order(
    chance: random.Random, told: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Deliveries overtake one another, some by far."""
    places = {id(event): n + chance.choice([0, 0, 0, 2, 7]) for n, event in enumerate(told)}
    return sorted(told, key=lambda event: places[id(event)])


def _requests(chance: random.Random, told: list[Mapping[str, Any]]) -> list[Events]:
    """Cut what is told into requests of one to six events."""
    found = []
    while told:
        size = chance.choice([1, 1, 2, 3, 6])
        part, told = told[:size], told[size:]
        loses_reply, gives_up = chance.random() < 0.15, chance.random() < 0.1
        found.append(Events(tuple(part), loses_reply, gives_up))
    return found


def _spends(
    chance: random.Random, name: str, friends: list[str], advocates: list[str]
) -> list[Action]:
    found: list[Action] = []
    for number in range(7):
        if chance.random() < 0.7:
            user, unit, amount = chance.choice(friends), "points", chance.choice([30, 60, 100])
        else:
            user, unit, amount = chance.choice(advocates), "cash USD", chance.choice([500, 2000])
        reference = f"{name}-r{number}"
        loses_reply, is_keyed = chance.random() < 0.25, chance.random() < 0.3
        spend = Spend(user, unit, amount, reference, loses_reply, is_keyed)
        found.append(spend)
        if chance.random() < 0.3:
            found.append(Spend(user, unit, amount, reference))
        if chance.random() < 0.15:
            found.append(Spend(user, unit, amount + 1, reference))
        if chance.random() < 0.25:
            found.append(Return(user, reference))
    for number in range(3):
        user, amount = chance.choice(friends), chance.choice([5, 40])
        topped = TopUp(user, "points", amount, f"{name}-t{number}", chance.random() < 0.3)
        found += [topped] * chance.choice([1, 1, 2])
    return found


def _priced(chance: random.Random) -> dict[str, Any]:
    return {"total": chance.choice([10, 20.5, 99]), "currency": "USD"}


def _track(
    chance: random.Random, event: str, user: str, *, anonymous: str = "", **properties: Any
) -> dict[str, Any]:
    said = {"type": "track", "event": event, "userId": user, "properties": properties}
    if anonymous:
        said["anonymousId"] = anonymous
    return said | {"messageId": _message_id(chance)}


def _identify(chance: random.Random, user: str) -> dict[str, Any]:
    traits = {"email": f"{user}@example.com", "name": user, "tier": "gold"}
    said = {"type": "identify", "userId": user, "traits": traits}
    return said | {"messageId": _message_id(chance)}


def _message_id(chance: random.Random) -> str:
    return f"m-{chance.getrandbits(64):016x}"
