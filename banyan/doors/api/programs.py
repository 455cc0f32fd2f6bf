"""programs: drafts, what is wrong with them, publishing, and the public rules in words."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Router
from pydantic import AfterValidator, Field

from banyan.core.programs import acts, read
from banyan.core.programs.read import ProgramRow, VersionRow
from banyan.doors.api.commands import PATIENCE_S
from banyan.doors.api.gate import ApiRequest, rehearsed
from banyan.doors.api.operations import operation
from banyan.doors.api.pages import Cursor, Limit, Page, after, page
from banyan.doors.api.problems import flaw, missing
from banyan.doors.api.shapes import Body, Moment, Shape, Text, Time
from banyan.engine.language.explain import rules_page
from banyan.kernel.database import one_transaction
from banyan.pipeline import publish
from banyan.pipeline.approving import budget
from banyan.trust.audit.acts import record

router = Router(tags=["Programs"])

Status = Literal["draft", "live", "paused", "closed"]


def _landing(url: str) -> str:
    if url and not url.startswith(("https://", "http://")):
        raise ValueError("expected an address such as https://shop.example.com/welcome")
    return url


Url = Annotated[str, Field(max_length=2000), AfterValidator(_landing)]


class Program(Shape):
    """A program; its rules are its published versions."""

    slug: str
    status: Status
    landing_url: str = Field(description="Where links lead; empty: the installation's page")
    created_at: Time


class Version(Shape):
    """One version of a program's file. A published one never changes."""

    program: str
    number: int
    status: Literal["draft", "ordered", "published", "refused"]
    source: str = Field(description="The file, YAML")
    sha256: str
    starts_at: Time | None
    position: int | None = Field(description="Of its publication in the log")
    reason: str = Field(description="Why it was refused; else empty")
    created_at: Time
    published_at: Time | None
    published_by: str


class Finding(Shape):
    """One thing that is wrong with a program, or could be better."""

    severity: Literal["error", "warning"]
    key: str
    pointer: str = Field(description="JSON Pointer (RFC 6901) into the program")
    line: int
    column: int
    sentence: str


class Report(Shape):
    """What there is to say about a program's file."""

    can_be_published: bool
    findings: list[Finding]


class Source(Body):
    """A program's file."""

    source: str = Field(min_length=1, max_length=65_536, description="YAML or JSON")


class Publication(Body):
    """From when on it is in force; else from its own start, and never before now."""

    starts_at: Moment | None = None


class StatusReason(Body):
    """Why, for the audit log."""

    reason: Text = ""


class ProgramChange(Body):
    """What of a program can change without a new version."""

    landing_url: Url | None = None
    seed: str | None = Field(
        default=None, min_length=1, max_length=1000, description="Secret text of its draws"
    )


class Rules(Shape):
    """The public rules in words."""

    program: str
    version: int
    lang: Literal["en", "zh-hans"]
    format: Literal["md", "html"]
    text: str


EXAMPLE = {
    "slug": "meundies",
    "status": "live",
    "landing_url": "https://shop.example.com/welcome",
    "created_at": "2026-01-01T00:00:00Z",
}
VERSION = {
    "program": "meundies",
    "number": 1,
    "status": "published",
    "source": "program: meundies\nversion: 1\n…",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "starts_at": "2026-01-01T00:00:00Z",
    "position": 1,
    "reason": "",
    "created_at": "2026-01-01T00:00:00Z",
    "published_at": "2026-01-01T00:00:00Z",
    "published_by": "key:1",
}
REPORT = {
    "can_be_published": False,
    "findings": [
        {
            "severity": "error",
            "key": "rewards.advocate-credit.on",
            "pointer": "/rewards/advocate-credit/on",
            "line": 12,
            "column": 9,
            "sentence": "there is no milestone 'bougth'; did you mean bought?",
        }
    ],
}
RULES = {
    "program": "meundies",
    "version": 1,
    "lang": "en",
    "format": "md",
    "text": "# Give 20%, get $20\n\n…",
}


@operation(
    router,
    "GET",
    "/programs",
    scope="programs:read",
    summary="List programs",
    reply=Page[Program],
    example={"data": [EXAMPLE], "next_cursor": None},
    errors=["bad_cursor"],
)
def list_programs(
    request: ApiRequest,
    status: Status | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """By slug."""
    place = after(cursor, of="programs", kinds=(str,))
    rows = read.programs(status=status, after=place[0] if place else "", limit=limit + 1)
    return page(rows, limit=limit, of="programs", place=lambda row: (row.slug,))


@operation(
    router,
    "POST",
    "/programs",
    scope="programs:write",
    summary="Save a draft",
    reply=Version,
    example=VERSION | {"status": "draft", "position": None, "published_at": None},
    sends={"source": "program: meundies\nversion: 2\ncurrency: USD\n…"},
    errors=["program_invalid", "version_taken"],
)
def save_draft(request: ApiRequest, body: Source) -> VersionRow:
    """The file names its program and version. A draft of that version is replaced; a published one
    is never changed. It must be readable; what forbids to publish it may still be mended."""
    call = request.call
    saved = acts.save_draft(call.actor, body.source, now=call.now)
    _record(request, "save_draft", saved.program, after={"version": saved.number})
    return saved


@operation(
    router,
    "POST",
    "/programs/check",
    scope="programs:read",
    summary="Check a program",
    reply=Report,
    example=REPORT,
    sends={"source": "program: meundies\nversion: 2\ncurrency: USD\n…"},
)
def check_program(request: ApiRequest, body: Source) -> dict[str, Any]:
    """Everything that is wrong with a file and what could be better, each at its place. Nothing is
    kept."""
    found = acts.findings(body.source)
    return {
        "can_be_published": all(one.severity != "error" for one in found),
        "findings": [flaw(one) for one in found],
    }


@operation(
    router,
    "GET",
    "/programs/{program}",
    scope="programs:read",
    summary="Read a program",
    reply=Program,
    example=EXAMPLE,
)
def get_program(request: ApiRequest, program: str) -> ProgramRow:
    """Its status and landing page."""
    return _found(program)


@operation(
    router,
    "PATCH",
    "/programs/{program}",
    scope="programs:write",
    summary="Change a program's landing page or seed",
    reply=Program,
    example=EXAMPLE,
    sends={"landing_url": "https://shop.example.com/welcome"},
)
def change_program(request: ApiRequest, program: str, body: ProgramChange) -> ProgramRow:
    """What was promised stays as it is; that needs a new version."""
    before = _found(program)
    call = request.call
    if body.landing_url is not None:
        acts.set_landing(call.actor, program, body.landing_url)
    if body.seed is not None:
        acts.set_seed(call.actor, program, body.seed, now=call.now)
    changed = _found(program)
    _record(
        request,
        "change",
        program,
        before={"landing_url": before.landing_url},
        after={"landing_url": changed.landing_url, "has_new_seed": body.seed is not None},
    )
    return changed


@operation(
    router,
    "GET",
    "/programs/{program}/versions",
    scope="programs:read",
    summary="List the versions of a program",
    reply=Page[Version],
    example={"data": [VERSION], "next_cursor": None},
    errors=["bad_cursor"],
)
def list_versions(
    request: ApiRequest, program: str, limit: Limit = 50, cursor: Cursor = None
) -> dict[str, Any]:
    """The newest first, with their files."""
    _found(program)
    place = after(cursor, of="versions", kinds=(int,))
    rows = [row for row in read.versions(program) if place is None or row.number < place[0]]
    return page(rows, limit=limit, of="versions", place=lambda row: (row.number,))


@operation(
    router,
    "GET",
    "/programs/{program}/versions/{number}",
    scope="programs:read",
    summary="Read a version",
    reply=Version,
    example=VERSION,
)
def get_version(request: ApiRequest, program: str, number: int) -> VersionRow:
    """One version, with its file."""
    return _version(program, number)


@operation(
    router,
    "POST",
    "/programs/{program}/versions/{number}/publish",
    scope="programs:write",
    summary="Publish a version",
    reply=Version,
    example=VERSION | {"status": "ordered"},
    sends={"starts_at": "2026-02-01T00:00:00Z"},
    errors=["program_invalid", "version_taken"],
    waits=True,
)
def publish_version(
    request: ApiRequest, program: str, number: int, body: Publication
) -> VersionRow:
    """From then on it never changes. Answers when the worker has taken it up (`published`), has
    found that it would change the past (`refused`, with the reason), or needs longer
    (`ordered`)."""
    draft = _version(program, number)
    call = request.call
    with rehearsed(call):
        row = publish.publish(call.actor, draft.source, starts_at=body.starts_at, now=call.now)
        _record(request, "publish", program, after={"version": number, "sha256": row.sha256})
    return row if call.is_rehearsal else publish.settled(program, number, timeout_s=PATIENCE_S)


@operation(
    router,
    "POST",
    "/programs/{program}/pause",
    scope="programs:write",
    summary="Pause a program",
    reply=Program,
    example=EXAMPLE | {"status": "paused"},
    sends={"reason": "The warehouse is empty."},
    errors=["wrong_status"],
)
def pause_program(request: ApiRequest, program: str, body: StatusReason) -> ProgramRow:
    """No new links and clicks; what was promised goes on."""
    acts.pause(request.call.actor, program)
    return _moved(request, "pause", program, body.reason)


@operation(
    router,
    "POST",
    "/programs/{program}/resume",
    scope="programs:write",
    summary="Resume a paused program",
    reply=Program,
    example=EXAMPLE,
    sends={"reason": "The warehouse is full again."},
    errors=["wrong_status"],
)
def resume_program(request: ApiRequest, program: str, body: StatusReason) -> ProgramRow:
    """Its doors open again. One that its budget paused asks for a reason."""
    with one_transaction():
        budget.spare(program, reason=body.reason, now=request.call.now)
        acts.resume(request.call.actor, program)
    return _moved(request, "resume", program, body.reason)


@operation(
    router,
    "POST",
    "/programs/{program}/close",
    scope="programs:write",
    summary="Close a program for good",
    reply=Program,
    example=EXAMPLE | {"status": "closed"},
    sends={"reason": "Replaced by another program."},
    errors=["wrong_status"],
)
def close_program(request: ApiRequest, program: str, body: StatusReason) -> ProgramRow:
    """No new links and clicks, ever; what was promised goes on."""
    acts.close(request.call.actor, program)
    return _moved(request, "close", program, body.reason)


@operation(
    router,
    "GET",
    "/programs/{program}/rules",
    scope="rules:read",
    summary="Read the public rules in words",
    reply=Rules,
    example=RULES,
)
def get_rules(
    request: ApiRequest,
    program: str,
    version: int | None = None,
    format: Literal["md", "html"] = "md",  # noqa: A002  (its public name)
) -> dict[str, Any]:
    """Of the highest published version, or the one asked for. Made for publishable keys."""
    published = [
        row
        for row in read.versions(program)
        if row.status == "published" and version in (None, row.number)
    ]
    if not published:
        raise missing(f"A published version of {program[:64]!r}")
    lang = request.call.lang
    return {
        "program": program,
        "version": published[0].number,
        "lang": lang,
        "format": format,
        "text": rules_page(published[0].terms, lang=lang, format=format),
    }


def _found(slug: str) -> ProgramRow:
    row = read.program(slug)
    if row is None:
        raise missing(f"Program {slug[:64]!r}")
    return row


def _version(slug: str, number: int) -> VersionRow:
    row = read.version(slug, number) if 0 <= number < 2**31 else None
    if row is None:
        raise missing(f"Version {number} of program {slug[:64]!r}")
    return row


def _moved(request: ApiRequest, verb: str, slug: str, reason: str) -> ProgramRow:
    moved = _found(slug)
    _record(request, verb, slug, after={"status": moved.status}, reason=reason)
    return moved


def _record(
    request: ApiRequest,
    verb: str,
    slug: str,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
    reason: str = "",
) -> None:
    call = request.call
    record(
        call.actor,
        f"program.{verb}",
        f"program:{slug}",
        now=call.now,
        before=before,
        after=after,
        reason=reason,
    )
