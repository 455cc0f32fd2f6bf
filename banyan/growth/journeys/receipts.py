"""receipts: what providers report of messages later: delivered, bounced, not wanted.

Each provider has an address of its own whose last part is a secret; Twilio and WeChat sign what
they send besides.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import structlog
from django.conf import settings

from banyan.growth.journeys.models import Notice, StoppedContact
from banyan.kernel import counters
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.kernel.sealing import token

PROVIDERS = ("email", "aliyun", "tencent", "twilio", "wechat")
_ALIYUN_STOPS = ("MOBILE_NOT_ON_SERVICE", "MOBILE_NUMBER_ILLEGAL", "MK:0001", "MK:0012")
_TENCENT_STOPS = ("MK:0001", "MK:0012", "MI:0012")
_TWILIO_STOPS = ("30004", "30005", "30006", "21211", "21614")
_TWILIO_OPTED_OUT = "21610"

log = structlog.get_logger("banyan.notices")


class NotSigned(Problem):
    """A report that does not come from the provider."""

    status = 401
    code = "bad_signature"


class BadReport(Problem):
    """A report of another form."""

    status = 422
    code = "invalid"


@dataclass(frozen=True)
class Report:
    """What became of one message. With `is_final`, the contact is not written to any more."""

    provider_id: str
    result: Literal["delivered", "bounced"]
    answer: str = ""
    reason: Literal["", "bounced", "complained", "opted_out"] = ""
    """Of a contact that is no good any more."""


def address_for(provider: str) -> str:
    """Where a provider reports to."""
    return f"{settings.BASE_URL}/v1/receipts/{provider}/{secret_of(provider)}"


def secret_of(provider: str) -> str:
    """The last part of that address."""
    return token(provider, purpose="receipts")


def is_secret_of(provider: str, text: str) -> bool:
    """Whether a report came to the right address."""
    return provider in PROVIDERS and _is_same(secret_of(provider), text)


def take(provider: str, reports: Iterable[Report], *, now: datetime) -> int:
    """Write down what became of messages; of how many. Ones we do not know are left out, and
    reports may come twice or in any order."""
    return sum(_take(provider, one, now) for one in reports)


def of_email(said: object) -> list[Report]:
    """Our own form, a list of {`message_id`, `event`: delivered | bounced | complained,
    `is_permanent`, `detail`}, for any mail provider's reports to be mapped to. Raises BadReport."""
    found = []
    for one in _objects(said):
        event, permanent = one.get("event"), one.get("is_permanent", True)
        number = str(one.get("message_id", "")).strip("<>")
        if event not in ("delivered", "bounced", "complained") or not number:
            raise BadReport(
                "Expected {message_id, event: delivered | bounced | complained, is_permanent}."
            )
        detail = str(one.get("detail", ""))[:200]
        if event == "delivered":
            found.append(Report(number, "delivered", detail))
        elif event == "complained":
            found.append(Report(number, "bounced", detail, "complained"))
        else:
            found.append(Report(number, "bounced", detail, "bounced" if permanent is True else ""))
    return found


def of_aliyun(said: object) -> list[Report]:
    """SmsReport: a list with `biz_id`, `success`, `err_code`. Raises BadReport."""
    return [
        _sms(str(one.get("biz_id", "")), one.get("success") is True, one, _ALIYUN_STOPS)
        for one in _objects(said)
    ]


def of_tencent(said: object) -> list[Report]:
    """The status call-back: a list with `sid`, `report_status`, `errmsg`. Raises BadReport."""
    return [
        _sms(
            str(one.get("sid", "")),
            one.get("report_status") == "SUCCESS",
            {"err_code": one.get("errmsg", "")},
            _TENCENT_STOPS,
        )
        for one in _objects(said)
    ]


def of_twilio(form: Mapping[str, str], *, url: str, signature: str) -> list[Report]:
    """A status call-back's form; only its last states say something. Raises NotSigned."""
    provider = settings.SMS_PROVIDER
    secret = provider.secret if provider is not None and provider.name == "twilio" else ""
    if not secret or not _is_same(twilio_signature(secret, url, form), signature):
        raise NotSigned("X-Twilio-Signature: does not fit this address and form.")
    number, status = form.get("MessageSid", ""), form.get("MessageStatus", "")
    code = form.get("ErrorCode", "")
    if status == "delivered":
        return [Report(number, "delivered")]
    if status not in ("failed", "undelivered"):
        return []
    reason: Literal["", "bounced", "opted_out"] = "bounced" if code in _TWILIO_STOPS else ""
    if code == _TWILIO_OPTED_OUT:
        reason = "opted_out"
    return [Report(number, "bounced", f"{status}, code {code}", reason)]


def twilio_signature(secret: str, url: str, form: Mapping[str, str]) -> str:
    """HMAC-SHA1 of the address and the form's fields by name, in Base64."""
    text = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    return b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()


def is_from_wechat(query: Mapping[str, str]) -> bool:
    """Whether a call's `signature` fits its `timestamp` and `nonce` and the account's token."""
    provider = settings.WECHAT_PROVIDER
    secret = provider.options.get("token", "") if provider is not None else ""
    parts = sorted((secret, query.get("timestamp", ""), query.get("nonce", "")))
    wanted = hashlib.sha1("".join(parts).encode()).hexdigest()
    return bool(secret) and _is_same(wanted, query.get("signature", ""))


def of_wechat(fields: Mapping[str, str]) -> list[Report]:
    """The fields of an event message; of other events nothing. `TEMPLATESENDJOBFINISH` tells how
    a template message ended."""
    if fields.get("Event") != "TEMPLATESENDJOBFINISH":
        return []
    number, status = fields.get("MsgID", ""), fields.get("Status", "")
    if status == "success":
        return [Report(number, "delivered")]
    is_blocked = status == "failed:user block"
    return [Report(number, "bounced", status[:200], "opted_out" if is_blocked else "")]


def _is_same(wanted: str, given: str) -> bool:
    """In a time that tells nothing; what was given may hold any character."""
    return hmac.compare_digest(wanted.encode(), given.encode("utf-8", "surrogatepass"))


def _objects(said: object) -> Sequence[Mapping[str, Any]]:
    found: list[Any] = said if isinstance(said, list) else [said]
    if not found or not all(isinstance(one, dict) for one in found):
        raise BadReport("Expected a JSON object or a list of them.")
    return found


def _sms(number: str, is_delivered: bool, one: Mapping[str, Any], stops: Sequence[str]) -> Report:
    if not number:
        raise BadReport("A report names no message.")
    if is_delivered:
        return Report(number, "delivered")
    code = str(one.get("err_code", ""))[:200]
    return Report(number, "bounced", code, "bounced" if code in stops else "")


def _take(provider: str, report: Report, now: datetime) -> bool:
    names = ("smtp", "files") if provider == "email" else (provider,)
    with one_transaction():
        row = (
            Notice.objects.select_for_update()
            .filter(provider__in=names, provider_id=report.provider_id)
            .exclude(provider_id="")
            .first()
        )
        if row is None:
            return False
        if report.reason and row.token:
            StoppedContact.objects.get_or_create(
                token=row.token,
                channel=row.channel,
                defaults={"reason": report.reason, "at": now},
            )
        # A complaint comes after delivery; a late "delivered" undoes no bounce.
        if report.result == "bounced" or row.status == Notice.Status.SENT:
            row.status = report.result
            row.reason, row.answer = report.reason, report.answer
            row.save(update_fields=["status", "reason", "answer"])
        counters.notified(row.channel, report.result)
        log.info("notice_reported", notice=row.pk, channel=row.channel, result=report.result)
    return True
