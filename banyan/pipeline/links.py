"""links: a code for an advocate, in the table at once and in the log for the engine."""

from __future__ import annotations

from datetime import datetime

from banyan.core.events.acts import append_one
from banyan.core.programs import acts
from banyan.core.programs.read import LinkRow
from banyan.kernel.database import one_transaction


def make_link(
    actor: str,
    *,
    program: str,
    advocate: str,
    code: str | None,
    channel: str = "",
    script: str = "",
    now: datetime,
) -> LinkRow:
    """The advocate's link, new or, without a `code` of one's own, the one there is.

    Raises what `banyan.core.programs.acts.make_link` raises.
    """
    with one_transaction():
        row, is_new = acts.make_link(
            actor,
            program=program,
            advocate=advocate,
            code=code,
            channel=channel,
            script=script,
            now=now,
        )
        if is_new:
            properties = {"code": row.code, "program": program}
            properties |= {"channel": channel} if channel else {}
            properties |= {"script": script} if script else {}
            event = {"type": "track", "event": "Referral Link Created", "userId": advocate}
            append_one(actor, {**event, "properties": properties}, now=now)
    return row
