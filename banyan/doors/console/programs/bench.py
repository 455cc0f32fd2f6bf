"""bench: what a text would decide on a few events, typed or of a real customer; nothing is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from banyan.core.events import clock
from banyan.core.programs.read import seeds
from banyan.doors.console.page import page, told
from banyan.doors.console.programs.bench_events import (
    Row,
    bodies_of,
    choices,
    example,
    past_of,
    posted,
)
from banyan.doors.console.programs.compare import text_of, texts
from banyan.doors.console.programs.frame import program_page
from banyan.doors.console.programs.review_words import amount, language, zone
from banyan.doors.console.staff import at_work
from banyan.engine.language.book import compile_book
from banyan.engine.language.explain import explain_decision, explain_lost, explain_reject
from banyan.engine.language.program import Program
from banyan.engine.raw import from_lines
from banyan.engine.replay import replay_batches
from banyan.engine.step import Outcomes
from banyan.kernel.errors import Problem
from banyan.pipeline.comparing.sides import opened

EMPTY_ROWS = 2


@dataclass(frozen=True)
class Found:
    """What came out, in words."""

    events: int
    referrals: list[dict[str, Any]]
    lost: list[str]
    decisions: list[dict[str, Any]]
    postings: list[dict[str, Any]]
    rejects: list[str]


@page("programs.read")
def program_bench(request: HttpRequest, slug: str) -> HttpResponse:
    """The bench: a form, and below it what the events it tells of would lead to."""
    me = at_work(request)
    offered = texts(slug)
    asked = (
        request.POST.get("what") or request.GET.get("what") or (offered[0][0] if offered else "")
    )
    context: dict[str, Any] = {
        "choices": offered,
        "what": asked,
        "may_pick": me.may("customers.read"),
        "customer": request.POST.get("customer", "").strip()[:200],
        "zone": zone(),
    }
    status = 200
    try:
        terms = opened(text_of(slug, asked), name=f"{slug}.yaml")
        told_rows = posted(dict(request.POST.lists())) if request.method == "POST" else []
        rows = [one for one in told_rows if one.when or not one.is_empty]
        if not rows:
            rows = example(terms, clock.now())
        context |= {"rows": [*rows, *[Row("Order Completed")] * EMPTY_ROWS]}
        context["kinds"] = choices(terms)
        if request.method == "POST":
            context["found"] = _tried(request, terms, rows, context["customer"])
    except Problem as problem:
        told(request, problem)
        status = 409
    return program_page(
        request, slug, "console/programs/bench.html", context, tab="program_bench", status=status
    )


def _tried(request: HttpRequest, terms: Program, rows: list[Row], customer: str) -> Found:
    if request.POST.get("do") == "customer":
        if not at_work(request).may("customers.read"):
            raise PermissionDenied
        return decided(terms, past_of(customer, terms))
    return decided(terms, bodies_of(rows, terms))


def decided(terms: Program, bodies: list[str]) -> Found:
    """What a program decides on these events alone, in the reader's words. Raises BookProblem."""
    secret = {slug: text for slug, text in seeds().items() if slug == terms.program}
    book = compile_book([terms], seeds=secret)
    frame = from_lines("\n".join(bodies).encode(), book.wanted)
    (outcomes,) = replay_batches(book, [frame])
    return _in_words(terms, outcomes, len(bodies))


def _in_words(terms: Program, outcomes: Outcomes, events: int) -> Found:
    lang = language()
    tables = {
        name: frame.with_columns(pl.selectors.datetime().dt.epoch("us")).to_dicts()
        for name, frame in outcomes._asdict().items()
    }
    decisions = []
    for number, row in enumerate(tables["decisions"]):
        referral = next((r for r in tables["referrals"] if r["friend"] == row["friend"]), None)
        joined = referral["join_position"] if referral else None
        decisions.append(
            {
                "row": row,
                "amount": amount(row["unit"], row["amount"]),
                "words": explain_decision(
                    terms,
                    row,
                    referral=referral,
                    lost=[one for one in tables["touches_lost"] if one["join_position"] == joined],
                    reversals=tables["reversals"],
                    postings=tables["postings"],
                    lang=lang,
                    decisions_before=tables["decisions"][:number],
                ),
            }
        )
    return Found(
        events=events,
        referrals=outcomes.referrals.to_dicts(),
        lost=[
            explain_lost(one, timezone=terms.timezone, lang=lang) for one in tables["touches_lost"]
        ],
        decisions=decisions,
        postings=[
            one | {"words": amount(one["unit"], abs(one["amount"])), "is_in": one["amount"] > 0}
            for one in outcomes.postings.to_dicts()
        ],
        rejects=[explain_reject(one, lang=lang) for one in tables["rejects"]],
    )
