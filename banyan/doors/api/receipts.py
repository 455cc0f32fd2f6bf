"""receipts: `/v1/receipts/PROVIDER/SECRET`: providers report what became of messages."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import msgspec
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import path

from banyan.core.events import clock
from banyan.doors.api.gate import Terms, answered
from banyan.doors.api.problems import Trouble
from banyan.growth.journeys import receipts
from banyan.growth.journeys.receipts import Report

LARGEST_BYTES = 256 * 1024
# The dialect of XML in which WeChat reports: flat, no declarations; entities could blow it up.
_DOCTYPE = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)


def receive(request: HttpRequest, provider: str, secret: str) -> HttpResponseBase:
    """One report, or several. Answers as that provider expects it."""
    # For the line in the log, where the address itself does not stand; the type of a request in
    # Django names no such attribute.
    request.terms = Terms(f"receipts_{provider}", None, True, False, frozenset())  # type: ignore[attr-defined]
    if not receipts.is_secret_of(provider, secret):
        raise Trouble("not_found", "There is nothing at this address.")
    if provider == "wechat":
        return _wechat(request)
    if request.method != "POST":
        raise Trouble("method_not_allowed", "Post to this address.", headers={"Allow": "POST"})
    receipts.take(provider, _reports(request, provider), now=clock.now())
    return _answer(provider)


urlpatterns = [
    path(
        f"v1/receipts/{provider}/<slug:secret>",
        answered(receive, is_for_browsers=False),
        {"provider": provider},
    )
    for provider in receipts.PROVIDERS
]


def _answer(provider: str) -> HttpResponse:
    match provider:
        case "aliyun":
            return JsonResponse({"code": 0, "msg": "接收成功"})
        case "tencent":
            return JsonResponse({"result": 0, "errmsg": "OK"})
        case "twilio":
            return HttpResponse(status=204)
    return JsonResponse({"outcome": "noted"})


def _reports(request: HttpRequest, provider: str) -> list[Report]:
    if provider == "twilio":
        return receipts.of_twilio(
            request.POST.dict(),
            url=receipts.address_for(provider),
            signature=request.headers.get("X-Twilio-Signature", ""),
        )
    try:
        said: object = msgspec.json.decode(_body(request))
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Trouble("bad_json", "The body is no JSON.") from None
    readers = {
        "email": receipts.of_email,
        "aliyun": receipts.of_aliyun,
        "tencent": receipts.of_tencent,
    }
    return readers[provider](said)


def _wechat(request: HttpRequest) -> HttpResponse:
    """The account's server address: GET proves that it is ours, POST brings events."""
    if not receipts.is_from_wechat(request.GET.dict()):
        raise receipts.NotSigned("signature: does not fit timestamp, nonce and the token set here.")
    if request.method == "GET":
        return HttpResponse(request.GET.get("echostr", ""), content_type="text/plain")
    if request.method != "POST":
        raise Trouble("method_not_allowed", "GET or POST.", headers={"Allow": "GET, POST"})
    body = _body(request)
    if _DOCTYPE.search(body):
        raise Trouble("bad_request", "The message declares entities, which WeChat's never do.")
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        raise Trouble("bad_request", "The message is no XML.") from None
    fields = {child.tag: (child.text or "").strip() for child in root}
    receipts.take("wechat", receipts.of_wechat(fields), now=clock.now())
    return HttpResponse("success", content_type="text/plain")


def _body(request: HttpRequest) -> bytes:
    body = request.body
    if len(body) > LARGEST_BYTES:
        raise Trouble("too_large", f"A report may have at most {LARGEST_BYTES:,} bytes.")
    return body
