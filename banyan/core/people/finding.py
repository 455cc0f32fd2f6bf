"""finding: customers by a name. Names lie encrypted, so only some can be looked through."""

from __future__ import annotations

from banyan.core.people.models import Customer, Profile
from banyan.core.people.profiles import opened_traits

LOOKED_THROUGH = 3_000
"""Of so many customers the names are opened, those with the newest profiles first."""


def by_name(text: str, *, limit: int = 20) -> list[str]:
    """User ids of customers whose name holds the text, whatever its case, those who told of
    themselves last first. Only the `LOOKED_THROUGH` newest profiles are looked at."""
    wanted = "".join(text.split()).casefold()
    if not wanted:
        return []
    found = []
    for row in Profile.objects.order_by("-position")[:LOOKED_THROUGH].iterator():
        name = _name(opened_traits(row.customer, bytes(row.sealed)))
        if wanted in "".join(name.split()).casefold():
            found.append(row.customer)
            if len(found) == limit:
                break
    into = dict(
        Customer.objects.filter(user_id__in=found, merged_into__isnull=False).values_list(
            "user_id", "merged_into"
        )
    )
    return list(dict.fromkeys(into.get(one) or one for one in found))


def _name(traits: dict[str, object]) -> str:
    """Every name there is, one after the other, in both orders: people are looked for in either."""
    whole, first, last = (
        value if isinstance(value := traits.get(name), str) else ""
        for name in ("name", "firstName", "lastName")
    )
    return f"{whole}|{first}{last}|{last}{first}"
