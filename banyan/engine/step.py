"""step: the map of the product. One batch of events through every stage, without a branch."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from banyan.engine.language.book import Book
from banyan.engine.stages.attribute import attribute
from banyan.engine.stages.facts import remember
from banyan.engine.stages.identify import identify
from banyan.engine.stages.post import post
from banyan.engine.stages.qualify import qualify
from banyan.engine.stages.read import read
from banyan.engine.stages.reward import reward
from banyan.engine.stages.risk import judge
from banyan.engine.stages.settle import settle
from banyan.engine.state import State
from banyan.engine.tables import outcomes


class Outcomes(NamedTuple):
    """The six tables of `banyan.engine.tables.SCHEMAS`, rows in their published order."""

    referrals: pl.DataFrame
    touches_lost: pl.DataFrame
    decisions: pl.DataFrame
    reversals: pl.DataFrame
    postings: pl.DataFrame
    rejects: pl.DataFrame


def step(
    book: Book, state: State, raw: pl.DataFrame, *, closing: int | None = None
) -> tuple[Outcomes, State]:
    """Decide one batch: events and what earlier positions left behind in, outcomes and state out.

    `raw` holds typed events (`banyan.engine.raw`). Cutting a log into other batches gives the same
    rows. `closing` (UTC microseconds): log time at the batch's last position, if that is later.
    """
    events, rejects, state = read(book, state, raw, closing=closing)
    identity, state = identify(book, state, events)
    state = remember(book, state, events)
    attribution, state = attribute(book, state, events, identity)
    referrals, state = judge(book, state, attribution.joins, events)
    reached, state = qualify(book, state, events, referrals)
    due, state = reward(book, state, reached)
    settlement, state = settle(book, state, due, events)
    postings, state = post(book, state, settlement, events)
    tables = outcomes(book, state, referrals, attribution, settlement, postings, rejects)
    return Outcomes(*tables), state
