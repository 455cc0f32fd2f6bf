"""shapes: what bodies and replies have in common."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from banyan.kernel.times import BadTime, moment_us

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LARGEST_WHOLE = 2**63 - 1


class Body(BaseModel):
    """What a caller sends: exactly the fields named, each of its own type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Shape(BaseModel):
    """What a reply holds; read from the rooms' frozen values."""

    model_config = ConfigDict(from_attributes=True)


def rfc3339(at: datetime) -> str:
    """`2026-01-31T08:00:00Z`; `.ffffff` only when it is not zero."""
    form = "%Y-%m-%dT%H:%M:%S.%fZ" if at.microsecond else "%Y-%m-%dT%H:%M:%SZ"
    return at.astimezone(UTC).strftime(form)


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise ValueError("expected a date-time such as 2026-01-31T08:00:00Z")
    try:
        return _EPOCH + timedelta(microseconds=moment_us(value, "UTC"))
    except BadTime as bad:
        raise ValueError(str(bad)) from None


_SCHEMA = {"type": "string", "format": "date-time", "examples": ["2026-01-31T08:00:00Z"]}

Time = Annotated[datetime, PlainSerializer(rfc3339, return_type=str), WithJsonSchema(_SCHEMA)]
"""In replies."""

Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema(_SCHEMA)]
"""In bodies and parameters: RFC 3339 with offset, or a date, which is its midnight in UTC."""

Id = Annotated[str, Field(min_length=1, max_length=255)]
"""A name that stands in an index of the database."""

Text = Annotated[str, Field(max_length=2000)]
Position = Annotated[int, Field(ge=0, le=LARGEST_WHOLE)]
