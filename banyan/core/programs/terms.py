"""terms: a version's file and its effective start, as one program."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from banyan.engine.language.program import Program

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=512)
def program_of(source: str, *, starts_at: datetime | None, name: str) -> Program:
    """The program of that text; `starts_at` stands in for an earlier start or none. Nobody can
    change what was read, so it is read once a process.

    Raises ProgramError.
    """
    program = Program.parse(source, name)
    first, _ = program.runs_us
    if starts_at is None or (first is not None and first >= _us(starts_at)):
        return program
    runs = program.runs.model_copy(update={"from_": _text(starts_at)})
    changed = program.model_copy(update={"runs": runs})
    changed._written = program._written
    return changed


def start_of(program: Program) -> datetime | None:
    """The start its file names."""
    first, _ = program.runs_us
    return None if first is None else _EPOCH + timedelta(microseconds=first)


def with_start(source: str, starts_at: datetime | None, name: str) -> str:
    """The text with its effective start written in, for whoever replays it elsewhere."""
    program = program_of(source, starts_at=starts_at, name=name)
    if program.runs == Program.parse(source, name).runs:
        return source
    written = {"from": program.runs.from_} | (
        {"until": program.runs.until} if program.runs.until else {}
    )
    flow = ", ".join(f'{key}: "{value}"' for key, value in written.items())
    changed = _with_runs(source, flow)
    assert Program.parse(changed, name).runs == program.runs
    return changed


def _with_runs(source: str, flow: str) -> str:
    """`runs` replaced where it stands, else added at the end; all else stays as it was written."""
    lines = source.splitlines(keepends=True)
    first = next((i for i, line in enumerate(lines) if line.startswith("runs:")), None)
    if first is None:
        end = "" if source.endswith("\n") else "\n"
        return f"{source}{end}runs: {{{flow}}}\n"
    last = first + 1
    while last < len(lines) and lines[last].startswith((" ", "\t", "}")):
        last += 1
    return "".join([*lines[:first], f"runs: {{{flow}}}\n", *lines[last:]])


def _us(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _text(at: datetime) -> str:
    form = "%Y-%m-%dT%H:%M:%S.%fZ" if at.microsecond else "%Y-%m-%dT%H:%M:%SZ"
    return at.astimezone(UTC).strftime(form)
