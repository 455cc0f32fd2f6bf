"""optout: `/n/…`, where the link in each message leads by which its reader is spared more."""

from __future__ import annotations

import structlog
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from banyan.core.events import clock
from banyan.growth.journeys import acts, optout
from banyan.growth.journeys.optout import Reader
from banyan.kernel.database import one_transaction
from banyan.trust.privacy.acts import withdraw_consent

ACTOR = "notice link"

log = structlog.get_logger("banyan.portal")


# A mail program posts here by itself (RFC 8058) and has no form of ours; the link is what counts.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def optout_page(request: HttpRequest, link: str) -> HttpResponse:
    """Asks first, since mail programs open links to look at them; a POST does it."""
    try:
        reader = optout.reader_of(link)
    except optout.BadLink:
        raise Http404 from None
    if request.method == "POST":
        spare(reader)
    values = {"channel": reader.channel, "is_done": request.method == "POST"}
    return render(request, "portal/optout.html", values)


def spare(reader: Reader) -> None:
    """No more messages by that channel: at once by the preference, for ever by the log."""
    now = clock.now()
    with one_transaction():
        if reader.user_id:
            purpose = f"notices.{reader.channel}"
            withdraw_consent(ACTOR, reader.user_id, purpose, channel=reader.channel, now=now)
            acts.opt_out(reader.user_id, reader.channel, now=now)
        else:
            acts.stop_contact(reader.token, reader.channel, "opted_out", now=now)
    log.info("notices_opted_out", channel=reader.channel, is_customer=bool(reader.user_id))
