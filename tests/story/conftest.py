"""One company for all stories of a module, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import fresh
from tests.story.company import Caller, Company, serving

PROGRAMS = Path(__file__).parent / "programs"
ADDRESS = "https://refer.example.com"
LANDING = "https://shop.example.com/welcome"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def company(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Company]:
    """Set up with commands alone, then served: keys, two programs, where their links lead."""
    server = request.getfixturevalue("postgres_server") if request.param == "postgres" else None
    template = request.getfixturevalue("sqlite_template") if server is None else Path()
    folder = tmp_path_factory.mktemp("company")
    with fresh(request.param, folder / "home", template=template, server=server) as installation:
        keys = {}
        for role, *options in (["write"], ["secret", "--test"]):
            made = installation.banyan("keys", "create", role, *options)
            assert made.returncode == 0, made.stderr
            keys[role] = made.stdout.strip()
        files = [str(PROGRAMS / name) for name in ("spring.yaml", "careful.yaml")]
        published = installation.banyan("publish", *files, "--landing", LANDING)
        assert published.returncode == 0, published.stderr
        assert published.stdout == "".join(
            f"{file}: {slug} version 1 is published.\n"
            for file, slug in zip(files, ("spring", "careful"), strict=True)
        )
        variables = {"BANYAN_BASE_URL": ADDRESS, "BANYAN_WEBHOOKS_ALLOW_PRIVATE": "1"}
        with serving(installation, folder / "serve.log", **variables) as port:
            yield Company(
                installation, port, Caller(port, keys["write"]), Caller(port, keys["secret"])
            )
