"""acts: what is done is written down in the transaction that does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from banyan.kernel.database import one_transaction
from banyan.trust.audit.chain import Content, canonical, link
from banyan.trust.audit.models import Chain, Entry


def record(
    actor: str,
    verb: str,
    about: str,
    *,
    now: datetime,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    reason: str = "",
) -> int:
    """Write one entry, which stands if the caller's transaction does; its number.

    `about` names the thing, as `customer:u-1`. Call this last: it holds the chain's lock until that
    transaction ends. Who needs the log's lock too takes that first, or two of them could wait for
    each other. `before` and `after` are plain values without personal data, for no erasure reaches
    them.
    """
    with one_transaction():
        chain = Chain.objects.select_for_update().get()
        content = Content(
            chain.number + 1, now, actor, verb, about, canonical(before), canonical(after), reason
        )
        chain.number, chain.hash = content.number, link(chain.hash, content)
        Entry.objects.create(**asdict(content), hash=chain.hash)
        chain.save()
    return content.number
