"""guests: people who order without an account go by a keyed hash of their contact."""

from banyan.core.people.contacts import comparable_email, comparable_phone
from banyan.kernel.sealing import token


def guest_id(email: str, phone: str) -> str:
    """The `userId` of a guest, the same wherever the contact is told; empty without a contact."""
    if address := comparable_email(email):
        return "guest:" + token(address, purpose="guest")
    if number := comparable_phone(phone):
        return "guest:" + token(number, purpose="guest")
    return ""
