"""marks: up to where in the log a watcher has looked."""

from __future__ import annotations

from banyan.growth.tasks.models import Mark


def place(name: str, *, else_: int) -> int:
    """The last position looked at; at the first look `else_`, which is kept."""
    row, _ = Mark.objects.get_or_create(name=name, defaults={"position": else_})
    return row.position


def put(name: str, position: int) -> None:
    """Everything up to there was looked at."""
    Mark.objects.filter(name=name).update(position=position)
