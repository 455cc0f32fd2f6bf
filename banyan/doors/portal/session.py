"""session: which customer a browser is signed in as.

The browser holds the key of a session and nothing else; the session holds the number of a device
(`banyan.trust.access.devices`), which can be ended from anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import patch_cache_control

from banyan.core.events import clock
from banyan.core.people.names import speaker
from banyan.trust.access import devices
from banyan.trust.access.browsers import device_name, network_of
from banyan.trust.access.devices import Way

HOME = "/me/"
LONGEST_PATH = 500
_DEVICE = "device"
_KNOWN = "_banyan_customer"

View = Callable[..., HttpResponseBase]


def customer_of(request: HttpRequest) -> str | None:
    """The user id of whoever is signed in in this browser; None when nobody is."""
    if not hasattr(request, _KNOWN):
        setattr(request, _KNOWN, _signed_in(request))
    found: str | None = getattr(request, _KNOWN)
    return found


def sign_in(request: HttpRequest, user_id: str, *, way: Way = "code") -> None:
    """This browser is the customer's from now on, under a session key that nobody knew before.

    What else the session holds stays. Of a merged customer it is the one who speaks for them.
    """
    sign_out(request)
    user_id = speaker(user_id)
    agent = request.headers.get("User-Agent", "")
    number = devices.begin(user_id, way=way, device=device_name(agent), now=clock.now())
    request.session.cycle_key()
    request.session[_DEVICE] = number
    setattr(request, _KNOWN, user_id)


def sign_out(request: HttpRequest) -> None:
    """Nobody is signed in in this browser any more."""
    number = request.session.pop(_DEVICE, None)
    signed_in = customer_of(request) if number is None else _customer(number)
    if number is not None and signed_in is not None:
        devices.end(signed_in, number, now=clock.now())
        request.session.cycle_key()
    setattr(request, _KNOWN, None)


def device_of(request: HttpRequest) -> int:
    """The number of the device on which the customer of this browser is signed in."""
    number: int = request.session[_DEVICE]
    return number


def for_customer(view: View) -> View:
    """Only for who is signed in; anybody else is led to sign in and back. Never kept by caches."""

    @wraps(view)
    def guarded(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
        if customer_of(request) is None:
            wanted = request.get_full_path() if request.method == "GET" else HOME
            return HttpResponseRedirect(
                reverse("portal:sign-in") + "?" + urlencode({"next": own_path(wanted)})
            )
        response = view(request, *arguments, **named)
        patch_cache_control(response, private=True, no_store=True)
        return response

    return guarded


def own_path(wanted: str) -> str:
    """Where to lead somebody: `wanted` if it is a path of ours, else the portal's first page."""
    parts = urlsplit(wanted) if _is_plain(wanted) else None
    if parts is None or parts.scheme or parts.netloc or not parts.path.startswith("/"):
        return HOME
    return wanted


def address_of(request: HttpRequest) -> str:
    """The network a browser asks from."""
    return network_of(
        request.META.get("REMOTE_ADDR", ""),
        request.headers.get("X-Forwarded-For", "") if settings.BEHIND_PROXY else "",
    )


def _is_plain(path: str) -> bool:
    """A backslash, or a control character at which browsers do not stumble, could hide a host."""
    return (
        0 < len(path) <= LONGEST_PATH
        and not path.startswith("//")
        and not any(sign in path for sign in "\\\x7f")
        and min(path) > " "
    )


def _signed_in(request: HttpRequest) -> str | None:
    number = request.session.get(_DEVICE)
    return None if number is None else _customer(number)


def _customer(number: int) -> str | None:
    device = devices.seen(number, now=clock.now())
    return None if device is None else device.user_id
