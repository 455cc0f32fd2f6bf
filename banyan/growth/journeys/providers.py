"""providers: who carries messages, each named by one address in a setting.

    smtp+tls://USER:PASSWORD@HOST:587      smtp+ssl://…:465      smtp://HOST:25      file:///FOLDER
    aliyun://KEY_ID:KEY_SECRET@dysmsapi.aliyuncs.com?sign=SIGNATURE
    tencent://SECRET_ID:SECRET_KEY@sms.tencentcloudapi.com?app=1400006666&sign=SIGNATURE&region=ap-guangzhou
    twilio://ACCOUNT_SID:AUTH_TOKEN@api.twilio.com?from=%2B15550100
    wechat://APP_ID:APP_SECRET@api.weixin.qq.com?token=TOKEN

User and password are percent-encoded. `NAME+http://` speaks plain HTTP, for a provider's stand-in
on this machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from banyan.kernel.errors import Problem

ProviderName = Literal["smtp", "files", "aliyun", "tencent", "twilio", "wechat"]

_EMAIL = ("smtp", "smtp+tls", "smtp+ssl", "file")
_NEEDS: Mapping[str, tuple[str, ...]] = {
    "aliyun": ("sign",),
    "tencent": ("app", "sign"),
    "twilio": ("from",),
    "wechat": (),
}
_MAY: Mapping[str, tuple[str, ...]] = {
    "aliyun": ("sign", "country"),
    "tencent": ("app", "sign", "region", "country"),
    "twilio": ("from", "country"),
    "wechat": ("token", "kind"),
}
_COUNTRY = {"aliyun": "86", "tencent": "86", "twilio": "1"}
SMS = ("aliyun", "tencent", "twilio")
WECHAT = ("wechat",)


class BadProvider(Problem):
    """An address of a provider that cannot be used."""


@dataclass(frozen=True)
class Provider:
    """A provider and how to speak to it; secrets are left out of its `repr`."""

    name: str
    base: str
    """`https://HOST`, of a mail server `HOST`, of a folder its path."""
    user: str = ""
    secret: str = field(default="", repr=False)
    port: int = 0
    is_tls: bool = False
    """Of a mail server: STARTTLS."""
    is_ssl: bool = False
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


def mail_provider(url: str) -> Provider | None:
    """Of an e-mail setting; None for an empty one. Raises BadProvider."""
    if not url:
        return None
    scheme, _, _ = url.partition("://")
    if scheme not in _EMAIL:
        raise BadProvider(
            f"expected smtp+tls://USER:PASSWORD@HOST:587 (or smtp+ssl, smtp, file), not {scheme}:…"
        )
    parts = urlsplit(url)
    if scheme == "file":
        if not parts.path.startswith("/") or parts.netloc:
            raise BadProvider("expected file:///FOLDER with the whole path of a folder")
        return Provider("files", unquote(parts.path))
    port = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}[scheme]
    return Provider(
        name="smtp",
        base=_host(url),
        user=unquote(parts.username or ""),
        secret=unquote(parts.password or ""),
        port=_port(url) or port,
        is_tls=scheme == "smtp+tls",
        is_ssl=scheme == "smtp+ssl",
    )


def http_provider(url: str, known: tuple[str, ...]) -> Provider | None:
    """Of a setting for messages over HTTP; None for an empty one. Raises BadProvider."""
    if not url:
        return None
    scheme, _, _ = url.partition("://")
    name, _, plain = scheme.partition("+")
    if name not in known or plain not in ("", "http"):
        raise BadProvider(f"expected {' or '.join(known)}://ID:SECRET@HOST?…, found {scheme}:…")
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    for wanted in _NEEDS[name]:
        if not options.get(wanted):
            raise BadProvider(f"{name}: `{wanted}` is missing behind the question mark")
    for given in options:
        if given not in _MAY[name]:
            raise BadProvider(f"{name}: `{given}` is not known; known are {', '.join(_MAY[name])}")
    if not parts.username or not parts.password:
        raise BadProvider(f"{name}: expected ID:SECRET@HOST; one of both is missing")
    port = _port(url)
    host = _host(url) + (f":{port}" if port else "")
    return Provider(
        name=name,
        base=f"{'http' if plain else 'https'}://{host}",
        user=unquote(parts.username),
        secret=unquote(parts.password),
        options={"country": _COUNTRY.get(name, "")} | options,
    )


def _host(url: str) -> str:
    host = urlsplit(url).hostname
    if not host:
        raise BadProvider("the host is missing")
    return host


def _port(url: str) -> int:
    try:
        return urlsplit(url).port or 0
    except ValueError:
        raise BadProvider("the port is no number from 1 to 65535") from None
