"""Refunds: how much of an order came back, and what that takes back of its rewards."""

from fractions import Fraction

from tests.oracle.people import People
from tests.oracle.reading import Event
from tests.oracle.rewards import Decision, Rewards
from tests.oracle.terms import minor_units
from tests.oracle.values import half_away


class Refunds:
    """Every refund so far, and the rewards it touches."""

    def __init__(self, people: People, rewards: Rewards) -> None:
        self.people = people
        self.rewards = rewards
        self.seen: list[Event] = []

    def refund(self, event: Event) -> None:
        """Take back what a refund touches: grants of its order, of its user, at lower positions."""
        order_id = event.text("order_id")
        if order_id is None:
            return
        self.seen.append(event)
        for decision in self.rewards.decisions.values():
            of = decision.event
            is_touched = of.text("order_id") == order_id and event.user in (None, of.user)
            if is_touched and of.position < event.position:
                target = self.target(decision)
                self.rewards.reverse(decision, max(0, target - decision.reversed), event)

    def target(self, decision: Decision) -> int:
        """How much of a decision should be reversed by now."""
        fraction = self.fraction(decision)
        match decision.reward.on_refund:
            case "proportional":
                return int(half_away(decision.amount * fraction))
            case "full":
                return decision.amount if fraction == 1 else 0
        return 0

    def fraction(self, decision: Decision) -> Fraction:
        """The refunded fraction of the order behind a decision, at most 1."""
        order = self.order(decision.event)
        decimals = decision.version.decimals("cash")
        total = order.value("total", "number")
        if total is None or minor_units(total, decimals) <= 0:
            return Fraction(1)
        refunded = 0
        for refund in self.seen:
            is_of_order = refund.text("order_id") == order.text("order_id")
            if not is_of_order or refund.user not in (None, order.user):
                continue
            if refund.position > order.position:
                part = refund.value("total", "number")
                if part is None:
                    return Fraction(1)
                refunded += minor_units(part, decimals)
        return min(Fraction(1), Fraction(refunded, minor_units(total, decimals)))

    def order(self, event: Event) -> Event:
        """The user's first `Order Completed` with the event's order_id; if none, the event."""
        user, order_id = event.user or "", event.text("order_id")
        orders = (
            each
            for each in self.people.events.get(user, ())
            if each.is_track_of(user)
            and each.name == "Order Completed"
            and each.text("order_id") == order_id
        )
        return next(orders, event)
