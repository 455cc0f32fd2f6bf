"""Keys: shown once, found by their hash, revocable, and each with its own scopes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection

from banyan.trust.access import keys
from banyan.trust.access.keys import BadKey, every, find, make, revoke
from banyan.trust.access.scopes import PUBLIC, SCOPES
from banyan.trust.audit.read import entries
from tests.installation import Installation

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("role", "is_test", "prefix", "scopes"),
    [
        ("write", False, "wk_live_", frozenset()),
        ("write", True, "wk_test_", frozenset()),
        ("secret", False, "sk_live_", frozenset(SCOPES)),
        ("secret", True, "sk_test_", frozenset(SCOPES)),
        ("publishable", False, "pk_live_", PUBLIC),
        ("publishable", True, "pk_test_", PUBLIC),
    ],
)
def test_a_key_of_each_role(
    installation: Installation, role: str, is_test: bool, prefix: str, scopes: frozenset[str]
) -> None:
    key, secret = make("tester", role, is_test=is_test, now=NOW, name="till")
    assert secret.startswith(prefix)
    assert len(secret) == len(prefix) + 32
    assert find(secret) == key
    assert (key.role, key.is_test, key.name, key.scopes) == (role, is_test, "till", scopes)
    assert key.hint == f"{prefix}…{secret[-4:]}"
    assert key.actor == f"key:{key.id}"


def test_no_table_holds_a_secret(installation: Installation) -> None:
    _, secret = make("tester", "secret", is_test=False, now=NOW)
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            assert secret not in repr(cursor.fetchall()), table


def test_what_is_no_key_is_not_found(installation: Installation) -> None:
    _, secret = make("tester", "secret", is_test=False, now=NOW)
    for wrong in ("", secret[:-1], secret + "x", secret.upper(), "\ud800", "' OR 1=1 --"):
        assert find(wrong) is None, wrong


def test_a_restricted_key_has_the_scopes_it_lists(installation: Installation) -> None:
    key, secret = make(
        "tester", "secret", is_test=False, now=NOW, scopes=["links:write", "links:read"]
    )
    assert (key.role, secret[:8]) == ("restricted", "rk_live_")
    assert key.may("links:write")
    assert not key.may("decisions:read")
    assert find(secret) == key


@pytest.mark.parametrize(
    ("role", "options", "said"),
    [
        ("admin", {}, "found 'admin'"),
        ("restricted", {}, "found 'restricted'"),
        ("secret", {"scopes": ["links:erase"]}, "no scope 'links:erase'"),
        ("write", {"scopes": ["links:read"]}, "Scopes restrict secret keys alone"),
        ("secret", {"requests_per_minute": 0}, "found 0"),
    ],
)
def test_what_cannot_be_a_key(
    installation: Installation, role: str, options: dict[str, object], said: str
) -> None:
    with pytest.raises(BadKey, match=said):
        make("tester", role, is_test=False, now=NOW, **options)  # type: ignore[arg-type]
    assert every() == []


def test_a_revoked_key_works_no_more(installation: Installation) -> None:
    first, secret = make("tester", "secret", is_test=False, now=NOW)
    second, other = make("tester", "write", is_test=False, now=NOW)
    assert find(secret) == first
    gone = revoke("tester", first.id, now=NOW)
    assert gone.revoked_at == NOW
    assert find(secret) is None
    assert find(other) == second
    assert [(key.id, key.revoked_at) for key in every()] == [(first.id, NOW), (second.id, None)]
    for wrong, said in ((first.id, "revoked already"), (99, "no key 99")):
        with pytest.raises(BadKey, match=said):
            revoke("tester", wrong, now=NOW)
    told = [(entry.verb, entry.about) for entry in reversed(entries())]
    assert told == [
        ("key.create", f"key:{first.id}"),
        ("key.create", f"key:{second.id}"),
        ("key.revoke", f"key:{first.id}"),
    ]


def test_a_key_revoked_elsewhere_is_refused_after_a_while(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, secret = make("tester", "secret", is_test=False, now=NOW)
    clock_s = 1000.0
    monkeypatch.setattr(keys.time, "monotonic", lambda: clock_s)
    assert find(secret) == key
    with connection.cursor() as cursor:  # as another process would
        cursor.execute("UPDATE access_key SET revoked_at = created_at")
    clock_s += keys.CACHED_S - 0.1
    assert find(secret) == key
    clock_s += 0.2
    assert find(secret) is None
