"""Real data that is not ours to ship: a folder that the environment may name."""

import gzip
import lzma
import os
from pathlib import Path

import polars as pl
import pytest

FOLDER = os.environ.get("BANYAN_REAL_DATA", "")


def read(name: str) -> pl.DataFrame:
    """A packed CSV of the folder, every cell as text. Skips the test when it is not there."""
    path = Path(FOLDER, name)
    if not FOLDER or not path.is_file():
        pytest.skip(f"{name} is not here; BANYAN_REAL_DATA names the folder that holds it.")
    unpack = {".gz": gzip.open, ".xz": lzma.open}[path.suffix]
    with unpack(path, "rb") as file:
        return pl.read_csv(file.read(), infer_schema=False)
