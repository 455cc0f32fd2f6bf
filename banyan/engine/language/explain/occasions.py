"""On which occasion a reward is granted, in a few words: “after the first order of $50 or more”."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from sqlglot import exp

from banyan.engine.language.explain.facts import Names
from banyan.engine.language.explain.voice import Voice, sentence
from banyan.engine.language.names import Place, columns
from banyan.engine.language.program import Milestone, Program, Reward
from banyan.engine.language.sql import parse_sql
from banyan.kernel.money import minor_digits

# What one and several events of the common names are called.
EVENTS = {
    "Order Completed": (sentence("order"), sentence("orders")),
    "Signed Up": (sentence("sign-up"), sentence("sign-ups")),
    "Account Created": (sentence("account"), sentence("accounts")),
    "Subscription Started": (sentence("subscription"), sentence("subscriptions")),
    "Trial Started": (sentence("trial"), sentence("trials")),
    "Invoice Paid": (sentence("paid bill"), sentence("paid bills")),
    "Contract Signed": (sentence("contract"), sentence("contracts")),
    "Trip Completed": (sentence("trip"), sentence("trips")),
    "Delivery Completed": (sentence("delivery"), sentence("deliveries")),
    "Course Enrolled": (sentence("enrolment"), sentence("enrolments")),
    "Application Installed": (sentence("installation"), sentence("installations")),
    "Event Attended": (sentence("event attended"), sentence("events attended")),
    "Investment Made": (sentence("investment"), sentence("investments")),
    "Donation Made": (sentence("donation"), sentence("donations")),
    "Policy Started": (sentence("insurance policy"), sentence("insurance policies")),
    "Product Reviewed": (sentence("review"), sentence("reviews")),
    "Form Submitted": (sentence("enquiry"), sentence("enquiries")),
}


@dataclass(frozen=True)
class Occasion:
    """When a reward is granted."""

    text: str
    is_conditional: bool
    """Whether more must be so than the words say."""


def occasion(voice: Voice, program: Program, reward: Reward) -> Occasion:
    """The occasion of a reward; of one for a certain success, that success alone."""
    nths = _Nths(program, reward.when)
    is_for_friends = reward.to != "friend" and not program.is_self
    if nths.at and is_for_friends:
        text = voice.say(
            "at the {nths} successful referral", nths=voice.both(map(voice.ordinal, nths.at))
        )
    elif nths.at:
        text = voice.say("at the {nths} time", nths=voice.both(map(voice.ordinal, nths.at)))
    else:
        text = (
            voice.say("after joining")
            if reward.on == "joined"
            else _reached(voice, program, program.milestones[reward.on])
        )
        if is_for_friends:
            text = voice.say("for each friend, {after}", after=text)
    if nths.first is not None:
        text = voice.say_many(
            "{after}, the first {n} time only",
            "{after}, the first {n} times only",
            nths.first,
            after=text,
        )
    return Occasion(text, nths.is_conditional)


def _reached(voice: Voice, program: Program, terms: Milestone) -> str:
    if terms.sum is not None:
        return _summed(voice, program, terms)
    event = _event(voice, program, terms)
    if terms.count == 1 and terms.times == 1:
        return voice.say("after the first {event}", event=event)
    if terms.count == 1:
        return voice.say_many(
            "after each {event}, up to {n} time",
            "after each {event}, up to {n} times",
            terms.times,
            event=event,
        )
    if terms.times == 1:
        return voice.say_many("after {n} {event}", "after {n} {event}", terms.count, event=event)
    return voice.say_many(
        "after every {count} {event}, up to {n} time",
        "after every {count} {event}, up to {n} times",
        terms.times,
        event=event,
        count=voice.number(terms.count),
    )


def _summed(voice: Voice, program: Program, terms: Milestone) -> str:
    assert terms.sum is not None
    of = Names(voice, program, "milestone", event=terms.on).value(terms.sum.of)
    goal = terms.sum.reaches
    reaches = _money(voice, program, goal) if terms.sum.of == "total" else voice.number(goal)
    if terms.times == 1:
        return voice.say("once {of} adds up to {reaches}", of=of, reaches=reaches)
    return voice.say_many(
        "each time {of} adds up to {reaches}, up to {n} time",
        "each time {of} adds up to {reaches}, up to {n} times",
        terms.times,
        of=of,
        reaches=reaches,
    )


def _event(voice: Voice, program: Program, terms: Milestone) -> str:
    """“order of $50 or more”, “qualifying subscription”."""
    if terms.on in EVENTS:
        text = voice.say(EVENTS[terms.on][terms.count > 1])
    else:
        text = voice.quote(terms.on)
    least, is_qualified = _least_total(program, terms)
    if is_qualified:
        text = voice.say("qualifying {event}", event=text)
    if least is not None:
        text = voice.say(
            "{event} of {total} or more", event=text, total=_money(voice, program, least)
        )
    return text


def _money(voice: Voice, program: Program, amount: Decimal) -> str:
    digits = 0 if amount == amount.to_integral_value() else minor_digits(program.currency)
    return voice.money(amount, currency=program.currency, digits=digits)


def _least_total(program: Program, terms: Milestone) -> tuple[Decimal | None, bool]:
    """The least total that counts, and whether the event must be more than that.

    That a number is above 0 and that the person has no order yet goes without saying.
    """
    least, is_qualified = None, False
    for part in _conditions(program, "milestone", terms.where):
        compared = _compared(part)
        if compared is None:
            is_qualified = True
            continue
        kind, name, number = compared
        if kind is exp.GTE and name == "total":
            least = number if least is None else max(least, number)
        elif not (
            (kind is exp.GT and number == 0)
            or (kind is exp.EQ and number == 0 and name in ("orders", "friend_orders"))
        ):
            is_qualified = True
    return least, is_qualified


class _Nths:
    """What a reward's condition says about the running number of the success."""

    def __init__(self, program: Program, when: str | None) -> None:
        self.at: tuple[int, ...] = ()
        self.first: int | None = None
        self.is_conditional = False
        for part in _conditions(program, "reward", when):
            self._learn(part)

    def _learn(self, part: exp.Expression) -> None:
        listed = _listed(part)
        compared = _compared(part)
        kind, name, number = compared if compared is not None else (None, "", Decimal(0))
        is_first = name == "nth" and kind is exp.LTE and number == int(number) and number >= 1
        if listed and not self.at:
            self.at = listed
        elif is_first and self.first is None:
            self.first = int(number)
        else:
            self.is_conditional = True


def _listed(part: exp.Expression) -> tuple[int, ...]:
    """3 of `nth = 3`, 5 and 10 of `nth IN (5, 10)`; nothing of anything else."""
    compared = _compared(part)
    if compared is not None:
        kind, name, number = compared
        is_nth = kind is exp.EQ and name == "nth" and number == int(number)
        return (int(number),) if is_nth else ()
    if not isinstance(part, exp.In) or part.this.name != "nth":
        return ()
    numbers = [_number(option) for option in part.expressions]
    if any(number is None or number != int(number) for number in numbers):
        return ()
    return tuple(sorted({int(number) for number in numbers if number is not None}))


def _conditions(program: Program, place: Place, sql: str | None) -> Iterator[exp.Expression]:
    """The parts of a AND b AND c that are not simply TRUE."""
    pending = [] if sql is None else [parse_sql(sql, columns(program, place))]
    while pending:
        part = pending.pop()
        if isinstance(part, exp.Paren):
            pending.append(part.this)
        elif isinstance(part, exp.And):
            pending += [part.expression, part.this]
        elif not (isinstance(part, exp.Boolean) and part.this):
            yield part


def _compared(
    part: exp.Expression,
) -> tuple[type[exp.Expression], str, Decimal] | None:
    """(how, name, number) of `name >= 50`, and of `50 <= name`; None for anything else."""
    if type(part) not in _MIRRORED:
        return None
    left, right, kind = part.this, part.expression, type(part)
    if isinstance(right, exp.Column):
        left, right, kind = right, left, _MIRRORED[kind]
    number = _number(right)
    if not isinstance(left, exp.Column) or number is None:
        return None
    return kind, left.name, number


def _number(tree: exp.Expression) -> Decimal | None:
    if isinstance(tree, exp.Literal) and not tree.is_string:
        return Decimal(tree.this)
    return None


_MIRRORED: dict[type[exp.Expression], type[exp.Expression]] = {
    exp.EQ: exp.EQ,
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
}
