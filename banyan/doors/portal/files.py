"""files: addresses of styles and scripts, which change when their content does."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage


class Stamped(StaticFilesStorage):
    """`/static/NAME?v=HASH`: no step between editing a file and serving it."""

    def url(self, name: str | None) -> str:
        """The address of a file. Raises ValueError for one that is not there."""
        return f"{super().url(name)}?v={_stamp(name or '')}"


def is_stamped(path: str, url: str) -> bool:
    """For WhiteNoise: pages name every file with its stamp, so browsers may keep it for ever."""
    return True


@cache
def _stamp(name: str) -> str:
    file = finders.find(name)
    if not file:
        raise ValueError(f"there is no static file {name!r}")
    return sha256(Path(str(file)).read_bytes()).hexdigest()[:10]
