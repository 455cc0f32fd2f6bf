"""A program in words: its public rules, and every decision under it, in English and Simplified
Chinese."""

from banyan.engine.language.explain.page import rules_page
from banyan.engine.language.explain.voice import LANGUAGES, Language

__all__ = ["LANGUAGES", "Language", "rules_page"]
