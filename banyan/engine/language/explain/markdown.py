"""The few shapes a page is made of, as Markdown blocks."""

from collections.abc import Iterable, Sequence

from banyan.engine.language.explain.voice import Voice


def bullets(*items: str) -> list[str]:
    """A list without order, as one block."""
    return ["\n".join(f"- {item}" for item in items)]


def numbered(items: Iterable[str]) -> list[str]:
    """A list in order, as one block."""
    return ["\n".join(f"{number}. {item}" for number, item in enumerate(items, 1))]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table with a head, as one block."""
    lines = [head, ["---"] * len(head), *rows]
    return ["\n".join(f"| {' | '.join(cells)} |" for cells in lines)]


def labelled(voice: Voice, label: str, text: str) -> str:
    """“**When**: …”."""
    return voice.say("**{label}**: {text}", label=label, text=text)
