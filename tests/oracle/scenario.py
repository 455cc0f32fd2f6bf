"""Small logs and programs in few words, for the tests of the oracle."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.oracle.model import run

Row = dict[str, Any]
START = datetime(2026, 1, 1, tzinfo=UTC)


def day(days: float = 0, *, seconds: int = 0) -> str:
    """Write a moment so many days and seconds after the start of 2026."""
    time = START + timedelta(days=days, seconds=seconds)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


class Log:
    """A log under construction. Every method appends one event and gives its position.

    `at` is a number of days after the start of 2026, or a timestamp as text.
    """

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def raw(self, line: bytes) -> int:
        self.lines.append(line)
        return len(self.lines)

    def event(self, *, at: float | str = 0, **fields: Any) -> int:
        time = at if isinstance(at, str) else day(at)
        event = {"messageId": f"m{len(self.lines) + 1}", "timestamp": time} | fields
        given = {name: value for name, value in event.items() if value is not None}
        return self.raw(json.dumps(given, ensure_ascii=False).encode())

    def track(
        self,
        name: str,
        user: str | None = None,
        *,
        at: float | str = 0,
        anonymous: str | None = None,
        device: str | None = None,
        ip: str | None = None,
        message: str | None = None,
        **properties: Any,
    ) -> int:
        more: dict[str, Any] = {"messageId": message} if message else {}
        if device or ip:
            more["context"] = {"device": {"id": device}, "ip": ip}
        return self.event(
            type="track",
            event=name,
            userId=user,
            anonymousId=anonymous,
            at=at,
            properties=properties,
            **more,
        )

    def link(self, user: str, code: str, at: float | str = 0, **properties: Any) -> int:
        return self.track("Referral Link Created", user, at=at, code=code, **properties)

    def click(self, code: str, anonymous: str, at: float | str = 0, **properties: Any) -> int:
        return self.track(
            "Referral Link Clicked", anonymous=anonymous, at=at, code=code, **properties
        )

    def signup(self, user: str, at: float | str = 0, **more: Any) -> int:
        return self.track("Signed Up", user, at=at, **more)

    def order(self, user: str, total: Any = None, at: float | str = 0, **more: Any) -> int:
        given = {} if total is None else {"total": total}
        return self.track("Order Completed", user, at=at, **given, **more)

    def refund(
        self, user: str | None, order_id: str, total: Any = None, at: float | str = 0, **more: Any
    ) -> int:
        given = {} if total is None else {"total": total}
        return self.track("Order Refunded", user, at=at, order_id=order_id, **given, **more)

    def identify(self, user: str | None, at: float | str = 0, **traits: Any) -> int:
        return self.event(type="identify", userId=user, at=at, traits=traits)

    def tick(self, at: float | str) -> int:
        return self.track("Clock Ticked", anonymous="clock", at=at)


def referral_program(**parts: Any) -> Row:
    """Make a referral program that pays 20 USD to the advocate of a friend's first order."""
    return {
        "program": "p",
        "version": 1,
        "title": {"en": "P"},
        "currency": "USD",
        "attribution": {},
        "milestones": {"bought": {"on": "Order Completed"}},
        "rewards": {"pay": {"to": "advocate", "on": "bought", "give": "cash", "amount": 20}},
    } | parts


def self_program(**parts: Any) -> Row:
    """Make a self program that gives 10 points for the first order."""
    program = referral_program(
        rewards={"earn": {"to": "self", "on": "bought", "give": "points", "amount": 10}}
    )
    del program["attribution"]
    return program | parts


def paying(**parts: Any) -> Row:
    """Make the referral program with a changed reward."""
    reward = {"to": "advocate", "on": "bought", "give": "cash", "amount": 20} | parts
    return referral_program(rewards={"pay": reward})


def earning(**parts: Any) -> Row:
    """Make the self program with a changed reward, for every order."""
    reward = {"to": "self", "on": "bought", "give": "points", "amount": 10} | parts
    milestone = {"on": "Order Completed", "repeats": {"up_to": 99}}
    return self_program(rewards={"earn": reward}, milestones={"bought": milestone})


def joined_log(*friends: str, at: float | str = 0, advocate: str = "ann") -> Log:
    """Start a log where each friend signs up by the advocate's code: one link, one event each."""
    log = Log()
    log.link(advocate, f"{advocate}1", at=at)
    for friend in friends:
        log.signup(friend, at=at, referral_code=f"{advocate}1")
    return log


def table(name: str, programs: Row | list[Row], log: Log, **more: Any) -> list[Row]:
    """Run programs over a log and give one table."""
    programs = programs if isinstance(programs, list) else [programs]
    return run(programs, log.lines, **more)[name]


def columns(rows: list[Row], *names: str) -> list[Any]:
    """Give some columns of rows: plain values for one name, tuples for several."""
    if len(names) == 1:
        return [row[names[0]] for row in rows]
    return [tuple(row[name] for name in names) for row in rows]
