"""urls: where everything of this door stands, below /v1/."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path, re_path

from banyan.doors.api import (
    audit,
    capture,
    clock,
    customers,
    decisions,
    disputes,
    docs,
    links,
    log,
    meaning,
    notices,
    presenting,
    privacy,
    programs,
    receipts,
    referrals,
    scripts,
    sources,
    templates,
    wallets,
    webhooks,
)
from banyan.doors.api.door import make_door
from banyan.doors.api.gate import answered
from banyan.doors.api.inbound import views as inbound
from banyan.doors.api.problems import Trouble

# A customer's id may hold slashes, so what stands below a customer comes before the customer.
ROUTERS = (
    programs.router,
    presenting.router,
    links.router,
    scripts.router,
    capture.router,
    referrals.router,
    decisions.router,
    disputes.router,
    wallets.router,
    log.router,
    templates.router,
    notices.router,
    customers.router,
    privacy.router,
    webhooks.router,
    sources.router,
    audit.router,
    clock.router,
    meaning.router,
)
_FOR_BROWSERS = ("/rules", "/landing", "/offer", "/faq")

door = make_door()
for router in ROUTERS:
    door.add_router("", router)


def nowhere(request: HttpRequest) -> HttpResponse:
    """An address below /v1/ that is none."""
    raise Trouble("not_found", "There is nothing at this address; see /v1/openapi.json.")


def _patterns() -> list[URLPattern | URLResolver]:
    """Ninja's addresses with the outermost layer around each view."""
    found: list[URLPattern | URLResolver] = []
    for pattern in door.urls[0]:
        route = str(pattern.pattern)
        is_for_browsers = route.endswith(_FOR_BROWSERS) or route.startswith("problems")
        assert isinstance(pattern, URLPattern)
        run = docs.schema(door) if pattern.name == "openapi-json" else pattern.callback
        view = answered(run, is_for_browsers=is_for_browsers)
        found.append(path(route, view, name=pattern.name))
    found.append(path("docs/<str:name>", answered(docs.asset, is_for_browsers=False)))
    found.append(re_path(r"^", answered(nowhere, is_for_browsers=False)))
    return found


urlpatterns: list[URLPattern | URLResolver] = [
    *inbound.urlpatterns,
    *receipts.urlpatterns,
    path("v1/", (_patterns(), "ninja", "api")),
]
