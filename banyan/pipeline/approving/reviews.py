"""reviews: a text goes before legal and finance, each a second person, and only then is published.

An approval is of one text, by its hash: whoever changes a letter asks anew. These acts are those of
people at the console; integrators and the command line publish without them, which the page of a
program shows.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from banyan.core.programs.acts import checked
from banyan.core.programs.drafts import drafts
from banyan.core.programs.force import running_one
from banyan.core.programs.read import VersionRow, program, version, versions
from banyan.core.programs.terms import program_of, start_of
from banyan.engine.language.explain import Language
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.pipeline import publish
from banyan.pipeline.approving.announced import Displaced, displaced
from banyan.pipeline.approving.changes import Change, changes, cuts
from banyan.pipeline.approving.models import Policy, Review, Verdict
from banyan.pipeline.approving.read import ReviewRow, Side, notice_days, review, reviews
from banyan.trust.audit.acts import record

MOST_CHARACTERS = 5_000


class NotReviewable(Problem):
    """A version that cannot be laid before anybody, or a review that is over."""


class TextChanged(Problem):
    """The text is no longer the one that was laid before the reviewers."""


class TwoPersons(Problem):
    """Somebody who may not speak here, because a second person must."""


class RemarksMissing(Problem):
    """A return that does not say what to mend."""


class NotApproved(Problem):
    """A text that not everybody agreed to."""


class NeedsNotice(Problem):
    """A cut that begins too soon, or that customers are not told of."""


class BadDays(Problem):
    """A number of notice days that cannot be."""


def submit(actor: str, slug: str, number: int, *, note: str, now: datetime) -> ReviewRow:
    """Lay the text of a draft version before legal and finance.

    A review of an older text ends. Raises NotReviewable, ProgramError, NotPublishable.
    """
    draft = version(slug, number)
    if draft is None or draft.status not in ("draft", "refused"):
        raise NotReviewable(
            _("{program} version {number} is no draft; only a draft can be reviewed.").format(
                program=slug, number=number
            )
        )
    found = program(slug)
    if found is not None and found.status == "closed":
        raise NotReviewable(
            _("This program is closed for good; copy it, and publish the copy instead.")
        )
    checked(draft.source, name=f"{slug}.yaml")
    authors = {actor}
    for one in drafts(slug=slug):
        if one.number == number:
            authors |= {one.created_by, one.updated_by}
    with one_transaction():
        for old in Review.objects.select_for_update().filter(
            program=slug, number=number, status=Review.Status.OPEN
        ):
            if old.sha256 == draft.sha256:
                raise NotReviewable(_("This text is being reviewed already."))
            old.status, old.closed_at = Review.Status.VOID, now
            old.save()
        row = Review.objects.create(
            program=slug,
            number=number,
            sha256=draft.sha256,
            note=_short(note),
            asked_by=actor,
            authors=" ".join(sorted(authors)),
            asked_at=now,
        )
        record(
            actor,
            "program.review_asked",
            f"program:{slug}",
            now=now,
            after={"version": number, "sha256": draft.sha256, "review": row.pk},
        )
    return _row(row.pk)


def judge(
    actor: str, review_id: int, side: Side, *, is_approved: bool, remarks: str, now: datetime
) -> ReviewRow:
    """One side agrees, or gives the text back with what to mend: then it is a draft again.

    Raises NotReviewable, TextChanged, TwoPersons, RemarksMissing.
    """
    if not is_approved and not remarks.strip():
        raise RemarksMissing(_("Say what is to be mended, so that the author can go on."))
    with one_transaction():
        row = _open(review_id)
        before = _row(review_id)
        if actor in before.authors:
            raise TwoPersons(
                _("You wrote this text or laid it before the others; another person judges it.")
            )
        if actor in [one.by for one in before.verdicts]:
            raise TwoPersons(
                _("You have spoken for the other side; this side needs a second person.")
            )
        if before.verdict(side) is not None:
            raise NotReviewable(_("This side has spoken already."))
        Verdict.objects.create(
            review=row,
            side=side,
            is_approved=is_approved,
            remarks=_short(remarks),
            by=actor,
            at=now,
        )
        if not is_approved:
            row.status, row.closed_at = Review.Status.RETURNED, now
            row.save()
        record(
            actor,
            f"program.review_{'approved' if is_approved else 'returned'}",
            f"program:{row.program}",
            now=now,
            after={"version": row.number, "sha256": row.sha256, "side": side},
            reason=_short(remarks),
        )
    return _row(review_id)


def withdraw(actor: str, review_id: int, *, now: datetime) -> ReviewRow:
    """Take a text back from the reviewers. Raises NotReviewable."""
    with one_transaction():
        row = Review.objects.select_for_update().filter(pk=review_id).first()
        if row is None or row.status != Review.Status.OPEN:
            raise NotReviewable(_("This review is over."))
        row.status, row.closed_at = Review.Status.WITHDRAWN, now
        row.save()
        record(
            actor,
            "program.review_withdrawn",
            f"program:{row.program}",
            now=now,
            after={"version": row.number},
        )
    return _row(review_id)


def against_running(
    row: VersionRow, *, starts_at: datetime | None, now: datetime, lang: Language
) -> tuple[Change, ...]:
    """What a version changes in the one that would be in force at its start; none for a first."""
    base = running_one(row.program, begins(row, starts_at=starts_at, now=now))
    if base is None or base.version.number == row.number:
        return ()
    return changes(base.terms, program_of(row.source, starts_at=None, name=row.program), lang=lang)


def against_announced(
    row: VersionRow, *, starts_at: datetime | None, now: datetime, lang: Language
) -> list[tuple[Displaced, tuple[Change, ...]]]:
    """The announced versions whose place a version would take, and what it changes in each."""
    at = begins(row, starts_at=starts_at, now=now)
    terms = program_of(row.source, starts_at=None, name=row.program)
    return [
        (other, changes(other.row.terms, terms, lang=lang)) for other in displaced(row, terms, at)
    ]


def was_told(row: VersionRow) -> bool:
    """Whether customers were told of an announced version.

    By its start, since a stop publishes the announced text again under another number.
    """
    known = reviews(row.program)
    told = {one.number for one in known if one.status == "published" and one.notice}
    rows = [one for one in versions(row.program) if one.number in told]
    return any(start_of(one.terms) == start_of(row.terms) for one in rows)


def cuts_of(one: ReviewRow, *, lang: Language) -> tuple[str, ...]:
    """What a published version gave less than the one before it, for a reader of any language.

    As it was kept at publication, in the language of whoever published, where it cannot be found
    out anew.
    """
    older = [
        row
        for row in versions(one.program)
        if row.status == "published" and row.number < one.number
    ]
    row = version(one.program, one.number)
    if row is None or not one.cuts:
        return one.cuts
    for base in older:
        found = cuts(changes(base.terms, row.terms, lang=lang))
        kept = {cut.sentence for cut in _in_any_language(base, row)}
        if kept.issuperset(one.cuts) and len(found) == len(one.cuts):
            return tuple(cut.sentence for cut in found)
    return one.cuts


def _in_any_language(base: VersionRow, row: VersionRow) -> list[Change]:
    languages: tuple[Language, ...] = ("en", "zh-hans")
    return [one for lang in languages for one in cuts(changes(base.terms, row.terms, lang=lang))]


def begins(row: VersionRow, *, starts_at: datetime | None, now: datetime) -> datetime:
    """From when on new invitations would stand under it: never in the past."""
    own = start_of(program_of(row.source, starts_at=None, name=row.program))
    return max(one for one in (now, starts_at, own) if one is not None)


def publish_reviewed(
    actor: str,
    review_id: int,
    *,
    starts_at: datetime | None,
    notice: str,
    now: datetime,
    lang: Language,
) -> VersionRow:
    """Publish a text that legal and finance agreed to; the worker takes it up.

    A cut begins when the notice days of its program have passed, and says what customers are told;
    so does what takes the place of a version that they were told of. A raise may begin at once.
    Raises NotReviewable, TextChanged, NotApproved, NeedsNotice and what
    `pipeline.publish.publish` raises.
    """
    with one_transaction():
        known = _row(review_id)
        draft = version(known.program, known.number)
        assert draft is not None, "a review is of a version"
        if known.status == Review.Status.PUBLISHED:
            raise NotReviewable(
                _("Version {number} is published already.").format(number=known.number)
            )
        if known.is_open and not known.is_approved:
            raise NotApproved(_("Legal and finance must both agree before this is published."))
        # The log's lock comes first, as everywhere, then the review's.
        published = publish.publish(actor, draft.source, starts_at=starts_at, now=now)
        row = _open(review_id)
        less = _check_notice(draft, starts_at=starts_at, notice=notice, now=now, lang=lang)
        row.status, row.closed_at = Review.Status.PUBLISHED, now
        row.cuts, row.notice = "\n".join(one.sentence for one in less), _short(notice)
        row.save()
        record(
            actor,
            "program.published",
            f"program:{row.program}",
            now=now,
            after={
                "version": row.number,
                "sha256": row.sha256,
                "review": row.pk,
                "starts_at": begins(draft, starts_at=starts_at, now=now).isoformat(),
                "cuts": [one.sentence for one in less],
            },
        )
    return published


def set_notice_days(actor: str, slug: str, days: int, *, now: datetime) -> None:
    """How many days ahead a cut must be published from now on. Raises BadDays."""
    if not 0 <= days <= 365:
        raise BadDays(_("The notice is between 0 and 365 days."))
    with one_transaction():
        before = notice_days(slug)
        Policy.objects.update_or_create(program=slug, defaults={"notice_days": days})
        record(
            actor,
            "program.notice_days_changed",
            f"program:{slug}",
            now=now,
            before={"notice_days": before},
            after={"notice_days": days},
        )


def earliest_cut(slug: str, now: datetime) -> datetime:
    """The first moment at which something may become less."""
    return now + timedelta(days=notice_days(slug))


def latest(slug: str, number: int) -> ReviewRow | None:
    """The newest review of a version."""
    return next((one for one in reviews(slug) if one.number == number), None)


def _check_notice(
    draft: VersionRow, *, starts_at: datetime | None, notice: str, now: datetime, lang: Language
) -> tuple[Change, ...]:
    """What gives less than what is in force, or announced, at the same time. Raises NeedsNotice."""
    less = cuts(against_running(draft, starts_at=starts_at, now=now, lang=lang))
    first = begins(draft, starts_at=starts_at, now=now) if less else None
    must_tell = bool(less)
    for other, found in against_announced(draft, starts_at=starts_at, now=now, lang=lang):
        if fewer := cuts(found):
            less += tuple(one for one in fewer if one not in less)
            first = min(first or other.start, other.start)
        must_tell = must_tell or bool(fewer) or was_told(other.row)
    told = " ".join(one.sentence for one in less)
    if first is not None and first < earliest_cut(draft.program, now):
        raise NeedsNotice(
            _(
                "This version gives less than what runs or is announced, so it may begin {days} "
                "days from now at the earliest. {cuts}"
            ).format(days=notice_days(draft.program), cuts=told)
        )
    if must_tell and not notice.strip():
        raise NeedsNotice(_words_missing(told))
    return less


def _words_missing(told: str) -> str:
    if not told:
        return _(
            "Write what customers are told: they know of a version that now never comes into "
            "force, or later."
        )
    return _("Write what customers are told, since this version gives less. {cuts}").format(
        cuts=told
    )


def _open(review_id: int) -> Review:
    """The review's row, locked, with the text as it was laid before the reviewers."""
    row = Review.objects.select_for_update().filter(pk=review_id).first()
    if row is None or row.status != Review.Status.OPEN:
        raise NotReviewable(_("This review is over."))
    text = version(row.program, row.number)
    if text is None or text.sha256 != row.sha256:
        raise TextChanged(
            _("The text was changed since it was laid before you; it must be laid before you anew.")
        )
    return row


def _row(review_id: int) -> ReviewRow:
    found = review(review_id)
    if found is None:
        raise NotReviewable(_("There is no such review."))
    return found


def _short(text: str) -> str:
    return text.strip()[:MOST_CHARACTERS]
