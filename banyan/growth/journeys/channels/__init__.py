"""channels: the ways outside, each by one thin sender."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.conf import settings

from banyan.growth.journeys.channels import aliyun, mail, tencent, twilio, wechat
from banyan.growth.journeys.kinds import Channel
from banyan.growth.journeys.letter import Letter, Outcome
from banyan.growth.journeys.providers import Provider

_SENDERS: Mapping[str, Callable[[Provider, Letter], Outcome]] = {
    "aliyun": aliyun.send,
    "tencent": tencent.send,
    "twilio": twilio.send,
    "wechat": wechat.send,
}


def configured() -> dict[Channel, str]:
    """The channels that are set up, and by which provider. E-mail always is: without a mail server
    messages are kept as files."""
    found: dict[Channel, str] = {"email": mail.provider().name}
    if settings.SMS_PROVIDER is not None:
        found["sms"] = settings.SMS_PROVIDER.name
    if settings.WECHAT_PROVIDER is not None:
        found["wechat"] = settings.WECHAT_PROVIDER.name
    return found


def send(letter: Letter) -> Outcome:
    """Hand a message to the provider of its channel; whatever goes wrong there is an outcome."""
    if letter.channel == "email":
        return mail.send(mail.provider(), letter)
    provider = settings.SMS_PROVIDER if letter.channel == "sms" else settings.WECHAT_PROVIDER
    if provider is None:  # taken out of the settings since it was planned
        return Outcome("failed", f"{letter.channel} is not set up")
    return _SENDERS[provider.name](provider, letter)
