"""tencent: text messages by Tencent Cloud's SendSms (2021-01-11), signed TC3-HMAC-SHA256.

It sends approved texts alone: the template names the approved one by its number, and its fields
fill the variables in their order. It does not tell a repetition; our key goes along as
`SessionContext`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

import msgspec

from banyan.growth.journeys.channels.numbers import international
from banyan.growth.journeys.channels.wire import Trouble, request
from banyan.growth.journeys.letter import Letter, Outcome, short
from banyan.growth.journeys.providers import Provider
from banyan.kernel.sealing import token

ACTION, VERSION, SERVICE = "SendSms", "2021-01-11", "sms"
ALGORITHM = "TC3-HMAC-SHA256"
CONTENT_TYPE = "application/json; charset=utf-8"
DEFAULT_REGION = "ap-guangzhou"
_STOPS = (
    "InvalidParameterValue.IncorrectPhoneNumber",
    "FailedOperation.PhoneNumberInBlacklist",
    "FailedOperation.PhoneNumberOnBlacklist",
)
_BUSY = "LimitExceeded."
_LATER = (
    "InternalError",
    "RequestLimitExceeded",
    "FailedOperation.InsufficientBalanceInSmsPackage",
)
_BUSY_S = 3_600.0


def send(to: Provider, letter: Letter) -> Outcome:
    """Send one text message."""
    if not letter.provider_template:
        return Outcome("failed", "the template names no approved text (provider_template)")
    said = {
        "PhoneNumberSet": [international(letter.to, to.options["country"])],
        "SmsSdkAppId": to.options["app"],
        "SignName": to.options["sign"],
        "TemplateId": letter.provider_template,
        "TemplateParamSet": list(letter.fields.values()),
        "SessionContext": token(letter.key, purpose="notice"),
    }
    body = msgspec.json.encode(said)
    headers = signed(
        to, action=ACTION, version=VERSION, service=SERVICE, body=body, at=datetime.now(UTC)
    )
    try:
        _, answer = request("POST", f"{to.base}/", headers=headers, content=body)
    except Trouble as trouble:
        return trouble.outcome
    return _outcome(answer)


def signed(
    to: Provider, *, action: str, version: str, service: str, body: bytes, at: datetime
) -> dict[str, str]:
    """The headers of a POST with that body, with the signature."""
    host = urlsplit(to.base).netloc
    seconds, day = str(int(at.timestamp())), at.strftime("%Y-%m-%d")
    names = "content-type;host;x-tc-action"
    lines = f"content-type:{CONTENT_TYPE}\nhost:{host}\nx-tc-action:{action.lower()}\n"
    whole = "\n".join(["POST", "/", "", lines, names, hashlib.sha256(body).hexdigest()])
    scope = f"{day}/{service}/tc3_request"
    told = "\n".join([ALGORITHM, seconds, scope, hashlib.sha256(whole.encode()).hexdigest()])
    signature = hmac.new(
        signing_key(to.secret, day, service), told.encode(), hashlib.sha256
    ).hexdigest()
    return {
        "Authorization": f"{ALGORITHM} Credential={to.user}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}",
        "Content-Type": CONTENT_TYPE,
        "Host": host,
        "X-TC-Action": action,
        "X-TC-Version": version,
        "X-TC-Timestamp": seconds,
        "X-TC-Region": to.options.get("region", DEFAULT_REGION),
    }


def signing_key(secret: str, day: str, service: str) -> bytes:
    """The key of one day and service."""
    key = f"TC3{secret}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _outcome(answer: Mapping[str, object]) -> Outcome:
    match answer.get("Response"):
        case {"Error": {"Code": str(code)}}:
            return _refused(code)
        case {"SendStatusSet": [{"Code": "Ok", "SerialNo": str(number)}]}:
            return Outcome("sent", "", provider_id=number)
        case {"SendStatusSet": [{"Code": str(code)}]}:
            return _refused(code)
    return Outcome("later", "an answer of another form")


def _refused(code: str) -> Outcome:
    if code in _STOPS:
        return Outcome("stopped", short(code))
    if code.startswith(_LATER):
        return Outcome("later", short(code))
    if code.startswith(_BUSY):
        return Outcome("later", short(code), retry_after_s=_BUSY_S)
    return Outcome("failed", short(code))
