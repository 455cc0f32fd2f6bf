"""Banyan's engine: referral programs as pure functions over an event log.

    from banyan.engine import Program, replay
    outcomes = replay([Program.load("programs/meundies.yaml")], events)
    outcomes.decisions

No database, no clock, no network, no Django: events and programs in, tables out.
"""

from banyan.engine.compare import Comparison, compare
from banyan.engine.language.book import Book, BookProblem, compile_book
from banyan.engine.language.program import Program, ProgramError
from banyan.engine.replay import replay, replay_batches
from banyan.engine.state import State, empty
from banyan.engine.step import Outcomes, step

__all__ = [
    "Book",
    "BookProblem",
    "Comparison",
    "Outcomes",
    "Program",
    "ProgramError",
    "State",
    "compare",
    "compile_book",
    "empty",
    "replay",
    "replay_batches",
    "step",
]
