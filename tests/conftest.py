"""Settings that hold for every test, and installations of the whole product on both databases."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.utils import translation
from hypothesis import settings as hypothesis_settings

from tests.installation import Installation, Server, fresh, migrated, postgres

# Two workers share two cores, so the time an example takes says nothing.
hypothesis_settings.register_profile("banyan", deadline=None, print_blob=True)
hypothesis_settings.load_profile("banyan")

# Tests never touch an installation of the person who runs them.
os.environ.pop("DATABASE_URL", None)
os.environ["BANYAN_HOME"] = tempfile.mkdtemp(prefix="banyan-tests-")
os.environ["BANYAN_SECRET_KEY"] = "a-secret-for-tests-alone-0123456789"
os.environ["DJANGO_SETTINGS_MODULE"] = "banyan.site.settings"
# Hundreds of processes are started: where none may keep what it compiled, each compiles it again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Java's second compiler pays after minutes; a test of Spark's lasts seconds.
os.environ["JAVA_TOOL_OPTIONS"] = "-XX:TieredStopAtLevel=1"

django.setup()

# Each test client makes the middleware anew, and looking through every static file for it takes
# longer than most tests.
settings.WHITENOISE_AUTOREFRESH = True

# Half a second for each member of the staff, who signs in at once, is most of a console's test;
# `banyan staff` shows how passwords are kept by processes of the product.
PBKDF2PasswordHasher.iterations = 1

# Files that take longest; whoever got one of them last would keep everybody waiting.
LONG = (
    "laws/test_laws.py",
    "cli/test_demo_site.py",
    "pipeline/test_shards.py",
    "browser/test_widget.py",
    "faults/",
)
SPREAD = 0.8
"""Over how much of the others those that start a company are spread: none shall be the last."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files go to processes whole and in this order: first the long ones, then among all the others
    those that start a company and wait for its servers and a browser, while somebody else computes.
    Their tests come one company after another whatever the shuffle, since each start takes seconds.
    """
    items.sort(key=lambda item: str(_company(item) or ""))
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    long = [file for file in files if any(name in str(file) for name in LONG)]
    rest = [file for file in files if file not in long]
    waiting = [file for file in rest if any(map(_company, files[file]))]
    others = [file for file in rest if file not in waiting]
    every = max(1, round(SPREAD * len(others) / max(1, len(waiting))))
    for place, file in enumerate(waiting):
        others.insert(place * (every + 1), file)
    items[:] = [item for file in (*long, *others) for item in files[file]]


def _company(item: pytest.Item) -> object:
    found = getattr(item, "callspec", None)
    return found.params.get("company") if found else None


def pytest_collection_finish() -> None:
    """What stands by now stays to the end: no need to look through it for garbage each time. Nor
    to look every few hundred objects, which is a tenth of all time, where so little is left over.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000)


@pytest.fixture(autouse=True)
def nobodys_language() -> None:
    """A page that a test opened leaves its reader's language behind in this thread."""
    translation.deactivate()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One PostgreSQL server for all tests of this process, with a migrated template database."""
    with postgres() as server:
        home = Path(os.environ["BANYAN_HOME"])
        migrated(server.make_database("banyan_template"), home)
        yield server


@pytest.fixture(scope="session")
def sqlite_template() -> Path:
    """A migrated SQLite file to copy."""
    file = Path(os.environ["BANYAN_HOME"]) / "template.sqlite3"
    migrated(f"sqlite:///{file}", file.parent)
    return file


@pytest.fixture(params=["sqlite", "postgres"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """A fresh installation, once on each database; this process is connected to it."""
    server = request.getfixturevalue("postgres_server") if request.param == "postgres" else None
    template = request.getfixturevalue("sqlite_template") if server is None else Path()
    with fresh(request.param, tmp_path / "home", template=template, server=server) as made:
        yield made
