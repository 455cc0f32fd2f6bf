"""pilots: a version for chosen customers first, then for everybody.

Chosen customers carry a tag, and the version asks for it where it says who may refer. What they
suggest is gathered beside it; the next version without the limit is for everybody.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import msgspec
from django.utils.translation import gettext as _

from banyan.core.events import read as log
from banyan.core.events.acts import append_one
from banyan.core.programs.acts import save_draft
from banyan.core.programs.editing import drop, put
from banyan.core.programs.force import running_one
from banyan.core.programs.read import VersionRow, version, versions
from banyan.engine.language.source import Written
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.pipeline.approving.announced import announced
from banyan.pipeline.approving.models import Pilot, Suggestion
from banyan.pipeline.approving.read import PilotRow, pilots
from banyan.trust.audit.acts import record

MOST_CUSTOMERS = 500
"""Given a tag at once; more belong into a list that is imported."""

_TAG = re.compile(r"[a-z0-9-]{1,32}")
_ALWAYS = "TRUE"


class BadPilot(Problem):
    """A pilot that cannot be held."""


def begin(
    actor: str,
    slug: str,
    number: int,
    *,
    tag: str,
    user_ids: Sequence[str],
    targets: str,
    now: datetime,
) -> PilotRow:
    """Limit a draft version to customers with a tag, and give the tag to these.

    Raises BadPilot.
    """
    if not _TAG.fullmatch(tag):
        raise BadPilot(_("A tag is 1 to 32 of the characters a-z, 0-9 and -."))
    if len(user_ids) > MOST_CUSTOMERS:
        raise BadPilot(
            _("At most {most} customers at once; import larger groups with their tag.").format(
                most=MOST_CUSTOMERS
            )
        )
    draft = version(slug, number)
    if draft is None or draft.status not in ("draft", "refused"):
        raise BadPilot(_("Only a draft can become a pilot."))
    if draft.terms.is_self:
        raise BadPilot(_("A pilot limits who may refer; this program has no referrals."))
    if Pilot.objects.filter(program=slug, number=number).exists():
        raise BadPilot(_("This version is a pilot already."))
    _check_nobody_is_shut_out(draft, now)
    before = draft.terms.advocates.where
    limit = _limit(tag)
    where = limit if before == _ALWAYS else f"({before}) AND {limit}"
    with one_transaction():
        for user_id in dict.fromkeys(user_ids):
            _give_tag(actor, user_id, tag, now=now)
        save_draft(actor, put(draft.source, ("advocates", "where"), where), now=now)
        Pilot.objects.create(
            program=slug,
            number=number,
            tag=tag,
            where_before=before,
            targets=targets.strip(),
            by=actor,
            at=now,
        )
        record(
            actor,
            "program.pilot_begun",
            f"program:{slug}",
            now=now,
            after={"version": number, "tag": tag, "customers": len(set(user_ids))},
        )
    return pilots(slug)[0]


def _check_nobody_is_shut_out(draft: VersionRow, now: datetime) -> None:
    """One version counts for everybody at a time: a pilot beside a running version would take the
    program from all who are not in it. Raises BadPilot."""
    base = running_one(draft.program, now)
    others = [row for row, _start in announced(draft.program, now)]
    running = [base.version] if base is not None and base.is_in_force else []
    limits = [_limit(one.tag) for one in pilots(draft.program)]
    for row in (*running, *others):
        if not any(limit in row.terms.advocates.where for limit in limits):
            raise BadPilot(
                _(
                    "Version {number} is for everybody, and one version counts at a time: this "
                    "pilot would shut out everybody who is not in it. Copy the program on its page "
                    "“Overview” and try the copy beside it."
                ).format(number=row.number)
            )


def _limit(tag: str) -> str:
    return f"tags LIKE '%,{tag},%'"


def suggest(actor: str, pilot_id: int, *, text: str, now: datetime) -> None:
    """Note what somebody in the pilot would have otherwise. Raises BadPilot."""
    row = _pilot(pilot_id)
    if not text.strip():
        raise BadPilot(_("Write the suggestion."))
    with one_transaction():
        Suggestion.objects.create(pilot=row, text=text.strip(), by=actor, at=now)
        record(actor, "program.pilot_suggestion", f"program:{row.program}", now=now)


def promote(actor: str, pilot_id: int, *, now: datetime) -> VersionRow:
    """The next version, for everybody, as a draft; its rules are those of the pilot.

    Raises BadPilot.
    """
    row = _pilot(pilot_id)
    if row.promoted_number is not None:
        raise BadPilot(_("There is a version for everybody already."))
    piloted = version(row.program, row.number)
    if piloted is None or piloted.status != "published":
        raise BadPilot(_("A pilot can be opened to everybody once it is published."))
    number = max(one.number for one in versions(row.program)) + 1
    text = put(piloted.source, ("version",), Written(str(number), "number"))
    if row.where_before == _ALWAYS:
        text = drop(text, ("advocates",))
    else:
        text = put(text, ("advocates", "where"), row.where_before)
    with one_transaction():
        draft = save_draft(actor, text, now=now)
        row.promoted_number, row.promoted_by, row.promoted_at = number, actor, now
        row.save()
        record(
            actor,
            "program.pilot_promoted",
            f"program:{row.program}",
            now=now,
            after={"version": number},
        )
    return draft


def _pilot(pilot_id: int) -> Pilot:
    row = Pilot.objects.filter(pk=pilot_id).first()
    if row is None:
        raise BadPilot(_("There is no such pilot."))
    return row


def _give_tag(actor: str, user_id: str, tag: str, *, now: datetime) -> None:
    """Say in the log that a customer has one tag more; those they had stay."""
    tags = [*_tags(user_id), tag]
    append_one(
        actor,
        {
            "type": "identify",
            "userId": user_id,
            "timestamp": now.isoformat(),
            "traits": {"tags": list(dict.fromkeys(tags))},
        },
        now=now,
    )


def _tags(user_id: str) -> list[str]:
    """The tags that were said last of a customer."""
    before: int | None = None
    while True:
        rows = log.timeline(user_id, before=before, limit=200)
        for body, kind in zip(rows["body"], rows["kind"], strict=True):
            tags = msgspec.json.decode(body).get("traits", {}).get("tags")
            if kind == "identify" and tags is not None:
                listed = tags if isinstance(tags, list) else str(tags).split(",")
                return [str(one).strip() for one in listed if str(one).strip()]
        if rows.height < 200:
            return []
        before = int(rows["position"][-1])
