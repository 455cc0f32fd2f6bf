"""A shop in which everything happens: programs over the whole language, and a log for them.

The log is simulated; what the simulation does not do is put among its events by hand.
"""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from typing import Any

import polars as pl

from banyan.engine.language.book import Book, compile_book
from banyan.engine.language.program import Program
from banyan.engine.raw import from_lines
from banyan.engine.replay import replay_batches
from banyan.engine.step import Outcomes
from banyan.growth.planning.settings import Settings
from banyan.growth.planning.simulate import simulate

SEED = "a mug or nothing"

FRIENDS = """\
program: friends
version: {version}
title: {{en: "Bring friends"}}
currency: USD
timezone: America/Los_Angeles
runs: {{{runs}}}
properties: {{products_count: number, campaign: text}}

advocates: {{where: "orders >= 1 AND (spend >= 20 OR tenure_days > 30)"}}
friends: {{where: "{friends}"}}

attribution:
  window: {window}
  credit: {credit}
  prefer: {prefer}
  joins_on: {joins_on}

milestones:
  bought:
    on: Order Completed
    where: "total >= 20 AND friend_orders < 40"
    within: 90d
  again: {{on: Order Completed, count: 2, repeats: {{up_to: 3}}}}
  devoted:
    on: Order Completed
    where: "advocate_tier IS NULL OR advocate_tier <> 'nobody'"
    sum: {{of: total, reaches: 150}}
    repeats: {{up_to: 4}}

rewards:
  advocate-credit:
    to: advocate
    on: bought
    give: credit
    amount: {{ladder: {{first: {first}, grow: 10%, steps: 5}}}}
    hold: 14d
    expires: 30d
    on_refund: full
    caps:
      - {{per: advocate, period: year, amount: 40.00}}
      - {{per: program, amount: 900.00}}
    boosts:
      - {{from: 2026-03-01, until: 2026-03-15, times: 2}}
  welcome:
    to: friend
    on: joined
    give: points
    amount: {{by: rate, table: {{a: 50, b: 80}}}}
    expires: 20d
  upline-thanks: {{to: upline, on: bought, give: cash, amount: 2.00, hold: 1d}}
  surprise:
    to: advocate
    on: again
    give: gift:mug
    amount:
      draw: [{{give: gift:mug, amount: 1, weight: 3}}, {{give: gift:pen, amount: 5, weight: 2}}]
      chance: 0.6
    caps: [{{per: advocate, period: month, count: 2}}]
    on_refund: keep
  trees:
    to: charity:trees
    on: again
    give: cash
    amount: {{percent: 5, of: total, min: 0.10, max: 20}}
    on_refund: proportional
  devotion:
    to: friend
    on: devoted
    when: "nth <= 3 AND COALESCE(products_count, 0) < 50"
    give: credit
    amount: {{sql: "CASE WHEN advocate_orders > 3 THEN 7.5 ELSE total / 20 END"}}
    on_refund: proportional
    hold: 3d

limits:
  - {{give: cash, per: program, period: quarter, amount: 150.00}}
  - {{give: credit, per: friend, amount: 30.00}}
  - {{give: gift:pen, per: program, period: quarter, count: 3}}

experiments:
  rate: {{split: {{a: 50, b: 50}}, by: friend}}

seed_sha256: {sha}

risk:
  - {{id: contact, when: "same_contact OR disposable_email", then: reject, for: both}}
  - {{id: crowd, when: "device_friends > 3", then: reject, for: advocate}}
  - {{id: device, when: "same_device", then: hold, for: both}}
  - {{id: burst, when: "friends_24h > 1 AND rate = 'a'", then: hold, for: advocate}}
  - {{id: address, when: "same_ip AND friend_orders = 0", then: hold, for: advocate}}
  - {{id: poor, when: "friends_total > 4 AND advocate_spend < 100", then: hold}}
"""

POINTS = """\
program: points
version: 1
title: {en: "Points"}
currency: USD
timezone: Europe/Berlin
milestones:
  order: {on: Order Completed, where: "total > 0", repeats: {up_to: 100}}
  fan: {on: Order Completed, where: "orders >= 2 AND tier IN ('fan', 'business')"}
rewards:
  earn:
    to: self
    on: order
    give: points
    amount: {percent: 10, of: total, max: 40}
    hold: 2d
    expires: 60d
    on_refund: proportional
    caps: [{per: beneficiary, period: month, amount: 60}]
  badge: {to: self, on: fan, give: badge:fan, amount: 1}
  relief: {to: charity:relief, on: order, when: "nth < 40", give: points, amount: 1}
"""


def programs() -> list[Program]:
    """Two versions of a referral program, and a self program."""
    sha = sha256(SEED.encode()).hexdigest()
    first = FRIENDS.format(
        version=1,
        runs="from: 2026-01-01, until: 2026-03-20",
        friends="is_new",
        window="20d",
        credit="last_touch",
        prefer="[code, invite, click]",
        joins_on="[Signed Up, Order Completed]",
        first=10,
        sha=sha,
    )
    second = FRIENDS.format(
        version=2,
        runs="from: 2026-03-15",
        friends="orders <= 1 AND NOT (tags LIKE '%,staff,%' AND is_known)",
        window="45d",
        credit="first_touch",
        prefer="[invite, click, code]",
        joins_on="[Order Completed]",
        first=8,
        sha=sha,
    )
    return [Program.parse(text) for text in (first, second, POINTS)]


def book() -> Book:
    """The programs, compiled."""
    return compile_book(programs(), seeds={"friends": SEED})


def log(customers: int = 300, seed: int = 5) -> list[bytes]:
    """Events of the shop, a line each."""
    settings = Settings(
        seed=seed,
        customers=customers,
        days=150,
        arrival_days=100,
        shared_devices=0.1,
        shared_ips=0.15,
        refunds=0.2,
        partial=0.5,
        duplicates=0.03,
        late=0.05,
        by_code=0.3,
        by_form=0.2,
    )
    stream = BytesIO()
    simulate(settings).log.frame().write_ndjson(stream)
    lines = stream.getvalue().splitlines()
    chance = random.Random(seed)
    for event in _more():
        lines.insert(chance.randrange(len(lines) // 2, len(lines)), event)
    in_a_row = [*_kiosk(), *_chain(), *_lost(), *_same_order(), *_tablet()]
    place = len(lines) // 3
    lines[place:place] = in_a_row
    return [*lines, *_rulings_and_spends(lines)]


def decide(lines: list[bytes], *, until: datetime | None = None) -> Outcomes:
    """What one process decides in one go."""
    raw = from_lines(b"\n".join(lines), book().wanted)
    (outcomes,) = replay_batches(book(), [raw], until=until)
    return outcomes


def _line(**event: Any) -> bytes:
    return json.dumps(event).encode()


def _at(days: float) -> str:
    return f"{datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


def _track(event: str, at: str, **fields: Any) -> bytes:
    return _line(type="track", event=event, timestamp=at, **fields)


def _kiosk() -> Iterator[bytes]:
    """One browser for 25 people, with more touches on it than count; one touch typed in twice."""
    for name in ("ada", "bea"):
        yield _track(
            "Referral Link Created", _at(40), userId=name, properties={"code": f" {name}-1 "}
        )
        yield _track(
            "Order Completed",
            _at(40.1),
            userId=name,
            properties={"order_id": f"{name}-0", "total": "30.00", "currency": "USD"},
        )
    # Somebody else makes the same code later: it stays with its first owner.
    yield _track("Referral Link Created", _at(40.2), userId="cleo", properties={"code": "ADA-1"})
    for number in range(130):
        yield _track(
            "Referral Link Clicked",
            _at(41 + number / 1000),
            anonymousId="kiosk",
            properties={"code": "ada-1" if number % 3 else "Bea-1", "channel": "kiosk"},
        )
    for number in range(25):
        yield _track(
            "Signed Up",
            _at(42 + number / 100),
            userId=f"guest-{number}",
            anonymousId="kiosk",
            messageId=f"guest-{number}",
            context={"ip": "10.0.0.9", "device": {"id": f"phone-{number % 4}"}},
        )
    for number in range(25):
        yield _track(
            "Order Completed",
            _at(43 + number / 50),
            userId=f"guest-{number}",
            properties={
                "order_id": f"kiosk-{number}",
                "total": 20 + number * 7.5,
                "currency": "USD" if number % 5 else "",
                "referral_code": "bea-1" if number % 7 == 0 else None,
                "coupon": "ADA-1" if number % 4 == 0 else "SPRING",
            },
        )


def _chain() -> Iterator[bytes]:
    """Five people, each brought by the one before; two share an address of a throw-away mail."""
    for number in range(6):
        user = f"link-{number}"
        at = 45 + number
        if number:
            yield _track(
                "Referral Submitted",
                _at(at - 0.5),
                userId=f"link-{number - 1}",
                properties={"email": f" Link{number}@Example.com", "phone": f"0049 30 {number}"},
            )
        mail = "same@mailinator.com" if number in (3, 4) else f"link{number}@example.com"
        yield _line(
            type="identify",
            userId=user,
            anonymousId=f"browser-{number}",
            timestamp=_at(at),
            traits={
                "email": mail,
                "phone": f"+49 30 {number}",
                "tags": ["vip", "new"][: number % 3],
            },
        )
        yield _line(type="alias", userId=user, previousId=f"old-{number}", timestamp=_at(at + 0.01))
        yield _track("Signed Up", _at(at + 0.02), userId=user, anonymousId=f"browser-{number}")
        for order in range(4):
            yield _track(
                "Order Completed",
                _at(at + 0.03 + order / 20),
                userId=user,
                properties={
                    "order_id": f"chain-{number}-{order}",
                    "total": 45,
                    "currency": "USD",
                    "advocate": "link-0" if number == 5 else None,
                },
            )


def _lost() -> Iterator[bytes]:
    """Touches that are lost: one's own, of one who never ordered, too old, before any version."""
    yield _track("Referral Link Created", _at(50), userId="idle", properties={"code": "IDLE"})
    clicks = {
        "own": ("ada", 51),
        "idle": ("IDLE", 51),
        "old": ("ADA-1", 20),
        "before": ("ADA-1", -9),
    }
    for name, (code, day) in clicks.items():
        user = "ada" if name == "own" else f"lost-{name}"
        yield _track(
            "Referral Link Clicked",
            _at(day),
            anonymousId=f"lost-{name}",
            userId=user if name == "old" else None,
            properties={"code": "ADA-1" if code == "ada" else code},
        )
        yield _track("Signed Up", _at(52), userId=user, anonymousId=f"lost-{name}")
        yield _track(
            "Order Completed",
            _at(53),
            userId=user,
            properties={"order_id": f"lost-{name}", "total": 25, "currency": "USD"},
        )


def _tablet() -> Iterator[bytes]:
    """Friends of several advocates on one device: too many, though not for any one of them."""
    for number in range(6):
        browser = f"tablet-{number}"
        yield _track(
            "Referral Link Clicked",
            _at(57),
            anonymousId=browser,
            properties={"advocate": f"link-{number % 5}"},
        )
        yield _track(
            "Signed Up",
            _at(58),
            userId=f"reader-{number}",
            anonymousId=browser,
            context={"device": {"id": "tablet"}},
        )
        yield _track(
            "Order Completed",
            _at(59),
            userId=f"reader-{number}",
            properties={"order_id": browser, "total": 50, "currency": "USD"},
        )


def _same_order() -> Iterator[bytes]:
    """An order that is completed twice: what is refunded of it counts against the first total."""
    for number in range(5):
        user = f"twice-{number}"
        order = {"order_id": user, "currency": "USD"}
        for day, total in ((54, 100), (55, 40)):
            yield _track(
                "Order Completed", _at(day), userId=user, properties={**order, "total": total}
            )
        yield _track("Order Refunded", _at(56), userId=user, properties={**order, "total": 30})


def _more() -> Iterator[bytes]:
    """Rejects, refunds without a user and of unknown orders, doubles, events out of their time."""
    yield b'{"type": "track", "event": "Cut'
    yield _track("Signed Up", "yesterday", userId="late")
    yield _line(type="poke", userId="x", timestamp=_at(60))
    yield _track("Order Completed", _at(60), userId="x", properties={"total": 2e12})
    yield _track("Referral Link Clicked", _at(61), anonymousId="a", properties={"code": "NO"})
    yield _track("Order Completed", _at(61), userId="y", properties={"referral_code": "NONE"})
    for number in range(0, 25, 3):
        total = {"total": 9.99} if number % 2 else {}
        for _ in range(2):
            yield _track(
                "Order Refunded",
                _at(70 + number),
                anonymousId="till",
                messageId=f"refund-{number}",
                properties={"order_id": f"kiosk-{number}", **total},
            )
    yield _track("Order Refunded", _at(75), userId="ada", properties={"order_id": "nowhere"})
    # A messageId may look like the position of an event without one.
    for number in range(3000, 3100):
        yield _track("Page Read", _at(80), userId="reader", messageId=str(number))
    # The same messageId again, in another part of the log and with other content.
    yield _track(
        "Referral Link Created",
        _at(82),
        userId="thief",
        messageId="guest-3",
        properties={"code": "STOLEN"},
    )
    yield _track("Referral Link Clicked", _at(83), userId="z", properties={"code": "STOLEN"})
    yield _line(type="identify", userId="ada", timestamp=_at(5), traits={"tier": "fan"})


def _rulings_and_spends(lines: list[bytes]) -> Iterator[bytes]:
    """Rulings on held decisions and orders on wallets, at the end of the log."""
    so_far = decide(lines)
    held = so_far.decisions.filter(pl.col("outcome") == "held")["decision_id"].to_list()
    end = 149.0
    for number, decision in enumerate(held):
        if number % 3 < 2:
            event = "Decision Released" if number % 3 else "Decision Denied"
            yield _track(event, _at(end), anonymousId="desk", properties={"decision_id": decision})
    yield _track("Clock Ticked", _at(end + 4), anonymousId="clock")
    ends_available = pl.col("account").str.ends_with(":available")
    wallets = so_far.postings.filter(ends_available & pl.col("account").str.starts_with("wallet:"))
    sums = wallets.group_by("account", "unit").agg(pl.col("amount").sum()).sort("account", "unit")
    for number, (account, unit, amount) in enumerate(sums.filter(pl.col("amount") > 1).rows()):
        user = account.removeprefix("wallet:").removesuffix(":available")
        if number % 4 == 0:
            continue
        properties = {"unit": unit, "amount": amount // (number % 3 + 1), "reference": f"r{number}"}
        yield _track("Wallet Spent", _at(end + 5), userId=user, properties=properties)
        if number % 5 == 0:
            yield _track(
                "Wallet Returned", _at(end + 6), userId=user, properties={"reference": f"r{number}"}
            )
    for number in range(0, 25, 4):
        yield _track(
            "Order Refunded",
            _at(end + 7),
            userId=f"guest-{number}",
            properties={"order_id": f"kiosk-{number}"},
        )
    yield _track("Clock Ticked", _at(end + 90), anonymousId="clock")
