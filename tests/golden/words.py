"""Events in words: one line an event, read into the public JSON.

    1  2026-01-05 09:00  ann makes link ANN1
    2  2026-01-06 10:00  visitor web-1 clicks ANN1 (channel wechat)
    3  2026-01-06 10:05  bob signs up as web-1
    4  2026-01-07 12:00  bob orders o1 for 60.00 USD
    5  2026-01-20 08:00  o1 of bob is refunded 20.00
    6-8  2026-02-01 00:00  bob does Invoice Paid (plan go), 3 times every 30d
    9-13  2026-05-01 00:00  each of f1 to f5 signs up with code ANN1

A line starts with the positions it takes in the log, so that what follows can name them. Times are
of the scenario's zone unless an offset stands behind them (`09:00+08:00`). The first word is the
user; `_SENTENCES` at the end of this file are all there are. Behind one may stand `as VISITOR`,
`with code CODE`, `with coupon CODE`, `sent by ADVOCATE`, `on device ID`, `at address IP`, and more
properties in brackets. `event 4 comes again` is the same event once more; where words do not reach,
a line holds the JSON itself.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from banyan.kernel.money import minor_digits
from banyan.kernel.times import duration_us

Event = dict[str, Any]


class Unreadable(ValueError):
    """A line that is none of the sentences."""


def read_events(text: str, zone: ZoneInfo) -> list[bytes]:
    """The log as JSON Lines. Blank lines and those that start with `#` are for people."""
    log: list[bytes] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            raise Unreadable(f"expected positions and an event, found {line!r}")
        events = _events(found["event"], zone, log)
        _check_positions(line, found, len(log) + 1, len(log) + len(events))
        log += events
    return log


def amount_text(amount: int, unit: str) -> str:
    """An amount as people write it: minor units of `cash KWD` with three decimals, counts bare."""
    return f"{Decimal(amount).scaleb(-_decimals(unit)):,f}"


def amount_of(text: str, unit: str) -> int:
    """The amount in minor units or counts."""
    amount = Decimal(text.replace(",", "")).scaleb(_decimals(unit))
    if amount != int(amount):
        raise Unreadable(f"{text} has more decimals than {unit}")
    return int(amount)


_LINE = re.compile(r"\s*(?P<first>\d+)(?:-(?P<last>\d+))?  +(?P<event>.*)")
_TIMED = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[+-]\d\d:\d\d)?)  +(?P<words>.*)"
)
_AGAIN = re.compile(r"event (\d+) comes again")
_TIMES = re.compile(r"(?P<words>.*), (?P<count>\d+) times every (?P<step>\w+)")
_EACH = re.compile(
    r"each of (?P<name>[a-z-]+)(?P<first>\d+) to (?P=name)(?P<last>\d+) (?P<words>.*)"
)


def _check_positions(line: str, found: re.Match[str], first: int, last: int) -> None:
    given = int(found["first"]), int(found["last"] or found["first"])
    if given != (first, last):
        raise Unreadable(f"position {first} to {last} comes next, found {line!r}")


def _events(text: str, zone: ZoneInfo, log: list[bytes]) -> list[bytes]:
    if text.startswith("{"):
        return [text.encode()]
    if again := _AGAIN.fullmatch(text):
        return [log[int(again[1]) - 1]]
    timed = _TIMED.fullmatch(text)
    if timed is None:
        raise Unreadable(f"expected a time and a sentence, found {text!r}")
    start = _moment(timed["time"], zone)
    repeated = _TIMES.fullmatch(timed["words"])
    words, count, step = timed["words"], 1, timedelta()
    if repeated is not None:
        words, count = repeated["words"], int(repeated["count"])
        step = timedelta(microseconds=duration_us(repeated["step"]))
    moments = [start + number * step for number in range(count)]
    events = [(moment, event) for moment in moments for event in _for_each(words)]
    return [
        _line(event, position=position, time=moment)
        for position, (moment, event) in enumerate(events, len(log) + 1)
    ]


def _for_each(words: str) -> list[Event]:
    """One event, or one a user."""
    each = _EACH.fullmatch(words)
    if each is None:
        return [_read_words(words)]
    numbers = range(int(each["first"]), int(each["last"]) + 1)
    return [_read_words(f"{each['name']}{number} {each['words']}") for number in numbers]


def _moment(text: str, zone: ZoneInfo) -> datetime:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _line(event: Event, *, position: int, time: datetime) -> bytes:
    stamp = time.isoformat().replace("+00:00", "Z")
    whole = {"messageId": f"m{position}", "timestamp": stamp} | event
    return json.dumps(whole, ensure_ascii=False).encode()


# --- sentences


def _read_words(words: str) -> Event:
    """The sentence as an event, and what its clauses add."""
    sentence, more = words, Event()
    while (found := _first(_CLAUSES, sentence)) is not None:
        sentence, clause = found
        more = _merged(clause, more)
    for pattern, make in _SENTENCES:
        if match := re.fullmatch(pattern, sentence):
            return _merged(make(**match.groupdict()), more)
    raise Unreadable(f"none of the sentences: {sentence!r}")


def _first(clauses: "Clauses", text: str) -> tuple[str, Event] | None:
    for pattern, make in clauses:
        if match := re.fullmatch(rf"(?P<rest>.+) {pattern}", text):
            given = match.groupdict()
            return given.pop("rest"), make(**given)
    return None


def _merged(event: Event, more: Event) -> Event:
    """One event out of two, their objects merged."""
    both = event | more
    for name in event.keys() & more.keys():
        if isinstance(event[name], dict):
            both[name] = _merged(event[name], more[name])
    return both


def _track(name: str, user: str | None, **properties: Any) -> Event:
    given = {key: value for key, value in properties.items() if value is not None}
    event = {"type": "track", "event": name, "properties": given}
    return event if user is None else event | {"userId": user}


def _identify(user: str, **traits: Any) -> Event:
    return {"type": "identify", "userId": user, "traits": traits}


def _link(user: str, code: str, program: str | None) -> Event:
    return _track("Referral Link Created", user, code=code, program=program)


def _visit(visitor: str, code: str) -> Event:
    return _track("Referral Link Clicked", None, code=code) | {"anonymousId": visitor}


def _click(user: str, code: str) -> Event:
    return _track("Referral Link Clicked", user, code=code)


def _invite(user: str, contact: str, program: str | None) -> Event:
    kind = "email" if "@" in contact else "phone"
    return _track("Referral Submitted", user, **{kind: contact}, program=program)


def _has(user: str, trait: str, value: str) -> Event:
    return _identify(
        user, **{trait: yaml.safe_load(value) if value == "null" or value[0] == "[" else value}
    )


def _was(user: str, visitor: str) -> Event:
    return {"type": "alias", "userId": user, "previousId": visitor}


def _look(user: str) -> Event:
    return {"type": "page", "userId": user, "name": "Home"}


def _sign_up(user: str) -> Event:
    return _track("Signed Up", user)


def _order(user: str, order: str | None, total: str | None, currency: str | None) -> Event:
    return _track("Order Completed", user, order_id=order, total=_number(total), currency=currency)


def _refund(order: str, user: str | None, total: str | None) -> Event:
    event = _track("Order Refunded", user, order_id=order, total=_number(total))
    return event if user else event | {"anonymousId": "desk"}


def _do(user: str, name: str, total: str | None, currency: str | None) -> Event:
    return _track(name, user, total=_number(total), currency=currency)


def _spend(user: str, amount: str, unit: str, reference: str) -> Event:
    return _track(
        "Wallet Spent", user, unit=unit, amount=amount_of(amount, unit), reference=reference
    )


def _credit(user: str, amount: str, unit: str, reference: str) -> Event:
    return _track(
        "Wallet Credited", user, unit=unit, amount=amount_of(amount, unit), reference=reference
    )


def _get_back(user: str, reference: str) -> Event:
    return _track("Wallet Returned", user, reference=reference)


def _judge(decision: str, verdict: str) -> Event:
    name = f"Decision {verdict.capitalize()}"
    return _track(name, None, decision_id=decision) | {"anonymousId": "desk"}


def _tick() -> Event:
    return _track("Clock Ticked", None) | {"anonymousId": "clock"}


def _in_brackets(pairs: str) -> Event:
    """`plan go5g, seats 3`: properties, numbers and booleans as such."""
    given = (pair.partition(" ") for pair in pairs.split(", "))
    return {"properties": {name: _value(text) for name, _, text in given}}


def _value(text: str) -> str | float | bool:
    if text in ("true", "false"):
        return text == "true"
    return float(text) if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) else text


def _number(text: str | None) -> float | None:
    # Python writes a float with the fewest digits that give it back: 19.99 stays 19.99.
    return None if text is None else float(text.replace(",", ""))


def _decimals(unit: str) -> int:
    kind, _, currency = unit.partition(" ")
    return minor_digits(currency) if kind in ("cash", "credit") else 0


Clauses = tuple[tuple[str, Callable[..., Event]], ...]

_CLAUSES: Clauses = (
    (r"\((?P<pairs>[^()]+)\)", _in_brackets),
    (r"as (?P<visitor>\S+)", lambda visitor: {"anonymousId": visitor}),
    (r"with code (?P<code>\S+)", lambda code: {"properties": {"referral_code": code}}),
    (r"with coupon (?P<code>\S+)", lambda code: {"properties": {"coupon": code}}),
    (r"sent by (?P<advocate>\S+)", lambda advocate: {"properties": {"advocate": advocate}}),
    (r"on device (?P<device>\S+)", lambda device: {"context": {"device": {"id": device}}}),
    (r"at address (?P<ip>\S+)", lambda ip: {"context": {"ip": ip}}),
)

_AMOUNT = r"[\d,]+(?:\.\d+)?"
_FOR = rf"(?: for (?P<total>{_AMOUNT})(?: (?P<currency>[A-Z]{{3}}))?)?"
_IN = r"(?: for (?P<program>[a-z0-9-]+))?"
_SENTENCES: Clauses = (
    (r"clock ticks", _tick),
    (r"decision (?P<decision>\S+) is (?P<verdict>released|denied)", _judge),
    (rf"(?P<user>\S+) makes link (?P<code>\S+){_IN}", _link),
    (r"visitor (?P<visitor>\S+) clicks (?P<code>\S+)", _visit),
    (r"(?P<user>\S+) clicks (?P<code>\S+)", _click),
    (rf"(?P<user>\S+) invites (?P<contact>.+?){_IN}", _invite),
    (r"(?P<user>\S+) has (?P<trait>email|phone|tier|tags) (?P<value>.+)", _has),
    (r"(?P<user>\S+) was (?P<visitor>\S+) before", _was),
    (r"(?P<user>\S+) opens a page", _look),
    (r"(?P<user>\S+) signs up", _sign_up),
    (rf"(?P<user>\S+) orders(?: (?!for )(?P<order>\S+))?{_FOR}", _order),
    (
        rf"(?P<order>\S+)(?: of (?P<user>\S+))? is refunded(?: (?P<total>{_AMOUNT}))?",
        _refund,
    ),
    (rf"(?P<user>\S+) does (?P<name>[A-Z]\w*(?: [A-Z]\w*)*){_FOR}", _do),
    (
        rf"(?P<user>\S+) spends (?P<amount>{_AMOUNT}) (?P<unit>.+) for (?P<reference>\S+)",
        _spend,
    ),
    (
        rf"(?P<user>\S+) is credited (?P<amount>{_AMOUNT}) (?P<unit>.+) for (?P<reference>\S+)",
        _credit,
    ),
    (r"(?P<user>\S+) gets back (?P<reference>\S+)", _get_back),
)
