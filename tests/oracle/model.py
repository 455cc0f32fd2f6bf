"""The whole specification as a slow, obvious, per-event model: the oracle of the tests.

It walks the log one event at a time, keeps lists and dicts, and decides. It shares no code with the
product and is written from the specification alone, so that where both agree, both are believed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from disposable_email_domains import blocklist

from tests.oracle import risk
from tests.oracle.attribution import Attribution, Referral
from tests.oracle.draws import variant
from tests.oracle.milestones import Milestones
from tests.oracle.moments import read_moment, write_moment
from tests.oracle.people import FACTS, People
from tests.oracle.reading import Event, Reject, read_line
from tests.oracle.refunds import Refunds
from tests.oracle.rewards import Achievement, Rewards
from tests.oracle.sql import Names, Value
from tests.oracle.terms import Program, Rule, Version, read_programs
from tests.oracle.wallet import Wallets

DISPOSABLE = frozenset(blocklist)
TIMES = ("touched_at", "started_at", "occurred_at", "available_at", "expires_at")


def run(
    programs: list[dict[str, Any]],
    lines: list[bytes],
    *,
    until: str | None = None,
    seeds: dict[str, str] | None = None,
    disposable: frozenset[str] | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """Run programs over a log and give its six tables, rows in order, times as text.

    `programs` are parsed YAML or JSON, several versions of one program allowed; `lines` are JSON
    Lines, of which blank ones take no position. Raises ValueError for a draw without its seed.
    """
    written = [line for line in lines if line.strip()]
    model = Model(programs, until=until, seeds=seeds, disposable=disposable)
    for place, line in enumerate(written, 1):
        model.feed(line, is_last=place == len(written))
    return model.tables()


class Model:
    """The state of the world after the lines fed so far."""

    def __init__(
        self,
        programs: Sequence[Mapping[str, Any]],
        *,
        until: str | None = None,
        seeds: Mapping[str, str] | None = None,
        disposable: frozenset[str] | None = None,
    ) -> None:
        seeds = seeds or {}
        self.until = None if until is None else known_moment(until)
        self.disposable = DISPOSABLE if disposable is None else disposable
        self.programs = read_programs(programs, seeds)
        self.numbers = {"total"} | {
            name
            for program in self.programs
            for version in program.versions
            for name, kind in version.properties.items()
            if kind == "number"
        }
        self.position = 0
        self.log_times: list[int] = []  # of the positions so far
        self.message_ids: set[str] = set()
        self.rejects: list[Reject] = []
        self.referrals: dict[str, list[Referral]] = {each.slug: [] for each in self.programs}
        self.verdicts: dict[tuple[str, str], Rule | None] = {}
        self.people = People()
        self.attribution = Attribution(self.people, self.programs)
        self.milestones = Milestones()
        self.wallets = Wallets()
        self.rewards = Rewards(seeds, self.wallets, self.upline, self.names)
        self.refunds = Refunds(self.people, self.rewards)

    def feed(self, line: bytes, *, is_last: bool = False) -> None:
        """Take in the next line of the log (not a blank one)."""
        self.position += 1
        event = self.read(line)
        times = [*self.log_times[-1:], *([event.at] if event else [])]
        if is_last and self.until is not None:
            times.append(self.until)
        # Before the first event that can be used there is no log time, and nothing can be due.
        log_time = max(times, default=-(10**18))
        self.log_times.append(log_time)
        self.wallets.mature_all(self.position, log_time)
        if event:
            self.take(event, log_time)

    def read(self, line: bytes) -> Event | None:
        """Read a line; None for a reject, a duplicate, and what comes after `until`."""
        event = read_line(line, self.position, self.numbers, self.until)
        if isinstance(event, Reject):
            self.rejects.append(event)
            return None
        if event is None or event.message_id in self.message_ids:
            return None
        self.message_ids.add(event.message_id)
        return event

    def take(self, event: Event, log_time: int) -> None:
        """Let an event do all it does: grants come before reversals, spends last."""
        self.people.see(event)
        if not self.attribution.touch(event, self.programs):
            self.rejects.append(Reject(event.position, event.given_id, "unknown_code"))
        for program in self.programs:
            if program.is_self:
                self.earn(event, program, log_time)
            else:
                self.refer(event, program, log_time)
        if event.type == "track":
            self.settle(event, log_time)

    def refer(self, event: Event, program: Program, log_time: int) -> None:
        """Let the user join, and reward what the event achieves for their referral."""
        reached = set()
        joined = self.attribution.join(event, program, log_time)
        if joined:
            reached.add("joined")
            referrals = self.referrals[program.slug]
            referrals.append(joined)
            self.verdicts[program.slug, joined.friend] = risk.verdict(
                joined, referrals, self.people, self.log_times, self.disposable
            )
        referral = self.attribution.referrals.get((program.slug, event.user or ""))
        if referral:
            verdict = self.verdicts[program.slug, referral.friend]
            achievement = Achievement(
                event, referral.version, referral, verdict, program.is_stopped(event.at)
            )
            names = self.names(achievement)
            reached |= self.milestones.reached(event, referral.version, referral, names)
            self.rewards.decide(achievement, reached, log_time)

    def earn(self, event: Event, program: Program, log_time: int) -> None:
        """Reward what the event achieves for the customer in a self program."""
        version = program.in_force(event.at)
        if version and event.user is not None:
            achievement = Achievement(event, version, None, None, program.is_stopped(event.at))
            reached = self.milestones.reached(event, version, None, self.names(achievement))
            self.rewards.decide(achievement, reached, log_time)

    def settle(self, event: Event, log_time: int) -> None:
        """Take in refunds, releases, denials, credits, spends and returns."""
        match event.name:
            case "Order Refunded":
                self.refunds.refund(event)
            case "Decision Released":
                self.rewards.release(event, log_time)
            case "Decision Denied":
                self.rewards.deny(event)
            case "Wallet Credited":
                self.wallets.credit(event, log_time)
            case "Wallet Spent":
                self.wallets.spend(event)
            case "Wallet Returned":
                self.wallets.give_back(event)

    def upline(self, referral: Referral) -> str | None:
        """The advocate of the advocate's own referral; None if none, or if it is the friend."""
        above = self.attribution.referrals.get((referral.program, referral.advocate))
        return above.advocate if above and above.advocate != referral.friend else None

    def names(self, achievement: Achievement) -> Names:
        """Give the names an expression may use for an achievement, but `nth`."""
        event, version, referral = achievement.event, achievement.version, achievement.referral

        def lookup(name: str) -> Value:
            if name in version.properties:
                value: Value = event.value(name, version.properties[name])
                return value
            if name in version.experiments:
                return self.variant(version, name, referral, event)
            if referral is None:
                return self.people.fact(name, event.user or "", event.position, event.at)
            side, _, fact = name.partition("_")
            person = {"advocate": referral.advocate, "friend": referral.friend}[side]
            assert fact in FACTS
            return self.people.fact(fact, person, event.position, event.at)

        return lookup

    def variant(self, version: Version, name: str, referral: Referral | None, event: Event) -> str:
        experiment = version.experiments[name]
        if referral is None:
            user = event.user or ""
        else:
            user = referral.advocate if experiment.by == "advocate" else referral.friend
        return variant(version.slug, name, experiment, user)

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """Give the six tables of everything so far."""
        referrals = [row for each in self.referrals.values() for row in map(referral_row, each)]
        lost = self.attribution.lost
        tables = {
            "referrals": sorted(referrals, key=lambda row: (row["join_position"], row["program"])),
            "touches_lost": sorted(
                lost, key=lambda row: (row["join_position"], row["program"], row["touch_position"])
            ),
            "decisions": [each.row for each in self.rewards.decisions.values()],
            "reversals": in_order(self.rewards.reversals),
            "postings": in_order(self.wallets.rows),
            "rejects": [reject_row(each) for each in self.rejects],
        }
        return {name: [with_texts(row) for row in rows] for name, rows in tables.items()}


def known_moment(text: str) -> int:
    moment = read_moment(text)
    if moment is None:
        raise ValueError(f"{text!r} is not RFC 3339 with an offset")
    return moment


def in_order(rows: list[tuple[tuple[Any, ...], dict[str, Any]]]) -> list[dict[str, Any]]:
    return [row for _, row in sorted(rows, key=lambda each: each[0])]


def referral_row(referral: Referral) -> dict[str, Any]:
    touch = referral.touch
    return {
        "program": referral.program,
        "version": referral.version.number,
        "advocate": referral.advocate,
        "friend": referral.friend,
        "kind": touch.kind,
        "channel": touch.channel,
        "script": touch.script,
        "touch_position": touch.position,
        "touched_at": touch.at,
        "join_position": referral.join.position,
        "started_at": referral.join.at,
    }


def reject_row(reject: Reject) -> dict[str, Any]:
    return {
        "position": reject.position,
        "message_id": reject.message_id,
        "code": reject.code,
        "sentence": "",
    }


def with_texts(row: dict[str, Any]) -> dict[str, Any]:
    """Write the times of a row as text."""
    return {name: write_moment(value) if name in TIMES else value for name, value in row.items()}
