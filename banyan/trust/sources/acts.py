"""acts: a source is set up, changed and revoked."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import datetime

from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.kernel.money import minor_digits
from banyan.kernel.sealing import seal
from banyan.trust.audit.acts import record
from banyan.trust.sources import models
from banyan.trust.sources.options import KINDS, read_options
from banyan.trust.sources.read import Source, source

SHORTEST_SECRET = 8


class BadSource(Problem):
    """A source that cannot be made, or is not there."""

    status = 422


def create(
    actor: str,
    kind: str,
    *,
    secret: str,
    name: str = "",
    currency: str = "",
    options: Mapping[str, str] | None = None,
    now: datetime,
) -> tuple[Source, str]:
    """A new source and the secret that its messages must be signed with.

    Stripe and Shopify make that secret; for WooCommerce an empty one is made here. Raises
    BadSource, BadOption, UnknownCurrency.
    """
    if kind not in KINDS:
        raise BadSource(f"A source is {', '.join(KINDS)}; found {kind!r}.")
    options = options or {}
    read_options(kind, options)
    if currency:
        minor_digits(currency)
    secret = _checked(kind, secret)
    source_id = secrets.token_hex(8)
    with one_transaction():
        models.Source.objects.create(
            id=source_id,
            kind=kind,
            name=name,
            secret_sealed=_sealed(source_id, secret),
            currency=currency,
            options=json.dumps(dict(options), ensure_ascii=False),
            created_at=now,
            created_by=actor,
        )
        made = _existing(source_id)
        record(actor, "source.create", source_id, now=now, after=_shown(made))
    return made, secret


def change_secret(actor: str, source_id: str, *, secret: str, now: datetime) -> tuple[Source, str]:
    """Messages must be signed with another secret from now on. Raises BadSource."""
    with one_transaction():
        changed = _active(source_id)
        secret = _checked(changed.kind, secret)
        models.Source.objects.filter(id=source_id).update(secret_sealed=_sealed(source_id, secret))
        record(actor, "source.change_secret", source_id, now=now)
    return changed, secret


def revoke(actor: str, source_id: str, *, now: datetime) -> Source:
    """Its messages are refused from now on; what they told stays. Raises BadSource."""
    with one_transaction():
        before = _active(source_id)
        models.Source.objects.filter(id=source_id).update(revoked_at=now)
        record(actor, "source.revoke", source_id, now=now, before=_shown(before))
        return _existing(source_id)


def _active(source_id: str) -> Source:
    found = _existing(source_id)
    if found.revoked_at is not None:
        raise BadSource(f"Source {source_id} was revoked already.")
    return found


def _existing(source_id: str) -> Source:
    found = source(source_id)
    if found is None:
        raise BadSource(f"There is no source {source_id}; `banyan sources list` lists them.")
    return found


def _checked(kind: str, secret: str) -> str:
    secret = secret.strip()
    if not secret and kind == "woocommerce":
        return secrets.token_urlsafe(32)
    if len(secret) < SHORTEST_SECRET:
        raise BadSource(
            f"The signing secret of a {kind} source has at least {SHORTEST_SECRET} characters; "
            "copy it from the provider's page of the webhook."
        )
    return secret


def _sealed(source_id: str, secret: str) -> bytes:
    return seal(secret.encode(), context=f"source:{source_id}")


def _shown(made: Source) -> dict[str, object]:
    return {
        "kind": made.kind,
        "name": made.name,
        "currency": made.currency,
        "options": dict(made.given),
    }
