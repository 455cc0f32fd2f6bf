"""A scenario: one text file with a program, events in words, and what must come of them.

The title in one line

What it shows, and why the numbers are right.

== program ==
meundies                         a shipped program's name, or YAML; several between `---` lines

== run ==                        only if needed
zone Asia/Shanghai               of all times in the file; else UTC
until 2026-03-01 00:00           how far log time moves on after the last event
seed summer banyan               the secret text of a program's draws

== events ==
1  2026-01-05 09:00  ann makes link ANN1

== decisions ==                  and further sections, which `books.py` writes

"""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from banyan.engine import Outcomes, Program, compile_book, replay_batches
from banyan.engine.raw import from_lines
from tests.golden.books import outcome_text
from tests.golden.words import read_events

PROGRAMS = Path(__file__).parents[2] / "programs"
GIVEN = ("program", "run", "events")


@dataclass(frozen=True)
class Scenario:
    """What a file gives, and the text that must follow it."""

    given: str
    """The file up to the outcome, as it stands."""
    expected: str
    programs: tuple[Program, ...]
    shipped: frozenset[str]
    """Names of the shipped programs among them."""
    zone: ZoneInfo
    until: datetime | None
    seeds: dict[str, str]
    log: list[bytes]


def read_scenario(text: str) -> Scenario:
    """Read a file. Raises Unreadable, ProgramError or KeyError for what is not as above."""
    head, *parts = re.split(r"^== (.+) ==\n", text, flags=re.M)
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    given = {title: body for title, body in sections.items() if title in GIVEN}
    assert list(sections)[: len(given)] == list(given), "the outcome stands last"
    ends = head + "".join(f"== {title} ==\n{body}" for title, body in given.items())
    documents = [part.strip() for part in re.split(r"^---\n", given["program"], flags=re.M)]
    zone, until, seeds = _read_run(given.get("run", ""))
    return Scenario(
        given=ends.rstrip("\n"),
        expected=text[len(ends) :].rstrip("\n"),
        programs=tuple(map(_program, documents)),
        shipped=frozenset(document for document in documents if _is_shipped(document)),
        zone=zone,
        until=until,
        seeds=seeds,
        log=read_events(given["events"], zone),
    )


def outcome_of(scenario: Scenario) -> str:
    """What the engine says to it, as text."""
    book = compile_book(scenario.programs, seeds=scenario.seeds)
    raw = from_lines(b"\n".join(scenario.log), book.wanted)
    parts = list(replay_batches(book, [raw], until=scenario.until))
    outcomes = Outcomes(*map(pl.concat, zip(*parts, strict=True)))
    return outcome_text(outcomes, scenario.zone, names_program=len(scenario.programs) > 1)


def _is_shipped(document: str) -> bool:
    return re.fullmatch("[a-z0-9-]+", document) is not None


def _program(document: str) -> Program:
    if _is_shipped(document):
        return Program.load(PROGRAMS / f"{document}.yaml")
    return Program.parse(document)


def _read_run(text: str) -> tuple[ZoneInfo, datetime | None, dict[str, str]]:
    words = [line.split(maxsplit=1) for line in text.splitlines() if line]
    given = {word: rest for word, rest in words if word != "seed"}
    assert given.keys() <= {"zone", "until"}, f"unknown words in the run section: {given}"
    zone = ZoneInfo(given.get("zone", "UTC"))
    until = (
        datetime.fromisoformat(given["until"]).replace(tzinfo=zone) if "until" in given else None
    )
    seeds = dict(rest.split(maxsplit=1) for word, rest in words if word == "seed")
    return zone, until, seeds
