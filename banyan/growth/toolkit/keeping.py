"""keeping: pictures on disk, so that each is drawn once; the folder never grows beyond its size."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from django.conf import settings

# About a thousand posters. What was not asked for longest goes first.
MOST_BYTES = 256 * 1024 * 1024
# Pictures look different from here on: those of before are not found any more.
DRAWING = 2

# Drawing takes the whole processor; one after the other each is as fast as it can be, and of two
# who ask for the same picture the second finds it done.
_drawing = threading.Lock()


def key_of(*content: object) -> str:
    """What a picture is kept under: the same for the same content alone."""
    return sha256(repr((DRAWING, content)).encode()).hexdigest()[:32]


def kept(key: str, suffix: str, draw: Callable[[], bytes]) -> bytes:
    """The picture of that key, drawn if it is not there."""
    file = _folder() / key[:2] / f"{key}.{suffix}"
    found = _read(file)
    if found is not None:
        return found
    with _drawing:
        found = _read(file)
        if found is None:
            found = draw()
            _write(file, found)
            _make_room()
    return found


def _folder() -> Path:
    return Path(settings.BANYAN_HOME) / "cache" / "pictures"


def _read(file: Path) -> bytes | None:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    # Another process may have made room meanwhile.
    with suppress(FileNotFoundError):
        os.utime(file)
    return content


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
    part.write_bytes(content)
    part.replace(file)


def _make_room() -> None:
    """Remove the longest unused until nine tenths of the size are left."""
    files = []
    for folder in os.scandir(_folder()):
        with os.scandir(folder.path) as inside:
            for entry in inside:
                with suppress(FileNotFoundError):
                    known = entry.stat()
                    files.append((known.st_mtime_ns, known.st_size, entry.path))
    total = sum(size for _, size, _ in files)
    if total <= MOST_BYTES:
        return
    for _, size, path in sorted(files):
        if total <= MOST_BYTES * 0.9:
            return
        with suppress(FileNotFoundError):
            os.unlink(path)
        total -= size
