"""read: which sources there are, and what their messages are signed with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from banyan.kernel.sealing import unseal
from banyan.trust.sources import models
from banyan.trust.sources.options import Options, read_options


@dataclass(frozen=True)
class Source:
    """A shop or payment provider that posts to us."""

    id: str
    kind: str
    name: str
    currency: str
    given: Mapping[str, str]
    """Its options as they were given."""
    created_at: datetime
    revoked_at: datetime | None

    @property
    def options(self) -> Options:
        """Its options, read."""
        return read_options(self.kind, self.given)

    @property
    def path(self) -> str:
        """Where it posts to, below the installation's address."""
        return f"/v1/inbound/{self.kind}/{self.id}"

    @property
    def actor(self) -> str:
        """How it is called in `source` of events and in the audit log."""
        return f"source:{self.id}"


def sources() -> list[Source]:
    """All sources in the order they were made, revoked ones among them."""
    return [_value(row) for row in models.Source.objects.order_by("created_at", "id")]


def source(source_id: str) -> Source | None:
    """One source, also a revoked one; None when there is none."""
    row = models.Source.objects.filter(id=source_id).first()
    return _value(row) if row else None


def secret(source_id: str) -> str:
    """What a source's messages are signed with; for the door that checks signatures alone."""
    row = models.Source.objects.get(id=source_id)
    return unseal(bytes(row.secret_sealed), context=f"source:{source_id}").decode()


def _value(row: models.Source) -> Source:
    return Source(
        id=row.id,
        kind=row.kind,
        name=row.name,
        currency=row.currency,
        given=json.loads(row.options),
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )
