"""Who is who: the keys of users, and facts about them as of a position."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.oracle.moments import DAY
from tests.oracle.reading import Event
from tests.oracle.sql import Value
from tests.oracle.values import as_text

USERS_OF_A_KEY = 20
CONTACT_KINDS = ("email", "phone")
FACTS = ("orders", "spend", "is_new", "is_known", "tenure_days", "tier", "tags")


@dataclass(frozen=True)
class Key:
    """What a visitor is known by: a `user`, `anonymous`, `email` or `phone`. Kinds never mix."""

    kind: str
    text: str


class People:
    """Every identified event so far, by user, and the owners of every key."""

    def __init__(self) -> None:
        self.events: dict[str, list[Event]] = {}
        self.owners: dict[Key, list[str]] = {}

    def see(self, event: Event) -> None:
        """Remember an event; the keys it shows together with a user belong to that user now."""
        if event.user is None:
            return
        self.events.setdefault(event.user, []).append(event)
        for key in keys_shown(event):
            owners = self.owners.setdefault(key, [])
            if event.user not in owners and len(owners) < USERS_OF_A_KEY:
                owners.append(event.user)

    def belongs(self, key: Key, user: str) -> bool:
        """Whether the key belongs to the user by now."""
        return user in self.owners.get(key, ())

    def before(self, user: str, position: int) -> list[Event]:
        """List the user's events below a position."""
        return [event for event in self.events.get(user, ()) if event.position < position]

    def contacts(self, user: str, position: int) -> set[Key]:
        """Gather the contacts given below a position in the user's `identify` traits."""
        given = [
            contacts_in(event.traits)
            for event in self.before(user, position)
            if event.type == "identify"
        ]
        return {key for keys in given for key in keys}

    def fact(self, name: str, user: str, position: int, at: int) -> Value:
        """Work out a fact as of a position whose event occurred at `at`."""
        past = self.before(user, position)
        orders = [
            event for event in past if event.is_track_of(user) and event.name == "Order Completed"
        ]
        match name:
            case "orders":
                return Fraction(len(orders))
            case "spend":
                totals = [order.value("total", "number") for order in orders]
                return sum((total for total in totals if total is not None), Fraction(0))
            case "is_new":
                return not orders
            case "is_known":
                return bool(past)
            case "tenure_days":
                return Fraction(max(0, (at - past[0].at) // DAY) if past else 0)
            case "tier":
                given = [as_text(event.traits.get("tier")) for event in identifies(past)]
                return next((tier for tier in reversed(given) if tier is not None), None)
            case "tags":
                lists = [event.traits.get("tags") for event in identifies(past)]
                return written_tags([each for each in lists if isinstance(each, list)])
        raise KeyError(name)


def identifies(events: list[Event]) -> list[Event]:
    return [event for event in events if event.type == "identify"]


def written_tags(given: list[list[Any]]) -> str | None:
    """Write the last list given as `,vip,new,`; NULL when it is empty or there is none."""
    tags = [tag for tag in map(as_text, given[-1]) if tag is not None] if given else []
    return f",{','.join(tags)}," if tags else None


def keys_shown(event: Event) -> list[Key]:
    """List the keys that an identified event shows together with its user."""
    keys = [Key("user", event.user)] if event.user else []
    keys += [Key("anonymous", each) for each in (event.anonymous, event.previous) if each]
    return keys + (contacts_in(event.traits) if event.type == "identify" else [])


def contacts_in(values: Any) -> list[Key]:
    """List the contacts in traits or properties, as they are compared."""
    found = [Key("email", email(values.get("email"))), Key("phone", phone(values.get("phone")))]
    return [key for key in found if key.text]


def email(value: Any) -> str:
    return (as_text(value) or "").strip().lower()


def phone(value: Any) -> str:
    """Reduce to digits and a leading +, 00 becoming +; empty when there is no digit."""
    kept = [char for char in as_text(value) or "" if char in "+0123456789"]
    digits = "".join(kept).replace("+", "")
    if kept[:1] == ["+"]:
        return f"+{digits}" if digits else ""
    if digits.startswith("00"):
        return f"+{digits[2:]}" if digits[2:] else ""
    return digits
