"""Members of the staff with a browser each, as Django's test client."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from banyan.core.events import clock
from banyan.trust.staff import acts
from banyan.trust.staff.read import members
from tests.installation import Installation

PASSWORD = "correct horse battery"

Staff = Callable[..., Client]


@pytest.fixture
def staff(installation: Installation) -> Staff:
    """Signs somebody in: `staff("growth")`, `staff("finance", email="fay@example.com")`."""

    def signed_in(*roles: str, email: str = "") -> Client:
        email = email or f"{'-'.join(roles)}@example.com"
        if email not in [one.email for one in members()]:
            acts.add("system", email, roles=roles, password=PASSWORD, now=clock.now())
        client = Client(HTTP_HOST="localhost")
        assert client.login(username=email, password=PASSWORD)
        return client

    return signed_in
