"""keeper: what a worker decided lately and is not counted yet.

Counting costs some milliseconds whatever the batch, and most batches of a live line hold one event;
so facts are gathered for a moment and counted together, in a transaction of their own. Who dies
before that loses nothing: the tables have it all, and the next one reads it back.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from banyan.insight.metrics.counting import follow
from banyan.insight.metrics.facts import Facts
from banyan.insight.metrics.promised import Promised
from banyan.insight.metrics.rebuild import catch_up, go_on

MANY = 2_000
"""Events that are counted without waiting for more."""
BEHIND = 10_000
"""Events counted in one transaction while figures are behind: others want to write meanwhile."""
LONGEST = timedelta(seconds=1)
"""How far figures may be behind what is decided."""
LOOKS = timedelta(seconds=2)
"""How often somebody looks whether staff chose other stages for a funnel, when nothing happens."""
GAPS = timedelta(milliseconds=500)
"""Between two stretches of a stage that is counted from the beginning: one takes some hundredths of
a second, and deciding goes first."""


class Keeper:
    """One worker's."""

    def __init__(self) -> None:
        self._waiting: list[Facts] = []
        self._before = self._upto = 0
        self._since: datetime | None = None
        self._is_behind = True
        self._promised: Promised | None = None
        self._followed_at: datetime | None = None
        self._are_stages_behind = False

    def take(self, facts: Facts, *, before: int, upto: int, now: datetime) -> None:
        """Keep what a batch brought that stands: positions in (before, upto]."""
        if not self._waiting:
            self._before, self._since = before, now
        assert self._waiting == [] or self._upto == before
        self._waiting.append(facts)
        self._upto = upto

    def is_due(self, now: datetime) -> bool:
        """Whether something must be counted: before the first look everything may be missing."""
        if self._is_behind or self._is_look_due(now):
            return True
        if self._since is None:
            return False
        return self._upto - self._before >= MANY or not (timedelta() <= now - self._since < LONGEST)

    def count(self, promised: Promised, *, cursor: int, now: datetime) -> None:
        """Count what is kept; while figures are behind, the next stretch of what is missing, up to
        `cursor`, the last decided position. Then the stages that staff put into funnels."""
        if promised is not self._promised:
            # What was published since may tell money in another currency.
            self._promised, self._is_behind = promised, True
        self._count(promised, cursor)
        if not self._are_stages_behind or self._is_look_due(now):
            self._are_stages_behind = follow()
            self._followed_at = now

    def _is_look_due(self, now: datetime) -> bool:
        """Whether somebody must look for stages, whatever else there is to count."""
        if self._followed_at is None:
            return True
        waits = GAPS if self._are_stages_behind else LOOKS
        return not (timedelta() <= now - self._followed_at < waits)

    def _count(self, promised: Promised, cursor: int) -> None:
        if self._waiting:
            facts = Facts(*(pl.concat(list(frames)) for frames in zip(*self._waiting, strict=True)))
            self._waiting, self._since = [], None
            if go_on(facts, before=self._before, upto=self._upto, promised=promised):
                return
            self._is_behind = True
        if self._is_behind:
            self._is_behind = catch_up(promised, cursor=cursor, limit=BEHIND)
