"""codes: referral codes that can be read out on the telephone.

Eight letters and digits out of 24 that are not taken for one another (no 0/O, 1/I/L, 2/Z, 5/S), in
capitals and without vowels, so that no word comes about: 24^8 = 110 thousand million codes.
"""

from __future__ import annotations

import secrets

from banyan.kernel.errors import Problem

ALPHABET = "346789BCDFGHJKMNPQRTVWXY"
LENGTH = 8
LONGEST = 64


class BadCode(Problem):
    """A code of one's own choice that cannot be one."""


def made() -> str:
    """A new random code."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def chosen(code: str) -> str:
    """A code of somebody's own choice, checked. Raises BadCode."""
    code = code.strip()
    if not 2 <= len(code) <= LONGEST:
        raise BadCode(f"code: needs 2 to {LONGEST} characters, found {len(code)}")
    wrong = next((c for c in code if not (c.isalnum() or c in "-_.")), None)
    if wrong is not None:
        raise BadCode(
            f"code: letters, digits, - _ . only, found {wrong!r}; a code is part of an address"
        )
    return code


def normal(code: str) -> str:
    """A code as it is compared, here and in the engine: trimmed and in upper case."""
    return code.strip().upper()
