"""The file of a backup: a tar with a manifest first and the database's copy behind it."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import msgspec

from banyan.kernel.errors import Problem

FORM = 1
_MANIFEST = "manifest.json"
_DATA = "database"
_LONGEST_MANIFEST = 1_048_576
_PIECE = 1_048_576


class BadBackup(Problem):
    """A file that is no backup, or one that was damaged."""


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself."""

    form: int
    """Of the file; a release reads the forms it knows."""
    banyan: str
    """The release that made it."""
    kind: str
    """sqlite or postgres"""
    made_at: datetime
    head: int
    """The log's last position in it."""
    cursor: int
    """The last position decided in it."""
    migrations: tuple[str, ...]
    """Those applied: `app.name`."""
    key: str
    """A keyed hash by which the installation's secret key is recognised."""
    sha256: str
    """Of the database's copy."""
    size_bytes: int


def write(file: Path, manifest: Manifest, data: Path) -> None:
    """Write `file`, readable by its owner alone, whole or not at all.

    `manifest` must say the digest and the size of `data`.
    """
    half = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        handle = os.open(half, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as opened:
            with tarfile.open(fileobj=opened, mode="w", format=tarfile.PAX_FORMAT) as tar:
                text = msgspec.json.format(msgspec.json.encode(manifest)) + b"\n"
                tar.addfile(_entry(_MANIFEST, len(text), manifest.made_at), io.BytesIO(text))
                with data.open("rb") as source:
                    entry = _entry(_DATA, manifest.size_bytes, manifest.made_at)
                    tar.addfile(entry, source)
            opened.flush()
            os.fsync(opened.fileno())
        half.rename(file)
    finally:
        half.unlink(missing_ok=True)


def manifest_of(file: Path) -> Manifest:
    """What a backup says of itself. Raises BadBackup, OSError."""
    with _opened(file) as tar:
        return _manifest(file, tar)


@contextmanager
def extracted(file: Path, folder: Path) -> Iterator[Path]:
    """The database's copy out of a backup, checked against its digest, in a folder inside `folder`
    that is removed afterwards. Raises BadBackup, OSError."""
    with TemporaryDirectory(prefix="restore-", dir=folder) as inside:
        copy = Path(inside) / _DATA
        with _opened(file) as tar, copy.open("wb") as target:
            manifest = _manifest(file, tar)
            digest = _copied(_member(file, tar, _DATA), target)
        if digest != manifest.sha256:
            raise BadBackup(
                f"{file}: the checksum does not fit, so the file was damaged or cut off; nothing "
                "was restored. Use another backup."
            )
        yield copy


def digest_of(file: Path) -> str:
    """SHA-256 of a file, in hex."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _entry(name: str, size: int, made_at: datetime) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, int(made_at.timestamp())
    return entry


@contextmanager
def _opened(file: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(file, "r:") as tar:
            yield tar
    except (tarfile.TarError, EOFError):
        raise BadBackup(
            f"{file}: this is no backup of Banyan, or it was cut off; nothing was restored."
        ) from None


def _manifest(file: Path, tar: tarfile.TarFile) -> Manifest:
    text = _member(file, tar, _MANIFEST).read(_LONGEST_MANIFEST)
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except msgspec.DecodeError:
        raise BadBackup(f"{file}: its manifest cannot be read; nothing was restored.") from None
    if manifest.form != FORM:
        raise BadBackup(
            f"{file}: it has form {manifest.form} (Banyan {manifest.banyan}), this release reads "
            f"form {FORM}; restore it with the release that made it."
        )
    return manifest


def _member(file: Path, tar: tarfile.TarFile, name: str) -> IO[bytes]:
    try:
        opened = tar.extractfile(name)
    except KeyError:
        opened = None
    if opened is None:
        raise BadBackup(f"{file}: this is no backup of Banyan ({name} is missing).")
    return opened


def _copied(source: IO[bytes], target: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := source.read(_PIECE):
        digest.update(piece)
        target.write(piece)
    return digest.hexdigest()
