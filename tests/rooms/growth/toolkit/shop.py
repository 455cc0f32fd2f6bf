"""A shop with a published program and an advocate's link, for the toolkit's tests."""

from __future__ import annotations

from datetime import UTC, datetime

from banyan.engine.language.program import Program
from tests.rooms.pipeline.line import Line

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)

SOURCE = """
program: spring
version: 1
title: {en: "Give 20%, get $20", zh-hans: "送好友八折，得 20 美元"}
currency: USD
attribution: {window: 30d, prefer: [code, click]}
milestones:
  bought: {on: Order Completed, within: 60d}
rewards:
  thanks: {to: advocate, on: bought, give: cash, amount: 20.00}
  welcome: {to: friend, on: joined, give: "coupon:20-percent-off-first-order", amount: 1}
"""
SPRING = Program.parse(SOURCE)


def opened() -> Line:
    """The program is published, and ann has the code ANN."""
    line = Line()
    line.publish(SOURCE)
    line.say("Referral Link Created", "ann", code="ANN", program="spring")
    line.work()
    return line
