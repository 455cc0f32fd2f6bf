"""keeper: what a worker decided lately and is not counted yet.

Counting costs some milliseconds whatever the batch, and most batches of a live line hold one event;
so facts are gathered for a moment and counted together, in a transaction of their own. Who dies
before that loses nothing: the tables have it all, and the next one reads it back.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from banyan.insight.metrics.facts import Facts
from banyan.insight.metrics.promised import Promised
from banyan.insight.metrics.rebuild import catch_up, go_on

MANY = 2_000
"""Events that are counted without waiting for more."""
BEHIND = 10_000
"""Events counted in one transaction while figures are behind: others want to write meanwhile."""
LONGEST = timedelta(seconds=1)
"""How far figures may be behind what is decided."""


class Keeper:
    """One worker's."""

    def __init__(self) -> None:
        self._waiting: list[Facts] = []
        self._before = self._upto = 0
        self._since: datetime | None = None
        self._is_behind = True

    def take(self, facts: Facts, *, before: int, upto: int, now: datetime) -> None:
        """Keep what a batch brought that stands: positions in (before, upto]."""
        if not self._waiting:
            self._before, self._since = before, now
        assert self._waiting == [] or self._upto == before
        self._waiting.append(facts)
        self._upto = upto

    def is_due(self, now: datetime) -> bool:
        """Whether something must be counted: before the first look everything may be missing."""
        if self._is_behind:
            return True
        if self._since is None:
            return False
        return self._upto - self._before >= MANY or not (timedelta() <= now - self._since < LONGEST)

    def count(self, promised: Promised, *, cursor: int) -> None:
        """Count what is kept; while figures are behind, the next stretch of what is missing, up to
        `cursor`, the last decided position."""
        if self._waiting:
            facts = Facts(*(pl.concat(list(frames)) for frames in zip(*self._waiting, strict=True)))
            self._waiting, self._since = [], None
            if go_on(facts, before=self._before, upto=self._upto, promised=promised):
                return
            self._is_behind = True
        if self._is_behind:
            self._is_behind = catch_up(promised, cursor=cursor, limit=BEHIND)
