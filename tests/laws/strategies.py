"""What the laws are tested on: programs over the whole language, and logs in which things meet.

    @given(st.data())
    def test_a_law(data):
        files = data.draw(programs())
        lines = data.draw(logs(files))
        until = data.draw(untils(lines))

Runs need `SEEDS`, the seeds of the draws. `case(seed)` makes one program set with its log without
Hypothesis: cheaper where thousands are wanted and none has to be shrunk.
"""

import json
import random
from typing import Any

from hypothesis import strategies as st

from tests.laws.dice import Dice, dice
from tests.laws.logs import write_log
from tests.laws.pools import SEEDS
from tests.laws.programs import File, make_programs
from tests.oracle.moments import read_moment

__all__ = ["SEEDS", "case", "logs", "programs", "untils"]

BYTES_TO_BEGIN = 8
BYTES_A_BEAT = 28
LISTS, BEATS_A_LIST = 6, 9  # Hypothesis makes short lists; several make a log that still shrinks


@st.composite
def programs(draw: Any) -> list[File]:
    """Make one or two programs, sometimes in two versions, as parsed files."""
    return make_programs(lambda size: draw(dice(size)))


@st.composite
def logs(draw: Any, files: list[File]) -> list[bytes]:
    """Make a log of some forty lines for these programs, as JSON Lines."""
    beats = st.lists(dice(BYTES_A_BEAT), max_size=BEATS_A_LIST)
    begin = draw(dice(BYTES_TO_BEGIN))
    return write_log(files, begin, (beat for _ in range(LISTS) for beat in draw(beats)))


def untils(lines: list[bytes]) -> st.SearchStrategy[str | None]:
    """Choose no end of the replay, or one among the timestamps of its log."""
    stamps = {stamp for line in lines if (stamp := stamp_of(line)) and read_moment(stamp)}
    return st.sampled_from([None, *sorted(stamps)])


def stamp_of(line: bytes) -> str | None:
    """Read a line's timestamp, where there is one."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    stamp = event.get("timestamp") if isinstance(event, dict) else None
    return stamp if isinstance(stamp, str) else None


def case(seed: int, *, beats: int = 27) -> tuple[list[File], list[bytes]]:
    """Make programs and a log from a seed alone, the same on every machine."""
    chance = random.Random(seed)

    def rolled(size: int) -> Dice:
        return Dice(chance.randbytes(size))

    files = make_programs(rolled)
    return files, write_log(
        files, rolled(BYTES_TO_BEGIN), (rolled(BYTES_A_BEAT) for _ in range(beats))
    )
