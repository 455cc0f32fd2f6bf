"""templates: the texts of notices: which hold, other ones, how they look, a message as a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from ninja import Router
from pydantic import Field

from banyan.doors.api.gate import ApiRequest
from banyan.doors.api.operations import operation
from banyan.doors.api.problems import Fault, Trouble
from banyan.doors.api.shapes import Body, Shape, Time
from banyan.growth.journeys import acts, templates, texts
from banyan.growth.journeys.kinds import kind as known_kind
from banyan.growth.journeys.templates import TemplateRow
from banyan.trust.audit.acts import record

router = Router(tags=["Templates"])

TextChannel = Literal["site", "email", "sms", "wechat"]
Lang = Literal["en", "zh-hans"]
Words = Annotated[str, Field(min_length=1, max_length=texts.LONGEST)]
Title = Annotated[str, Field(max_length=200)]
Fields = Annotated[dict[str, str], Field(max_length=templates.MOST_FIELDS)]


class Template(Shape):
    """A text in one version; version 0 is the shipped one."""

    kind: str
    channel: TextChannel
    language: Lang
    version: int
    title: str = Field(description="Of e-mails and in the inbox")
    text: str
    provider_template: str = Field(
        description="Its number at a provider that sends approved texts alone"
    )
    fields: dict[str, str] = Field(
        description="The provider's variables, in its order, and what stands in them"
    )
    variables: list[str] = Field(description="What the texts may name in braces")
    is_shipped: bool
    created_at: Time | None
    created_by: str


class Templates(Shape):
    """Texts; not paged, since there are not many."""

    data: list[Template]


class NewTemplate(Body):
    """Another text. `{variable}` is filled in; `[…]` falls away if a variable in it is empty."""

    title: Title = ""
    text: Words
    provider_template: str = Field(default="", max_length=200)
    fields: Fields = Field(default_factory=dict)


class Back(Body):
    """Which version holds again; 0 is the shipped one."""

    version: int = Field(ge=0, le=2**31 - 1)


class Draft(Body):
    """A text that is not saved, to see it; what is left out is as it holds now."""

    title: Title | None = None
    text: Words | None = None
    fields: Fields | None = None
    values: dict[str, str] = Field(
        default_factory=dict, max_length=50, description="In place of the sample values"
    )


class Preview(Shape):
    """A text filled in."""

    title: str
    text: str
    fields: dict[str, str]


class Recipient(Body):
    """Who gets the test: an e-mail address, a phone number or an openid."""

    to: str = Field(min_length=1, max_length=254)


class Sent(Shape):
    """The notice that was made; `GET /v1/notices/{number}` says what became of it."""

    number: int


EXAMPLE: dict[str, object] = {
    "kind": "friend_joined",
    "channel": "sms",
    "language": "en",
    "version": 0,
    "title": "",
    "text": "{greeting} your friend[ {friend}] has joined[; {missing}].",
    "provider_template": "",
    "fields": {},
    "variables": ["greeting", "name", "company", "friend", "missing"],
    "is_shipped": True,
    "created_at": None,
    "created_by": "",
}
SAVED = EXAMPLE | {
    "version": 1,
    "provider_template": "SMS_154950909",
    "fields": {"name": "{friend}"},
    "is_shipped": False,
    "created_at": "2026-01-31T08:00:00Z",
    "created_by": "key:1",
}
_ONE = "/templates/{kind}/{channel}/{language}"


@operation(
    router,
    "GET",
    "/templates",
    scope="templates:read",
    summary="List the texts of notices",
    reply=Templates,
    example={"data": [EXAMPLE]},
)
def list_templates(
    request: ApiRequest,
    kind: str | None = None,
    channel: TextChannel | None = None,
    language: Lang | None = None,
) -> dict[str, Any]:
    """Those that hold now."""
    asked = {"kind": kind, "channel": channel, "language": language}
    wanted = {name: value for name, value in asked.items() if value is not None}
    rows = [
        row
        for row in templates.templates()
        if all(getattr(row, name) == value for name, value in wanted.items())
    ]
    return {"data": [_shown(row) for row in rows]}


@operation(
    router,
    "GET",
    f"{_ONE}/versions",
    scope="templates:read",
    summary="List the versions of a text",
    reply=Templates,
    example={"data": [SAVED, EXAMPLE]},
)
def list_template_versions(
    request: ApiRequest, kind: str, channel: TextChannel, language: Lang
) -> dict[str, Any]:
    """The newest first, the shipped one last."""
    return {"data": [_shown(row) for row in templates.versions(kind, channel, language)]}


@operation(
    router,
    "GET",
    _ONE,
    scope="templates:read",
    summary="Read a text",
    reply=Template,
    example=EXAMPLE,
)
def get_template(
    request: ApiRequest, kind: str, channel: TextChannel, language: Lang
) -> dict[str, Any]:
    """The one that holds now."""
    return _shown(templates.template(kind, channel, language))


@operation(
    router,
    "PUT",
    _ONE,
    scope="templates:write",
    summary="Write another text",
    reply=Template,
    example=SAVED,
    sends={
        "text": "{greeting} your friend[ {friend}] has joined.",
        "provider_template": "SMS_154950909",
        "fields": {"name": "{friend}"},
    },
    errors=["template_refused"],
)
def save_template(
    request: ApiRequest, kind: str, channel: TextChannel, language: Lang, body: NewTemplate
) -> dict[str, Any]:
    """It holds from now on, also for what waits to be sent; older versions are kept."""
    row = templates.save(
        request.call.actor,
        kind,
        channel,
        language,
        title=body.title,
        text=body.text,
        provider_template=body.provider_template,
        fields=body.fields,
        now=request.call.now,
    )
    return _recorded(request, row, "template.saved", {"version": row.version})


@operation(
    router,
    "POST",
    f"{_ONE}/revert",
    scope="templates:write",
    summary="Let an older text hold again",
    reply=Template,
    example=SAVED | {"version": 2},
    sends={"version": 0},
    errors=["template_refused"],
)
def revert_template(
    request: ApiRequest, kind: str, channel: TextChannel, language: Lang, body: Back
) -> dict[str, Any]:
    """As a new version with the same words."""
    old = templates.version(kind, channel, language, body.version)
    row = templates.save(
        request.call.actor,
        kind,
        channel,
        language,
        title=old.title,
        text=old.text,
        provider_template=old.provider_template,
        fields=old.fields,
        now=request.call.now,
    )
    told = {"version": row.version, "of": old.version}
    return _recorded(request, row, "template.reverted", told)


@operation(
    router,
    "POST",
    f"{_ONE}/preview",
    scope="templates:read",
    summary="See a text filled in",
    reply=Preview,
    example={"title": "", "text": "Hello Mary, your friend J*** D*** has joined.", "fields": {}},
    sends={"text": "{greeting} your friend[ {friend}] has joined."},
    errors=["template_refused"],
)
def preview_template(
    request: ApiRequest, kind: str, channel: TextChannel, language: Lang, body: Draft
) -> dict[str, Any]:
    """With sample values, or yours. Nothing is saved or sent."""
    found = templates.template(kind, channel, language)
    title = found.title if body.title is None else body.title
    text = found.text if body.text is None else body.text
    fields = found.fields if body.fields is None else body.fields
    known = known_kind(kind)
    templates.check(known, channel, title=title, text=text, fields=fields)
    values = templates.sample(known, channel, language)
    for name in body.values:
        if name not in values:
            detail = f"is no variable of this text; it has {', '.join(values)}"
            raise Trouble("invalid", f"values: {name} {detail}", faults=[Fault("/values", detail)])
    values |= body.values
    return {
        "title": texts.filled(title, values, language),
        "text": texts.filled(text, values, language),
        "fields": {name: texts.filled(one, values, language) for name, one in fields.items()},
    }


@operation(
    router,
    "POST",
    f"{_ONE}/test",
    scope="templates:write",
    summary="Send a text as a test",
    reply=Sent,
    example={"number": 31},
    sends={"to": "mary@example.com"},
    errors=["not_a_contact", "invalid"],
)
def test_template(
    request: ApiRequest, kind: str, channel: TextChannel, language: Lang, body: Recipient
) -> dict[str, Any]:
    """With sample values, whatever caps and quiet hours say."""
    if channel == "site":
        detail = "the inbox is not sent; see its text by /preview"
        raise Trouble("invalid", f"channel: {detail}", faults=[Fault("/channel", detail, "path")])
    number = acts.send_sample(
        kind,
        channel=channel,
        to=body.to,
        lang=language,
        key=request.call.message_id,
        now=request.call.now,
    )
    record(
        request.call.actor,
        "template.tested",
        f"template:{kind}/{channel}/{language}",
        now=request.call.now,
        after={"notice": number},
    )
    return {"number": number}


def _recorded(
    request: ApiRequest, row: TemplateRow, verb: str, told: Mapping[str, object]
) -> dict[str, Any]:
    about = f"template:{row.kind}/{row.channel}/{row.language}"
    record(request.call.actor, verb, about, now=request.call.now, after=told)
    return _shown(row)


def _shown(row: TemplateRow) -> dict[str, Any]:
    variables = templates.variables_of(known_kind(row.kind), row.channel)
    return {
        "kind": row.kind,
        "channel": row.channel,
        "language": row.language,
        "version": row.version,
        "title": row.title,
        "text": row.text,
        "provider_template": row.provider_template,
        "fields": dict(row.fields),
        "variables": list(variables),
        "is_shipped": row.is_shipped,
        "created_at": row.created_at,
        "created_by": row.created_by,
    }
