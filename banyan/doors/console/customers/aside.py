"""aside: what else was said and done around a customer: messages, disputes, requests, looks."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from banyan.doors.console.customers import saying
from banyan.doors.console.customers.subject import Subject
from banyan.growth.feedback.read import DisputeRow, disputes
from banyan.growth.journeys.read import NoticeRow, inbox, notices
from banyan.trust.audit.read import EntryRow, entries
from banyan.trust.privacy.read import RequestRow, requests
from banyan.trust.staff.read import members

PAGE = 30

_SENT = {
    "none": gettext_noop("In the inbox alone"),
    "waiting": gettext_noop("Waiting"),
    "sent": gettext_noop("Sent"),
    "delivered": gettext_noop("Delivered"),
    "bounced": gettext_noop("Bounced"),
    "failed": gettext_noop("Failed"),
    "suppressed": gettext_noop("Not sent"),
}
_DISPUTES = {
    "open": gettext_noop("Open"),
    "accepted": gettext_noop("Taken up"),
    "solved": gettext_noop("Solved"),
    "appealed": gettext_noop("Appealed"),
}
_OUTCOMES = {
    "upheld": gettext_noop("The decision stands"),
    "corrected": gettext_noop("Corrected"),
    "withdrawn": gettext_noop("Withdrawn"),
}
_REQUESTS = {
    "access": gettext_noop("See their data"),
    "export": gettext_noop("Take their data along"),
    "correct": gettext_noop("Correct their data"),
    "erase": gettext_noop("Erase their data"),
    "object": gettext_noop("Object to a use of their data"),
}
_REQUEST_STATES = {
    "open": gettext_noop("Open"),
    "done": gettext_noop("Answered"),
    "refused": gettext_noop("Refused"),
}


def messages(subject: Subject) -> dict[str, Any]:
    """What they were told and by which way, what they disputed, what they asked for."""
    before = subject.number("before")
    sent = [
        row
        for user_id in subject.ids
        for row in notices(user_id=user_id, before=before, limit=PAGE + 1)
    ]
    sent.sort(key=lambda row: row.number, reverse=True)
    words = {
        one.number: (one.title, one.text)
        for one in inbox(subject.user_id, before, PAGE + 1, lang=saying.language(), now=subject.now)
    }
    return {
        "sent": [_sent(row, *words.get(row.number, ("", ""))) for row in sent[:PAGE]],
        "before": sent[PAGE - 1].number if len(sent) > PAGE else None,
        "disputes": [
            dispute_told(row) for user_id in subject.ids for row in disputes(user_id=user_id)
        ],
        "requests": [_request(row) for user_id in subject.ids for row in requests(user_id=user_id)],
    }


def access(subject: Subject) -> dict[str, Any]:
    """Who looked at what is personal of them, and who changed something."""
    before = subject.number("before")
    rows = [
        row
        for user_id in subject.ids
        for row in entries(about=f"customer:{user_id}", before=before, limit=PAGE + 1)
    ]
    rows.sort(key=lambda row: row.number, reverse=True)
    names = {one.actor: one.name for one in members()}
    return {
        "entries": [_entry(row, names) for row in rows[:PAGE]],
        "before": rows[PAGE - 1].number if len(rows) > PAGE else None,
    }


def _sent(row: NoticeRow, title: str, text: str) -> dict[str, Any]:
    return {
        "row": row,
        "title": title or row.kind.replace("_", " ").replace(".", " "),
        "text": text,
        "at": saying.moment(row.sent_at or row.created_at),
        "status": _(_SENT[row.status]),
        "is_bad": row.status in ("bounced", "failed"),
    }


def dispute_told(row: DisputeRow) -> dict[str, Any]:
    """A dispute as a list shows it."""
    return {
        "row": row,
        "state": _(_DISPUTES[row.state]),
        "outcome": _(_OUTCOMES[row.outcome]) if row.outcome else "",
        "at": saying.moment(row.raised_at),
    }


def _request(row: RequestRow) -> dict[str, Any]:
    return {
        "row": row,
        "kind": _(_REQUESTS[row.kind]),
        "state": _(_REQUEST_STATES[row.state]),
        "at": saying.moment(row.received_at),
        "due": saying.moment(row.due_at),
    }


def _entry(row: EntryRow, names: dict[str, str]) -> dict[str, Any]:
    told = {**(row.before or {}), **(row.after or {})}
    return {
        "row": row,
        "actor": names.get(row.actor, row.actor),
        "at": saying.moment(row.at),
        "told": ", ".join(f"{name}: {_plain(value)}" for name, value in told.items()),
    }


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
