"""frames: who owns which codes, as a frame, for whoever counts what was done with them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from banyan.kernel.database import among, read


def links_of_codes(keys: Sequence[str]) -> pl.DataFrame:
    """Links by the code as it is compared: (key, program, advocate, channel, script).

    An unknown code has no row; `program` is empty for a code that serves every program.
    """
    where, parameters = among("key", keys)
    return read(
        f"SELECT key, program, advocate, channel, script FROM programs_link WHERE {where}",
        parameters,
        dict.fromkeys(("key", "program", "advocate", "channel", "script"), pl.String),
    )
