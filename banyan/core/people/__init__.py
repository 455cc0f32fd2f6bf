"""people: who: customers, identities, contacts, consent."""
