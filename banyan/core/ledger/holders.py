"""holders: whose wallets hold how much of a unit that can be spent."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Sum

from banyan.core.ledger.models import Balance, Transfer

_HEAD, _TAIL = "wallet:", ":available"


def holders(unit: str, *, least: int) -> dict[str, int]:
    """By user id what can be spent of a unit, where it is `least` or more."""
    rows = Balance.objects.filter(unit=unit, amount__gte=least)
    return {
        account[len(_HEAD) : -len(_TAIL)]: amount
        for account, amount in rows.values_list("account", "amount").iterator()
        if account.startswith(_HEAD) and account.endswith(_TAIL)
    }


def units(kind: str) -> list[str]:
    """The units of a kind, such as `cash`, that any account holds, by name."""
    rows = Balance.objects.filter(unit__startswith=f"{kind} ")
    return sorted(rows.values_list("unit", flat=True).distinct())


def moved_under(head: str) -> dict[tuple[str, str], int]:
    """What was spent and not returned under references that begin with `head`; by (reference,
    user id), in minor units or counts."""
    rows = Transfer.objects.exclude(reference="").filter(reference__startswith=head)
    found: dict[tuple[str, str], int] = {}
    for reference, source, target, amount in rows.values_list(
        "reference", "source", "target"
    ).annotate(n=Sum("amount")):
        sign = 1 if target.startswith("spent:") else -1 if source.startswith("spent:") else 0
        if sign:
            user_id = (target if sign > 0 else source).partition(":")[2]
            found[reference, user_id] = found.get((reference, user_id), 0) + sign * amount
    return found


def there(transfer_ids: Collection[str]) -> frozenset[str]:
    """Which of these transfers, such as `spend/POSITION`, the ledger holds."""
    rows = Transfer.objects.filter(transfer_id__in=list(transfer_ids))
    return frozenset(rows.values_list("transfer_id", flat=True))
