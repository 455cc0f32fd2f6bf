"""A company whose customers gave personal data, decided by the real worker."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from banyan.core.events.acts import append
from banyan.core.events.incoming import Incoming
from banyan.core.events.intake import accept
from banyan.pipeline.publish import publish, settled
from banyan.pipeline.worker import Worker

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)

PROGRAM = """
program: spring
version: 1
currency: USD
attribution:
  window: 30d
  prefer: [invite, code, click]
milestones:
  bought: {on: Order Completed, within: 60d}
rewards:
  thanks:
    {to: advocate, on: bought, give: cash, amount: 20.00, caps: [{per: advocate, count: 5}]}
  welcome: {to: friend, on: joined, give: points, amount: 100}
limits:
  - {give: cash, per: program, amount: 1000.00}
risk:
  - {id: same-contact, when: "same_contact", then: reject}
  - {id: same-ip, when: "same_ip", then: hold}
  - {id: throw-away, when: "disposable_email", then: hold}
"""

ANN = ("Ann-Sophie Grünwald", "Ann.Gruenwald@Example.com", "+86 138-5550-1234", "203.0.113.77")
BEN = ("本杰明张", "ben.zhang@example.org", "139 5550 9876", "198.51.100.23")
NEVER_JOINED = ("carla.rossi@example.net", "+393335550123")

# As they may stand anywhere: whole, normalised, the box of an address alone, parts of a name.
SECRETS = (
    *ANN,
    *BEN,
    *NEVER_JOINED,
    "Grünwald",
    "ann.gruenwald",
    "8613855501234",
    "ben.zhang",
    "13955509876",
    "carla.rossi",
)


def publish_program() -> None:
    """Publish the program and let the worker take it up."""
    row = publish("tester", PROGRAM, starts_at=None, now=NOW)
    assert settled(row.program, row.number, timeout_s=10).status == "published"


def say(user: str, name: str, *, minutes: int = 0, **fields: object) -> int:
    """One event of a user; `name` is a type or the name of a track. Its position."""
    is_track = name[0].isupper()
    event: dict[str, object] = {
        "type": "track" if is_track else name,
        "timestamp": (NOW + timedelta(minutes=minutes)).isoformat(),
    }
    event |= ({"userId": user} if user else {}) | fields
    if is_track:
        event["event"] = name
    accepted = accept(event, now=NOW + timedelta(minutes=minutes), source="test", role="secret")
    assert isinstance(accepted, Incoming), accepted
    return append([accepted])[0].position


def work() -> None:
    """Decide everything that is in the log."""
    worker = Worker()
    while worker.advance():
        pass


def story() -> None:
    """Ann invites ben and carla by their contacts; ben signs up, buys, and returns one order."""
    name, email, phone, ip = ANN
    there = {"ip": ip, "userAgent": "Browser 1"}
    say("ann", "identify", context=there, traits={"name": name, "email": email, "phone": phone})
    say("ann", "Referral Link Created", properties={"code": "ANN", "program": "spring"})
    name, email, phone, ip = BEN
    friend = {"email": email, "phone": phone, "name": name}
    say("ann", "Referral Submitted", properties=friend, context=there)
    carla = {"email": NEVER_JOINED[0], "phone": NEVER_JOINED[1]}
    say("ann", "Referral Submitted", properties=carla, context=there)
    here = {"ip": ip, "userAgent": "Browser 2", "traits": {"email": email}}
    say("", "identify", anonymousId="web-ben", traits={"name": name}, context=here)
    traits = {"firstName": "杰明", "lastName": "张", "email": email.upper(), "phone": phone}
    say("ben", "identify", anonymousId="web-ben", traits=traits, context=here)
    consent = {"purpose": "marketing", "text_version": "7", "channel": "web"}
    say("ben", "Consent Given", properties=consent)
    say("ben", "Signed Up", anonymousId="web-ben", context=here)
    order = {"order_id": "o1", "total": 50, "currency": "USD"}
    say("ben", "Order Completed", properties=order, context=here)
    say("ben", "Order Completed", properties=order | {"order_id": "o2"}, context=here)
    say("ben", "Order Refunded", properties={"order_id": "o2"})
    work()
