"""Who may enter the console, and what stands in its menu."""

from __future__ import annotations

from django.test import Client

from tests.installation import Installation
from tests.rooms.doors.console.conftest import Staff


def test_nobody_enters_unseen(installation: Installation) -> None:
    response = Client(HTTP_HOST="localhost").get("/console/")
    assert (response.status_code, response["Location"]) == (302, "/console/login/?next=/console/")


def test_staff_enter_and_stay_off_what_is_not_theirs(staff: Staff) -> None:
    growth, support = staff("growth"), staff("support")
    assert growth.get("/console/").status_code == 200
    assert support.get("/console/").status_code == 403
