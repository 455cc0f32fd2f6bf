"""`banyan keys`: as people type it, against a real installation."""

import json
import subprocess
from datetime import UTC, datetime

from banyan.trust.access.keys import find, make
from tests.installation import Installation
from tests.rooms.doors.cli.running import BANYAN, Ending


def _keys(installation: Installation, *arguments: str) -> Ending:
    done = subprocess.run(
        [BANYAN, "keys", *arguments],
        env=dict(installation.environment),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_key_is_printed_once_and_works(installation: Installation) -> None:
    code, secret, said = _keys(installation, "create", "secret", "--test", "--name", "till")
    assert (code, said) == (0, "Keep it well: it is not shown again.\n")
    found = find(secret.strip())
    assert found is not None
    assert (found.role, found.is_test, found.name) == ("secret", True, "till")
    code, listed, _ = _keys(installation, "list", "--json")
    [row] = json.loads(listed)
    assert (code, row["key"], row["revoked"]) == (0, found.hint, "")
    assert secret.strip() not in listed
    assert found.hint in _keys(installation, "list")[1]


def test_a_key_is_revoked_once(installation: Installation) -> None:
    key, _ = make("tester", "write", is_test=False, now=datetime(2026, 3, 1, tzinfo=UTC))
    assert _keys(installation, "revoke", str(key.id)) == (
        0,
        f"Key {key.id} ({key.hint}) is revoked.\n",
        "",
    )
    assert _keys(installation, "revoke", str(key.id)) == (
        1,
        "",
        f"Key {key.id} was revoked already.\n",
    )


def test_what_is_no_role_and_no_scope(installation: Installation) -> None:
    code, out, said = _keys(installation, "create", "admin")
    assert (code, out) == (2, "")
    assert "'admin' is not one of" in said
    code, out, said = _keys(installation, "create", "secret", "--scope", "money:print")
    assert (code, out) == (1, "")
    assert said.startswith("There is no scope 'money:print'; known are rules:read")
    code, out, _ = _keys(installation, "create", "secret", "--scope", "links:read")
    assert (code, out[:8]) == (0, "rk_live_")
    assert _keys(installation, "list")[1].count("…") == 1
