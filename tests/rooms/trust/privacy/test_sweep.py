"""Nothing personal stands in clear anywhere, and the sweep that says so can find it."""

import json
import subprocess
import sys

import pytest
from django.db import connection

from banyan.core.people.read import customer
from banyan.core.referrals.read import referrals
from banyan.pipeline.verify import run as verify
from banyan.trust.privacy.acts import erase_customer, export_customer
from tests.installation import Installation
from tests.rooms.trust.privacy.company import BEN, NOW, SECRETS, publish_program, story
from tests.rooms.trust.privacy.sweep import found_in_clear

IN_A_PROCESS_OF_ITS_OWN = """
import django; django.setup()
from tests.rooms.trust.privacy.company import NOW, publish_program, story
from banyan.trust.privacy.acts import erase_customer, export_customer
publish_program(); story()
export_customer("user:1", "ann", reason="asked", now=NOW)
erase_customer("user:1", "ben", reason="asked", now=NOW)
"""


def test_after_a_story_nothing_personal_stands_in_clear(installation: Installation) -> None:
    """In a process of its own, so that all its log lines are seen, at their most talkative."""
    environment = {**installation.environment, "BANYAN_LOG_LEVEL": "DEBUG"}
    environment["DJANGO_SETTINGS_MODULE"] = "banyan.site.settings"
    done = subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS_OF_ITS_OWN],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [referral] = referrals()
    assert (referral.advocate, referral.friend, referral.kind) == ("ann", "ben", "invite")
    found = customer("ann")
    assert found is not None
    assert found.traits["email"] == "Ann.Gruenwald@Example.com"
    assert found_in_clear(installation, SECRETS, logs=done.stdout + done.stderr) == []


@pytest.mark.parametrize(
    "written",
    [
        BEN[1],
        f"mailto:{BEN[1].upper()}",
        json.dumps({"x": BEN[0]}),
        "%E6%9C%AC%E6%9D%B0%E6%98%8E%E5%BC%A0",
        BEN[1].encode().hex(),
        "eyJlbWFpbCI6ImJlbi56aGFuZ0BleGFtcGxlLm9yZyJ9",
    ],
)
def test_the_sweep_finds_what_it_seeks(installation: Installation, written: str) -> None:
    assert found_in_clear(installation, BEN) == []
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO programs_program (slug, status, landing_url, created_at) "
            "VALUES ('x', 'draft', %s, '2026-01-01')",
            [f"https://example.com/?q={written}"],
        )
    assert any(place.startswith("programs_program.") for place in found_in_clear(installation, BEN))
    assert any(
        place.startswith("logs") for place in found_in_clear(installation, BEN, logs=written)
    )


def test_the_books_stand_after_an_erasure(installation: Installation) -> None:
    publish_program()
    story()
    before = verify()
    assert (before.is_sound, before.decisions) == (True, 2)
    for user in ("ann", "ben"):
        erase_customer("user:1", user, reason="asked", now=NOW)
    after = verify()
    assert (after.is_sound, after.decisions, after.transfers) == (
        True,
        before.decisions,
        before.transfers,
    )
    exported = json.dumps(
        export_customer("user:1", "ben", reason="asked", now=NOW), ensure_ascii=False
    )
    assert [secret for secret in SECRETS if secret in exported] == []
