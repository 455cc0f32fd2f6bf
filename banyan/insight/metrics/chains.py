"""chains: every chain of referrals as sums that move on with each referral and each reward.

A referral hangs on that of its advocate if there was one before it (see `core.referrals.chains`),
so its level and the head of its chain stand for good when it begins. What hangs on it only grows:
whoever comes lifts those above them, as far up as they were not as high already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from django.db import connection

from banyan.core.referrals.frames import given_until
from banyan.insight.metrics.promised import Promised
from banyan.insight.metrics.referrals import friends_among
from banyan.kernel.database import among, is_postgres, put, read

_CHAIN = {"program": pl.String, "top": pl.String}
_CHAIN_SUMS = ("members", "depth", "width", "paid")
_LEVEL_SUMS = ("members", "going_on", "below", "advocates", "chains")
_PLACE = "k.program, k.friend, k.advocate, k.top, k.depth, k.below"
_LIFT = "UPDATE metrics_friend SET below = %s WHERE program = %s AND friend = %s"

_Key = tuple[str, str]
"""A program, and a friend or the head of a chain in it."""
_Rising = dict[int, dict[_Key, int]]
"""By level: referrals on which something hangs now, and the deepest level of that."""


@dataclass(slots=True)
class Place:
    """Where a referral stands in its chain; `below`: how many levels hang on it."""

    advocate: str
    top: str
    level: int
    below: int = 0


@dataclass(frozen=True)
class Hung:
    """Referrals that began, in the order of the log, by program and friend; those on which
    something hangs since, with the levels that hung on them before; the place of each that is in
    either."""

    new: tuple[_Key, ...]
    lifted: Mapping[_Key, int]
    places: Mapping[_Key, Place]

    def columns(self) -> pl.DataFrame:
        """Of the new ones, row by row: depth, top, below."""
        rows = [(one.level, one.top, one.below) for one in map(self.places.__getitem__, self.new)]
        schema = {"depth": pl.Int64, "top": pl.String, "below": pl.Int64}
        return pl.DataFrame(rows, schema=schema, orient="row")


def hang(referrals: pl.DataFrame) -> Hung:
    """Find the places of new referrals (program, advocate, friend), which stand in the order of
    the log and are not kept yet."""
    rows = referrals.select("program", "advocate", "friend").rows()
    places = _kept((program, advocate) for program, advocate, _ in rows)
    new = []
    for program, advocate, friend in rows:
        above = places.get((program, advocate))
        place = (
            Place(advocate, above.top, above.level + 1) if above else Place(advocate, advocate, 1)
        )
        places[program, friend] = place
        new.append((program, friend))
    return Hung(tuple(new), _lift(new, places), places)


def save_chains(hung: Hung, given: pl.DataFrame, friends: pl.DataFrame, promised: Promised) -> None:
    """Move chains and levels on by new referrals and by what was given or taken back for referrals
    (program, friend, unit, amount)."""
    _save_lifted(hung)
    added = [(key[0], hung.places[key].top, hung.places[key].level) for key in hung.new]
    paid = _paid(given, friends, promised)
    tops = {(program, top) for program, top, _ in added} | set(paid)
    if not tops:
        return
    advocates = {(key[0], hung.places[key].advocate) for key in hung.new}
    before = _depths(tops | advocates)
    _put_members(Counter(added))
    measured = _measured(tops)
    sizes = Counter((program, top) for program, top, _ in added)
    chains = pl.DataFrame(
        [(*key, sizes[key], *measured[key], paid.get(key, 0)) for key in sorted(tops)],
        schema={**_CHAIN, **dict.fromkeys(_CHAIN_SUMS, pl.Int64)},
        orient="row",
    )
    put("metrics_chain", chains, list(_CHAIN), adding=("members", "paid"))
    _save_levels(hung, before, {key: depth for key, (depth, _) in measured.items()})


def pay_anew(programs: Iterable[str], promised: Promised, *, upto: int) -> None:
    """Add up anew what was given for the referrals of these programs, since their money is another
    now: everything up to that position."""
    with connection.cursor() as cursor:
        for program in programs:
            cursor.execute(
                "UPDATE metrics_chain SET paid = 0 WHERE program = %s AND paid <> 0", [program]
            )
            units = promised.money.filter(pl.col("program") == program)["unit"].to_list()
            given = given_until(upto, program, units)
            paid = _by_chain(given, friends_among(given["friend"].to_list()))
            chains = pl.DataFrame(
                [(*key, 0, 0, 0, amount) for key, amount in sorted(paid.items())],
                schema={**_CHAIN, **dict.fromkeys(_CHAIN_SUMS, pl.Int64)},
                orient="row",
            )
            put("metrics_chain", chains, list(_CHAIN), adding=_CHAIN_SUMS)


def _lift(new: Iterable[_Key], places: dict[_Key, Place]) -> dict[_Key, int]:
    """Let those above know what hangs on them now; those that were lower before, and how low."""
    lifted: dict[_Key, int] = {}
    rising: _Rising = {}
    for key in new:
        if (level := places[key].level) > 1:
            _rise(rising, level - 1, (key[0], places[key].advocate), level)
    if unknown := _raise(rising, places, lifted):
        for key, place in _above(unknown).items():
            # Some are known, and may stand higher by now than they are kept.
            places.setdefault(key, place)
        _raise(unknown, places, lifted)
    return lifted


def _raise(rising: _Rising, places: Mapping[_Key, Place], lifted: dict[_Key, int]) -> _Rising:
    """Lift those on whom something hangs, from the deepest level up, so that each is looked at
    once; those whose place is not known. Empties `rising`."""
    unknown: _Rising = {}
    for level in range(max(rising, default=0), 0, -1):
        for key, deepest in rising.pop(level, {}).items():
            place = places.get(key)
            if place is None:
                _rise(unknown, level, key, deepest)
            elif level + place.below < deepest:
                lifted.setdefault(key, place.below)
                place.below = deepest - level
                if level > 1:
                    _rise(rising, level - 1, (key[0], place.advocate), deepest)
        if not rising:
            break
    return unknown


def _rise(rising: _Rising, level: int, key: _Key, deepest: int) -> None:
    of_level = rising.setdefault(level, {})
    of_level[key] = max(of_level.get(key, 0), deepest)


def _kept(keys: Iterable[_Key]) -> dict[_Key, Place]:
    asked = set(keys)
    if not asked:
        return {}
    where, parameters = among("k.friend", sorted({friend for _, friend in asked}))
    found = _places(f"SELECT {_PLACE} FROM metrics_friend k WHERE {where}", parameters)
    return {key: place for key, place in found.items() if key in asked}


def _above(rising: _Rising) -> dict[_Key, Place]:
    """Those referrals and all that they hang on, as far up as something deeper hangs on them now
    than before; by one question, however long the chain is."""
    keys = {key for of_level in rising.values() for key in of_level}
    deepest = max(one for of_level in rising.values() for one in of_level.values())
    programs, slugs = among("k.program", sorted({program for program, _ in keys}))
    friends, people = among("k.friend", sorted({friend for _, friend in keys}))
    next_one = "k.program = up.program AND k.friend = up.advocate"
    join = f"JOIN metrics_friend k ON {next_one}"
    if is_postgres():
        # One look into the index each; it would rather read the whole table once a level.
        join = (
            "CROSS JOIN LATERAL "
            f"(SELECT {_PLACE} FROM metrics_friend k WHERE {next_one} OFFSET 0) AS k"
        )
    # Two chains that meet go on as one.
    return _places(
        "WITH RECURSIVE up(program, friend, advocate, top, depth, below) AS ("
        f"SELECT {_PLACE} FROM metrics_friend k "
        f"WHERE {programs} AND {friends} AND k.depth + k.below < %s "
        f"UNION SELECT {_PLACE} FROM up {join} "
        "WHERE up.depth > 1 AND k.depth + k.below < %s) "
        "SELECT program, friend, advocate, top, depth, below FROM up",
        [*slugs, *people, deepest, deepest],
    )


def _places(sql: str, parameters: Sequence[Any]) -> dict[_Key, Place]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return {row[:2]: Place(*row[2:]) for row in cursor}


def _save_lifted(hung: Hung) -> None:
    new = set(hung.new)
    rows = [(hung.places[key].below, *key) for key in sorted(hung.lifted) if key not in new]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_LIFT, rows)


def _save_levels(hung: Hung, before: Mapping[_Key, int], depths: Mapping[_Key, int]) -> None:
    """Of each level of all chains: its members, those who go on and what hangs on these, those who
    brought their first friend there, and the chains that end there."""
    sums: Counter[tuple[str, int, str]] = Counter()
    brought = set(before)
    for key in hung.new:
        place = hung.places[key]
        sums[key[0], place.level, "members"] += 1
        advocate = (key[0], place.advocate)
        own = hung.places.get(advocate)
        is_first = not own or hung.lifted.get(advocate, own.below) == 0
        if advocate not in brought and is_first:
            sums[key[0], place.level, "advocates"] += 1
        brought.add(advocate)
    for key, low in hung.lifted.items():
        place = hung.places[key]
        sums[key[0], place.level, "going_on"] += low == 0
        sums[key[0], place.level, "below"] += place.below - low
    for key, depth in depths.items():
        if depth != before.get(key):
            sums[key[0], depth, "chains"] += 1
            if key in before:
                sums[key[0], before[key], "chains"] -= 1
    rows = [
        (program, level, *(sums[program, level, name] for name in _LEVEL_SUMS))
        for program, level in sorted({key[:2] for key in sums})
    ]
    schema = {"program": pl.String, **dict.fromkeys(("level", *_LEVEL_SUMS), pl.Int64)}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    put("metrics_level", frame, ("program", "level"), adding=_LEVEL_SUMS)


def _put_members(counted: Counter[tuple[str, str, int]]) -> None:
    """Add members to the levels of chains: (program, top, level)."""
    rows = [(*one, number) for one, number in sorted(counted.items())]
    schema = {**_CHAIN, "level": pl.Int64, "members": pl.Int64}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    put("metrics_chainlevel", frame, ("program", "top", "level"), adding=("members",))


def _depths(keys: Iterable[_Key]) -> dict[_Key, int]:
    """How deep those chains are that there are."""
    asked = set(keys)
    where, parameters = among("top", sorted({top for _, top in asked}))
    found = read(
        f"SELECT program, top, depth FROM metrics_chain WHERE {where}",
        parameters,
        {**_CHAIN, "depth": pl.Int64},
    )
    return {row[:2]: row[2] for row in found.rows() if row[:2] in asked}


def _measured(keys: set[_Key]) -> dict[_Key, tuple[int, int]]:
    """Of chains their depth and their width."""
    where, parameters = among("top", sorted({top for _, top in keys}))
    found = read(
        "SELECT program, top, MAX(level), MAX(members) FROM metrics_chainlevel "
        f"WHERE {where} GROUP BY program, top",
        parameters,
        {**_CHAIN, "depth": pl.Int64, "width": pl.Int64},
    )
    return {row[:2]: row[2:] for row in found.rows() if row[:2] in keys}


def _paid(given: pl.DataFrame, friends: pl.DataFrame, promised: Promised) -> dict[_Key, int]:
    """By chain, what was given for its referrals in the program's money; minor units."""
    money = given.join(promised.money, on=["program", "unit"], how="semi")
    return _by_chain(money, friends)


def _by_chain(given: pl.DataFrame, friends: pl.DataFrame) -> dict[_Key, int]:
    sums = (
        given.join(friends.select("program", "friend", "top"), on=["program", "friend"])
        .group_by("program", "top")
        .agg(pl.col("amount").sum())
    )
    return {row[:2]: row[2] for row in sums.rows()}
