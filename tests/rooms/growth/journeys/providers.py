"""Providers of messages on this machine, that check what is sent as the real ones do.

Each reads the signature off the raw request and reckons it anew, in its own words. `answers` are
given out in turn, then `usual` ones.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx2

from banyan.growth.journeys.channels import wire

SILENCE_S = 1.5
PATIENCE_S = 0.5


@dataclass
class Asked:
    """One request, as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Said:
    """One answer. `status` 0: the line goes dead without one; `is_late`: after our patience."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    is_late: bool = False


class Fake:
    """A provider: what it was asked, and what it is to answer."""

    def __init__(self, reply: Callable[[Fake, Asked], Said]) -> None:
        self.reply = reply
        self.asked: list[Asked] = []
        self.answers: list[Said] = []
        self.port = 0
        self.lock = threading.Lock()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"


@contextmanager
def serving(reply: Callable[[Fake, Asked], Said]) -> Iterator[Fake]:
    """The provider until the end; requests give up after half a second."""
    fake = Fake(reply)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers, self.rfile.read(size))
            with fake.lock:
                fake.asked.append(asked)
                said = fake.answers.pop(0) if fake.answers else fake.reply(fake, asked)
            if said.is_late:
                time.sleep(SILENCE_S)
            if said.status == 0:
                self.close_connection = True
                return
            body = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):  # who asked may have gone
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with impatient():
            yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def impatient() -> Iterator[None]:
    """Requests of ours give up sooner than in life, so that tests need not wait."""
    kept = wire._client
    client = httpx2.Client(timeout=PATIENCE_S, trust_env=False)
    wire._client = lambda: client  # type: ignore[assignment]
    try:
        yield
    finally:
        wire._client = kept
        client.close()


# Alibaba Cloud: https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature

ALIYUN_SECRET = "aliyun secret/+"


def aliyun(fake: Fake, asked: Asked) -> Said:
    """SendSms, as far as we use it."""
    given = asked.headers.get("authorization", "")
    scheme, _, rest = given.partition(" ")
    parts = dict(one.split("=", 1) for one in rest.split(","))
    query = urlsplit(asked.target).query
    names = parts.get("SignedHeaders", "").split(";")
    required = {"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-version"}
    lines = "".join(f"{name}:{asked.headers[name]}\n" for name in names)
    digest = hashlib.sha256(asked.body).hexdigest()
    pairs = sorted(query.split("&"))
    whole = f"{asked.method}\n/\n{'&'.join(pairs)}\n{lines}\n{';'.join(names)}\n{digest}"
    told = "ACS3-HMAC-SHA256\n" + hashlib.sha256(whole.encode()).hexdigest()
    wanted = hmac.new(ALIYUN_SECRET.encode(), told.encode(), hashlib.sha256).hexdigest()
    if scheme != "ACS3-HMAC-SHA256" or parts["Signature"] != wanted or not required <= set(names):
        return Said(400, {"Code": "SignatureDoesNotMatch", "Message": told})
    if asked.headers["x-acs-content-sha256"] != digest:
        return Said(400, {"Code": "SignatureDoesNotMatch"})
    if (asked.headers["x-acs-action"], asked.headers["x-acs-version"]) != ("SendSms", "2017-05-25"):
        return Said(404, {"Code": "InvalidAction.NotFound"})
    if unquote(query) and not asked.query["PhoneNumbers"].isdigit():
        return Said(200, {"Code": "isv.MOBILE_NUMBER_ILLEGAL", "Message": "no number"})
    number = f"{len(fake.asked)}^0"
    return Said(200, {"Code": "OK", "Message": "OK", "BizId": number, "RequestId": "r"})


# Tencent Cloud: https://www.tencentcloud.com/document/product/382/40469

TENCENT_SECRET = "tencent-secret"


def tencent(fake: Fake, asked: Asked) -> Said:
    """SendSms, as far as we use it."""
    scheme, _, rest = asked.headers.get("authorization", "").partition(" ")
    parts = dict(one.strip().split("=", 1) for one in rest.split(","))
    credential = parts["Credential"].split("/")
    names = parts["SignedHeaders"].split(";")
    values = {name: asked.headers[name] for name in names}
    values["x-tc-action"] = values["x-tc-action"].lower()
    lines = "".join(f"{name}:{value}\n" for name, value in values.items())
    digest = hashlib.sha256(asked.body).hexdigest()
    whole = f"{asked.method}\n/\n\n{lines}\n{';'.join(names)}\n{digest}"
    stamp = asked.headers["x-tc-timestamp"]
    day = time.strftime("%Y-%m-%d", time.gmtime(int(stamp)))
    scope = f"{day}/sms/tc3_request"
    hashed = hashlib.sha256(whole.encode()).hexdigest()
    told = f"TC3-HMAC-SHA256\n{stamp}\n{scope}\n{hashed}"
    key = b"TC3" + TENCENT_SECRET.encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    wanted = hmac.new(key, told.encode(), hashlib.sha256).hexdigest()
    is_fresh = abs(time.time() - int(stamp)) < 300
    if scheme != "TC3-HMAC-SHA256" or parts["Signature"] != wanted or not is_fresh:
        return _tencent_error("AuthFailure.SignatureFailure")
    if credential != ["AKIDtest", *scope.split("/")] or "x-tc-action" not in names:
        return _tencent_error("AuthFailure.SecretIdNotFound")
    if asked.headers["x-tc-version"] != "2021-01-11" or asked.headers["x-tc-action"] != "SendSms":
        return _tencent_error("InvalidAction")
    [number] = asked.json["PhoneNumberSet"]
    is_good = number.startswith("+") and number[1:].isdigit()
    code = "Ok" if is_good else "InvalidParameterValue.IncorrectPhoneNumber"
    status = {"SerialNo": f"5000:{len(fake.asked)}" if is_good else "", "PhoneNumber": number}
    status |= {"Fee": 1, "Code": code, "Message": "", "IsoCode": "CN"}
    return Said(200, {"Response": {"SendStatusSet": [status], "RequestId": "r"}})


def _tencent_error(code: str) -> Said:
    return Said(200, {"Response": {"Error": {"Code": code, "Message": "m"}, "RequestId": "r"}})


# Twilio: https://www.twilio.com/docs/messaging/api/message-resource

TWILIO_TOKEN = "twilio-token"


def twilio(fake: Fake, asked: Asked) -> Said:
    """The Messages resource, as far as we use it."""
    wanted = "Basic " + base64.b64encode(f"AC1:{TWILIO_TOKEN}".encode()).decode()
    if asked.headers.get("authorization") != wanted:
        return Said(401, {"code": 20003, "message": "Authenticate", "status": 401})
    if asked.path != "/2010-04-01/Accounts/AC1/Messages.json" or asked.method != "POST":
        return Said(404, {"code": 20404, "message": "not found", "status": 404})
    if not asked.form["To"].startswith("+"):
        return Said(400, {"code": 21211, "message": "Invalid 'To'", "status": 400})
    return Said(201, {"sid": f"SM{len(fake.asked)}", "status": "queued", "error_code": None})


# WeChat: https://developers.weixin.qq.com/doc/service/en/api/notify/template/api_sendtemplatemessage.html

WECHAT_SECRET = "wechat-secret"


class Wechat:
    """An official account: hands out tokens, takes messages with the last one."""

    def __init__(self) -> None:
        self.number = 0
        self.seen: dict[str, int] = {}

    @property
    def token(self) -> str:
        """The one that is good now."""
        return f"token-{self.number}"

    def __call__(self, fake: Fake, asked: Asked) -> Said:
        if asked.path == "/cgi-bin/stable_token":
            said = asked.json
            if (said["appid"], said["secret"]) != ("wx1", WECHAT_SECRET):
                return Said(200, {"errcode": 40125, "errmsg": "invalid appsecret"})
            if said["force_refresh"] or self.number == 0:
                self.number += 1
            return Said(200, {"access_token": self.token, "expires_in": 7200})
        if asked.query.get("access_token") != self.token:
            return Said(200, {"errcode": 42001, "errmsg": "access_token expired"})
        said = asked.json
        if not said["touser"].startswith("o"):
            return Said(200, {"errcode": 40003, "errmsg": "invalid openid"})
        if asked.path == "/cgi-bin/message/subscribe/bizsend":
            return Said(200, {"errcode": 0, "errmsg": "ok"})
        assert asked.path == "/cgi-bin/message/template/send"
        number = self.seen.setdefault(said["client_msg_id"], 1000 + len(self.seen))
        return Said(200, {"errcode": 0, "errmsg": "ok", "msgid": number})
