"""read: programs, their published versions, links."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.conf import settings
from django.db import connection

from banyan.core.programs.codes import normal
from banyan.core.programs.models import Link, Program, Version
from banyan.core.programs.terms import program_of
from banyan.engine.language import program as language
from banyan.kernel.errors import Problem
from banyan.kernel.sealing import unseal


class NoSuchVersion(Problem):
    """A program or version of it that is not there."""


@dataclass(frozen=True)
class ProgramRow:
    """One program."""

    slug: str
    status: str
    landing_url: str
    created_at: datetime


@dataclass(frozen=True)
class VersionRow:
    """One version of a program's file."""

    program: str
    number: int
    status: str
    source: str
    sha256: str
    starts_at: datetime | None
    position: int | None
    reason: str
    created_at: datetime
    published_at: datetime | None
    published_by: str

    @property
    def terms(self) -> language.Program:
        """The program it says, with its effective start."""
        return program_of(self.source, starts_at=self.starts_at, name=f"{self.program}.yaml")


@dataclass(frozen=True)
class LinkRow:
    """A code an advocate passes on."""

    code: str
    program: str
    advocate: str
    channel: str
    script: str
    created_at: datetime
    clicks: int
    referrals: int


@dataclass(frozen=True)
class Landing:
    """Where a code leads. `status` is that of its program; `live` for a code of every program."""

    code: str
    program: str
    advocate: str
    landing_url: str
    status: str


def programs(*, status: str | None = None, after: str = "", limit: int = 200) -> list[ProgramRow]:
    """Programs by slug; `after` is the slug to go on from."""
    rows = Program.objects.filter(slug__gt=after)
    if status is not None:
        rows = rows.filter(status=status)
    return [_program(row) for row in rows.order_by("slug")[:limit]]


def program(slug: str) -> ProgramRow | None:
    """One program."""
    row = Program.objects.filter(slug=slug).first()
    return _program(row) if row else None


def versions(slug: str) -> list[VersionRow]:
    """All versions of a program, the newest first."""
    return [_version(row) for row in Version.objects.filter(program=slug).order_by("-number")]


def version(slug: str, number: int) -> VersionRow | None:
    """One version of a program."""
    row = Version.objects.filter(program=slug, number=number).first()
    return _version(row) if row else None


def published() -> list[VersionRow]:
    """Every published version, in the order of publication."""
    rows = Version.objects.filter(status=Version.Status.PUBLISHED)
    return [_version(row) for row in rows.order_by("position", "program_id", "number")]


def ordered() -> list[VersionRow]:
    """Versions that wait for the worker, in the order of their positions in the log."""
    rows = Version.objects.filter(status=Version.Status.ORDERED)
    return [_version(row) for row in rows.order_by("position")]


def published_program(slug: str, number: int) -> language.Program:
    """A published version's terms. Raises NoSuchVersion."""
    return _published(str(connection.settings_dict["NAME"]), slug, number)


def seeds() -> dict[str, str]:
    """The secret texts of draws, by program."""
    rows = Program.objects.exclude(seed_sealed=None)
    return {
        row.slug: unseal(bytes(row.seed_sealed or b""), context=f"seed:{row.slug}").decode()
        for row in rows
    }


def link(code: str) -> Landing | None:
    """Where a code leads; None for an unknown one."""
    row = Link.objects.filter(key=normal(code)).first()
    if row is None:
        return None
    of = Program.objects.filter(slug=row.program).first()
    landing = (of.landing_url if of else "") or settings.DEFAULT_LANDING_URL
    return Landing(row.code, row.program, row.advocate, landing, of.status if of else "live")


def link_row(code: str) -> LinkRow | None:
    """One link with its counters."""
    row = Link.objects.filter(key=normal(code)).first()
    return _link(row) if row else None


def links_of(
    advocate: str, *, program: str | None = None, after: str = "", limit: int = 200
) -> list[LinkRow]:
    """An advocate's links by code; `after` is the code to go on from."""
    rows = Link.objects.filter(advocate=advocate, key__gt=normal(after))
    if program is not None:
        rows = rows.filter(program=program)
    return [_link(row) for row in rows.order_by("key")[:limit]]


@lru_cache(maxsize=512)
def _published(_database: str, slug: str, number: int) -> language.Program:
    """Kept, since a published version never changes; what is not there is asked for each time."""
    row = Version.objects.filter(
        program=slug, number=number, status=Version.Status.PUBLISHED
    ).first()
    if row is None:
        raise NoSuchVersion(f"Program {slug!r} has no published version {number}.")
    return program_of(row.source, starts_at=row.starts_at, name=f"{slug}.yaml")


def _program(row: Program) -> ProgramRow:
    return ProgramRow(row.slug, row.status, row.landing_url, row.created_at)


def _version(row: Version) -> VersionRow:
    return VersionRow(
        program=row.program_id,
        number=row.number,
        status=row.status,
        source=row.source,
        sha256=row.sha256,
        starts_at=row.starts_at,
        position=row.position,
        reason=row.reason,
        created_at=row.created_at,
        published_at=row.published_at,
        published_by=row.published_by,
    )


def _link(row: Link) -> LinkRow:
    return LinkRow(
        row.code,
        row.program,
        row.advocate,
        row.channel,
        row.script,
        row.created_at,
        row.clicks,
        row.referrals,
    )
