"""`banyan staff`: links for who is new, and for who lost their password."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth import authenticate, get_user_model

from banyan.core.events import clock
from banyan.trust.staff import factor, invitations
from banyan.trust.staff.read import by_email
from tests.installation import Installation
from tests.rooms.trust.staff.test_entering import PASSWORD, code_of, token_of


def test_links_are_printed_for_new_and_for_forgetful_people(installation: Installation) -> None:
    done = installation.banyan("staff", "invite", "Ann@example.com", "--role", "growth")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("http://localhost:8000/console/password/")
    now = clock.now()
    ann = invitations.choose_password(token_of(done.stdout.strip()), PASSWORD, now=now)
    assert ann.roles == ("growth",)
    factor.confirm(ann.id, code_of(factor.begin(ann.id).key), now=now)
    done = installation.banyan("staff", "reset", "ann@example.com", "--second-step")
    assert done.returncode == 0
    assert invitations.opened(token_of(done.stdout.strip()), now=now).member.id == ann.id
    assert not factor.has_factor(ann.id)


def test_what_cannot_be_done_is_said_in_one_line(installation: Installation) -> None:
    for arguments, sentence in (
        (("invite", "nonsense", "--role", "growth"), "is no e-mail address"),
        (("reset", "nobody@example.com"), "nobody here has the address"),
    ):
        done = installation.banyan("staff", *arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr
    done = installation.banyan("staff", "invite", "ann@example.com")
    assert done.returncode == 2
    assert by_email("ann@example.com") is None


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_a_password_is_kept_as_a_million_rounds_of_it(installation: Installation) -> None:
    command = Path(sys.executable).with_name("banyan")
    done = subprocess.run(
        [command, "staff", "add", "ann@example.com", "--role", "growth"],
        env=dict(installation.environment),
        input=PASSWORD,
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    kept = get_user_model().objects.get(username="ann@example.com").password
    assert kept.startswith("pbkdf2_sha256$1000000$")
    assert PASSWORD not in kept
    assert authenticate(username="ann@example.com", password=PASSWORD) is not None
