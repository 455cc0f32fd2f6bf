"""Law 4 over generated programs and logs: what the worker leaves is what a replay gives."""

import json
import random
from datetime import UTC, datetime

import polars as pl
import pytest

from banyan.core.events.acts import append
from banyan.core.events.incoming import Incoming
from banyan.core.events.intake import accept
from banyan.core.programs import acts
from banyan.engine import Outcomes, Program, compile_book, replay_batches
from banyan.engine.raw import from_lines
from banyan.pipeline.past import differences
from banyan.pipeline.publish import settled
from banyan.pipeline.verify import run
from banyan.pipeline.worker import Worker
from tests.installation import Installation
from tests.laws.engine import is_accepted
from tests.laws.strategies import SEEDS, case, stamp_of

NOW = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("seed", range(15))
def test_the_live_tables_are_those_of_a_replay(installation: Installation, seed: int) -> None:
    files, lines = case(seed, beats=60)
    if not all(map(is_accepted, files)):
        pytest.skip("the language refuses this program")
    _published(files)
    kept = _logged(lines)
    chance = random.Random(seed)
    worker = Worker()
    while worker.advance(chance.choice([1, 2, 7, 30])):
        pass
    # Intake replaces contacts and addresses by tokens; what is decided must not depend on that.
    assert [str(one) for one in differences(_replayed(files, kept), after=0, upto=len(kept))] == []
    assert run().differences == ()


def _published(files: list[dict[str, object]]) -> None:
    """Without the lint, which forbids much that the language allows."""
    for file in files:
        slug = str(file["program"])
        source = json.dumps(file, default=str)
        acts.set_seed("test", slug, SEEDS.get(slug, "none"), now=NOW)
        checked = acts.Checked(Program.parse(source), source, ())
        acts.order("test", checked, starts_at=None, position=0, now=NOW)
    for file in files:
        row = settled(str(file["program"]), int(str(file["version"])), timeout_s=10)
        assert row.status == "published", row.reason


def _logged(lines: list[bytes]) -> list[bytes]:
    """The lines that intake takes, each message once; it would give a time to those without."""
    kept = []
    for line in filter(stamp_of, lines):
        accepted = accept(line, now=NOW, source="test", role="secret")
        if isinstance(accepted, Incoming):
            [receipt] = append([accepted])
            if not receipt.is_duplicate:
                kept.append(line)
    return kept


def _replayed(files: list[dict[str, object]], lines: list[bytes]) -> Outcomes:
    programs = [Program.parse(json.dumps(file, default=str)) for file in files]
    book = compile_book(programs, seeds=SEEDS)
    parts = list(replay_batches(book, [from_lines(b"\n".join(lines), book.wanted)]))
    return Outcomes(*(pl.concat(tables) for tables in zip(*parts, strict=True)))
