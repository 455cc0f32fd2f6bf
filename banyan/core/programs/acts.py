"""acts: what a person or another system may do to programs and links.

These change this room's tables alone. Publishing and making links also append to the log and are
`banyan.pipeline.publish` and `banyan.pipeline.links`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction

from banyan.core.programs import codes
from banyan.core.programs.models import Link, Program, Version
from banyan.core.programs.read import LinkRow, VersionRow, link_row, version
from banyan.engine.language import Finding, ProgramError, lint
from banyan.engine.language.program import Program as Terms
from banyan.kernel.errors import Problem
from banyan.kernel.sealing import seal

# As likely as a clash is after 10^5 links, ten in a row are not.
_TRIES = 10


class NotPublishable(Problem):
    """A program whose errors forbid to publish it; `findings` says which."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = findings


class VersionTaken(Problem):
    """A version number that is published already, with another text."""


class NoSuchProgram(Problem):
    """A program that is not there."""


class WrongStatus(Problem):
    """Something a program cannot do in its status."""


class BadLanding(Problem):
    """An address that links cannot lead to."""


class CodeTaken(Problem):
    """A code that somebody else owns."""


@dataclass(frozen=True)
class Checked:
    """A program's file that may be published; its warnings are advice."""

    terms: Terms
    source: str
    warnings: tuple[Finding, ...]


def checked(source: str, *, name: str = "program.yaml") -> Checked:
    """Read and lint a program's file. Raises ProgramError or NotPublishable with every finding."""
    terms = Terms.parse(source, name)
    found = lint(terms)
    errors = tuple(one for one in found if one.severity == "error")
    if errors:
        raise NotPublishable(errors)
    return Checked(terms, source, found)


def findings(source: str, *, name: str = "program.yaml") -> tuple[Finding, ...]:
    """Everything there is to say about a program's file; nothing is raised."""
    try:
        terms = Terms.parse(source, name)
    except ProgramError as wrong:
        return tuple(wrong.findings)
    return lint(terms)


def save_draft(actor: str, source: str, *, now: datetime, name: str = "draft.yaml") -> VersionRow:
    """Keep a readable program as the draft of the version its file names.

    Raises ProgramError for a file that cannot be read, VersionTaken for a published version.
    """
    terms = Terms.parse(source, name)
    with transaction.atomic():
        _program(terms.program, now=now)
        _keep(terms, source, now=now)
    return _kept(terms)


def order(
    actor: str, read: Checked, *, starts_at: datetime | None, position: int, now: datetime
) -> VersionRow:
    """Note a version as published behind `position` of the log, for the worker to take up.

    `starts_at`: no earlier start than this; None leaves its file's own, if that changes nothing
    that was decided already.
    """
    with transaction.atomic():
        _program(read.terms.program, now=now)
        row = _keep(read.terms, read.source, now=now)
        row.status, row.starts_at, row.position = Version.Status.ORDERED, starts_at, position
        row.published_by, row.published_at = actor, now
        row.save()
    return _kept(read.terms)


def take_up(slug: str, number: int, *, starts_at: datetime | None) -> None:
    """The worker decides by it from now on."""
    Version.objects.filter(program=slug, number=number).update(
        status=Version.Status.PUBLISHED, starts_at=starts_at
    )
    Program.objects.filter(slug=slug, status=Program.Status.DRAFT).update(
        status=Program.Status.LIVE
    )


def refuse(slug: str, number: int, reason: str) -> None:
    """The worker cannot decide by it."""
    Version.objects.filter(program=slug, number=number).update(
        status=Version.Status.REFUSED, reason=reason
    )


def pause(actor: str, slug: str) -> None:
    """Stop its doors: no new links, no new clicks. What was promised goes on.

    Raises NoSuchProgram, WrongStatus.
    """
    _move(slug, from_=(Program.Status.LIVE,), to=Program.Status.PAUSED)


def resume(actor: str, slug: str) -> None:
    """Open the doors of a paused program again. Raises NoSuchProgram, WrongStatus."""
    if Program.objects.filter(slug=slug).exclude(stopped_at=None).exists():
        raise WrongStatus(
            f"{slug} was stopped by order; it goes on when somebody else approves it in the console"
        )
    _move(slug, from_=(Program.Status.PAUSED,), to=Program.Status.LIVE)


def stop(actor: str, slug: str, *, now: datetime) -> None:
    """Shut its doors by order, so that `resume` does not open them. Raises NoSuchProgram,
    WrongStatus.
    """
    _move(
        slug,
        from_=(Program.Status.LIVE, Program.Status.PAUSED),
        to=Program.Status.PAUSED,
        stopped_at=now,
    )


def restart(actor: str, slug: str) -> None:
    """Open the doors of a stopped program again. Raises NoSuchProgram, WrongStatus."""
    _move(slug, from_=(Program.Status.PAUSED,), to=Program.Status.LIVE, stopped_at=None)


def close(actor: str, slug: str) -> None:
    """Shut its doors for good. What was promised goes on. Raises NoSuchProgram, WrongStatus."""
    _move(slug, from_=(Program.Status.LIVE, Program.Status.PAUSED), to=Program.Status.CLOSED)


def set_landing(actor: str, slug: str, url: str) -> None:
    """Where its links lead; an empty text is the installation's landing page.

    Raises NoSuchProgram, BadLanding.
    """
    if url and not _is_address(url):
        raise BadLanding(
            f"landing: expected an address such as https://shop.example.com/, found {url[:100]!r}"
        )
    if not Program.objects.filter(slug=slug).update(landing_url=url):
        raise _missing(slug)


def set_seed(actor: str, slug: str, seed: str, *, now: datetime) -> None:
    """Keep the secret text of its draws, encrypted."""
    with transaction.atomic():
        row = _program(slug, now=now)
        row.seed_sealed = seal(seed.encode(), context=f"seed:{slug}")
        row.save(update_fields=["seed_sealed"])


def make_link(
    actor: str,
    *,
    program: str,
    advocate: str,
    code: str | None,
    channel: str = "",
    script: str = "",
    now: datetime,
) -> tuple[LinkRow, bool]:
    """A link of the advocate, and whether it is new.

    Without a code the advocate's first link of that program, channel and script is given again.
    Raises NoSuchProgram, WrongStatus (paused or closed), BadCode, CodeTaken.
    """
    status = Program.objects.filter(slug=program).values_list("status", flat=True).first()
    if status is None:
        raise _missing(program)
    if status not in (Program.Status.LIVE, Program.Status.DRAFT):
        raise WrongStatus(f"program: {program!r} is {status} and takes no new links")
    mine = {"program": program, "advocate": advocate}
    if code is None:
        old = Link.objects.filter(**mine, channel=channel, script=script).first()
        if old is not None:
            return _link(old.code), False
    wanted = [codes.chosen(code)] if code is not None else [codes.made() for _ in range(_TRIES)]
    for one in wanted:
        row = Link(
            key=codes.normal(one), code=one, **mine, channel=channel, script=script, created_at=now
        )
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            continue
        return _link(one), True
    owner = link_row(wanted[-1])
    if code is not None and owner and (owner.advocate, owner.program) == (advocate, program):
        return owner, False
    raise CodeTaken(f"code: {wanted[-1]!r} is taken; choose another one")


def _is_address(url: str) -> bool:
    parts = urlsplit(url)
    is_plain = url.isprintable() and " " not in url and "\\" not in url and len(url) <= 2_000
    return is_plain and parts.scheme in ("http", "https") and bool(parts.hostname)


def _link(code: str) -> LinkRow:
    row = link_row(code)
    assert row is not None
    return row


def _program(slug: str, *, now: datetime) -> Program:
    row, _ = Program.objects.get_or_create(slug=slug, defaults={"created_at": now})
    return row


def _keep(terms: Terms, source: str, *, now: datetime) -> Version:
    digest = sha256(source.encode()).hexdigest()
    old = Version.objects.filter(program=terms.program, number=terms.version).first()
    if old is not None and old.status in (Version.Status.PUBLISHED, Version.Status.ORDERED):
        raise VersionTaken(
            f"version: {terms.program} version {terms.version} is published and never changes; "
            f"give the new text version {_next(terms.program)}"
        )
    row = old or Version(program_id=terms.program, number=terms.version, created_at=now)
    row.source, row.sha256, row.status, row.reason = source, digest, Version.Status.DRAFT, ""
    row.save()
    return row


def _kept(terms: Terms) -> VersionRow:
    row = version(terms.program, terms.version)
    assert row is not None
    return row


def _next(slug: str) -> int:
    numbers = Version.objects.filter(program=slug).values_list("number", flat=True)
    return max(numbers, default=0) + 1


def _move(slug: str, *, from_: tuple[str, ...], to: str, **also: datetime | None) -> None:
    if Program.objects.filter(slug=slug, status__in=from_).update(status=to, **also):
        return
    row = Program.objects.filter(slug=slug).first()
    if row is None:
        raise _missing(slug)
    raise WrongStatus(f"{slug} is {row.status}; only one that is {' or '.join(from_)} can be {to}")


def _missing(slug: str) -> NoSuchProgram:
    return NoSuchProgram(f"program: there is no program {slug!r} in this installation")
