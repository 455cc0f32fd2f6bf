"""Touches: where they come from, whom they meet, and who joins by which."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.oracle.people import FACTS, Key, People, contacts_in
from tests.oracle.reading import Event
from tests.oracle.sql import Value, holds
from tests.oracle.terms import Program, Version

NEWER_TOUCHES = 100


@dataclass(frozen=True)
class Touch:
    """Somebody was touched by an advocate. `program` is None when it serves every program."""

    kind: str
    advocate: str
    program: str | None
    keys: tuple[Key, ...]
    visitor: str | None
    position: int
    at: int
    channel: str | None
    script: str | None


@dataclass(frozen=True)
class Referral:
    """Who brought whom: a friend joined a program by a touch, under a version for ever."""

    program: str
    version: Version
    friend: str
    touch: Touch
    join: Event
    log_time: int  # at the join

    @property
    def advocate(self) -> str:
        return self.touch.advocate


class Codes:
    """Referral codes; a code belongs for ever to the advocate whose creation comes first."""

    def __init__(self) -> None:
        self.owners: dict[str, tuple[str, str | None, int]] = {}

    def create(self, event: Event) -> None:
        code = written_code(event.text("code"))
        if event.type == "track" and event.name == "Referral Link Created" and event.user and code:
            self.owners.setdefault(code, (event.user, event.text("program"), event.position))

    def find(self, code: str | None, position: int) -> tuple[str, str | None] | None:
        """Find the advocate of a code, and the program it serves, as of an event's position."""
        owner = self.owners.get(written_code(code) or "")
        return owner[:2] if owner and owner[2] < position else None


def written_code(code: str | None) -> str | None:
    return (code or "").strip().upper() or None


class Attribution:
    """All touches, meetings and referrals so far."""

    def __init__(self, people: People, programs: list[Program]) -> None:
        self.people = people
        self.codes = Codes()
        self.touches: dict[str, list[Touch]] = {
            program.slug: [] for program in programs if not program.is_self
        }
        self.met: set[tuple[str, int, str]] = set()
        self.referrals: dict[tuple[str, str], Referral] = {}
        self.lost: list[dict[str, Any]] = []

    def touch(self, event: Event, programs: list[Program]) -> bool:
        """Take in what an event says about codes and touches; False when its code is unknown."""
        self.codes.create(event)
        touch, is_known = self.touch_of(event)
        for program in programs:
            if touch and not program.is_self and touch.program in (None, program.slug):
                terms = program.judging(touch.at).attribution
                if terms and touch.kind in terms.prefer:
                    self.touches[program.slug].append(touch)
        return is_known

    def touch_of(self, event: Event) -> tuple[Touch | None, bool]:
        """Read the touch out of an event, and whether its code, if it needs one, is known."""
        if event.type == "track" and event.name == "Referral Link Clicked":
            keys = user_key(event) + anonymous_key(event)
            owner = self.codes.find(event.text("code"), event.position) or stand_in(event)
            visitor = event.anonymous or event.user
            return make_touch("click", event, owner, keys, visitor), owner is not None
        if event.type == "track" and event.name == "Referral Submitted":
            contacts = tuple(contacts_in(event.properties))
            if event.user is None or not contacts:
                return None, True
            owner = (event.user, event.text("program"))
            return make_touch("invite", event, owner, contacts, None), True
        if event.user is None or (event.name or "").startswith("Referral "):
            return None, True
        return self.code_touch(event)

    def code_touch(self, event: Event) -> tuple[Touch | None, bool]:
        """Read a code touch: by `referral_code`, else by `advocate`, else by `coupon`."""
        code = written_code(event.text("referral_code"))
        owner = self.codes.find(code, event.position) or stand_in(event)
        is_known = code is None or owner is not None
        if code is None and owner is None:
            owner = self.codes.find(event.text("coupon"), event.position)
        return make_touch("code", event, owner, user_key(event), event.user), is_known

    def join(self, event: Event, program: Program, log_time: int) -> Referral | None:
        """Let the touches that meet the event's user here be judged; the best one wins."""
        eligible: list[tuple[Touch, Version]] = []
        for touch in self.meeting(event, program):
            reason = self.fault(touch, event, program)
            if reason:
                self.lose(touch, event, program, reason)
            else:
                eligible.append((touch, program.judging(touch.at)))
        if not eligible:
            return None
        winner = choose(eligible)
        for touch, _ in eligible:
            if touch is not winner[0]:
                self.lose(touch, event, program, "lost_to_other_touch")
        user = event.user or ""
        referral = Referral(program.slug, winner[1], user, winner[0], event, log_time)
        self.referrals[program.slug, user] = referral
        return referral

    def meeting(self, event: Event, program: Program) -> Iterator[Touch]:
        """Find the touches that meet the event's user at this event.

        A touch is done with a user at the first event where it could meet them, also when too
        many newer touches hide it there.
        """
        if event.type != "track" or event.user is None:
            return
        for touch in self.touches[program.slug]:
            terms = program.judging(touch.at).attribution
            keys = [key for key in touch.keys if self.people.belongs(key, event.user)]
            meeting = (program.slug, touch.position, event.user)
            if not terms or event.name not in terms.joins_on or not keys or meeting in self.met:
                continue
            self.met.add(meeting)
            if any(self.newer(key, touch, program) < NEWER_TOUCHES for key in keys):
                yield touch

    def newer(self, key: Key, touch: Touch, program: Program) -> int:
        """Count the touches of a key above this one."""
        return sum(
            other.position > touch.position and key in other.keys
            for other in self.touches[program.slug]
        )

    def fault(self, touch: Touch, event: Event, program: Program) -> str | None:
        """Name the first reason for which a touch is lost where it meets the event's user."""
        user = event.user or ""
        version = program.judging(touch.at)
        assert version.attribution
        if (program.slug, user) in self.referrals:
            return "already_referred"
        if touch.advocate == user:
            return "self_referral"
        if program.in_force(touch.at) is None:
            return "outside_run"
        if max(0, event.at - touch.at) > version.attribution.window:
            return "outside_window"
        if not holds(version.advocates_where, self.facts_at(touch, touch.advocate)):
            return "advocate_not_eligible"
        if not holds(version.friends_where, self.facts_at(touch, user)):
            return "not_new"
        return None

    def facts_at(self, touch: Touch, user: str) -> Any:
        def names(name: str) -> Value:
            assert name in FACTS
            return self.people.fact(name, user, touch.position, touch.at)

        return names

    def lose(self, touch: Touch, event: Event, program: Program, reason: str) -> None:
        self.lost.append(
            {
                "program": program.slug,
                "advocate": touch.advocate,
                "visitor": touch.visitor,
                "kind": touch.kind,
                "touch_position": touch.position,
                "touched_at": touch.at,
                "join_position": event.position,
                "reason": reason,
            }
        )


def choose(eligible: list[tuple[Touch, Version]]) -> tuple[Touch, Version]:
    """Choose by the `prefer` and `credit` of the highest version among the eligible touches."""
    terms = max((version for _, version in eligible), key=lambda each: each.number).attribution
    assert terms

    def rank(each: tuple[Touch, Version]) -> tuple[int, int]:
        kind, position = each[0].kind, each[0].position
        place = terms.prefer.index(kind) if kind in terms.prefer else len(terms.prefer)
        return place, position if terms.credit == "first_touch" else -position

    return min(eligible, key=rank)


def make_touch(
    kind: str,
    event: Event,
    owner: tuple[str, str | None] | None,
    keys: tuple[Key, ...],
    visitor: str | None,
) -> Touch | None:
    if owner is None:
        return None
    return Touch(
        kind=kind,
        advocate=owner[0],
        program=owner[1],
        keys=keys,
        visitor=visitor,
        position=event.position,
        at=event.at,
        channel=event.text("channel"),
        script=event.text("script"),
    )


def stand_in(event: Event) -> tuple[str, str | None] | None:
    """Read the advocate that stands in place of a code, and the program it is for."""
    advocate = event.text("advocate")
    return (advocate, event.text("program")) if advocate else None


def user_key(event: Event) -> tuple[Key, ...]:
    return (Key("user", event.user),) if event.user else ()


def anonymous_key(event: Event) -> tuple[Key, ...]:
    return (Key("anonymous", event.anonymous),) if event.anonymous else ()
