"""Generated logs: a few people, devices, codes and orders that meet often.

A log is drawn as *beats* (somebody joins, orders, is refunded; a held decision is released; the
clock jumps to where something falls due), which a `Scribe` writes as JSON Lines. A beat names
people and things by place in small pools. The scribe keeps the oracle's model of what it has
written so far, so that a beat like "release the second decision that is held" or "wait until just
before the next hold ends" hits something real. Beats are drawn apart from one another, so that a
failing log shrinks by leaving beats out.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.laws.dice import Dice
from tests.laws.pools import (
    ADDRESSES,
    ANONYMOUS,
    CODES,
    DEVICES,
    EMAILS,
    ORDERS,
    PHONES,
    PLANS,
    REFERENCES,
    SEEDS,
    SLUGS,
    USERS,
)
from tests.laws.programs import BOUNDARIES, File
from tests.oracle.attribution import Referral
from tests.oracle.model import Model
from tests.oracle.moments import DAY, EPOCH, HOUR, MICROSECOND, SECOND, read_boundary, write_moment
from tests.oracle.terms import Version

Fields = dict[str, Any]


def write_log(files: list[File], roll: Dice, beats: Iterable[Dice]) -> list[bytes]:
    """Write a log for these programs: some links and orders to begin with, then the beats."""
    scribe = Scribe(files, start=make_start(roll, files))
    for place in range(roll.pick([0, 1, 2, *[3] * 13])):
        scribe.write("Referral Link Created", USERS[place], {"code": CODES[place]})
        if roll.happens(0.4):
            scribe.write("Order Completed", USERS[place], {"total": 60, "order_id": "o1"})
    for beat in beats:
        getattr(scribe, beat.pick(BEATS))(beat)
    return scribe.lines


def make_start(roll: Dice, files: list[File]) -> int:
    """Begin near an end of a version's run, or near another turn of the calendar."""
    zone = ZoneInfo(files[0]["timezone"])
    ends = [(way, day) for file in files for way, day in file.get("runs", {}).items()]
    if not ends or roll.happens(0.1):
        ends = [("until", day) for day in BOUNDARIES]
    way, day = roll.pick(ends)
    moment = read_boundary(day, zone)
    assert moment is not None
    # Most of the log should lie inside the run.
    before = [DAY, HOUR, 5 * DAY, 2 * DAY] if way == "until" else [HOUR, 0, -DAY]
    return moment - roll.pick(before)


# How often each beat comes, the simplest first.
WEIGHTS = {
    "order": 10,
    "credit": 4,
    "join": 12,
    "again": 9,
    "refund": 10,
    "tick": 4,
    "rule": 6,
    "spend": 6,
    "give_back": 3,
    "happen": 3,
    "click": 3,
    "invite": 2,
    "identify": 4,
    "link": 1,
    "alias": 1,
    "page": 2,
    "bad": 2,
    "repeat": 1,
    "unnamed": 1,
    "abroad": 1,
    "blank": 1,
    "crowd": 1,
}
BEATS = [name for name, weight in WEIGHTS.items() for _ in range(weight)]

GAPS = [0, 0, 0, 0, SECOND, 90 * 60 * SECOND, HOUR, HOUR, 12 * HOUR, DAY]
DELAYS = [SECOND, HOUR, DAY, 5 * DAY]
OFFSETS = [0, 0, -1, -SECOND, SECOND]

CODE_FIELDS: list[Fields] = [
    {"referral_code": " a1 "},
    {"referral_code": "b2"},
    {"referral_code": "码三"},
    {"coupon": "A1"},
    {"coupon": "b2", "referral_code": ""},
    {"coupon": "SUMMER"},
    {"referral_code": "nope"},
    {"referral_code": "nope", "coupon": "A1"},
    {"advocate": "bob"},
    {"advocate": "ann", "program": "birch", "coupon": "b2"},
    {"advocate": "cid", "referral_code": "A1"},
]
CLICK_FIELDS: list[Fields] = [
    {"code": "A1"},
    {"code": " b2"},
    {"code": "码三"},
    {"code": "A1"},
    {"code": "b2"},
    {"code": "nope"},
    {},
    {"advocate": "bob"},
    {"code": "nope", "advocate": "dan", "program": "birch"},
]
BAD_LINES: dict[str, list[Any]] = {
    "bad_json": [b"{", b"[]", b"\xff", b'{"total": NaN}', b"null"],
    "bad_type": [{"type": "click"}, {"type": None}, {"type": 3}],
    "no_event": [{"event": ""}, {"event": None}, {"event": ["x"]}],
    "no_id": [{"userId": "", "anonymousId": None}, {"userId": False}],
    "bad_timestamp": [
        {"timestamp": None},
        {"timestamp": "2026-01-01"},
        {"timestamp": "2026-01-01T00:00:00"},
        {"timestamp": "2026-02-30T00:00:00Z"},
        {"timestamp": 1767225600},
    ],
    "number_too_large": [
        {"properties": {"total": 1000000000001}},
        {"properties": {"seats": "-1000000000000.5"}},
        {"properties": {"total": 1e300}},
    ],
}
TOTALS: dict[str, list[Any]] = {
    "JPY": [50, 100, 1999, "100", 120, 60, 5, 0, -5, "many", None],
    "KWD": [50, 100, 19.995, "100.000", 120.5, 60, 1.005, 0, -5, "1e3", None],
    "USD": [50, 100, 19.99, "100.00", 120.5, 60, 20.1, 0, -5, "", None],
}
DECIMALS = {"JPY": 0, "KWD": 3, "USD": 2}


class Scribe:
    """Writes beats as lines. Every name in `WEIGHTS` is a method that spends a dice."""

    def __init__(self, files: list[File], *, start: int) -> None:
        self.files = files
        self.lines: list[bytes] = []
        self.model = Model(files, seeds=SEEDS)
        self.now = start
        self.currency = files[0]["currency"]
        self.orders: list[tuple[str, str, Any]] = []  # user, order id, total
        self.late = 0  # how long before now the next event is stamped

    # Beats of customers

    def order(self, roll: Dice) -> None:
        self.pass_time(roll)
        more: Fields = {"currency": roll.pick([None, None, None, self.currency, "", "EUR", 978])}
        if roll.happens(0.2):
            more |= roll.pick(CODE_FIELDS)
        order_id = roll.pick([*ORDERS, None]) if roll.happens(0.4) else self.fresh("o")
        joined = [referral.friend for referral in self.referrals()]
        user = roll.pick(joined if joined and roll.happens(0.5) else USERS)
        self.sell(roll, user, order_id, more | self.extras(roll), self.places(roll))

    def join(self, roll: Dice) -> None:
        """Let somebody be touched and do what may make them join."""
        self.pass_time(roll)
        user = self.newcomer(roll)
        place = roll.count(2)
        more: Fields = {}
        places: Fields = {}
        match roll.pick(["code", "coupon", "advocate", "click", "click", "click", "invite"]):
            case "code":
                more = {"referral_code": CODES[place]}
            case "coupon":
                more = {"coupon": CODES[place]}
            case "advocate":
                more = {"advocate": USERS[place]}
            case "click":
                places = {"anonymous": roll.pick(ANONYMOUS)}
                self.write("Referral Link Clicked", None, {"code": CODES[place]}, places)
            case "invite":
                contact = {"email": EMAILS[place]}
                self.write("Referral Submitted", USERS[place], contact)
                self.put(type="identify", userId=user, traits=contact)
        self.pass_time(roll)
        places = self.places(roll) | places
        event = roll.pick(["Order Completed", "Signed Up", "Signed Up", "Plan Started"])
        if event == "Order Completed":
            self.sell(roll, user, self.fresh("o"), more | self.extras(roll), places)
        else:
            self.write(event, user, more, places)

    def again(self, roll: Dice) -> None:
        """Let a friend who joined lately order once more."""
        self.pass_time(roll)
        joined = [referral.friend for referral in self.referrals()]
        user = roll.pick(joined[-4:] or USERS)
        self.sell(roll, user, self.fresh("o"), self.extras(roll), {})

    def refund(self, roll: Dice) -> None:
        """Refund one of the last orders, in part or whole, perhaps twice."""
        if not self.orders:
            self.order(roll)
            return
        paid = self.paid_orders() if roll.happens(0.8) else self.orders[-4:]
        user, order_id, total = roll.pick(paid)
        for _ in range(1 + roll.happens(0.3)):
            self.pass_time(roll)
            if roll.happens(0.2):
                self.jump(roll)  # perhaps to where what is taken back has expired
            owner = roll.pick([user, user, user, user, None, roll.pick(USERS)])
            parts = ["all", "half", "third", "third", "rest", "none", "bad", "cent", "0"]
            part = self.part(total, roll.pick(parts))
            self.write("Order Refunded", owner, {"order_id": order_id, "total": part})

    def happen(self, roll: Dice) -> None:
        self.pass_time(roll)
        events = ["Plan Started", "Signed Up", "NPS Answered", "Referral Shared"]
        more = self.extras(roll) | (roll.pick(CODE_FIELDS) if roll.happens(0.3) else {})
        user = roll.pick([*USERS, None])
        self.write(roll.pick(events), user, more, self.places(roll))

    # Beats of touches and identity

    def link(self, roll: Dice) -> None:
        self.pass_time(roll)
        properties = {"code": roll.pick([*CODES, " a1", None]), "program": self.program(roll)}
        self.write("Referral Link Created", roll.pick(USERS), properties)

    def click(self, roll: Dice) -> None:
        self.pass_time(roll)
        talk: list[Fields] = [
            {},
            {"channel": "mail"},
            {"channel": "微信", "script": "二"},
            {"script": 7},
        ]
        user = roll.pick([None, None, *USERS])
        places = {"anonymous": roll.pick([*ANONYMOUS, None])} if user else {"anonymous": "web-1"}
        self.write("Referral Link Clicked", user, roll.pick(CLICK_FIELDS) | roll.pick(talk), places)

    def invite(self, roll: Dice) -> None:
        self.pass_time(roll)
        contact = {"email": roll.pick([*EMAILS, None]), "phone": roll.pick([None, None, *PHONES])}
        user = roll.pick([*USERS, None])
        self.write("Referral Submitted", user, contact | {"program": self.program(roll)})

    def identify(self, roll: Dice) -> None:
        self.pass_time(roll)
        traits: list[Fields] = [
            {"email": roll.pick(EMAILS)},
            {"phone": roll.pick(PHONES)},
            {"tier": roll.pick(["gold", "basic", "pro", "", None, 7])},
            {"tags": roll.pick([["vip"], ["vip", "new"], [], None])},
        ]
        chosen = roll.pick(traits) | (roll.pick(traits) if roll.happens(0.5) else {})
        anonymous = roll.pick([None, None, *ANONYMOUS])
        self.put(type="identify", userId=roll.pick(USERS), anonymousId=anonymous, traits=chosen)

    def alias(self, roll: Dice) -> None:
        self.pass_time(roll)
        self.put(type="alias", userId=roll.pick(USERS), previousId=roll.pick(ANONYMOUS))

    def page(self, roll: Dice) -> None:
        self.pass_time(roll)
        kind = roll.pick(["page", "screen", "group"])
        self.put(type=kind, userId=roll.pick(USERS), name="Home", **seen_at(self.places(roll)))

    def crowd(self, roll: Dice) -> None:
        """Crowd an anonymous id: with strangers, or with clicks that bury older touches."""
        self.pass_time(roll)
        anonymous = roll.pick(ANONYMOUS)
        if not roll.happens(0.15) or any(b"stranger-0" in line for line in self.lines):
            return
        if roll.happens(0.5):
            for number in range(19):  # the next two users find it nearly full, and full
                self.put(type="page", userId=f"stranger-{number}", anonymousId=anonymous)
        else:
            self.put(type="page", userId="stranger-0")
            for _ in range(99):
                self.write("Referral Link Clicked", None, {"code": "A1"}, {"anonymous": anonymous})

    # Beats of money and time

    def tick(self, roll: Dice) -> None:
        self.pass_time(roll)
        if roll.happens(0.6):
            self.jump(roll)
        self.write("Clock Ticked", None, {}, {"anonymous": "clock"})

    def rule(self, roll: Dice) -> None:
        """Release or deny a decision, mostly one that is held."""
        self.pass_time(roll)
        if not self.model.rewards.decisions and roll.happens(0.9):
            self.join(roll)
            return
        event = roll.pick(["Decision Released", "Decision Denied"])
        decisions = list(self.model.rewards.decisions.values())
        waiting = [decision for decision in decisions if decision.is_waiting]
        if roll.happens(0.15) or not waiting:
            waiting = decisions
        chosen = roll.pick(waiting).id if waiting and not roll.happens(0.05) else "maple/r1/ann/1"
        self.write(event, None, {"decision_id": chosen})

    def spend(self, roll: Dice) -> None:
        """Spend from a wallet that has something to spend, or more than that."""
        self.pass_time(roll)
        balances = [
            (account.removeprefix("wallet:").removesuffix(":available"), unit, amount)
            for (account, unit), amount in self.model.wallets.balances.items()
            if account.startswith("wallet:") and account.endswith(":available") and amount > 0
        ]
        if not balances and roll.happens(0.9):
            self.jump(roll)
            self.again(roll)
            return
        user, unit, balance = roll.pick(balances or [("ann", "points", 9)])
        half = max(1, balance // 2)
        good = [balance, half, half, half, 1, str(half)]
        amount = roll.pick(good if roll.happens(0.8) else [balance + 1, half + 0.5, 0, -1])
        reference = roll.pick([*REFERENCES, None]) if roll.happens(0.4) else self.fresh("s")
        properties = {"unit": unit, "amount": amount, "reference": reference}
        self.write("Wallet Spent", roll.pick([user] * 8 + ["bob"]), properties)

    def credit(self, roll: Dice) -> None:
        """Credit a wallet from outside, mostly one that holds something; it may expire."""
        self.pass_time(roll)
        owned = [
            (grant.holder.removeprefix("wallet:"), grant.unit)
            for grant in self.model.wallets.grants.values()
            if grant.holder.startswith("wallet:")
        ]
        user, unit = roll.pick(owned) if owned and roll.happens(0.8) else ("ann", "points")
        amount = roll.pick([5, 1, 40, "7"] if roll.happens(0.8) else [0, -1, 2.5, 10**12 + 1, None])
        reference = roll.pick([*REFERENCES, None]) if roll.happens(0.3) else self.fresh("c")
        ends = [None, None, write_moment(self.now + roll.pick([HOUR, DAY, 5 * DAY, 0, -DAY]))]
        expires_at = roll.pick(ends if roll.happens(0.9) else ["", "soon", "2026-01-01", 7, False])
        properties = {"unit": unit, "amount": amount, "reference": reference}
        self.write("Wallet Credited", user, properties | {"expires_at": expires_at})

    def give_back(self, roll: Dice) -> None:
        self.pass_time(roll)
        if not self.model.wallets.spends and roll.happens(0.9):
            self.spend(roll)
            return
        user, reference = roll.pick(list(self.model.wallets.spends) or [("ann", "r1")])
        self.write("Wallet Returned", roll.pick([user] * 6 + ["bob"]), {"reference": reference})

    # Beats of trouble

    def bad(self, roll: Dice) -> None:
        """Write a line that cannot be used."""
        self.pass_time(roll)
        bad = roll.pick(roll.pick(list(BAD_LINES.values())))
        if isinstance(bad, bytes):
            self.add(bad)
            return
        if roll.happens(0.3):  # a second fault: which of the two is told is a rule as well
            also = roll.pick(roll.pick(list(BAD_LINES.values())))
            bad = bad if isinstance(also, bytes) else also | bad
        self.add(json.dumps(self.envelope() | self.small_order(roll) | bad).encode())

    def repeat(self, roll: Dice) -> None:
        """Use the `messageId` of an earlier line again, with another body."""
        self.pass_time(roll)
        earlier = max(1, len(self.lines) - roll.count(4))
        self.put(**self.small_order(roll) | {"messageId": f"m{earlier}"})

    def unnamed(self, roll: Dice) -> None:
        self.pass_time(roll)
        self.put(**self.small_order(roll) | {"messageId": roll.pick([None, "", 7, "12"])})

    def abroad(self, roll: Dice) -> None:
        """Stamp an order in another offset and with digits beyond microseconds."""
        self.pass_time(roll)
        sign, hours, minutes = roll.pick([("+", 8, 0), ("-", 3, 30), ("+", 0, 0)])
        shift = (hours * HOUR + minutes * 60 * SECOND) * (1 if sign == "+" else -1)
        local = EPOCH + (self.now + shift) * MICROSECOND
        text = f"{local:%Y-%m-%dT%H:%M:%S.%f}009{sign}{hours:02d}:{minutes:02d}"
        self.put(**self.small_order(roll) | {"timestamp": text})

    def blank(self, roll: Dice) -> None:
        self.add(roll.pick([b"", b"  "]))

    # Time

    def pass_time(self, roll: Dice) -> None:
        """Let some time pass, mostly little; now and then jump to a moment of interest."""
        self.late = roll.pick(DELAYS) if roll.happens(0.08) else 0
        if roll.happens(0.12):
            self.jump(roll)
        else:
            self.now += roll.pick(GAPS)

    def jump(self, roll: Dice) -> None:
        """Jump to the next moment of interest, or to the one after it, or just beside it."""
        coming = sorted({each for each in self.moments() if each > self.now + SECOND})
        if coming:
            self.now = roll.pick(coming[:2]) + roll.pick(OFFSETS)

    def moments(self) -> Iterator[int]:
        """All moments at which something ends or begins, past ones too."""
        for grant in self.model.wallets.grants.values():
            yield grant.available_at
            yield grant.expires_at or 0
        for decision in self.model.rewards.decisions.values():
            yield decision.row["available_at"] or 0
        for referral in self.referrals()[-3:]:
            yield referral.log_time + DAY
            yield referral.join.at + 30 * DAY
            yield from (
                referral.join.at + (each.within or 0) for each in referral.version.milestones
            )
        for program in self.model.programs:
            for version in program.versions:
                yield from self.moments_of(version)

    def moments_of(self, version: Version) -> Iterator[int]:
        boosts = (boost.span for reward in version.rewards for boost in reward.boosts)
        for span in (version.runs, *boosts):
            yield span.start or 0
            yield span.end or 0
        if version.attribution:
            for touch in self.model.attribution.touches[version.slug][-2:]:
                yield touch.at + version.attribution.window
        today = (EPOCH + self.now * MICROSECOND).astimezone(version.zone).date()
        midnight = datetime.combine(today + timedelta(days=1), time(), version.zone)
        yield (midnight.astimezone(UTC) - EPOCH) // MICROSECOND

    # Lines

    def write(
        self,
        event: str,
        user: str | None,
        properties: Fields,
        places: Fields | None = None,
    ) -> None:
        """Write a track event."""
        # A plan that is missing is written as null: the same as none.
        given = {
            key: value for key, value in properties.items() if value is not None or key == "plan"
        }
        places = dict(places or {})
        if user is None and not places.get("anonymous"):
            places["anonymous"] = "shop"
        self.put(event=event, userId=user, properties=given or None, **seen_at(places))

    def put(self, **fields: Any) -> None:
        """Write an event; a field that is None is left out."""
        event = self.envelope() | fields
        given = {name: value for name, value in event.items() if value is not None}
        self.add(json.dumps(given, ensure_ascii=False).encode())

    def add(self, line: bytes) -> None:
        self.lines.append(line)
        if line.strip():
            self.model.feed(line)

    def envelope(self) -> Fields:
        return {
            "type": "track",
            "messageId": self.fresh("m"),
            "timestamp": write_moment(self.now - self.late),
        }

    def fresh(self, kind: str) -> str:
        return f"{kind}{len(self.lines) + 1}"

    # Things chosen

    def sell(
        self, roll: Dice, user: str, order_id: str | None, more: Fields, places: Fields
    ) -> None:
        """Write an order and remember it for refunds."""
        total = roll.pick(TOTALS[self.currency])
        self.write("Order Completed", user, {"order_id": order_id, "total": total} | more, places)
        if order_id:
            self.orders.append((user, order_id, total))

    def paid_orders(self) -> list[tuple[str, str, Any]]:
        """List the last orders for which somebody got something, if there are any."""
        paid = {
            (decision.event.user, decision.event.text("order_id"))
            for decision in self.model.rewards.decisions.values()
            if decision.left
        }
        return [order for order in self.orders if order[:2] in paid][-4:] or self.orders[-4:]

    def small_order(self, roll: Dice) -> Fields:
        properties = {"total": 60, "order_id": "o1"}
        return {"event": "Order Completed", "userId": roll.pick(USERS), "properties": properties}

    def newcomer(self, roll: Dice) -> str:
        """Choose somebody, mostly one who has not ordered or joined."""
        joined = {referral.friend for referral in self.referrals()}
        ordered = {user for user, _, _ in self.orders}
        fresh = [user for user in USERS[1:] if user not in joined | ordered]
        return roll.pick(fresh if fresh and not roll.happens(0.25) else USERS)

    def referrals(self) -> list[Referral]:
        found = [each for referrals in self.model.referrals.values() for each in referrals]
        return sorted(found, key=lambda referral: referral.join.position)

    def part(self, total: Any, part: str) -> Any:
        """Work out a part of a total in whole minor units."""
        unit = Decimal(1).scaleb(-DECIMALS[self.currency])
        try:
            whole = Decimal(str(total))
        except ArithmeticError:
            whole = Decimal(10)
        parts = {
            "all": whole,
            "half": whole / 2,
            "third": whole / 3,
            "rest": whole * 2 / 3,
            "cent": unit,
            "0": Decimal(0),
        }
        return str(abs(parts[part]).quantize(unit)) if part in parts else {"bad": "much"}.get(part)

    def extras(self, roll: Dice) -> Fields:
        """Choose some declared properties, also with values that do not fit."""
        more: Fields = {}
        if roll.happens(0.5):
            more["plan"] = roll.pick([*PLANS, *PLANS, "", 7, True, None, ["pro"]])
        if roll.happens(0.5):
            more["seats"] = roll.pick([1, 2, 3, "2.5", 0.5, "007", -1, "x", True, ""])
        if roll.happens(0.5):
            more["gift"] = roll.pick([True, True, False, "true", "false", "yes", 1])
        return more

    def places(self, roll: Dice) -> Fields:
        """Choose where an event comes from."""
        return {
            "anonymous": roll.pick([None, None, *ANONYMOUS]),
            "device": roll.pick([None, None, None, *DEVICES]),
            "ip": roll.pick([None, None, *ADDRESSES]),
        }

    def program(self, roll: Dice) -> str | None:
        return roll.pick([None, None, None, *SLUGS, "other"])


def seen_at(places: Fields) -> Fields:
    """Write where an event comes from as fields of the event."""
    device = {"id": places["device"]} if places.get("device") else None
    context = {"ip": places.get("ip"), "device": device}
    known = {key: value for key, value in context.items() if value is not None}
    return {"anonymousId": places.get("anonymous"), "context": known or None}
