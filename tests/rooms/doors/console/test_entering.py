"""Who may enter the console, and what stands in its menu."""

from __future__ import annotations

from django.test import Client

from banyan.core.events import clock
from banyan.trust.staff import acts
from banyan.trust.staff.read import members
from tests.installation import Installation
from tests.rooms.doors.console.conftest import Staff


def test_nobody_enters_unseen(installation: Installation) -> None:
    response = Client(HTTP_HOST="localhost").get("/console/")
    assert (response.status_code, response["Location"]) == (302, "/console/login/?next=/console/")


def test_staff_enter_while_they_have_a_role(staff: Staff) -> None:
    client = staff("growth")
    assert client.get("/console/").status_code == 200
    [ann] = members()
    acts.set_active("system", ann.id, is_active=False, now=clock.now())
    assert client.get("/console/").status_code == 302


def test_who_was_signed_out_meanwhile_comes_back_to_the_form(staff: Staff) -> None:
    form = "http://localhost/console/tasks/new/?kind=thanks"
    out = Client(HTTP_HOST="localhost")
    answer = out.post("/console/tasks/1/do", HTTP_REFERER=form)
    assert answer["Location"] == "/console/login/?next=/console/tasks/new/%3Fkind%3Dthanks"
    elsewhere = out.post("/console/tasks/1/do", HTTP_REFERER="http://evil.example/console/x/")
    assert elsewhere["Location"] == "/console/login/?next=/console/tasks/1/do"


def test_a_part_of_a_page_is_not_drawn_as_the_page_to_sign_in(staff: Staff) -> None:
    seen = "http://localhost/console/?from=2026-03-01"
    client = staff("growth")
    [ann] = members()
    # What htmx sends with each part that it asks for.
    by_htmx = {"HX-Request": "true", "HX-Current-URL": seen}
    assert client.get("/console/?table=today", headers=by_htmx).status_code == 200
    acts.set_active("system", ann.id, is_active=False, now=clock.now())
    for asked in (
        client.get("/console/?table=today", headers=by_htmx),
        client.get("/console/programs/", headers=by_htmx),
        client.post("/console/tasks/1/do", headers=by_htmx),
    ):
        assert (asked.status_code, asked.content, asked.headers["HX-Redirect"]) == (
            401,
            b"",
            "/console/login/?next=/console/%3Ffrom%3D2026-03-01",
        )
    assert client.get("/console/programs/").headers["Location"] == (
        "/console/login/?next=/console/programs/"
    )


def test_the_address_of_a_form_says_so_to_who_opens_it(staff: Staff) -> None:
    answer = staff("growth").get("/console/tasks/1/do")
    assert answer.status_code == 405
    assert "A form is sent to this address" in answer.content.decode()
