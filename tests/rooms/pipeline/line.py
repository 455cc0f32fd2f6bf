"""A company's line in one process: publish, say what happened, let the worker decide."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from banyan.core.events.acts import append
from banyan.core.events.incoming import Incoming
from banyan.core.events.intake import accept
from banyan.pipeline.publish import publish, settled
from banyan.pipeline.worker import Worker

START = datetime(2026, 3, 1, 8, tzinfo=UTC)

PROGRAM = """
program: spring
version: 1
currency: USD
attribution:
  window: 30d
  prefer: [code, click]
milestones:
  bought: {on: Order Completed, within: 60d}
rewards:
  thanks:
    {to: advocate, on: bought, give: cash, amount: 20.00, hold: 14d,
     caps: [{per: advocate, count: 2}]}
  welcome: {to: friend, on: joined, give: points, amount: 100}
limits:
  - {give: cash, per: program, amount: 1000.00}
"""


class Line:
    """Events a minute apart, from `START` on."""

    def __init__(self) -> None:
        self.now = START
        self.number = 0

    def publish(self, source: str = PROGRAM, **options: Any) -> Any:
        """Publish and let the worker take it up."""
        row = publish("tester", source, starts_at=options.get("starts_at"), now=self.now)
        return settled(row.program, row.number, timeout_s=10)

    def say(self, kind: str, user: str = "", **fields: Any) -> int:
        """Append one event; `kind` is `identify` or a track's name. Its position."""
        self.now += timedelta(minutes=1)
        self.number += 1
        event: dict[str, Any] = {
            "type": "identify" if kind == "identify" else "track",
            "messageId": fields.pop("message", f"m{self.number}"),
            "timestamp": self.now.isoformat(),
        }
        if user:
            event["userId"] = user
        for name in ("anonymousId", "traits", "context"):
            if name in fields:
                event[name] = fields.pop(name)
        if kind != "identify":
            event |= {"event": kind, "properties": fields}
        accepted = accept(event, now=self.now, source="test", role="secret")
        assert isinstance(accepted, Incoming), accepted
        return append([accepted])[0].position

    def work(self, limit: int = 10_000) -> None:
        """Decide everything that is in the log."""
        worker = Worker()
        while worker.advance(limit):
            pass

    def story(self) -> None:
        """Ann brings ben and cid, who buy; ben's order comes back."""
        self.say("Referral Link Created", "ann", code="ANN", program="spring")
        self.say("Referral Link Clicked", anonymousId="web-1", code="ann", channel="wechat")
        self.say("Signed Up", "ben", anonymousId="web-1")
        self.say("Signed Up", "cid", referral_code="ANN")
        self.say("Order Completed", "ben", order_id="o1", total=50, currency="USD")
        self.say("Order Completed", "cid", order_id="o2", total="70.00", currency="USD")
        self.say("Order Completed", "ben", order_id="o3", total=10, currency="USD")
        self.say("Order Refunded", "ben", order_id="o1")
