"""aliyun: text messages by Alibaba Cloud's SendSms (2017-05-25), signed ACS3-HMAC-SHA256.

It sends approved texts alone: the template names the approved one (`SMS_…`) and fills its
variables. It does not tell a repetition; our key goes with the message as `OutId`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit
from uuid import uuid4

import msgspec

from banyan.growth.journeys.channels.numbers import domestic
from banyan.growth.journeys.channels.wire import Trouble, request
from banyan.growth.journeys.letter import Letter, Outcome, short
from banyan.growth.journeys.providers import Provider
from banyan.kernel.sealing import token

ACTION, VERSION = "SendSms", "2017-05-25"
ALGORITHM = "ACS3-HMAC-SHA256"
_STOPS = ("isv.MOBILE_NUMBER_ILLEGAL", "isv.BLACK_KEY_CONTROL_LIMIT_PHONE")
_BUSY = ("isv.BUSINESS_LIMIT_CONTROL", "isv.DAY_LIMIT_CONTROL", "isv.MONTH_LIMIT_CONTROL")
_LATER = ("isp.", "Throttling", "ServiceUnavailable", "InternalError", "isv.AMOUNT_NOT_ENOUGH")
_BUSY_S = 3_600.0


def send(to: Provider, letter: Letter) -> Outcome:
    """Send one text message."""
    if not letter.provider_template:
        return Outcome("failed", "the template names no approved text (provider_template)")
    query = {
        "PhoneNumbers": domestic(letter.to, to.options["country"]),
        "SignName": to.options["sign"],
        "TemplateCode": letter.provider_template,
        "TemplateParam": msgspec.json.encode(letter.fields).decode(),
        "OutId": token(letter.key, purpose="notice"),
    }
    headers = signed(
        to,
        action=ACTION,
        version=VERSION,
        query=query,
        at=datetime.now(UTC),
        nonce=uuid4().hex,
    )
    try:
        _, said = request("POST", f"{to.base}/?{_canonical(query)}", headers=headers)
    except Trouble as trouble:
        return trouble.outcome
    return _outcome(said)


def signed(
    to: Provider,
    *,
    action: str,
    version: str,
    query: Mapping[str, str],
    at: datetime,
    nonce: str,
    body: bytes = b"",
) -> dict[str, str]:
    """The headers of a POST to `/` with that query, with the signature."""
    digest = hashlib.sha256(body).hexdigest()
    headers = {
        "host": urlsplit(to.base).netloc,
        "x-acs-action": action,
        "x-acs-content-sha256": digest,
        "x-acs-date": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    whole = "\n".join(["POST", "/", _canonical(query), lines, names, digest])
    told = f"{ALGORITHM}\n{hashlib.sha256(whole.encode()).hexdigest()}"
    signature = hmac.new(to.secret.encode(), told.encode(), hashlib.sha256).hexdigest()
    headers["Authorization"] = (
        f"{ALGORITHM} Credential={to.user},SignedHeaders={names},Signature={signature}"
    )
    return headers


def _canonical(query: Mapping[str, str]) -> str:
    return "&".join(
        f"{quote(name, safe='-_.~')}={quote(query[name], safe='-_.~')}" for name in sorted(query)
    )


def _outcome(said: Mapping[str, object]) -> Outcome:
    code = str(said.get("Code", ""))
    if code == "OK":
        return Outcome("sent", "", provider_id=str(said.get("BizId", "")))
    if code in _STOPS:
        return Outcome("stopped", short(code))
    if code in _BUSY:
        return Outcome("later", short(code), retry_after_s=_BUSY_S)
    if not code or code.startswith(_LATER):
        return Outcome("later", short(code or "an answer without a code"))
    return Outcome("failed", short(code))
