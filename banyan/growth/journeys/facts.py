"""facts: what a notice of the line is made of: ids and numbers, which become words when it is read.

So a notice speaks the language of its reader, shows a friend's name only as far as that friend
agrees at the time, and says nothing more of somebody who was erased.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from banyan.core.referrals.missing import Missing
from banyan.kernel.sealing import seal, unseal


class Lacking(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was still missing when the notice was made."""

    event: str
    count: int = 0
    is_exact: bool = True
    sum: Decimal | None = None
    sum_of: str = ""
    least_total: Decimal | None = None
    is_conditional: bool = False
    until: datetime | None = None

    @classmethod
    def of(cls, row: Missing | None) -> Lacking | None:
        """Of a referral's next milestone."""
        if row is None:
            return None
        return cls(
            row.event,
            row.count,
            row.is_exact,
            row.sum,
            row.sum_of,
            row.least_total,
            row.is_conditional,
            row.until,
        )


class Facts(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything that any kind needs; people by their user ids, amounts in minor units or counts.

    `reason` and `step` are codes that `words` has sentences for.
    """

    version: int = 0
    friend: str = ""
    advocate: str = ""
    to: str = ""
    milestone: str = ""
    unit: str = ""
    amount: int = 0
    left: int | None = None
    is_held: bool = False
    release: datetime | None = None
    expires: datetime | None = None
    reason: str = ""
    step: str = ""
    lacking: Lacking | None = None


class Content(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is encrypted in a notice: ready words, facts to make words of, or both."""

    values: dict[str, str] = {}
    facts: Facts | None = None
    is_sample: bool = False
    """Sent to try a text out: no rule holds it back."""


def sealed(content: Content, *, key: str) -> bytes:
    """Encrypted, for the notice with that key alone."""
    return seal(msgspec.json.encode(content), context=f"notice:{key}")


def opened(data: bytes, *, key: str) -> Content:
    """What `sealed` closed. Raises CannotOpen."""
    return msgspec.json.decode(unseal(data, context=f"notice:{key}"), type=Content)
