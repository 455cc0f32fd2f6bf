"""presets: the programs that come with Banyan, wherever it is installed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from banyan.engine.language import Program
from banyan.kernel import shipped


@dataclass(frozen=True)
class Preset:
    """One shipped program: its file's name without `.yaml`, its text, what it says."""

    name: str
    source: str
    terms: Program


@lru_cache(maxsize=1)
def presets() -> tuple[Preset, ...]:
    """Every shipped program in the order of the names; they change with the release alone."""
    return tuple(
        Preset(path.stem, path.read_text(encoding="utf-8"), Program.load(path))
        for path in shipped.presets().values()
    )


def preset(name: str) -> Preset | None:
    """One of them; None where none has that name."""
    return next((one for one in presets() if one.name == name), None)
