"""Members of the staff who come to the console with a browser."""

from __future__ import annotations

from urllib.parse import quote
from uuid import uuid4

from banyan.core.events import clock
from banyan.trust.staff import acts
from tests.browser.conftest import Visitor, sound

PASSWORD = "correct horse battery"


def somebody(role: str) -> str:
    """The address of a new member."""
    email = f"{role}-{uuid4().hex[:8]}@example.com"
    acts.add("system", email, roles=[role], password=PASSWORD, now=clock.now())
    return email


def sign_in(visitor: Visitor, email: str, then: str) -> None:
    """Address and password, by keyboard."""
    visitor.go(f"/console/login/?next={quote(then)}")
    sound(visitor)
    visitor.page.locator("#email").fill(email)
    visitor.page.locator("#password").fill(PASSWORD)
    visitor.page.locator("#password").press("Enter")


def signed_in(visitor: Visitor, role: str, path: str) -> str:
    """A new member before a page of the console; their address."""
    email = somebody(role)
    sign_in(visitor, email, path)
    visitor.page.wait_for_url(f"**{path}")
    return email
