"""pages: lists that go on where they stopped, however much was added meanwhile.

A cursor names the last row that was sent, not a number of rows, so that nothing is sent twice or
left out when rows come in between.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, Literal, TypeVar

from ninja import Query
from pydantic import BaseModel, ConfigDict, Field

from banyan.doors.api.problems import Fault, Trouble

Row = TypeVar("Row")

LARGEST = 200
Limit = Annotated[int, Query(50, ge=1, le=LARGEST, description="Rows on a page")]
Cursor = Annotated[
    str | None,
    Query(
        None,
        max_length=2000,
        description="`next_cursor` of the page before, with the same filters",
    ),
]


Order = Annotated[Literal["asc", "desc"], Query("desc", description="`asc`: the oldest first")]
FromPosition = Annotated[
    int | None,
    Query(None, ge=0, le=2**63 - 1, description="Only what stands there in the log or later"),
]


class Page(BaseModel, Generic[Row]):
    """A page of a list; `next_cursor` is null on the last one."""

    model_config = ConfigDict(from_attributes=True)

    data: list[Row]
    next_cursor: str | None = Field(examples=[None])


def after(cursor: str | None, *, of: str, kinds: Sequence[type]) -> tuple[Any, ...] | None:
    """Where to go on: values of `kinds` that name the last row sent; None at the beginning.

    Raises Trouble for a text that no page of the list `of` has given.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        name, *place = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise _bad_cursor() from None
    if name != of or [type(value) for value in place] != list(kinds):
        raise _bad_cursor()
    if any(isinstance(value, int) and abs(value) >= 2**63 for value in place):
        raise _bad_cursor()
    return tuple(place)


def page(
    rows: Sequence[Row], *, limit: int, of: str, place: Callable[[Row], tuple[Any, ...]]
) -> dict[str, Any]:
    """A page of rows that were asked for with `limit + 1`, so that the last page knows it."""
    sent = rows[:limit]
    more = len(rows) > limit
    return {"data": sent, "next_cursor": _cursor(of, place(sent[-1])) if more else None}


def _cursor(of: str, place: tuple[Any, ...]) -> str:
    text = json.dumps([of, *place], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _bad_cursor() -> Trouble:
    detail = "cursor: take `next_cursor` of the page before, unchanged, with the same filters"
    return Trouble("bad_cursor", detail, faults=[Fault("/cursor", detail, place="query")])
