"""contact: what somebody typed into the one field for an e-mail address or a phone number."""

from __future__ import annotations

import unicodedata

from banyan.core.people.contacts import Kind
from banyan.growth.journeys.addresses import BadAddress, checked
from banyan.growth.journeys.channels import configured
from banyan.growth.journeys.kinds import Channel
from banyan.growth.leads.contact import Given
from banyan.trust.access import signin
from banyan.trust.access.signin import NoContact


def contact_in(text: str) -> Given:
    """The contact in a text, if a message can be sent there from here. Raises NoContact.

    Full-width digits and signs, as Chinese keyboards write them, count as plain ones.
    """
    plain = unicodedata.normalize("NFKC", text)
    found = signin.contact_of(plain)
    if found.kind == "phone" and not takes_phones():
        raise NoContact("No provider of text messages is set up; write an e-mail address.")
    try:
        checked(channel_of(found.kind), found.value)
    except BadAddress as bad:
        raise NoContact(bad.sentence) from None
    return Given(found.kind, found.value)


def takes_phones() -> bool:
    """Whether text messages are sent from here. Where they are not, no page asks for a number: no
    code would ever come."""
    return "sms" in configured()


def channel_of(kind: Kind) -> Channel:
    """By which way a contact is written to."""
    return "email" if kind == "email" else "sms"
