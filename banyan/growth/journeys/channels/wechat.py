"""wechat: template and subscribe messages of a WeChat official account.

The template names one of the account's by its id and fills its fields. Template messages are told
apart by `client_msg_id`, so a repetition is sent once. `?kind=subscribe` in the setting sends
subscribe messages instead, which readers allow one by one.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import msgspec

from banyan.growth.journeys.channels.wire import Trouble, request
from banyan.growth.journeys.letter import Letter, Outcome
from banyan.growth.journeys.providers import Provider
from banyan.kernel.sealing import token

MARGIN_S = 300
"""A token is renewed that long before it ends."""
_BAD_TOKEN = (40001, 40014, 42001)
_NOT_FOLLOWING = (43004, 43101, 43116)
_NO_SUCH_READER = (40003,)
_BUSY = (-1, 45009, 45011, 45047, 50002)
_BUSY_S = 3_600.0


@dataclass(frozen=True)
class _Token:
    text: str
    ends_s: float
    """Of the monotonic clock."""


_lock = threading.Lock()
_tokens: dict[tuple[str, str], _Token] = {}


def send(to: Provider, letter: Letter) -> Outcome:
    """Send one message."""
    if not letter.provider_template:
        return Outcome("failed", "the template names none of the account's (provider_template)")
    try:
        said = _posted(to, letter, _access_token(to))
        if said.get("errcode") in _BAD_TOKEN:
            # Somebody else has made a new one; ours ended before its time.
            said = _posted(to, letter, _access_token(to, is_forced=True))
    except Trouble as trouble:
        return trouble.outcome
    return _outcome(said)


def _posted(to: Provider, letter: Letter, access: str) -> dict[str, object]:
    data = {name: {"value": value} for name, value in letter.fields.items()}
    said: dict[str, object] = {
        "touser": letter.to,
        "template_id": letter.provider_template,
        "data": data,
    }
    if to.options.get("kind") == "subscribe":
        path = "/cgi-bin/message/subscribe/bizsend"
        said["page"] = letter.link
    else:
        path = "/cgi-bin/message/template/send"
        said |= {"url": letter.link, "client_msg_id": token(letter.key, purpose="notice")}
    _, answer = request(
        "POST",
        to.base + path,
        query={"access_token": access},
        content=msgspec.json.encode(said),
        headers={"Content-Type": "application/json"},
    )
    assert isinstance(answer, dict)
    return answer


def _access_token(to: Provider, *, is_forced: bool = False) -> str:
    """The account's token, kept until shortly before it ends; one thread at a time asks for it.

    The stable one: asking again does not end the one that others hold. Raises Trouble.
    """
    name = (to.base, to.user)
    with _lock:
        kept = _tokens.get(name)
        if kept is not None and not is_forced and time.monotonic() < kept.ends_s:
            return kept.text
        asked = {"grant_type": "client_credential", "appid": to.user, "secret": to.secret}
        _, said = request(
            "POST",
            f"{to.base}/cgi-bin/stable_token",
            content=msgspec.json.encode(asked | {"force_refresh": is_forced}),
            headers={"Content-Type": "application/json"},
        )
        text, lasts_s = said.get("access_token"), said.get("expires_in")
        if not isinstance(text, str) or not isinstance(lasts_s, int):
            raise Trouble(Outcome("later", f"no access token (code {said.get('errcode')})"))
        _tokens[name] = _Token(text, time.monotonic() + max(lasts_s - MARGIN_S, 0))
        return text


def _outcome(said: dict[str, object]) -> Outcome:
    code = said.get("errcode")
    answer = f"code {code}"
    if code == 0:
        return Outcome("sent", "", provider_id=str(said.get("msgid", "")))
    if code in _NOT_FOLLOWING:
        return Outcome("stopped", answer, reason="opted_out")
    if code in _NO_SUCH_READER:
        return Outcome("stopped", answer)
    if code in _BUSY:
        return Outcome("later", answer, retry_after_s=None if code == -1 else _BUSY_S)
    if code in _BAD_TOKEN or not isinstance(code, int):
        return Outcome("later", answer)
    return Outcome("failed", answer)
