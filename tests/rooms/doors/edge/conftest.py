"""One server for all tests of a file, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from banyan.core.programs.models import Link, Program
from banyan.trust.access.keys import make
from tests.installation import fresh
from tests.rooms.doors.edge.serving import Site, serving

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SHOP = "https://shop.example.com/welcome?from=friend#top"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A web server with a key of each role, three programs and their codes; no worker."""
    server = request.getfixturevalue("postgres_server") if request.param == "postgres" else None
    template = request.getfixturevalue("sqlite_template") if server is None else Path()
    home = tmp_path_factory.mktemp("home")
    with fresh(request.param, home, template=template, server=server) as installation:
        keys = {
            role: make("test", role, is_test=False, now=NOW)[1]
            for role in ("write", "secret", "publishable")
        }
        for name, scope in (("restricted", "rules:read"), ("sender", "events:write")):
            keys[name] = make("test", "secret", is_test=False, now=NOW, scopes=[scope])[1]
        for slug, status, landing in (
            ("open", "live", SHOP),
            ("plain", "live", ""),
            ("resting", "paused", SHOP),
            ("over", "closed", ""),
        ):
            Program.objects.create(slug=slug, status=status, landing_url=landing, created_at=NOW)
            Link.objects.create(
                key=f"{slug.upper()}-1",
                code=f"{slug.upper()}-1",
                program=slug,
                advocate="ann",
                created_at=NOW,
            )
        Link.objects.create(key="榕树", code="榕树", program="open", advocate="ann", created_at=NOW)
        variables = {"BANYAN_DEFAULT_LANDING_URL": "https://www.example.com/"}
        with serving(installation, "web", variables=variables) as running:
            running.keys = keys
            yield running
