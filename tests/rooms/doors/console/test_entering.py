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
