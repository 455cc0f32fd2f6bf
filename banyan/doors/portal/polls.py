"""polls: a customer is asked which reward they would like, and answers with one touch."""

from __future__ import annotations

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from banyan.core.people.names import speaker
from banyan.doors.portal.person import Person, person_of
from banyan.doors.portal.session import for_customer
from banyan.doors.refusals import refusal
from banyan.growth.planning import polls
from banyan.growth.planning.polls import BadPoll, NoSuchPoll, PollRow


@for_customer
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, number: int) -> HttpResponseBase:
    """The question and its answers; what was chosen before can be changed while it is asked."""
    person, row = person_of(request), polls.poll(number)
    if row is None:
        raise Http404
    if request.method == "GET":
        return render(request, "portal/me/poll.html", _values(request, person, row))
    given = request.POST.get("choice", "")
    choice = int(given) if given.isascii() and given.isdigit() and len(given) < 4 else -1
    try:
        polls.vote(speaker(person.user_id), number, choice, now=person.now)
    except NoSuchPoll:
        raise Http404 from None
    except BadPoll as bad:
        values = _values(request, person, row) | {"wrong": refusal(bad)}
        return render(request, "portal/me/poll.html", values, status=422)
    return redirect(f"/me/polls/{number}/?done=1")


def asked(person: Person) -> dict[str, object] | None:
    """For the first page: the question that waits for this person's answer, if one does."""
    row = polls.open_for(speaker(person.user_id))
    return _shown(person, row) if row else None


def _values(request: HttpRequest, person: Person, row: PollRow) -> dict[str, object]:
    return {
        "tab": "home",
        "poll": _shown(person, row),
        "chosen": polls.chosen(speaker(person.user_id), row.id),
        "done": "done" in request.GET,
    }


def _shown(person: Person, row: PollRow) -> dict[str, object]:
    answers = [one.text for one in row.answers(person.language)]
    return {"id": row.id, "question": row.question(person.language), "answers": answers}
