"""views: `POST /v1/inbound/KIND/SOURCE`: check who speaks, read it, tell the log, answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.urls import path

from banyan.core.events import clock
from banyan.doors.api.gate import Terms, answered
from banyan.doors.api.inbound import shopify, stripe, woocommerce
from banyan.doors.api.inbound.payload import BadPayload, read_payload
from banyan.doors.api.inbound.signatures import BadSignature, check_base64, check_stripe
from banyan.doors.api.problems import Fault, Trouble
from banyan.kernel import counters
from banyan.kernel.errors import Problem
from banyan.trust.sources.news import News
from banyan.trust.sources.read import Source, secret, source
from banyan.trust.sources.receive import receive
from banyan.trust.sources.wishes import note


def inbound(request: HttpRequest, kind: str, source_id: str) -> HttpResponse:
    """One message of a source.

    200 with `{"outcome": "appended" | "noted" | "nothing_new" | "ignored" | "pong", "events": N}`,
    `noted` where a wish about somebody's data became a request that a person answers; 400 with the
    place of what cannot be read; 401 for a signature that does not fit; 404 for an unknown or
    revoked source; 503 when the database is away, after which the provider sends it again.
    """
    # For the line in the log, where the address itself does not stand; the type of a request in
    # Django names no such attribute.
    request.terms = Terms(f"inbound_{kind}", None, True, False, frozenset())  # type: ignore[attr-defined]
    try:
        outcome, events = _handled(request, kind, source_id)
    except Problem as wrong:
        trouble = _trouble(wrong)
        counters.heard(kind, trouble.code)
        raise trouble from wrong
    counters.heard(kind, outcome)
    return JsonResponse({"outcome": outcome, "events": events})


urlpatterns = [
    *(
        path(
            f"v1/inbound/{kind}/<slug:source_id>",
            answered(inbound, is_for_browsers=False),
            {"kind": kind},
        )
        for kind in ("stripe", "shopify", "woocommerce")
    )
]


def _handled(request: HttpRequest, kind: str, source_id: str) -> tuple[str, int]:
    """What became of the message, and how many events it added to the log."""
    if request.method != "POST":
        raise Trouble("method_not_allowed", "Post to this address.", headers={"Allow": "POST"})
    body = _body(request)
    known = source(source_id)
    if known is None or known.kind != kind or known.revoked_at is not None:
        raise Trouble(
            "not_found",
            f"There is no {kind} source {source_id}, or it was revoked; "
            "`banyan sources create` makes one.",
        )
    if kind == "woocommerce" and woocommerce.is_ping(body):
        return "pong", 0
    news = _DOORS[kind](request, body, known)
    if news is None:
        return _wished(request, body, known), 0
    receipts = receive(known, news, now=clock.now())
    added = sum(not receipt.is_duplicate for receipt in receipts)
    counters.accepted("inbound", added)
    return ("appended" if added else "nothing_new"), added


def _wished(request: HttpRequest, body: bytes, known: Source) -> str:
    """What became of a message that tells no news."""
    if known.kind != "shopify":
        return "ignored"
    wish = shopify.read_wish(_topic(request, "X-Shopify-Topic"), read_payload(body))
    if wish is None:
        return "ignored"
    return "noted" if note(known, wish, now=clock.now()) else "nothing_new"


def _body(request: HttpRequest) -> bytes:
    try:
        return request.body
    except RequestDataTooBig:
        raise Trouble("too_large", "A message may have at most 1 MB.") from None
    except UnreadablePostError:
        raise Trouble("bad_request", "The message broke off; send it again.") from None


def _stripe(request: HttpRequest, body: bytes, known: Source) -> list[News] | None:
    header = request.headers.get("Stripe-Signature", "")
    check_stripe(header, body, secret=secret(known.id), now=datetime.now(UTC))
    return stripe.read(read_payload(body), options=known.options)


def _shopify(request: HttpRequest, body: bytes, known: Source) -> list[News] | None:
    name = "X-Shopify-Hmac-Sha256"
    check_base64(request.headers.get(name, ""), body, secret=secret(known.id), name=name)
    topic = _topic(request, "X-Shopify-Topic")
    payload = read_payload(body)
    return shopify.read(topic, payload, currency=known.currency, options=known.options)


def _woocommerce(request: HttpRequest, body: bytes, known: Source) -> list[News] | None:
    name = "X-WC-Webhook-Signature"
    check_base64(request.headers.get(name, ""), body, secret=secret(known.id), name=name)
    topic = _topic(request, "X-WC-Webhook-Topic")
    payload = read_payload(body)
    return woocommerce.read(
        topic, payload, source_id=known.id, currency=known.currency, now=clock.now()
    )


def _topic(request: HttpRequest, name: str) -> str:
    topic = request.headers.get(name, "")
    if not topic:
        raise Trouble(
            "bad_request",
            f"The {name} header is missing, so it is not said what the message is about.",
        )
    return topic


_DOORS: dict[str, Callable[[HttpRequest, bytes, Source], list[News] | None]] = {
    "stripe": _stripe,
    "shopify": _shopify,
    "woocommerce": _woocommerce,
}


def _trouble(wrong: Problem) -> Trouble:
    match wrong:
        case Trouble():
            return wrong
        case BadSignature():
            return Trouble("bad_signature", wrong.sentence)
        case BadPayload():
            place = wrong.pointer or "the body"
            fault = Fault(wrong.pointer, wrong.sentence)
            return Trouble("bad_request", f"{place}: {wrong.sentence}", faults=[fault])
        case _:
            return Trouble("bad_request", wrong.sentence)
