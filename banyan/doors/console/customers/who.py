"""who: customers as the staff see them: the user id, and a masked name to recognise them by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from banyan.core.people.read import masked_names


@dataclass(frozen=True)
class Who:
    """Somebody to show. `name` is masked; empty when nothing is known."""

    user_id: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.user_id})" if self.name else self.user_id


def people(user_ids: Iterable[str | None]) -> dict[str, Who]:
    """These customers, looked up at once."""
    names = masked_names(user_id for user_id in user_ids if user_id)
    return {user_id: Who(user_id, name) for user_id, name in names.items()}


def person(user_id: str) -> Who:
    """One customer."""
    return people([user_id])[user_id]
