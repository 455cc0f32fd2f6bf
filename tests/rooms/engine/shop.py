"""A small shop: two versions of its program, a log of eight events, and what runs them."""

import json
from zoneinfo import ZoneInfo

import polars as pl

from banyan.engine.language.program import Program
from tests.golden.words import read_events

FLAT = """\
program: shop
version: 1
currency: USD
attribution: {window: 30d}
milestones:
  bought: {on: Order Completed, within: 60d}
rewards:
  advocate-credit:
    to: advocate
    on: bought
    give: credit
    amount: 20.00
    hold: 14d
    caps: [{per: program, amount: 30.00}]
"""
"""20.00 for the advocate, taken back only with the whole order."""

SHARE = """\
program: shop
version: 2
currency: USD
attribution: {window: 30d}
milestones:
  bought: {on: Order Completed, within: 60d}
rewards:
  friend-points: {to: friend, on: joined, give: points, amount: 100, expires: 30d}
  advocate-credit:
    to: advocate
    on: bought
    give: credit
    amount: {percent: 10, of: total, max: 15.00}
    hold: 14d
    caps: [{per: program, amount: 1000.00}]
"""
"""A tenth of the order for the advocate, taken back by the part; points for the friend."""

WORDS = """\
1  2026-01-01 09:00  ann makes link ANN
2  2026-01-01 09:00  abe makes link ABE
3  2026-01-02 10:00  bob signs up with code ANN
4  2026-01-03 10:00  cat signs up with code ABE
5  2026-01-04 12:00  bob orders o1 for 60.00 USD
6  2026-01-05 12:00  cat orders o2 for 200.00 USD
7  2026-01-08 12:00  o1 of bob is refunded 30.00
8  2026-01-09 12:00  dan signs up with code NONE
"""

LINES = read_events(WORDS, ZoneInfo("UTC"))


def program(text: str) -> Program:
    """A program out of its text."""
    return Program.parse(text)


def frame() -> pl.DataFrame:
    """The log as public events, nested as they are in JSON."""
    return pl.DataFrame([json.loads(line) for line in LINES], infer_schema_length=None)
