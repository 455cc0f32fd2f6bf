"""enrolment: taking part in a program: who may, what was agreed to, and what it brings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from banyan.core.people.read import ConsentRow, consents, customer
from banyan.core.programs.force import Running
from banyan.core.programs.read import LinkRow, links_of
from banyan.doors.portal.person import Person, taken_up
from banyan.engine.language.explain.condition import expressions
from banyan.engine.language.explain.safe import plain
from banyan.engine.language.explain.voice import Voice
from banyan.growth.toolkit.read import call
from banyan.kernel.errors import Problem
from banyan.pipeline.asking import asked_of_advocates, may_refer
from banyan.pipeline.links import make_link
from banyan.trust.privacy.acts import give_consent

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_PURPOSE = 64
# Who somebody is, not what they have done: a program for others is of no interest to them.
_BELONGING = frozenset({"tier", "tags"})


class MayNotTakePart(Problem):
    """A program that this person cannot take part in now; `reason` is a code, see `why_not`."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"This person cannot take part: {reason}.")
        self.reason = reason


@dataclass(frozen=True)
class Membership:
    """How a person stands to a program."""

    running: Running
    agreed_version: int | None
    """The version of the rules that they agreed to; None: they have not, or no longer."""
    links: tuple[LinkRow, ...]

    @property
    def slug(self) -> str:
        """The program's name in addresses."""
        return self.running.program.slug

    @property
    def is_member(self) -> bool:
        """Whether they take part."""
        return self.agreed_version is not None and bool(self.links)

    @property
    def first_link(self) -> LinkRow:
        """The one on everything they passed on before."""
        return min(self.links, key=lambda link: (link.created_at, link.code))

    @property
    def code(self) -> str:
        """Of their first link."""
        return self.first_link.code

    @property
    def clicks(self) -> int:
        """How often their links were opened."""
        return sum(link.clicks for link in self.links)

    @property
    def joined(self) -> int:
        """How many friends came by them."""
        return sum(link.referrals for link in self.links)


def memberships(person: Person, programs: dict[str, Running]) -> list[Membership]:
    """How a person stands to every program with friends, looked up at once."""
    agreed = _agreed(person)
    links: dict[str, list[LinkRow]] = {}
    for user_id in person.ids:
        for link in links_of(user_id, limit=10_000):
            links.setdefault(link.program, []).append(link)
    return [
        Membership(running, agreed.get(purpose_of(slug)), tuple(links.get(slug, ())))
        for slug, running in programs.items()
        if not running.terms.is_self
    ]


def why_not(person: Person, running: Running) -> str:
    """Why a person may not take part now: `not_open`, `not_yet`, `over`, `closed`, `paused`,
    `not_called`, `condition`; empty when they may."""
    status = running.program.status
    if status in ("paused", "closed"):
        return status
    if not running.is_in_force:
        first, _last = running.terms.runs_us
        return "not_yet" if first is not None and first > _us(person) else "over"
    if not is_called(person, running):
        return "not_called"
    number = running.version.number
    is_fit = may_refer(person.user_id, running.program.slug, number, now=person.now)
    return "" if is_fit else "condition"


def is_called(person: Person, running: Running) -> bool:
    """Whether the program looks for people where this person is."""
    wanted = call(running.program.slug)
    if wanted.place != "tagged":
        return wanted.reaches(())
    row = customer(person.user_id)
    tags = row.traits.get("tags") if row else None
    return wanted.reaches(str(tag) for tag in tags) if isinstance(tags, list) else False


def is_shown(person: Person, membership: Membership) -> bool:
    """Whether a program is shown to a person: what they take part in always, else what is open and
    meant for people like them."""
    if membership.links or membership.agreed_version is not None:
        return True
    running = membership.running
    if not running.is_open or not is_called(person, running):
        return False
    asked = asked_of_advocates(running.program.slug, running.version.number)
    return not asked & _BELONGING or why_not(person, running) == ""


def condition_in_words(person: Person, running: Running) -> str:
    """What must be so of who takes part, as a phrase that speaks to the person."""
    voice = Voice(person.language, plain)
    where = expressions(voice, running.terms, "advocates", to_reader=True)
    return where.condition(running.terms.advocates.where)


def enrol(person: Person, membership: Membership) -> bool:
    """Keep that the person agrees to the rules in force, and make their link; whether the worker
    has taken it up already. Raises MayNotTakePart."""
    reason = why_not(person, membership.running)
    if reason:
        raise MayNotTakePart(reason)
    said = give_consent(
        person.actor,
        person.user_id,
        purpose_of(membership.slug),
        text_version=f"v{membership.running.version.number}",
        channel="portal",
        now=person.now,
    )
    make_link(
        person.actor,
        program=membership.slug,
        advocate=person.user_id,
        code=None,
        now=person.now,
    )
    return taken_up(said.position)


def purpose_of(slug: str) -> str:
    """The consent by which somebody takes part in a program."""
    whole = f"program.{slug}"
    if len(whole) <= _LONGEST_PURPOSE:
        return whole
    return f"program.{slug[:39]}-{sha256(slug.encode()).hexdigest()[:16]}"


def latest(rows: list[ConsentRow]) -> dict[str, ConsentRow]:
    """The last word on each purpose that was ever named; a no to everything is one to each."""
    last: dict[str, ConsentRow] = {}
    for row in rows:
        if row.purpose:
            last[row.purpose] = row
        else:
            last |= dict.fromkeys(last, row)
    return last


def _agreed(person: Person) -> dict[str, int]:
    found: dict[str, int] = {}
    for purpose, row in latest(consents(person.user_id)).items():
        version = row.text_version.removeprefix("v")
        if row.is_given and purpose.startswith("program."):
            found[purpose] = int(version) if version.isascii() and version.isdigit() else 0
    return found


def _us(person: Person) -> int:
    return (person.now - _EPOCH) // timedelta(microseconds=1)
