"""data: what is personal of a customer, masked until somebody with the right asks to see it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render as part
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from banyan.core.events import clock
from banyan.core.people.masks import mask_email, mask_name, mask_phone
from banyan.core.people.read import ConsentRow, ContactRow, consents, customer, identities
from banyan.core.programs.read import programs
from banyan.doors.console.customers import saying
from banyan.doors.console.customers.subject import Subject
from banyan.doors.console.page import page
from banyan.doors.console.staff import at_work
from banyan.insight.segments.circle import history
from banyan.insight.segments.read import segments_of
from banyan.trust.audit.acts import record

_PLAIN_TRAITS = ("tier", "tags")
"""They lie open in the log too; every other trait is personal."""
_HIDDEN = "•••"
_MOST_DEVICES = 50


def identities_of(subject: Subject) -> dict[str, Any]:
    """Contacts, traits, devices, consents, segments and circle."""
    said = [one for user_id in subject.ids for one in consents(user_id)]
    devices = [one for user_id in subject.ids for one in identities(user_id)]
    return {
        **_personal(subject.row.contacts, subject.row.traits, is_open=False),
        "devices": devices[:_MOST_DEVICES],
        "more_devices": max(len(devices) - _MOST_DEVICES, 0),
        "consents": [_consent(one) for one in sorted(said, key=_position, reverse=True)],
        "purposes": sorted({one.purpose for one in said if one.purpose}),
        "segments": segments_of(subject.user_id),
        "stays": history(subject.ids),
        "programs": [one.slug for one in programs() if one.status == "live"],
        "may_edit": subject.me.may("customers.edit"),
        "may_erase": subject.me.may("customers.privacy"),
        "may_link": subject.me.may("referrals.edit"),
    }


@never_cache
@page("customers.contacts")
@require_POST
def seen(request: HttpRequest, user_id: str) -> HttpResponseBase:
    """What is personal, in clear; what was shown to whom is written down first."""
    row = customer(user_id)
    if row is None:
        raise Http404
    shown = sorted({*(one.kind for one in row.contacts), *row.traits})
    record(
        at_work(request).actor,
        "customer.seen",
        f"customer:{user_id}",
        now=clock.now(),
        after={"shown": shown},
    )
    context = _personal(row.contacts, row.traits, is_open=True)
    return part(request, "console/customers/personal.html", context)


def _personal(
    contacts: tuple[ContactRow, ...], traits: dict[str, object], *, is_open: bool
) -> dict[str, Any]:
    return {
        "is_open": is_open,
        "contacts": [(one.kind, one.value if is_open else _masked(one)) for one in contacts],
        "traits": [
            (name, _told(name, value, is_open=is_open))
            for name, value in sorted(traits.items())
            if name not in ("email", "phone")
        ],
    }


def _masked(contact: ContactRow) -> str:
    return (mask_email if contact.kind == "email" else mask_phone)(contact.value)


def _told(name: str, value: object, *, is_open: bool) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    if is_open or name in _PLAIN_TRAITS:
        return text
    return mask_name(text) if name == "name" else _HIDDEN


def _consent(one: ConsentRow) -> dict[str, Any]:
    return {"row": one, "at": saying.moment(one.occurred_at)}


def _position(one: ConsentRow) -> int:
    return one.position
