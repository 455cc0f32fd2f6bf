"""payees: where somebody wants their cash. Doors write looks and changes down in the audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import cast

import msgspec
from django.utils.translation import gettext as _

from banyan.growth.payouts.methods import Account, Method, checked, shown
from banyan.growth.payouts.models import Line, Payee
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.kernel.sealing import seal, unseal

CUSTOMER = "customer"


class NoPayee(Problem):
    """Somebody of whom no account is known."""

    status = 404
    code = "not_found"


class SamePerson(Problem):
    """A second pair of eyes that is the first."""

    status = 403
    code = "same_person"


@dataclass(frozen=True)
class PayeeRow:
    """Where somebody is paid, masked. `is_own`: they said so themselves."""

    customer: str
    method: Method
    shown: str
    state: str
    why: str
    agreed_at: datetime
    changed_at: datetime
    changed_by: str
    verified_at: datetime | None
    verified_by: str

    @property
    def is_own(self) -> bool:
        """Whether they gave it themselves."""
        return self.changed_by == CUSTOMER


def set_payee(
    actor: str, customer: str, *, method: str, given: Mapping[str, str], now: datetime
) -> PayeeRow:
    """Note where somebody, who agreed to it, wants to be paid; it is to be verified anew.

    `actor`: `customer` for themselves. Raises BadPayee.
    """
    account = checked(method, given)
    Payee.objects.update_or_create(
        customer=customer,
        defaults={
            "method": method,
            "sealed": seal(msgspec.json.encode(asdict(account)), context=_context(customer)),
            "shown": shown(account),
            "state": Payee.State.NEW,
            "why": "",
            "agreed_at": now,
            "changed_at": now,
            "changed_by": actor,
            "verified_at": None,
            "verified_by": "",
        },
    )
    return _known(customer)


def verify(actor: str, customer: str, *, now: datetime) -> PayeeRow:
    """Somebody else than who entered it has seen that it is right. Raises NoPayee, SamePerson."""
    with one_transaction():
        row = _of(customer)
        if row.changed_by == actor:
            raise SamePerson(_("You entered this account; somebody else has to verify it."))
        row.state, row.verified_at, row.verified_by = Payee.State.VERIFIED, now, actor
        row.why = ""
        row.save()
    return _row(row)


def remove(customer: str) -> None:
    """Somebody no longer wants to be paid out. Raises NoPayee."""
    if not Payee.objects.filter(customer=customer).delete()[0]:
        raise NoPayee(_("No account of this customer is known."))


def question(customers: Sequence[str], *, why: str) -> None:
    """A payout did not arrive: the account is to be verified again before the next one."""
    Payee.objects.filter(customer__in=customers).update(state=Payee.State.FAILED, why=why)


def payee(customer: str) -> PayeeRow | None:
    """Where somebody is paid, masked."""
    row = Payee.objects.filter(customer=customer).first()
    return _row(row) if row else None


def payees(*, state: str = "", offset: int = 0, limit: int = 50) -> list[PayeeRow]:
    """Those who gave an account; who waits for verification longest comes first."""
    rows = Payee.objects.filter(state=state) if state else Payee.objects.all()
    return [_row(row) for row in rows.order_by("changed_at", "customer")[offset : offset + limit]]


def waiting() -> int:
    """How many accounts wait to be verified."""
    return Payee.objects.exclude(state=Payee.State.VERIFIED).count()


def opened(customer: str) -> Account:
    """The account in clear: callers write down who looked. Raises NoPayee."""
    with one_transaction():
        return _opened(_of(customer))


def verified(method: Method) -> dict[str, Account]:
    """Everybody's verified account of that method, by customer, in clear: for making a batch."""
    rows = Payee.objects.filter(method=method, state=Payee.State.VERIFIED)
    return {row.customer: _opened(row) for row in rows.iterator()}


def for_export(user_ids: Sequence[str]) -> list[dict[str, object]]:
    """The accounts of these ids in clear, for a customer's own copy: plain values."""
    rows = Payee.objects.filter(customer__in=user_ids).order_by("customer")
    return [
        {"customer": row.customer, "method": row.method, "agreed_at": row.agreed_at.isoformat()}
        | asdict(_opened(row))
        for row in rows
    ]


def forget(user_ids: Sequence[str]) -> None:
    """Destroy the accounts of an erased customer; the books stay."""
    Payee.objects.filter(customer__in=user_ids).delete()
    Line.objects.filter(customer__in=user_ids).update(sealed=None, shown="")


def _of(customer: str) -> Payee:
    row = Payee.objects.select_for_update().filter(customer=customer).first()
    if row is None:
        raise NoPayee(_("No account of this customer is known."))
    return row


def _known(customer: str) -> PayeeRow:
    found = payee(customer)
    assert found is not None
    return found


def _opened(row: Payee) -> Account:
    plain = unseal(bytes(row.sealed), context=_context(row.customer))
    return msgspec.json.decode(plain, type=Account)


def _context(customer: str) -> str:
    return f"payee:{customer}"


def _row(row: Payee) -> PayeeRow:
    return PayeeRow(
        customer=row.customer,
        method=cast(Method, row.method),  # the database holds these alone
        shown=row.shown,
        state=row.state,
        why=row.why,
        agreed_at=row.agreed_at,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
        verified_at=row.verified_at,
        verified_by=row.verified_by,
    )
