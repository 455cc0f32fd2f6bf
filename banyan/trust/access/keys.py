"""keys: who calls. A secret is shown once, kept as its SHA-256, and found by that.

Secrets have 192 random bits, so a plain hash is as good as a slow one: there is nothing to guess.
Portal keys sign instead of calling; theirs is kept encrypted too, since a signature is checked with
the secret itself.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.kernel.sealing import seal, unseal
from banyan.trust.access import models
from banyan.trust.access.scopes import BY_ROLE, SCOPES
from banyan.trust.audit.acts import record

Role = Literal["write", "secret", "restricted", "publishable", "portal"]

# A key that was revoked in another process is refused after this at the latest.
CACHED_S = 10.0

REQUESTS_PER_MINUTE = 6_000
"""What a key may ask of the REST door, unless it was made with another limit."""

_MOST_CACHED = 10_000

_PREFIX = {"write": "wk", "secret": "sk", "restricted": "rk", "publishable": "pk", "portal": "tk"}


class BadKey(Problem):
    """A key that cannot be made, or is not there."""


@dataclass(frozen=True)
class Key:
    """Who calls, and what they may do."""

    id: int
    role: Role
    is_test: bool
    name: str
    hint: str
    scopes: frozenset[str]
    requests_per_minute: int
    created_at: datetime
    revoked_at: datetime | None

    @property
    def actor(self) -> str:
        """How the key is called in the audit log and in `source` of events."""
        return f"key:{self.id}"

    def may(self, scope: str) -> bool:
        """Whether the key has that scope (`banyan.trust.access.scopes`)."""
        return scope in self.scopes


def make(
    actor: str,
    role: str,
    *,
    is_test: bool,
    now: datetime,
    name: str = "",
    scopes: Sequence[str] = (),
    requests_per_minute: int = REQUESTS_PER_MINUTE,
) -> tuple[Key, str]:
    """A new key and its secret, which cannot be read again later.

    A secret key with `scopes` becomes a restricted one, which may do nothing else. Raises BadKey.
    """
    role = _checked_role(role, scopes)
    if not 1 <= requests_per_minute < 2**31:
        raise BadKey(
            f"A key may call 1 to {2**31 - 1} times a minute; found {requests_per_minute}."
        )
    secret = f"{_PREFIX[role]}_{'test' if is_test else 'live'}_{secrets.token_urlsafe(24)}"
    with one_transaction():
        row = models.Key.objects.create(
            secret_sha256=_sha256(secret),
            secret_sealed=_sealed(secret) if role == "portal" else None,
            hint=f"{secret[:8]}…{secret[-4:]}",
            role=role,
            scopes=" ".join(sorted(set(scopes))),
            is_test=is_test,
            name=name,
            requests_per_minute=requests_per_minute,
            created_at=now,
            created_by=actor,
        )
        key = _value(row)
        record(actor, "key.create", key.actor, now=now, after=_told(key))
    return key, secret


def find(secret: str) -> Key | None:
    """The key of that secret; None when there is none or it was revoked."""
    return _known.find(_sha256(secret))


def signing_secret(key_id: int) -> str | None:
    """The secret of a portal key; None when there is no such key or it was revoked."""
    row = models.Key.objects.filter(id=key_id, role="portal", revoked_at=None).first()
    if row is None:
        return None
    return unseal(bytes(row.secret_sealed or b""), context=_context(row.secret_sha256)).decode()


def every() -> list[Key]:
    """All keys in the order they were made, the revoked among them."""
    return [_value(row) for row in models.Key.objects.order_by("id")]


def live() -> Key | None:
    """The first key by which servers of the company act on this installation for real: neither a
    test's nor one that lies in a browser or sends events alone."""
    rows = models.Key.objects.filter(
        role__in=("secret", "restricted"), is_test=False, revoked_at=None
    )
    row = rows.order_by("id").first()
    return None if row is None else _value(row)


def is_public(source: str) -> bool:
    """Whether an event's source is a publishable key, which anybody can read and use."""
    kind, _, number = source.partition(":")
    return (
        kind == "key"
        and number.isdigit()
        and models.Key.objects.filter(id=int(number), role="publishable").exists()
    )


def revoke(actor: str, key_id: int, *, now: datetime) -> Key:
    """The key works no more: here at once, in other processes within `CACHED_S` seconds.

    Raises BadKey when there is no such key or it was revoked before.
    """
    row = models.Key.objects.filter(id=key_id).first()
    if row is None:
        raise BadKey(f"There is no key {key_id}; `banyan keys list` lists them.")
    with one_transaction():
        changed = models.Key.objects.filter(id=key_id, revoked_at=None).update(
            revoked_at=now, revoked_by=actor
        )
        if not changed:
            raise BadKey(f"Key {key_id} was revoked already.")
        record(actor, "key.revoke", f"key:{key_id}", now=now, before=_told(_value(row)))
    _known.forget(row.secret_sha256)
    row.refresh_from_db()
    return _value(row)


def _checked_role(role: str, scopes: Sequence[str]) -> str:
    if role not in BY_ROLE:
        raise BadKey(f"A key is {', '.join(sorted(BY_ROLE))}; found {role!r}.")
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        raise BadKey(f"There is no scope {unknown[0]!r}; known are {', '.join(SCOPES)}.")
    if scopes and role != "secret":
        raise BadKey(f"Scopes restrict secret keys alone; a {role} key has those of its role.")
    return "restricted" if scopes else role


def _value(row: models.Key) -> Key:
    scopes = BY_ROLE.get(row.role)
    return Key(
        id=row.pk,
        role=cast(Role, row.role),
        is_test=row.is_test,
        name=row.name,
        hint=row.hint,
        scopes=frozenset(row.scopes.split()) if scopes is None else scopes,
        requests_per_minute=row.requests_per_minute,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )


def _told(key: Key) -> dict[str, object]:
    return {
        "role": key.role,
        "scopes": sorted(key.scopes),
        "is_test": key.is_test,
        "name": key.name,
        "requests_per_minute": key.requests_per_minute,
    }


def _sealed(secret: str) -> bytes:
    return seal(secret.encode(), context=_context(_sha256(secret)))


def _context(sha256: str) -> str:
    return f"portal-key:{sha256}"


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


class _Known:
    """Keys seen lately. Secrets that fit no key are looked up each time: keeping them would let a
    stranger fill the memory, and would hide a key made a moment later."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: dict[str, tuple[float, Key]] = {}

    def find(self, sha256: str) -> Key | None:
        now_s = time.monotonic()
        with self._lock:
            until_s, key = self._keys.get(sha256, (0.0, None))
        if key is not None and now_s < until_s:
            return key
        row = models.Key.objects.filter(secret_sha256=sha256, revoked_at=None).first()
        if row is None:
            self.forget(sha256)
            return None
        found = _value(row)
        with self._lock:
            if len(self._keys) >= _MOST_CACHED:
                self._keys.clear()
            self._keys[sha256] = (now_s + CACHED_S, found)
        return found

    def forget(self, sha256: str) -> None:
        with self._lock:
            self._keys.pop(sha256, None)


_known = _Known()
