"""browsers: what is known of whoever asks: the network, and a name for the device."""

from __future__ import annotations

import ipaddress


def network_of(seen: str, forwarded: str = "") -> str:
    """An IPv4 address, of IPv6 the part that one line has; `unknown` for what is neither.

    `forwarded` is what a trusted proxy says of the one before it; its last entry is the proxy's.
    """
    if forwarded:
        seen = forwarded.rpartition(",")[2].strip()
    try:
        address = ipaddress.ip_address(seen)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def device_name(agent: str) -> str:
    """`Safari, iPhone` for a browser's long name of itself; what is not known is left out."""
    found = [
        next((name for mark, name in marks if mark in agent), "")
        for marks in (_BROWSERS, _MACHINES)
    ]
    return ", ".join(filter(None, found))


# In this order: most call themselves by the names below theirs as well.
_BROWSERS = (
    ("MicroMessenger", "WeChat"),
    ("HuaweiBrowser", "Huawei Browser"),
    ("MiuiBrowser", "MIUI Browser"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_MACHINES = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)
