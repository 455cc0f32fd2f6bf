"""versions: every version of a program, who published it how, and where two of them differ."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from banyan.core.events import clock
from banyan.core.programs.force import running_one
from banyan.core.programs.read import VersionRow, versions
from banyan.doors.console.page import page
from banyan.doors.console.programs.frame import program_page
from banyan.doors.console.programs.review_words import (
    amount,
    how_published,
    language,
    status_of,
    who,
    zone,
)
from banyan.doors.console.programs.versions_words import differences, text_lines
from banyan.doors.refusals import refusal
from banyan.engine.language import ProgramError
from banyan.pipeline.approving import read
from banyan.pipeline.approving.announced import announced, replaced
from banyan.pipeline.approving.changes import changes


@page("programs.read")
def program_versions(request: HttpRequest, slug: str) -> HttpResponse:
    """The list, and below it two versions side by side (`a`, `b`: numbers)."""
    rows = versions(slug)
    running = running_one(slug, clock.now())
    known = read.reviews(slug)
    stop_versions = {n for one in read.stops(slug) for n in (one.version, one.ended_version)}
    taken, coming = replaced(rows), {one.number for one, _start in announced(slug, clock.now())}
    listed = []
    for row in rows:
        review = read.is_reviewed(row, known)
        listed.append(
            {
                "row": row,
                "status": status_of(row),
                "is_running": running is not None
                and running.is_in_force
                and running.version == row,
                "is_coming": row.number in coming,
                "replaced": taken.get(row.number),
                "how": how_published(
                    row, is_reviewed=review is not None, is_stop=row.number in stop_versions
                ),
                "verdicts": [(one, who(one.by)) for one in review.verdicts] if review else [],
            }
        )
    context = {"rows": listed, "zone": zone(), **_pair(request, rows)}
    return program_page(
        request, slug, "console/programs/versions.html", context, tab="program_versions"
    )


@page("programs.read")
def version_figures(request: HttpRequest, slug: str) -> HttpResponse:
    """For the pages that load it afterwards: what came of each version, or of one (`?number=`)."""
    wanted = request.GET.get("number", "")
    rows = [
        {"number": number, "tally": one, "granted": [amount(*each) for each in one.granted]}
        for number, one in read.tallies(slug).items()
        if wanted in ("", str(number))
    ]
    return render(request, "console/programs/version_figures.html", {"rows": rows})


def _pair(request: HttpRequest, rows: list[VersionRow]) -> dict[str, object]:
    """Two versions beside each other: those asked for, else the newest and the one before it."""
    new = _asked(request, "b", rows) or (rows[0] if rows else None)
    older = [row for row in rows if new and row.number < new.number and row.status != "refused"]
    old = _asked(request, "a", rows) or (older[0] if older else None)
    pair: dict[str, object] = {"old": old, "new": new}
    if old is None or new is None or old == new:
        return pair
    pair["lines"] = text_lines(old.source, new.source)
    try:
        before, after = old.terms, new.terms
    except ProgramError as wrong:
        return pair | {"problem": refusal(wrong)}
    lang = language()
    return pair | {
        "sections": differences(before, after, lang=lang),
        "changes": changes(before, after, lang=lang),
    }


def _asked(request: HttpRequest, name: str, rows: list[VersionRow]) -> VersionRow | None:
    text = request.GET.get(name, "")
    return next((row for row in rows if str(row.number) == text), None)
