"""Where the menu says that somebody is."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from banyan.doors.console.menu import navigation
from tests.rooms.doors.console.conftest import Staff


@pytest.mark.parametrize(
    ("path", "here"),
    [
        ("/console/", "/console/"),
        ("/console/programs/", "/console/programs/"),
        ("/console/programs/p/spring/", "/console/programs/"),
        ("/console/programs/calendar/", "/console/programs/calendar/"),
        ("/console/account/", None),
    ],
)
def test_one_entry_is_current(staff: Staff, path: str, here: str | None) -> None:
    client = staff("admin")
    request = RequestFactory().get(path)
    request.user, request.session = client.get("/console/").wsgi_request.user, client.session
    items = [item for group in navigation(request) for item in group["items"]]
    assert len(items) > 20
    assert [item["link"] for item in items if item["active"]] == ([here] if here else [])
