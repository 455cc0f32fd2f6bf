"""What is wrong with a program file: one finding, one place, one sentence."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from banyan.kernel.errors import Problem

Severity = Literal["error", "warning"]

MOST_TOLD = 100
"""More errors at once than this help nobody."""


@dataclass(frozen=True, order=True)
class Finding:
    """One thing to mend. Lines and columns count from 1, columns in characters."""

    path: str
    line: int
    column: int
    severity: Severity
    key: str
    """Where in the program: `rewards.advocate-credit.caps[0].per`; empty for the whole file."""
    sentence: str

    def __str__(self) -> str:
        key = f" {self.key}" if self.key else ""
        return f"{self.path}:{self.line}:{self.column}: {self.severity}{key}: {self.sentence}"


class ProgramError(Problem):
    """A file that is no program, with everything that is wrong with it, in file order."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        ordered = sorted(set(findings))
        if len(ordered) > MOST_TOLD:
            last = ordered[MOST_TOLD - 1]
            more = "more errors follow; mend those above first"
            ordered = [
                *ordered[:MOST_TOLD],
                Finding(last.path, last.line, last.column, "error", "", more),
            ]
        self.findings: tuple[Finding, ...] = tuple(ordered)
        super().__init__("\n".join(map(str, self.findings)))


def key_path(parts: Sequence[str | int]) -> str:
    """`("caps", 0, "per")` as people write it: `caps[0].per`."""
    path = ""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path if len(path) <= 300 else path[:299] + "…"


def nearest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The known word most like this one, if any is at least so alike; case does not matter."""
    folded = {name.casefold().replace("-", "_"): name for name in known}
    asked = word[:80].casefold().replace("-", "_").replace(" ", "_")
    match = get_close_matches(asked, folded, n=1, cutoff=cutoff)
    return folded[match[0]] if match else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The close of a sentence about an unknown word: the nearest known one, else all of them."""
    names = list(known)
    near = nearest(word, names)
    sided = [name for name in names if name.endswith(f"_{word}")]
    if sided or near is not None:
        return f"did you mean {one_of(sided or [str(near)])}?"
    if not names:
        return "none is known here"
    return f"expected {one_of(names)}" if len(names) <= 30 else f"known are {one_of(names[:30])} …"


def one_of(names: Sequence[str]) -> str:
    """`a, b or c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def shown(text: str) -> str:
    """A word of the file as a sentence quotes it: never longer than a line, never with breaks."""
    return repr(text if len(text) <= 60 else text[:59] + "…")
