"""Money moves: grants become available, money is credited, both are spent, and expire."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.moments import read_moment
from tests.oracle.reading import Event
from tests.oracle.values import SIZE_LIMIT, as_number

Order = tuple[int, str, int]  # a decision's position, program, and reward's place in its file
KINDS = ("grant", "available", "reversal", "expiry")


@dataclass
class Grant:
    """What stands behind a decision in its beneficiary's wallet, or was credited from outside."""

    decision_id: str  # `topup/POSITION` of a credit
    order: Order
    source: str  # `program:SLUG` or `topup:USER`
    holder: str  # `wallet:USER` or `charity:NAME`
    unit: str
    amount: int
    available_at: int  # really: not before a release
    expires_at: int | None  # counted from real availability
    is_available: bool = False
    has_expired: bool = False
    reversed: int = 0  # since the grant
    taken_back: int = 0  # moved by reversals
    spent: int = 0
    expired: int = 0
    is_credit: bool = False

    @property
    def left(self) -> int:
        """What can still be spent or expire; a debt after a reversal is not counted here."""
        return max(0, self.amount - self.taken_back - self.spent - self.expired)


@dataclass
class Spend:
    """A spend that may be returned once."""

    unit: str
    parts: list[tuple[Grant, int]]
    is_returned: bool = False

    @property
    def amount(self) -> int:
        return sum(part for _, part in self.parts)


@dataclass
class Wallets:
    """All grants, spends and postings so far."""

    grants: dict[str, Grant] = field(default_factory=dict)
    credits: set[tuple[str, str]] = field(default_factory=set)
    spends: dict[tuple[str, str], Spend] = field(default_factory=dict)
    balances: Counter[tuple[str, str]] = field(default_factory=Counter)
    rows: list[tuple[tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)

    def grant(self, grant: Grant, position: int, at: int, log_time: int) -> None:
        """Put a grant into a wallet; what is due at once follows."""
        self.grants[grant.decision_id] = grant
        target = f"{grant.holder}:pending"
        self.move(grant, "grant", position, at, grant.source, target, grant.amount)
        self.mature(grant, position, log_time)

    def mature_all(self, position: int, log_time: int) -> None:
        """Let everything happen that is due by now."""
        for grant in self.grants.values():
            self.mature(grant, position, log_time)

    def mature(self, grant: Grant, position: int, log_time: int) -> None:
        pending, available = f"{grant.holder}:pending", f"{grant.holder}:available"
        if not grant.is_available and grant.available_at <= log_time:
            rest = grant.amount - grant.taken_back
            at = grant.available_at
            self.move(grant, "available", position, at, pending, available, rest)
            grant.is_available = True
        is_due = grant.expires_at is not None and grant.expires_at <= log_time
        if is_due and grant.expires_at is not None and not grant.has_expired:
            rest = grant.left
            self.move(
                grant,
                "expiry",
                position,
                grant.expires_at,
                available,
                grant.source,
                rest,
            )
            grant.has_expired = True
            grant.expired = rest

    def reverse(self, decision_id: str, amount: int, position: int, at: int) -> None:
        """Take back so much more of a grant; what has expired counts as taken back first."""
        grant = self.grants.get(decision_id)
        if grant is None:
            return
        grant.reversed += amount
        moved = max(0, grant.reversed - grant.expired - grant.taken_back)
        state = "available" if grant.is_available else "pending"
        self.move(
            grant,
            f"reversal/{position}",
            position,
            at,
            f"{grant.holder}:{state}",
            grant.source,
            moved,
        )
        grant.taken_back += moved

    def credit(self, event: Event, log_time: int) -> None:
        """Put money from outside into a wallet, once a reference; what is due at once follows."""
        unit, reference, amount = asked(event)
        ends = event.text("expires_at")
        expires_at = read_moment(ends)
        if event.user is None or unit is None or reference is None or amount is None:
            return
        if (event.user, reference) in self.credits or (ends and expires_at is None):
            return
        self.credits.add((event.user, reference))
        grant = Grant(
            decision_id=f"topup/{event.position}",
            order=(event.position, "", 0),
            source=f"topup:{event.user}",
            holder=f"wallet:{event.user}",
            unit=unit,
            amount=amount,
            available_at=event.at,
            expires_at=expires_at,
            is_available=True,
            is_credit=True,
        )
        self.grants[grant.decision_id] = grant
        available = f"{grant.holder}:available"
        self.move(grant, "", event.position, event.at, grant.source, available, amount)
        self.mature(grant, event.position, log_time)

    def spend(self, event: Event) -> None:
        """Spend what is available, from the grants that expire first."""
        unit, reference, amount = asked(event)
        if event.user is None or unit is None or reference is None or amount is None:
            return
        available = f"wallet:{event.user}:available"
        if amount > self.balances[available, unit] or (event.user, reference) in self.spends:
            return
        parts = self.use_up(f"wallet:{event.user}", unit, amount)
        self.spends[event.user, reference] = Spend(unit, parts)
        self.post(
            f"spend/{event.position}",
            (event.position, 1, event.position, 0),
            event.at,
            unit,
            amount,
            available,
            f"spent:{event.user}",
        )

    def use_up(self, holder: str, unit: str, amount: int) -> list[tuple[Grant, int]]:
        """Use up grants, those that expire first, then by position."""
        open_grants = [
            grant
            for grant in self.grants.values()
            if grant.holder == holder and grant.unit == unit and grant.is_available and grant.left
        ]
        parts = []
        for grant in sorted(open_grants, key=expiry_order):
            part = min(grant.left, amount)
            if part:
                grant.spent += part
                amount -= part
                parts.append((grant, part))
        assert amount == 0, "the balance is never above what is left of the grants"
        return parts

    def give_back(self, event: Event) -> None:
        """Undo a spend, once."""
        spend = self.spends.get((event.user or "", event.text("reference") or ""))
        if event.user is None or spend is None or spend.is_returned:
            return
        spend.is_returned = True
        for grant, part in spend.parts:
            grant.spent -= part
        self.post(
            f"return/{event.position}",
            (event.position, 1, event.position, 0),
            event.at,
            spend.unit,
            spend.amount,
            f"spent:{event.user}",
            f"wallet:{event.user}:available",
        )

    def move(
        self, grant: Grant, name: str, position: int, at: int, source: str, target: str, amount: int
    ) -> None:
        """Post one transfer of a grant; those of credits stand behind all others."""
        place: tuple[Any, ...] = (position, 1, grant.order[0], name)
        if not grant.is_credit:
            place = (position, 0, *grant.order, KINDS.index(name.partition("/")[0]))
        transfer = f"{grant.decision_id}/{name}" if name else grant.decision_id
        self.post(transfer, place, at, grant.unit, amount, source, target)

    def post(
        self,
        transfer: str,
        place: tuple[Any, ...],
        at: int,
        unit: str,
        amount: int,
        source: str,
        target: str,
    ) -> None:
        """Write the two postings of a transfer, source first; none for 0."""
        if amount == 0:
            return
        for account, signed in ((source, -amount), (target, amount)):
            self.balances[account, unit] += signed
            row = {
                "transfer_id": transfer,
                "position": place[0],
                "occurred_at": at,
                "account": account,
                "unit": unit,
                "amount": signed,
            }
            self.rows.append((place, row))


def asked(event: Event) -> tuple[str | None, str | None, int | None]:
    """Unit, reference and amount of an event on a wallet; only a whole positive number is one."""
    amount = as_number(event.properties.get("amount"))
    if amount is not None and (not 0 < amount <= SIZE_LIMIT or amount.denominator != 1):
        amount = None
    whole = None if amount is None else int(amount)
    return event.text("unit"), event.text("reference"), whole


def expiry_order(grant: Grant) -> tuple[bool, int, int, bool, Order]:
    """Those that expire first, then by position; a credit comes after the grants of its event."""
    ends = grant.expires_at
    return ends is None, ends or 0, grant.order[0], grant.is_credit, grant.order
