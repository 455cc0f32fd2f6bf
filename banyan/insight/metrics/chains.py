"""chains: every chain of referrals as sums that move on with each referral and each reward.

A referral hangs on that of its advocate if there was one before it (see `core.referrals.chains`),
so its level and the head of its chain stand for good when it begins. What hangs on it only grows:
whoever comes lifts those above them, as far up as they were not as high already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl
from django.db import connection

from banyan.insight.metrics.promised import Promised
from banyan.kernel.database import among, put, read

_CHAIN = {"program": pl.String, "top": pl.String}
_LEVEL_SUMS = ("members", "going_on", "below", "advocates", "chains")
_LIFT = "UPDATE metrics_friend SET below = %s WHERE program = %s AND friend = %s"

_Key = tuple[str, str]
"""A program, and a friend or the head of a chain in it."""


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
    (program, version, friend, unit, amount)."""
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
        schema={**_CHAIN, **dict.fromkeys(("members", "depth", "width", "paid"), pl.Int64)},
        orient="row",
    )
    put("metrics_chain", chains, list(_CHAIN), adding=("members", "paid"))
    _save_levels(hung, before, {key: depth for key, (depth, _) in measured.items()})


def _lift(new: Iterable[_Key], places: dict[_Key, Place]) -> dict[_Key, int]:
    """Let those above know what hangs on them now; those that were lower before, and how low."""
    lifted: dict[_Key, int] = {}
    rising = {
        (program, places[program, friend].advocate): 1
        for program, friend in new
        if places[program, friend].level > 1
    }
    while rising:
        places |= _kept(key for key in rising if key not in places)
        higher: dict[_Key, int] = {}
        for key, height in rising.items():
            place = places[key]
            if place.below >= height:
                continue
            lifted.setdefault(key, place.below)
            place.below = height
            if place.level > 1:
                above = (key[0], place.advocate)
                higher[above] = max(higher.get(above, 0), height + 1)
        rising = higher
    return lifted


def _kept(keys: Iterable[_Key]) -> dict[_Key, Place]:
    asked = set(keys)
    if not asked:
        return {}
    where, parameters = among("friend", sorted({friend for _, friend in asked}))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT program, friend, advocate, top, depth, below "
            f"FROM metrics_friend WHERE {where}",
            parameters,
        )
        return {row[:2]: Place(*row[2:]) for row in cursor if row[:2] in asked}


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
    unit, own = pl.col("unit"), pl.col("own")
    rows = (
        given.with_columns(own=promised.currency(program="program", version="version"))
        .filter((unit == pl.lit("cash ") + own) | (unit == pl.lit("credit ") + own))
        .join(friends.select("program", "friend", "top"), on=["program", "friend"])
        .group_by("program", "top")
        .agg(pl.col("amount").sum())
    )
    return {row[:2]: row[2] for row in rows.rows()}
