"""presenting: how a program shows itself, and where: offer, questions, brand, proof, calls."""

from __future__ import annotations

from typing import Any, Literal

from ninja import Router
from pydantic import Field

from banyan.core.programs import read as programs
from banyan.doors.api.gate import ApiRequest
from banyan.doors.api.operations import operation
from banyan.doors.api.problems import missing
from banyan.doors.api.shapes import Body, Shape, Text
from banyan.engine.language.program import Program
from banyan.growth.toolkit import acts, calls, read
from banyan.growth.toolkit.calls import MOST_TAGS, Place
from banyan.trust.audit.acts import record

router = Router(tags=["Presentation"])

Languages = Literal["en", "zh-hans"]
Order = Field(default=0, ge=-1000, le=1000, description="The lowest comes first")


class Reassurance(Shape):
    """One line of reassurance."""

    kind: Literal["privacy", "voluntary", "success"]
    text: str


class Offer(Shape):
    """A program in few words, made from the terms that decide."""

    program: str
    lang: Languages
    title: str
    advocate: list[str] = Field(description="What the advocate gets, a line each")
    friend: list[str] = Field(description="What the friend gets; may be empty")
    good_fit: str = Field(description="Whom the program suits")
    reassurance: list[Reassurance]


class Answered(Shape):
    """A question and its answer."""

    key: str
    question: str
    answer: str
    is_written: bool = Field(description="By an operator; else it follows from the terms")


class Questions(Shape):
    """A program's questions in their order."""

    data: list[Answered]


class NewQuestion(Body):
    """A question and its answer by language (en, zh-hans). Under the key of a shipped one the texts
    given stand in its place."""

    questions: dict[str, Text] = Field(default={}, max_length=2)
    answers: dict[str, Text] = Field(default={}, max_length=2)
    place: int = Field(default=0, ge=-1000, le=1000, description="Below 0: before shipped ones")
    is_shown: bool = True


class Presentation(Shape):
    """How a program shows itself; what is empty is the installation's."""

    brand: str
    colour: str = Field(description="#rrggbb")
    highlights: dict[str, list[str]] = Field(description="By language, at most three lines")
    names: dict[str, dict[str, str]] = Field(
        description="By language, what people call what a program gives (`coupon:20-percent-off`)"
    )
    good_fit: dict[str, str] = Field(description="By language, whom it suits")


class NewPresentation(Body):
    """All of it; what is left out is emptied."""

    brand: str = Field(default="", max_length=40)
    colour: str = Field(default="", max_length=7)
    highlights: dict[str, list[str]] = Field(default={}, max_length=2)
    names: dict[str, dict[str, str]] = Field(default={}, max_length=2)
    good_fit: dict[str, Text] = Field(default={}, max_length=2)


class Proof(Shape):
    """Something that speaks for a program."""

    program: str = Field(description="Empty: for every program")
    key: str
    kind: Literal["case", "testimonial", "ebook", "video", "article"]
    titles: dict[str, str] = Field(description="By language")
    url: str
    place: int


class Proofs(Shape):
    """A program's proof in its order, what serves every program among it."""

    data: list[Proof]


class NewProof(Body):
    """What it is and where it stands."""

    kind: Literal["case", "testimonial", "ebook", "video", "article"]
    titles: dict[str, str] = Field(max_length=2)
    url: str = Field(max_length=1000, description="https:// alone")
    place: int = Order


class Call(Shape):
    """Where customers are called to take part in a program now."""

    place: Place
    tags: list[str] = Field(description="Of customers who are called, where the place is `tagged`")


class NewCall(Body):
    """All of it; tags hold for the place `tagged` alone."""

    place: Place
    tags: list[str] = Field(
        default=[], max_length=MOST_TAGS, description="By which customers of a place are known"
    )


class Removed(Shape):
    """Whether there was something to take away."""

    is_removed: bool


OFFER: dict[str, object] = {
    "program": "meundies",
    "lang": "en",
    "title": "Give 20%, get $20",
    "advocate": ["$20 in credit for each friend, after the first order"],
    "friend": ["20% off the first order after joining"],
    "good_fit": "Somebody who looks for comfortable things to wear every day.",
    "reassurance": [{"kind": "voluntary", "text": "Referring is entirely voluntary. …"}],
}
QUESTION: dict[str, object] = {
    "key": "when",
    "question": "When do I get my reward?",
    "answer": "A reward is recorded as soon as what it is given for has happened. …",
    "is_written": False,
}
PRESENTATION: dict[str, object] = {
    "brand": "Green Leaf",
    "colour": "#0b7a52",
    "highlights": {"en": ["Fresh every day", "Return what you do not like"]},
    "names": {"en": {"coupon:20-percent-off-first-order": "20% off the first order"}},
    "good_fit": {"en": "Somebody who cooks at home and likes it fresh."},
}
PROOF: dict[str, object] = {
    "program": "meundies",
    "key": "year-one",
    "kind": "case",
    "titles": {"en": "A year with us"},
    "url": "https://shop.example.com/stories/year-one",
    "place": 0,
}
CALL: dict[str, object] = {"place": "tagged", "tags": ["shanghai", "hangzhou"]}
NEW_PROOF = {name: PROOF[name] for name in ("kind", "titles", "url")}


@operation(
    router,
    "GET",
    "/programs/{slug}/offer",
    scope="rules:read",
    summary="Read what a program offers",
    reply=Offer,
    example=OFFER,
)
def get_offer(request: ApiRequest, slug: str) -> dict[str, Any]:
    """In short lines for posters and pages of your own; the rules page says the rest. Numbers in
    the reassurance are counted."""
    lang, terms = request.call.lang, _terms(request, slug)
    offer = read.offer_of(terms, lang)
    return {
        "program": slug,
        "lang": lang,
        "title": read.title_of(terms, lang),
        "advocate": list(offer.advocate_lines),
        "friend": list(offer.friend_lines),
        "good_fit": read.good_fit(terms, lang),
        "reassurance": read.reassurance(terms, lang),
    }


@operation(
    router,
    "GET",
    "/programs/{slug}/faq",
    scope="rules:read",
    summary="Read a program's questions and answers",
    reply=Questions,
    example={"data": [QUESTION]},
)
def get_faq(request: ApiRequest, slug: str, query: str = "") -> dict[str, Any]:
    """`query` asks for those in which each of its words stands."""
    terms = _terms(request, slug)
    return {"data": read.faq(terms, request.call.lang, query=query)}


@operation(
    router,
    "PUT",
    "/programs/{slug}/faq/{key}",
    scope="toolkit:write",
    summary="Write a question and its answer",
    reply=Questions,
    example={"data": [QUESTION | {"is_written": True}]},
    sends={
        "questions": {"en": "Do you deliver to islands?"},
        "answers": {"en": "Yes, to every address with a post code."},
    },
)
def save_faq(request: ApiRequest, slug: str, key: str, body: NewQuestion) -> dict[str, Any]:
    """Or change a shipped one, or hide it with `is_shown: false`. Answers with all of the program's
    questions."""
    terms, call = _terms(request, slug), request.call
    acts.save_question(
        call.actor,
        slug,
        key,
        questions=body.questions,
        answers=body.answers,
        place=body.place,
        is_shown=body.is_shown,
        now=call.now,
    )
    _record(request, "faq.save", slug, {"key": key, "is_shown": body.is_shown})
    return {"data": read.faq(terms, call.lang)}


@operation(
    router,
    "DELETE",
    "/programs/{slug}/faq/{key}",
    scope="toolkit:write",
    summary="Take back what was written of a question",
    reply=Removed,
    example={"is_removed": True},
)
def remove_faq(request: ApiRequest, slug: str, key: str) -> dict[str, Any]:
    """A shipped question is as shipped again."""
    _there(slug)
    is_removed = acts.remove_question(request.call.actor, slug, key)
    if is_removed:
        _record(request, "faq.remove", slug, {"key": key})
    return {"is_removed": is_removed}


@operation(
    router,
    "GET",
    "/presentation",
    scope="toolkit:read",
    summary="Read how the installation shows itself",
    reply=Presentation,
    example=PRESENTATION,
)
def get_installation_presentation(request: ApiRequest) -> read.Presentation:
    """What holds where a program says nothing of its own."""
    return read.own("")


@operation(
    router,
    "PUT",
    "/presentation",
    scope="toolkit:write",
    summary="Say how the installation shows itself",
    reply=Presentation,
    example=PRESENTATION,
    sends=PRESENTATION,
)
def save_installation_presentation(request: ApiRequest, body: NewPresentation) -> read.Presentation:
    """For every program that says nothing of its own."""
    return _presented(request, "", body)


@operation(
    router,
    "GET",
    "/programs/{slug}/presentation",
    scope="toolkit:read",
    summary="Read how a program shows itself",
    reply=Presentation,
    example=PRESENTATION,
)
def get_presentation(request: ApiRequest, slug: str) -> read.Presentation:
    """What was said for this program alone."""
    _there(slug)
    return read.own(slug)


@operation(
    router,
    "PUT",
    "/programs/{slug}/presentation",
    scope="toolkit:write",
    summary="Say how a program shows itself",
    reply=Presentation,
    example=PRESENTATION,
    sends=PRESENTATION,
)
def save_presentation(request: ApiRequest, slug: str, body: NewPresentation) -> read.Presentation:
    """Brand, accent colour and highlights on posters and pages, names of things, whom it suits."""
    _there(slug)
    return _presented(request, slug, body)


@operation(
    router,
    "GET",
    "/programs/{slug}/proof",
    scope="toolkit:read",
    summary="List what speaks for a program",
    reply=Proofs,
    example={"data": [PROOF]},
)
def list_proof(request: ApiRequest, slug: str) -> dict[str, Any]:
    """Cases, opinions, e-books, films and articles that advocates may pass on."""
    _there(slug)
    return {"data": read.proof(slug)}


@operation(
    router,
    "PUT",
    "/programs/{slug}/proof/{key}",
    scope="toolkit:write",
    summary="Save something that speaks for a program",
    reply=Proofs,
    example={"data": [PROOF]},
    sends=NEW_PROOF,
)
def save_proof(request: ApiRequest, slug: str, key: str, body: NewProof) -> dict[str, Any]:
    """It is passed on with the advocate's link; `GET /v1/scripts/proof-KEY/effect` counts it.
    Answers with all of the program's proof."""
    _there(slug)
    call = request.call
    acts.save_proof(
        call.actor,
        slug,
        key,
        kind=body.kind,
        titles=body.titles,
        url=body.url,
        place=body.place,
        now=call.now,
    )
    _record(request, "proof.save", slug, {"key": key, "url": body.url})
    return {"data": read.proof(slug)}


@operation(
    router,
    "DELETE",
    "/programs/{slug}/proof/{key}",
    scope="toolkit:write",
    summary="Take away something that speaks for a program",
    reply=Removed,
    example={"is_removed": True},
)
def remove_proof(request: ApiRequest, slug: str, key: str) -> dict[str, Any]:
    """What was shared of it before goes on counting."""
    _there(slug)
    is_removed = acts.remove_proof(request.call.actor, slug, key)
    if is_removed:
        _record(request, "proof.remove", slug, {"key": key})
    return {"is_removed": is_removed}


@operation(
    router,
    "GET",
    "/programs/{slug}/calls",
    scope="toolkit:read",
    summary="Read where customers are called to a program",
    reply=Call,
    example=CALL,
)
def get_calls(request: ApiRequest, slug: str) -> calls.Call:
    """Everywhere, until something else is said."""
    _there(slug)
    return calls.call(slug)


@operation(
    router,
    "PUT",
    "/programs/{slug}/calls",
    scope="toolkit:write",
    summary="Say where customers are called to a program",
    reply=Call,
    example=CALL,
    sends=CALL,
)
def save_calls(request: ApiRequest, slug: str, body: NewCall) -> calls.Call:
    """Holds at once, whatever was said before. Who takes part already keeps the link, and what was
    promised stands."""
    _there(slug)
    call, before = request.call, calls.call(slug)
    after = calls.set_call(call.actor, slug, place=body.place, tags=body.tags, now=call.now)
    record(
        call.actor,
        "program.call_set",
        f"program:{slug}",
        now=call.now,
        before=_told(before),
        after=_told(after),
    )
    return after


def _told(call: calls.Call) -> dict[str, object]:
    return {"place": call.place, "tags": list(call.tags)}


def _presented(request: ApiRequest, slug: str, body: NewPresentation) -> read.Presentation:
    call = request.call
    acts.present(
        call.actor,
        slug,
        brand=body.brand,
        colour=body.colour,
        highlights=body.highlights,
        names=body.names,
        good_fit=body.good_fit,
        now=call.now,
    )
    _record(request, "presentation.save", slug, {"brand": body.brand, "colour": body.colour})
    return read.own(slug)


def _record(request: ApiRequest, verb: str, slug: str, told: dict[str, object]) -> None:
    call = request.call
    about = f"program:{slug}" if slug else "installation"
    record(call.actor, verb, about, now=call.now, after=told)


def _there(slug: str) -> None:
    if programs.program(slug) is None:
        raise missing(f"Program {slug[:64]!r}")


def _terms(request: ApiRequest, slug: str) -> Program:
    found = read.terms_of(slug, now=request.call.now)
    if found is None:
        raise missing(f"A published version of {slug[:64]!r}")
    return found
