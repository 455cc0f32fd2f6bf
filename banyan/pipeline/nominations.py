"""nominations: a friend's contact is taken in, and the friend is written to at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from babel.dates import format_date
from django.conf import settings

from banyan.core.people.names import advocates_name, ids_of, speaker
from banyan.core.people.read import by_contact
from banyan.engine.language.explain import Language
from banyan.growth.journeys.acts import announce_lead, send_now
from banyan.growth.leads import acts as leads
from banyan.growth.leads.acts import Nominated
from banyan.growth.leads.contact import Given
from banyan.kernel.database import one_transaction
from banyan.trust.access.owners import spellings

_LOCALES = {"en": "en", "zh-hans": "zh_Hans_CN"}


@dataclass(frozen=True)
class Lead:
    """Who is named by whom, for what, and how the friend's yes was told."""

    program: str
    title: str
    advocate: str
    contact: Given
    name: str
    statement: str
    channel: str
    language: Language
    """In which the friend is written to."""
    taken_by: str = ""
    evidence: str = ""


def nominate(lead: Lead, *, now: datetime) -> Nominated:
    """Take a friend in, ask them for a yes by a message of their own, and tell the company.

    One transaction. Raises what `banyan.growth.leads.acts.nominate` raises, and BadAddress.
    """
    with one_transaction():
        taken = leads.nominate(
            program=lead.program,
            advocate=lead.advocate,
            contact=lead.contact,
            name=lead.name,
            statement=lead.statement,
            channel=lead.channel,
            language=lead.language,
            known=customers_of(lead.contact),
            days=settings.UNCONFIRMED_DAYS,
            now=now,
            taken_by=lead.taken_by,
            evidence=lead.evidence,
        )
        if taken.link is not None:
            _ask_friend(lead, taken, now=now)
            announce_lead(
                program=lead.title,
                advocate=advocates_name(speaker(lead.advocate)),
                key=f"nomination/{taken.number}",
                now=now,
            )
    return taken


def customers_of(contact: Given) -> set[str]:
    """User ids of the customers whose contact it is, in whatever spelling, and the ids for which
    they speak."""
    return {
        each
        for value in spellings(contact.kind, contact.value)
        for user_id in by_contact(contact.kind, value)
        for each in ids_of(user_id)
    }


def _ask_friend(lead: Lead, taken: Nominated, *, now: datetime) -> None:
    channel: Literal["email", "sms"] = "email" if lead.contact.kind == "email" else "sms"
    send_now(
        "confirm_invitation",
        channel=channel,
        to=lead.contact.value,
        lang=lead.language,
        values={
            "advocate": advocates_name(speaker(lead.advocate)),
            "program": lead.title,
            "confirm_link": f"{settings.BASE_URL}/c/{taken.link}",
            "until": format_date(taken.expires_at, "long", locale=_LOCALES[lead.language]),
        },
        key=f"nomination/{taken.number}",
        now=now,
    )
