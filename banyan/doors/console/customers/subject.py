"""subject: whom a customer's page is about, who looks at it, and what they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from banyan.core.people.read import CustomerRow
from banyan.doors.console.customers.who import Who
from banyan.doors.console.number import number_of
from banyan.trust.staff.read import Member


@dataclass(frozen=True)
class Subject:
    """`ids` are all user ids of the person; `asked` is the page's query."""

    row: CustomerRow
    ids: tuple[str, ...]
    who: Who
    me: Member
    now: datetime
    asked: dict[str, str]

    @property
    def user_id(self) -> str:
        """Theirs."""
        return self.row.user_id

    @property
    def is_erased(self) -> bool:
        """Whether their personal data was destroyed."""
        return self.row.erased_at is not None

    def number(self, name: str) -> int | None:
        """A whole number of the query; None where there is none."""
        return number_of(self.asked.get(name))
