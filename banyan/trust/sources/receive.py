"""receive: news of a source become events, each once, in the order they came."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from banyan.core.events.acts import append
from banyan.core.events.incoming import Incoming, Receipt, Refusal
from banyan.core.events.intake import accept
from banyan.core.programs.read import link
from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.kernel.money import minor_digits
from banyan.kernel.sealing import token
from banyan.trust.sources.guests import guest_id
from banyan.trust.sources.models import Purchase, PurchaseName
from banyan.trust.sources.models import Source as SourceRow
from banyan.trust.sources.news import Buyer, BuyerNews, News, OrderNews, TakenBack, TrialNews
from banyan.trust.sources.orders import Completed, Known, Refunded, advance, joined
from banyan.trust.sources.read import Source

Event = dict[str, Any]


class NotUsable(Problem):
    """News that the log's intake refuses."""

    status = 400

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence)
        self.code = refusal.code


class OtherCurrency(Problem):
    """A refund in another currency than its order: they cannot be set against each other."""

    status = 400


def receive(source: Source, news: Sequence[News], *, now: datetime) -> list[Receipt]:
    """Append what the news add to the log; a receipt for each event.

    One transaction: how far an order is told, and the events that tell it, stand together or not at
    all. News without anybody to attribute them to add nothing. Raises NotUsable, OtherCurrency.
    """
    with one_transaction():
        # Two messages about one order must not both find it new.
        SourceRow.objects.select_for_update(no_key=True).get(id=source.id)
        events = [event for each in news for event in _events(source, each)]
        return append([_accepted(source, event, now) for event in events])


def _events(source: Source, news: News) -> list[Event]:
    match news:
        case OrderNews():
            return _order_events(source, news)
        case BuyerNews():
            return _identified(source, news.buyer, news.message_id, news.at)
        case TrialNews():
            return _trial_events(source, news)


def _accepted(source: Source, event: Event, now: datetime) -> Incoming:
    accepted = accept(event, now=now, source=source.actor, role="secret")
    if isinstance(accepted, Refusal):
        raise NotUsable(accepted)
    return accepted


# --- who


def user_id(source: Source, buyer: Buyer) -> str:
    """The public `userId` of a buyer: the shop's own id, or a keyed hash of a guest's contact."""
    if buyer.id:
        return buyer.id if buyer.is_own_id else source.options.user_prefix + buyer.id
    return guest_id(buyer.email, buyer.phone)


def _who(source: Source, buyer: Buyer) -> Event:
    who = {"userId": user_id(source, buyer), "anonymousId": buyer.visitor}
    return {name: value for name, value in who.items() if value}


def _identified(source: Source, buyer: Buyer, message_id: str, at: datetime) -> list[Event]:
    traits = dict(buyer.traits)
    traits |= {k: v for k, v in (("email", buyer.email), ("phone", buyer.phone)) if v}
    who = _who(source, buyer)
    if not traits or "userId" not in who:
        return []
    return [
        {
            "type": "identify",
            "messageId": message_id,
            "timestamp": _iso(at),
            **who,
            "traits": traits,
        }
    ]


def _identified_by_traits(source: Source, buyer: Buyer, at: datetime) -> list[Event]:
    """The buyer of an order: told once for each set of traits, not once an order."""
    told = [user_id(source, buyer), buyer.visitor, buyer.email, buyer.phone, dict(buyer.traits)]
    mark = token(json.dumps(told, sort_keys=True), purpose="traits")
    message_id = f"{source.kind}:{source.id}:customer:{mark}"
    return _identified(source, buyer, message_id, at)


# --- what


def _trial_events(source: Source, news: TrialNews) -> list[Event]:
    who = _who(source, news.buyer)
    if "userId" not in who:
        return []
    properties = _codes(news.codes, news.referral_code)
    started = _track("Trial Started", news.message_id, news.at, who, properties)
    return [*_identified_by_traits(source, news.buyer, news.at), started]


def _order_events(source: Source, news: OrderNews) -> list[Event]:
    known = _known(source, news.names)
    if news.currency and known.currency and news.currency != known.currency:
        raise OtherCurrency(
            f"The message speaks of {news.currency}, but order {known.order_id} is in "
            f"{known.currency}; import the refund with the amount in {known.currency}."
        )
    buyer = news.buyer or Buyer()
    known, steps = advance(known, news, user_id=user_id(source, buyer))
    _keep(source, known, news.names)
    events: list[Event] = []
    for step in steps:
        match step:
            case Completed():
                events += _identified_by_traits(source, buyer, step.payment.at)
                events.append(_completed(source, known, news, step, buyer))
            case Refunded():
                events.append(_refunded(source, known, news, step))
    return events


def _completed(
    source: Source, known: Known, news: OrderNews, step: Completed, buyer: Buyer
) -> Event:
    payment = step.payment
    properties = {
        "order_id": known.order_id,
        "total": in_currency(payment.total_minor, payment.currency),
        "currency": payment.currency,
        **_codes(payment.codes, payment.referral_code),
        **payment.details,
        "affiliation": source.name or source.kind,
    }
    who = _who(source, buyer)
    return _track("Order Completed", news.message_id, payment.at, who, properties)


def _refunded(source: Source, known: Known, news: OrderNews, step: Refunded) -> Event:
    is_known = bool(known.user_id) and not step.is_early
    # Without a user a refund is of whichever order has that id, however it came into the log.
    who = {"userId": known.user_id} if is_known else {"anonymousId": source.actor}
    properties = {
        "order_id": known.order_id,
        "total": in_currency(step.amount_minor, known.currency),
        "currency": known.currency,
    }
    early = "early-" if step.is_early else ""
    message_id = f"{news.message_id}:{early}refunded:{step.sum_minor}"
    return _track("Order Refunded", message_id, news.at, who, properties)


def _track(name: str, message_id: str, at: datetime, who: Event, properties: Event) -> Event:
    return {
        "type": "track",
        "event": name,
        "messageId": message_id,
        "timestamp": _iso(at),
        **who,
        "properties": properties,
    }


def _codes(codes: Sequence[str], referral_code: str) -> Event:
    """`referral_code` if one was passed on; of several discount codes the first that refers."""
    found: Event = {"referral_code": referral_code} if referral_code else {}
    if codes:
        referring = (code for code in codes if len(codes) > 1 and link(code) is not None)
        found["coupon"] = next(referring, codes[0])
    return found


def in_currency(amount_minor: int, currency: str) -> Decimal:
    """Minor units as an exact number of the currency: 40994 of USD is 409.94."""
    return Decimal(amount_minor).scaleb(-minor_digits(currency))


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


# --- how far each order is told


def _known(source: Source, names: Sequence[str]) -> Known:
    """What is known of the order that goes by these names.

    Names that belonged to two orders so far turn out to be one order's: the two become one.
    """
    rows = list(Purchase.objects.filter(id__in=_ids(source, names)).order_by("id"))
    if not rows:
        return Known(names[0])
    found = _value(rows[0])
    for row in rows[1:]:
        found = joined(found, _value(row))
    if len(rows) > 1:
        [kept] = [row for row in rows if row.order_id == found.order_id]
        others = [row.pk for row in rows if row.pk != kept.pk]
        PurchaseName.objects.filter(purchase_id__in=others).update(purchase=kept)
        Purchase.objects.filter(id__in=others).delete()
    return found


def _ids(source: Source, names: Sequence[str]) -> list[int]:
    named = PurchaseName.objects.filter(source_id=source.id, name__in=names)
    return sorted(set(named.values_list("purchase_id", flat=True)))


def _value(row: Purchase) -> Known:
    taken: Mapping[str, Any] = json.loads(row.taken_back)
    return Known(
        row.order_id,
        row.user_id,
        row.currency,
        row.total_minor,
        TakenBack(**taken),
        row.refunded_minor,
    )


def _keep(source: Source, known: Known, names: Sequence[str]) -> None:
    purchase, _ = Purchase.objects.update_or_create(
        source_id=source.id,
        order_id=known.order_id,
        defaults={
            "user_id": known.user_id,
            "currency": known.currency,
            "total_minor": known.total_minor,
            "taken_back": json.dumps(asdict(known.taken_back)),
            "refunded_minor": known.refunded_minor,
        },
    )
    PurchaseName.objects.bulk_create(
        [PurchaseName(source_id=source.id, name=name, purchase=purchase) for name in names],
        ignore_conflicts=True,
    )
