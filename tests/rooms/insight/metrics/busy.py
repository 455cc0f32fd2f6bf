"""An installation in which everything happened, and that decided it in uneven batches."""

from __future__ import annotations

from datetime import UTC, datetime

from banyan.core.events.acts import append
from banyan.core.events.incoming import Incoming
from banyan.core.events.intake import accept
from banyan.core.programs.acts import Checked, order, set_seed
from banyan.pipeline.publish import settled
from banyan.pipeline.worker import Worker
from tests.rooms.pipeline import busy_shop

CURRENCIES = {"friends": "USD", "points": "USD", "spring": "USD"}
NOW = datetime(2026, 9, 1, tzinfo=UTC)


def busy() -> None:
    """A shop in which everything happens, decided in uneven batches."""
    for program in busy_shop.programs():
        set_seed("tester", program.program, busy_shop.SEED, now=NOW)
    for program in busy_shop.programs():
        assert program._written is not None
        # The lint refuses its draw without a sure prize; the engine decides by it all the same.
        read_anyway = Checked(program, program._written[0], ())
        order("tester", read_anyway, starts_at=None, position=0, now=NOW)
        done = settled(program.program, program.version, timeout_s=20)
        assert done.status == "published", done.reason
    accepted = [accept(line, now=NOW, source="t", role="secret") for line in busy_shop.log(150)]
    append([one for one in accepted if isinstance(one, Incoming)])
    worker, sizes = Worker(), [700, 1, 13, 1500, 90]
    while worker.advance(sizes[0]):
        sizes.append(sizes.pop(0))
