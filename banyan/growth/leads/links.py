"""links: the friend's own link, which opens a nomination and proves whose contact it is.

A link is the nomination's key and a seal over it by the installation's secret: the table alone
opens nothing, and a link can be written again for a reminder.
"""

from __future__ import annotations

import hmac
import secrets

from banyan.kernel.sealing import token

_KEY_BYTES = 9
_KEY_LENGTH = 12
_PURPOSE = "nomination"


def new_key() -> str:
    """The key of a new nomination: 12 characters of 72 random bits."""
    return secrets.token_urlsafe(_KEY_BYTES)


def link_of(key: str) -> str:
    """What stands behind `/c/`."""
    return key + token(key, purpose=_PURPOSE)


def key_of(link: str) -> str | None:
    """The key in a link; None for one that this installation never gave out."""
    key = link[:_KEY_LENGTH]
    is_ours = hmac.compare_digest(
        *(text.encode("utf-8", "surrogatepass") for text in (link_of(key), link))
    )
    return key if is_ours else None
