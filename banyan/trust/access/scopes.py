"""What a key may be allowed to do, by name."""

from __future__ import annotations

SCOPES = {
    "rules:read": "read the public rules of programs",
    "landing:read": "read where a link leads",
    "programs:read": "read programs, their versions and sources",
    "programs:write": "save, publish, pause and close programs",
    "links:read": "read links and their counters",
    "links:write": "make links",
    "referrals:read": "read referrals and invitations that were lost",
    "referrals:write": "capture referrals, and learn whether somebody is a customer",
    "decisions:read": "read decisions and why they are as they are",
    "decisions:write": "release and deny held decisions",
    "disputes:read": "read disputes, with what was said in them",
    "disputes:write": "raise disputes for customers, take them up and answer them",
    "customers:read": "read customers, with their personal data",
    "customers:write": "write customers and consents, merge and erase customers",
    "wallets:read": "read balances and statements",
    "wallets:write": "spend and return",
    "wallets:credit": "top up",
    "events:write": "send events, as a write key does",
    "events:read": "read events of a customer and events that could not be used",
    "toolkit:read": (
        "read texts to pass on with their effect, and how and where programs show themselves"
    ),
    "toolkit:write": (
        "change texts to pass on, questions, brand, proof and where customers are called"
    ),
    "templates:read": "read the texts of notices",
    "templates:write": "change the texts of notices and send them as a test",
    "notices:read": "read what people were told, by which way, and how they want it",
    "notices:write": "send again, change how people want to be told, read where providers report",
    "webhooks:read": "read webhook subscriptions and deliveries",
    "webhooks:write": "change webhook subscriptions and send again",
    "sources:read": "read the shops and providers that post to us",
    "sources:write": "make, change and revoke them",
    "audit:read": "read the audit log",
    "clock:write": "move the clock of a test installation",
}

PUBLIC = frozenset({"rules:read", "landing:read"})

BY_ROLE = {
    "secret": frozenset(SCOPES),
    "publishable": PUBLIC,
    # A write key sends events and reads nothing: it lies on machines that others may see.
    "write": frozenset[str](),
    # It signs tokens with which a host site's customers enter the portal; it calls nothing.
    "portal": frozenset[str](),
}
