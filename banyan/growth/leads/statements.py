"""statements: the words by which an advocate or the staff says that the friend agreed.

The version is kept as proof. Whoever changes a text gives it a new version.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Statement:
    """One version of the words, in the language of the page."""

    version: str
    text: str


def of_advocate() -> Statement:
    """What an advocate ticks."""
    return Statement(
        "friend-agreed-1",
        _(
            "My friend knows that I pass on this contact, and agreed to be asked once whether they "
            "would like this invitation."
        ),
    )


STAFF_VERSION = "friend-agreed-staff-1"
"""What a member of staff confirms by capturing a referral: the friend was present or on the
telephone and agreed to be asked, or the advocate said so and the evidence tells how."""
