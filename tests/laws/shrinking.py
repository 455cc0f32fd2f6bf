"""The smallest case that still shows a failure, for people to read.

Hypothesis lowers the bytes behind a case without knowing what they mean; this leaves out lines of
the log and parts of the programs, one after the other, until each that is left is needed.
"""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from typing import Any

import yaml

File = dict[str, Any]
Case = tuple[list[File], list[bytes]]
Fails = Callable[[list[File], list[bytes]], bool]

PARTS = ("limits", "risk", "experiments", "advocates", "friends", "runs", "timezone", "stops")
PARTS_OF_ATTRIBUTION = ("window", "credit", "prefer", "joins_on")
PARTS_OF_A_MILESTONE = ("where", "count", "sum", "within", "repeats")
PARTS_OF_A_REWARD = ("when", "hold", "expires", "on_refund", "caps", "boosts")


def smallest(files: list[File], lines: list[bytes], fails: Fails) -> Case:
    """Leave out whatever can go while the case still fails. The case given must fail."""
    while True:
        lines = fewer(lines, partial(fails, files))
        smaller = next((each for each in simpler(files) if fails(each, lines)), None)
        if smaller is None:
            return files, lines
        files = smaller


def fewer(items: list[Any], fails: Callable[[list[Any]], bool]) -> list[Any]:
    """Leave out runs of items, long ones first, while the rest still fails."""
    size = len(items)
    while size:
        place = 0
        while place < len(items):
            rest = items[:place] + items[place + size :]
            if fails(rest):
                items = rest
            else:
                place += size
        size //= 2
    return items


def simpler(files: list[File]) -> Iterator[list[File]]:
    """Give every way to leave out one file, or one part of one."""
    if len(files) > 1:
        yield from (files[:place] + files[place + 1 :] for place in range(len(files)))
    for place, file in enumerate(files):
        for path in removable(file):
            smaller = without(file, path)
            if is_whole(smaller):
                yield [*files[:place], smaller, *files[place + 1 :]]


Path = tuple[str | int, ...]


def removable(file: File) -> Iterator[Path]:
    """Give the places of all parts that a file can do without."""
    yield from ((part,) for part in PARTS if part in file)
    yield from (
        ("attribution", part)
        for part in PARTS_OF_ATTRIBUTION
        if part in file.get("attribution", {})
    )
    for name, milestone in file["milestones"].items():
        yield ("milestones", name)
        yield from (
            ("milestones", name, part) for part in PARTS_OF_A_MILESTONE if part in milestone
        )
    for name, reward in file["rewards"].items():
        yield ("rewards", name)
        for part in PARTS_OF_A_REWARD:
            if part in reward:
                yield ("rewards", name, part)
        for part in ("caps", "boosts"):
            yield from (
                ("rewards", name, part, place) for place in range(len(reward.get(part, ())))
            )
    for part in ("limits", "risk", "stops"):
        yield from ((part, place) for place in range(len(file.get(part, ()))))


def without(file: File, path: Path) -> File:
    smaller = deepcopy(file)
    part: Any = smaller
    for step in path[:-1]:
        part = part[step]
    del part[path[-1]]
    return smaller


def is_whole(file: File) -> bool:
    """Whether everything that is named is still there."""
    milestones = {*file["milestones"], "joined"}
    text = json.dumps(file["rewards"])
    names_experiment = '"by": "rate"' in text or "rate " in text
    return (
        bool(file["rewards"])
        and all(reward["on"] in milestones for reward in file["rewards"].values())
        and ("experiments" in file or not names_experiment)
    )


def as_text(files: list[File], lines: list[bytes]) -> str:
    """Write a case as YAML and JSON Lines."""
    programs = yaml.safe_dump_all(files, sort_keys=False, allow_unicode=True)
    return f"{programs}---\n" + "\n".join(line.decode(errors="backslashreplace") for line in lines)
