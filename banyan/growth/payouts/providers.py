"""providers: who sends payouts by itself, named by one address in a setting.

    stripe://:SECRET_KEY@api.stripe.com

The key is percent-encoded. `stripe+http://` speaks plain HTTP, for a stand-in on this machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from banyan.kernel.errors import Problem


class BadProvider(Problem):
    """An address of a provider that cannot be used."""


@dataclass(frozen=True)
class Provider:
    """Where the provider is, and the secret key, which is left out of its `repr`."""

    base: str
    secret: str = field(repr=False)


def provider(url: str) -> Provider | None:
    """Of the setting; None for an empty one. Raises BadProvider."""
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("stripe", "stripe+http") or not parts.hostname or not parts.password:
        raise BadProvider("expected stripe://:SECRET_KEY@api.stripe.com")
    plain = "http" if parts.scheme.endswith("+http") else "https"
    port = f":{parts.port}" if parts.port else ""
    return Provider(f"{plain}://{parts.hostname}{port}", unquote(parts.password))
