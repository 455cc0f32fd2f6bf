"""`banyan staff`: links for who is new, and for who lost their password."""

from __future__ import annotations

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
