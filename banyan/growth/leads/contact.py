"""contact: a friend's contact and name as somebody gave them, and what of them is shown."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from banyan.core.people.contacts import Kind
from banyan.core.people.masks import mask_email, mask_name, mask_phone
from banyan.kernel.errors import Problem

LONGEST_NAME = 200

# Six digits in a row are no part of a name: a number of a card, a house, a birthday.
_NO_NAME = re.compile(r"\d{6}|@|https?:|www\.", re.IGNORECASE)


class NotAName(Problem):
    """A name that holds more than a name."""

    status = 422
    code = "not_a_name"


@dataclass(frozen=True)
class Given:
    """A contact as it is written to."""

    kind: Kind
    value: str

    @property
    def mask(self) -> str:
        """As its owner recognises it and nobody else."""
        return mask_email(self.value) if self.kind == "email" else mask_phone(self.value)


def named(text: str) -> str:
    """A person's name, trimmed; empty for none. Raises NotAName for what holds more than a name."""
    name = " ".join(text.split())
    if len(name) > LONGEST_NAME:
        raise NotAName(f"A name may have at most {LONGEST_NAME} characters.")
    if _NO_NAME.search(unicodedata.normalize("NFKC", name)):
        raise NotAName("Write the name alone: no numbers, addresses or notes.")
    return name


def shown(contact: Given, name: str) -> str:
    """By what an advocate recognises the friend in a list."""
    return mask_name(name) or contact.mask
