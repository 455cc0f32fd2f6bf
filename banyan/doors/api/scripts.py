"""scripts: texts that advocates pass on, ready with their link, and what came of each."""

from __future__ import annotations

from typing import Any, Literal

from ninja import Router
from pydantic import Field

from banyan.core.programs import read as programs
from banyan.doors.api.gate import ApiRequest
from banyan.doors.api.operations import operation
from banyan.doors.api.pages import Cursor, Limit, Page, after, page
from banyan.doors.api.problems import Fault, Trouble, missing
from banyan.doors.api.shapes import Body, Shape, Text, Time
from banyan.growth.toolkit import acts, read
from banyan.growth.toolkit.texts import VARIABLES
from banyan.trust.audit.acts import record

router = Router(tags=["Scripts"])

Kind = Literal["benefit", "feeling", "scene"]
Reader = Literal["friend", "advocate"]
Channel = Literal["", "sms", "moments", "wechat", "weibo", "whatsapp", "community", "email", "copy"]
_VARIABLES = ", ".join(f"{{{name}}}" for name in VARIABLES)


class Script(Shape):
    """A text to pass on, as it is in force."""

    id: str
    number: int = Field(description="Of its version; 0 is the text that is shipped")
    program: str = Field(description="Empty: for every program")
    kind: Kind
    scene: str
    channel: str = Field(description="Empty: for every channel")
    reader: Reader = Field(description="To whom it is written")
    texts: dict[str, str] = Field(description="By language")
    is_active: bool
    saved_at: Time | None
    saved_by: str


class SavedScript(Script):
    """A text that was saved."""

    pushing: list[str] = Field(description="Words in it that put pressure on people; none is best")


class NewScript(Body):
    """A text, in one language or both."""

    program: str = Field(default="", max_length=64)
    kind: Kind
    scene: str = Field(default="", max_length=48)
    channel: Channel = ""
    reader: Reader = "friend"
    texts: dict[str, Text] = Field(
        max_length=2,
        description=f"By language (en, zh-hans), with variables: {_VARIABLES}. A part in "
        "[brackets] falls away when a variable in it has no value; outside them the whole "
        "sentence does",
    )
    is_active: bool = True


class Effect(Shape):
    """What came of a text or a channel so far."""

    shares: int = Field(description="As `Referral Shared` events told")
    clicks: int
    sign_ups: int = Field(description="Friends who joined")
    purchases: int = Field(description="Friends of these who bought")


class Sharing(Body):
    """Where a link is to be passed on, and what is known of the two people."""

    channel: Channel
    script: str = Field(default="", max_length=64, description="Empty: the most fitting one")
    proof: str = Field(default="", max_length=64, description="The key of a piece of proof instead")
    values: dict[Literal["advocate", "friend", "used_function"], str] = Field(
        default={}, max_length=3
    )


class Ready(Shape):
    """A text to pass on, with the link in it."""

    text: str
    url: str
    script: str


EXAMPLE: dict[str, object] = {
    "id": "chat-benefit",
    "number": 1,
    "program": "",
    "kind": "benefit",
    "scene": "everyday",
    "channel": "wechat",
    "reader": "friend",
    "texts": {"en": "New friends get a welcome: {offer}. {link}"},
    "is_active": True,
    "saved_at": "2026-01-31T08:00:00Z",
    "saved_by": "key:1",
}
EFFECT = {"shares": 40, "clicks": 25, "sign_ups": 6, "purchases": 4}
URL = "https://refer.example.com/r/7KXM4PQR?c=wechat&s=chat-benefit"


@operation(
    router,
    "GET",
    "/scripts",
    scope="toolkit:read",
    summary="List texts to pass on",
    reply=Page[Script],
    example={"data": [EXAMPLE], "next_cursor": None},
    errors=["bad_cursor"],
)
def list_scripts(
    request: ApiRequest,
    program: str | None = None,
    channel: str | None = None,
    is_active: bool | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """By id, as they are in force. `program` and `channel` ask for those that fit, the general
    ones among them."""
    place = after(cursor, of="scripts", kinds=(str,))
    rows = [
        row
        for row in sorted(read.all_scripts(), key=lambda row: row.id)
        if (place is None or row.id > place[0])
        and (program is None or row.program in ("", program))
        and (channel is None or row.channel in ("", channel))
        and (is_active is None or row.is_active == is_active)
    ]
    return page(rows, limit=limit, of="scripts", place=lambda row: (row.id,))


@operation(
    router,
    "GET",
    "/scripts/{script}",
    scope="toolkit:read",
    summary="Read a text to pass on",
    reply=Script,
    example=EXAMPLE,
)
def get_script(request: ApiRequest, script: str) -> read.Script:
    """As it is in force."""
    return _found(script)


@operation(
    router,
    "PUT",
    "/scripts/{script}",
    scope="toolkit:write",
    summary="Save a text to pass on",
    reply=SavedScript,
    example=EXAMPLE | {"pushing": []},
    sends={
        "kind": "benefit",
        "channel": "wechat",
        "texts": {"en": "New friends get a welcome: {offer}. {link}"},
    },
    errors=["not_found", "wrong_status"],
)
def save_script(request: ApiRequest, script: str, body: NewScript) -> dict[str, Any]:
    """A new version, in force at once; one with the id of a shipped text stands in its place. Every
    version is kept."""
    if body.program and programs.program(body.program) is None:
        raise missing(f"Program {body.program!r}")
    call = request.call
    saved = acts.save_script(
        call.actor,
        script,
        program=body.program,
        kind=body.kind,
        scene=body.scene,
        channel=body.channel,
        reader=body.reader,
        texts=body.texts,
        is_active=body.is_active,
        now=call.now,
    )
    told = {"version": saved.script.number, "is_active": saved.script.is_active}
    record(call.actor, "script.save", f"script:{script}", now=call.now, after=told)
    return {**vars(saved.script), "pushing": list(saved.pushing)}


@operation(
    router,
    "GET",
    "/scripts/{script}/versions",
    scope="toolkit:read",
    summary="List the versions of a text",
    reply=Page[Script],
    example={"data": [EXAMPLE], "next_cursor": None},
    errors=["bad_cursor"],
)
def list_script_versions(
    request: ApiRequest, script: str, limit: Limit = 50, cursor: Cursor = None
) -> dict[str, Any]:
    """The newest first; the shipped text is number 0."""
    place = after(cursor, of="script_versions", kinds=(int,))
    every = read.history(script)
    if not every:
        raise missing(f"Script {script[:64]!r}")
    rows = [row for row in every if place is None or row.number < place[0]]
    return page(rows, limit=limit, of="script_versions", place=lambda row: (row.number,))


@operation(
    router,
    "GET",
    "/scripts/{script}/effect",
    scope="toolkit:read",
    summary="Read what came of a text",
    reply=Effect,
    example=EFFECT,
)
def get_script_effect(request: ApiRequest, script: str) -> read.Effect:
    """Counted by the script that links tell: shares, clicks, friends who joined and who bought.
    Also of `proof-KEY`, a piece of proof."""
    if not script.startswith("proof-"):
        _found(script)
    return read.effect(script)


@operation(
    router,
    "GET",
    "/channels/{channel}/effect",
    scope="toolkit:read",
    summary="Read what came of a channel",
    reply=Effect,
    example=EFFECT,
)
def get_channel_effect(request: ApiRequest, channel: str) -> read.Effect:
    """Whatever the text: counted by the channel that links tell. Posters tell `moments`, `wechat`,
    `story` and `print`, QR codes `qr`, unless told otherwise."""
    return read.yield_of(channel)


@operation(
    router,
    "POST",
    "/links/{code}/share",
    scope="toolkit:read",
    summary="Get a text ready to pass on",
    reply=Ready,
    example={
        "text": f"New friends get a welcome: 20% off the first order. {URL}",
        "url": URL,
        "script": "chat-benefit",
    },
    sends={"channel": "wechat", "values": {"friend": "Ben"}},
)
def share_link(request: ApiRequest, code: str, body: Sharing) -> read.Ready:
    """In the language asked for, every variable filled in, with a link that tells the channel and
    the script. Nothing is kept of it."""
    link = programs.link_row(code)
    terms = read.terms_of(link.program, now=request.call.now) if link else None
    if link is None or terms is None:
        raise missing(f"Code {code[:64]!r} of a published program")
    if body.proof:
        return read.ready_proof(
            _proof(link.program, body.proof), link.code, body.channel, request.call.lang
        )
    chosen = _found(body.script, pointer="/script") if body.script else None
    values = {str(name): value for name, value in body.values.items()}
    return read.ready(terms, link.code, body.channel, request.call.lang, values, script=chosen)


def _proof(program: str, key: str) -> read.ProofItem:
    for item in read.proof(program):
        if item.key == key:
            return item
    raise _wrong("/proof", f"proof: there is no piece of proof {key!r} for this program")


def _found(script: str, *, pointer: str = "") -> read.Script:
    found = read.script(script)
    if found is not None:
        return found
    if pointer:
        raise _wrong(pointer, f"script: there is no script {script[:64]!r}")
    raise missing(f"Script {script[:64]!r}")


def _wrong(pointer: str, detail: str) -> Trouble:
    return Trouble("invalid", detail, faults=[Fault(pointer, detail)])
