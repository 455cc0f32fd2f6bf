"""Which addresses webhooks may go to: public ones alone, whatever a name resolves to.

A subscriber chooses the address, and our server stands inside somebody's network: without this
guard a webhook is a way to reach what only that network may reach. The name is resolved here, each
address it has is judged, and the connection goes to a judged address (`post.py`), so that a name
which answers differently the second time gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from banyan.kernel.errors import Problem

LONGEST_URL = 2_000
LOWEST_FREE_PORT = 1_024

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Ways to write an IPv4 address as IPv6 (6to4, Teredo, NAT64), special ranges that some releases of
# Python call global, and the one public address at which a cloud (Azure) answers its machines.
_FORBIDDEN = tuple(
    ipaddress.ip_network(text)
    for text in (
        "168.63.129.16/32",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "2001::/23",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
    )
)


class BadAddress(Problem):
    """An address that webhooks may not go to, and what would be taken."""

    status = 422
    code = "webhook_address_refused"


def checked_url(url: str) -> str:
    """`url` if webhooks may go there as far as can be seen without asking for its name.

    Raises BadAddress.
    """
    if len(url) > LONGEST_URL:
        raise BadAddress(f"A webhook's address may have at most {LONGEST_URL:,} characters.")
    parts = _parts(url)
    schemes = ("https", "http") if _allows_http() else ("https",)
    if parts.scheme not in schemes or not parts.hostname:
        raise BadAddress(
            f"Expected an address such as https://example.com/hooks, found {_shown(url)}."
        )
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise BadAddress("A webhook's address has no user, no password and no # in it.")
    _check_port(port_of(parts))
    literal = _literal(parts.hostname)
    if literal is not None:
        _check(literal)
    return url


def resolved(host: str, port: int) -> list[str]:
    """The addresses of `host`, all of them fit for webhooks. Raises BadAddress, or OSError.

    One unfit address refuses the name: whoever mixes public with private ones is trying.
    """
    _check_port(port)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for text in addresses:
        _check(ipaddress.ip_address(text.split("%")[0]))
    return addresses


def is_public(address: Address) -> bool:
    """Whether an address is one of the open internet's single hosts."""
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        return is_public(mapped)
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in network for network in _FORBIDDEN)
    )


def port_of(parts: SplitResult) -> int:
    """The port an address names or implies."""
    return parts.port or (443 if parts.scheme == "https" else 80)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise BadAddress(f"{_shown(url)} cannot be read as an address.") from None
    if any(character <= " " or character == "\x7f" for character in url):
        raise BadAddress("A webhook's address has no spaces and no control characters in it.")
    return parts


def _check_port(port: int) -> None:
    if port in (80, 443) or port >= LOWEST_FREE_PORT:
        return
    raise BadAddress(
        f"Webhooks go to ports 80, 443 and from {LOWEST_FREE_PORT:,} up, not to {port}: below "
        "that other services listen."
    )


def _check(address: Address) -> None:
    if not settings.WEBHOOKS_ALLOW_PRIVATE and not is_public(address):
        raise BadAddress(
            "Webhooks go to public addresses alone, and this name leads to one that is private, "
            "local or reserved. For development set BANYAN_WEBHOOKS_ALLOW_PRIVATE=1."
        )


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return None


def _allows_http() -> bool:
    return bool(settings.WEBHOOKS_ALLOW_HTTP or settings.WEBHOOKS_ALLOW_PRIVATE)


def _shown(url: str) -> str:
    return repr(url if len(url) <= 80 else url[:79] + "…")
