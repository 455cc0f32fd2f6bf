"""books: the published versions as the book that the worker decides by."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from banyan.core.programs.read import VersionRow, seeds
from banyan.engine.language.book import Book, compile_book, no_programs
from banyan.pipeline.shelf import FINGERPRINT


def book_of(versions: Sequence[VersionRow]) -> Book:
    """The book of these versions. Raises BookProblem for versions that cannot stand together."""
    if not versions:
        return no_programs()
    named = {version.program for version in versions}
    secret = {slug: text for slug, text in seeds().items() if slug in named}
    return compile_book([version.terms for version in versions], seeds=secret)


def fingerprint(versions: Sequence[VersionRow]) -> str:
    """Tells a state made with these versions, by this release, from any other."""
    told = sorted(
        (version.program, version.number, version.sha256, str(version.starts_at))
        for version in versions
    )
    return sha256(repr((FINGERPRINT, told)).encode()).hexdigest()
