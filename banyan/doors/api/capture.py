"""capture: referrals that come by telephone or at the counter, and what became of contacts given.

The member of staff shows who refers (a contact that is that customer's, or a code read out), the
friend is asked by a message of their own, and nothing enters the log before the friend says yes.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from ninja import Router
from pydantic import Field, model_validator

from banyan.core.people.contacts import Kind
from banyan.core.people.names import speaker
from banyan.core.programs.force import Running, running_one
from banyan.doors.api.customers import Find
from banyan.doors.api.gate import ApiRequest, Call, rehearsed
from banyan.doors.api.operations import operation
from banyan.doors.api.pages import Cursor, Limit, Page, after, page
from banyan.doors.api.problems import Fault, Trouble, missing
from banyan.doors.api.shapes import LARGEST_WHOLE, Body, Id, Shape, Text, Time
from banyan.growth.journeys.acts import send_now
from banyan.growth.leads.contact import LONGEST_NAME, Given, named
from banyan.growth.leads.read import NominationRow, nomination, nominations
from banyan.growth.leads.statements import STAFF_VERSION
from banyan.growth.toolkit.read import title_of
from banyan.pipeline.asking import may_refer
from banyan.pipeline.nominations import Lead, nominate
from banyan.trust.access import signin
from banyan.trust.access.owners import owners
from banyan.trust.audit.acts import record

router = Router(tags=["Referrals"])

PURPOSE = "capture"

State = Literal["waiting", "confirmed", "refused", "declined", "expired"]


class Referrer(Find):
    """Who refers: a contact of theirs, and what shows that it is they.

    Either the user id to which the contact must belong, as the member of staff sees it on the card
    or in the account, or the code that was sent to the contact and is read out.
    """

    user_id: Id | None = None
    code_id: str | None = Field(default=None, min_length=1, max_length=100)
    code: str | None = Field(default=None, min_length=6, max_length=12)

    @model_validator(mode="after")
    def _proof(self) -> Self:
        if (self.code_id is None) != (self.code is None):
            raise ValueError("`code_id` and `code` go together")
        if self.user_id is None and self.code is None:
            raise ValueError("give `user_id`, or `code_id` and `code`")
        return self


class Referred(Find):
    """The friend: one contact, and a name if there is one. Nothing else is taken."""

    name: str = Field(default="", max_length=LONGEST_NAME)


class NewCapture(Body):
    """A referral as it was told to a member of staff."""

    program: Id
    advocate: Referrer
    friend: Referred
    channel: str = Field(pattern=r"^(phone|shop|event:[\w.-]{1,50})$")
    staff: str = Field(min_length=1, max_length=100, description="Who took it, by name or number")
    evidence: Text = Field(min_length=1, description="How the friend's consent was shown")


class Nominated(Shape):
    """A friend's contact that was given, and what became of it."""

    number: int
    program: str
    advocate: str
    shown: str = Field(description="The friend, masked; empty when that was deleted on request")
    state: State
    channel: str = Field(description="form, phone, shop or event:NAME")
    taken_by: str = Field(description="The member of staff; empty when the advocate gave it")
    created_at: Time
    expires_at: Time
    ended_at: Time | None
    friend: str = Field(description="The user id of a friend who confirmed")


class SentCode(Shape):
    """A code that is on its way to the customer."""

    code_id: str
    minutes: int = Field(description="For so long it is good")


EXAMPLE: dict[str, object] = {
    "number": 7,
    "program": "meundies",
    "advocate": "ann",
    "shown": "D***",
    "state": "waiting",
    "channel": "phone",
    "taken_by": "desk 3",
    "created_at": "2026-01-30T12:00:00Z",
    "expires_at": "2026-02-13T12:00:00Z",
    "ended_at": None,
    "friend": "",
}


@operation(
    router,
    "POST",
    "/referrals/capture/code",
    scope="referrals:write",
    summary="Send a code that a customer reads out",
    reply=SentCode,
    example={"code_id": "4f0YxHn1b6Q", "minutes": 10},
    sends={"email": "ann@example.com"},
    errors=["not_a_contact", "no_such_customer", "too_often"],
    waits=True,
)
def send_capture_code(request: ApiRequest, body: Find) -> dict[str, Any]:
    """To a contact of the customer who refers by telephone. A rehearsal sends nothing."""
    call, contact = request.call, _contact(body)
    _customers(contact)
    minutes = int(signin.CODE_GOOD_FOR.total_seconds()) // 60
    if call.is_rehearsal:
        return {"code_id": "", "minutes": minutes}
    asked = signin.ask(
        contact.kind, contact.value, purpose=PURPOSE, address=call.actor, now=call.now
    )
    send_now(
        "sign_in_code",
        channel="email" if contact.kind == "email" else "sms",
        to=contact.value,
        lang=call.lang,
        values={"code": asked.code, "minutes": str(minutes)},
        key=asked.id,
        now=call.now,
    )
    return {"code_id": asked.id, "minutes": minutes}


@operation(
    router,
    "POST",
    "/referrals/capture",
    scope="referrals:write",
    summary="Capture a referral that was told",
    reply=Nominated,
    example=EXAMPLE,
    sends={
        "program": "meundies",
        "advocate": {"email": "ann@example.com", "user_id": "ann"},
        "friend": {"phone": "+8613812341234", "name": "Dan"},
        "channel": "phone",
        "staff": "desk 3",
        "evidence": "Dan was on the line and said yes.",
    },
    errors=[
        "not_found",
        "no_such_customer",
        "identity_not_proven",
        "not_a_contact",
        "not_a_name",
        "wrong_code",
        "code_gone",
        "too_often",
        "wrong_status",
        "advocate_not_eligible",
        "own_contact",
        "referred_before",
        "named_before",
    ],
    waits=True,
)
def capture_referral(request: ApiRequest, body: NewCapture) -> NominationRow:
    """Who refers must be a customer and fulfil what the program asks of advocates; the friend must
    be neither a customer nor named before. The friend gets a message and confirms; unanswered, the
    contact is deleted. `lang` is the language of the message. A rehearsal does not use the code up
    and does not look at it."""
    call = request.call
    running = _running(call, body.program)
    advocate = _advocate(call, body.advocate)
    if not may_refer(advocate, body.program, running.version.number, now=call.now):
        raise Trouble(
            "advocate_not_eligible",
            f"Customer {advocate!r} does not fulfil what {body.program!r} asks of who refers.",
        )
    lead = Lead(
        program=body.program,
        title=title_of(running.terms, call.lang),
        advocate=advocate,
        contact=_contact(body.friend, "/friend"),
        name=named(body.friend.name),
        statement=STAFF_VERSION,
        channel=body.channel,
        language=call.lang,
        taken_by=body.staff,
        evidence=body.evidence,
    )
    with rehearsed(call):
        taken = nominate(lead, now=call.now)
        if taken.link is None:
            raise Trouble(
                "referred_before",
                "This friend is a customer, was named before, or has asked not to be written to.",
            )
        row = nomination(taken.number, now=call.now)
        assert row is not None
        told = {
            "program": body.program,
            "advocate": advocate,
            "channel": body.channel,
            "staff": body.staff,
            "shown_by": "code" if body.advocate.code else "contact",
        }
        record(
            call.actor, "referral.captured", f"nomination:{taken.number}", now=call.now, after=told
        )
    return row


@operation(
    router,
    "GET",
    "/nominations",
    scope="referrals:read",
    summary="List contacts that were given",
    reply=Page[Nominated],
    example={"data": [EXAMPLE], "next_cursor": None},
    errors=["bad_cursor"],
)
def list_nominations(
    request: ApiRequest,
    advocate: str | None = None,
    program: str | None = None,
    state: State | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The newest first; friends are masked."""
    place = after(cursor, of="nominations", kinds=(int,))
    rows = nominations(
        advocate=advocate,
        program=program,
        state=state,
        now=request.call.now,
        before=place[0] if place else None,
        limit=limit + 1,
    )
    return page(rows, limit=limit, of="nominations", place=lambda row: (row.number,))


@operation(
    router,
    "GET",
    "/nominations/{number}",
    scope="referrals:read",
    summary="Read what became of a contact",
    reply=Nominated,
    example=EXAMPLE,
)
def get_nomination(request: ApiRequest, number: int) -> NominationRow:
    """Whether the friend has confirmed."""
    found = nomination(number, now=request.call.now) if 0 < number < LARGEST_WHOLE else None
    if found is None:
        raise missing(f"Nomination {number}")
    return found


def _running(call: Call, slug: str) -> Running:
    running = running_one(slug, call.now)
    if running is None:
        raise missing(f"Program {slug!r}")
    attribution = running.terms.attribution
    if not running.is_open or attribution is None or "invite" not in attribution.prefer:
        raise Trouble(
            "wrong_status", f"Program {slug!r} takes no invitations by contact at present."
        )
    return running


def _advocate(call: Call, given: Referrer) -> str:
    """The customer who refers. Raises Trouble where that is not shown."""
    contact = _contact(given, "/advocate")
    known = {speaker(user_id) for user_id in _customers(contact)}
    if given.code is not None and not call.is_rehearsal:
        proven = signin.check(
            given.code_id or "", given.code, purpose=PURPOSE, address=call.actor, now=call.now
        )
        if (proven.kind, proven.value) != (contact.kind, contact.value):
            raise _not_proven("The code was sent to another contact.")
    if given.user_id is not None:
        wanted = speaker(given.user_id)
        if wanted not in known:
            raise _not_proven("This contact is not that customer's.")
        return wanted
    if len(known) > 1:
        raise _not_proven("Several customers have this contact: name the `user_id` as well.")
    return known.pop()


def _not_proven(detail: str) -> Trouble:
    return Trouble("identity_not_proven", detail)


def _customers(contact: Given) -> set[str]:
    known = set(owners(contact.kind, contact.value))
    if not known:
        raise Trouble(
            "no_such_customer",
            "Nobody with this contact is a customer here, and only customers can refer.",
        )
    return known


def _contact(given: Find, place: str = "") -> Given:
    kind: Kind = "email" if given.email is not None else "phone"
    try:
        found = signin.contact_of(given.email or given.phone or "")
    except signin.NoContact as wrong:
        raise Trouble(
            "not_a_contact", wrong.sentence, faults=[Fault(f"{place}/{kind}", "is none")]
        ) from None
    if found.kind != kind:
        raise Trouble(
            "not_a_contact", f"This is no {kind}.", faults=[Fault(f"{place}/{kind}", "is none")]
        )
    return Given(found.kind, found.value)
