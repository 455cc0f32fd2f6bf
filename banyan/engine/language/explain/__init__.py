"""A program in words: its public rules, and every decision under it, in English and Chinese."""

from banyan.engine.language.explain.decision import explain_decision
from banyan.engine.language.explain.losses import explain_lost, explain_reject
from banyan.engine.language.explain.page import rules_page
from banyan.engine.language.explain.short import Offer, offer
from banyan.engine.language.explain.voice import LANGUAGES, Language

__all__ = [
    "LANGUAGES",
    "Language",
    "Offer",
    "explain_decision",
    "explain_lost",
    "explain_reject",
    "offer",
    "rules_page",
]
