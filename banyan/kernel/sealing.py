"""sealing: personal data encrypted at rest, and keyed hashes to find it by.

AES-256-GCM with a random nonce; the context (whose, what) is authenticated, so that a sealed value
moved to another row does not open. Keys are derived from the installation's secret (HKDF-SHA256).
"""

from __future__ import annotations

import hashlib
import hmac
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from banyan.kernel.errors import Problem

_FORM = b"\x01"
_NONCE_BYTES = 12
_TOKEN_BYTES = 16


class CannotOpen(Problem):
    """A sealed value that does not open: another secret, another context, or damage."""


def seal(plain: bytes, *, context: str) -> bytes:
    """`plain` encrypted: 1 byte of form, 12 of nonce, the cipher text, 16 of tag."""
    nonce = os.urandom(_NONCE_BYTES)
    return _FORM + nonce + AESGCM(_key("seal")).encrypt(nonce, plain, context.encode())


def unseal(sealed: bytes, *, context: str) -> bytes:
    """What was sealed in that context. Raises CannotOpen."""
    data = bytes(sealed)
    nonce, rest = data[1 : 1 + _NONCE_BYTES], data[1 + _NONCE_BYTES :]
    if data[:1] != _FORM:
        raise CannotOpen("A sealed value has a form this release does not know.")
    try:
        return AESGCM(_key("seal")).decrypt(nonce, rest, context.encode())
    except InvalidTag:
        raise CannotOpen(
            "A sealed value does not open: BANYAN_SECRET_KEY is not the one it was sealed with, "
            "or the value was damaged."
        ) from None


def token(value: str, *, purpose: str) -> str:
    """The same 32 hex digits for the same value and purpose, telling nothing about the value."""
    # JSON may hold half a surrogate pair, which UTF-8 proper does not.
    text = f"{purpose}\x00{value}".encode("utf-8", "surrogatepass")
    digest = hmac.digest(_key("token"), text, hashlib.sha256)
    return digest[:_TOKEN_BYTES].hex()


def _key(use: str) -> bytes:
    return _derived(settings.SECRET_KEY, use)


@lru_cache(maxsize=8)
def _derived(secret: str, use: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"banyan {use}".encode()).derive(secret.encode())
