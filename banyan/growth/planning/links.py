"""Advocates' links in order of time, some passed on far more than others."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from banyan.growth.planning import eventlog
from banyan.growth.planning.eventlog import Draft

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# A few advocates bring very many. The tail is bounded, or a log would depend on its luckiest link.
LONGEST_TAIL: Final = 3.0


@dataclass(frozen=True)
class Links:
    """`owner` and `created` (ms) in order of creation; `pull` is the running sum of the weights."""

    owner: Ints
    created: Ints
    pull: Floats

    @classmethod
    def made(
        cls, rng: np.random.Generator, owner: Ints, created: Ints, *, spread: float
    ) -> "Links":
        """Links with log-normal weights; `spread` is the standard deviation of their logarithm."""
        by_time = np.argsort(created, kind="stable")
        drawn = np.clip(rng.standard_normal(len(owner)), -LONGEST_TAIL, LONGEST_TAIL)
        pull: Floats = np.cumsum(np.exp(spread * drawn))
        return cls(owner=owner[by_time], created=created[by_time], pull=pull)

    def picked(self, rng: np.random.Generator, at: Ints) -> Ints:
        """For each time (ms) a link that exists then, by weight; -1 where there is none yet."""
        there = np.searchsorted(self.created, at, side="right")
        if len(self.owner) == 0:
            return there - 1
        drawn = rng.random(len(at)) * self.pull[there - 1]
        found = np.minimum(np.searchsorted(self.pull, drawn, side="right"), there - 1)
        return np.where(there > 0, found, -1)

    def draft(self, draft: Draft) -> None:
        """Writes down their creation; a link's code is its owner's."""
        draft.add(
            eventlog.LINK_CREATED,
            self.created,
            person=self.owner,
            owner=self.owner,
            carried=eventlog.AS_CODE,
        )
