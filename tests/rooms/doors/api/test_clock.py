"""The clock of a test installation; that of a live one stays."""

from __future__ import annotations

from datetime import UTC, datetime

from django.test import override_settings

from banyan.trust.access import keys
from tests.installation import Installation
from tests.rooms.doors.api.calling import caller

DAY = {"by": "1d"}


def _moves(path: str = "/test_clock/advance?dry_run=true") -> tuple[int, str]:
    reply = caller(is_test=True).post(path, DAY)
    return reply.status, "" if reply.status == 200 else reply.code


def test_keys_that_are_no_live_servers_leave_it_movable(installation: Installation) -> None:
    for role in ("write", "publishable"):
        caller(role)
    caller(is_test=True, scopes=["wallets:read"])
    assert _moves() == (200, "")


def test_a_live_key_holds_it_until_it_is_revoked_or_the_operator_says_so(
    installation: Installation,
) -> None:
    now = datetime.now(UTC)
    for scopes in ([], ["wallets:read"]):
        key, _ = keys.make("tester", "secret", is_test=False, scopes=scopes, now=now)
        assert _moves() == (409, "live_installation")
        assert _moves("/test_clock/advance") == (409, "live_installation")
        detail = caller(is_test=True).post("/test_clock/advance", DAY).json["detail"]
        assert f"Key {key.id} ({key.hint})" in detail
        with override_settings(TEST_CLOCK=True):
            assert _moves() == (200, "")
        keys.revoke("tester", key.id, now=now)
        assert _moves() == (200, "")
