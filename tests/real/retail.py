"""Online Retail: seven months of a British gift wholesaler, as orders and refunds.

An invoice is an order. One whose number starts with C cancels goods bought before, but does not say
on which invoice: each of its lines is matched here with the last earlier line of the same customer
and item that has as many pieces left. (UCI Machine Learning Repository 352, D. Chen, CC BY 4.0.)
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from tests.real.data import read

RETAIL = "online-retail/online-retail-2010-12_2011-06.csv.xz"
# The data has no zone; the shop is in England.
LONDON = ZoneInfo("Europe/London")


class Line(NamedTuple):
    """One line of an invoice. `customer` is None where the data names none."""

    invoice: str
    item: str
    quantity: int
    at: datetime
    price: Decimal
    customer: str | None

    @property
    def amount(self) -> Decimal:
        """Pounds; negative for what is given back."""
        return self.quantity * self.price


class Event(NamedTuple):
    """An order or a refund: `total` is pence, and None where it is neither."""

    name: str
    message_id: str
    at: datetime
    customer: str | None
    order_id: str
    total: int | None


# The customer who bought 80,995 pieces on the last day of the original file, which this cut of it
# does not reach, and cancelled them twelve minutes later.
PAPER_CRAFT = (
    Line("581483", "23843", 80_995, datetime(2011, 12, 9, 9, 15), Decimal("2.08"), "16446"),  # noqa: DTZ001
    Line("C581484", "23843", -80_995, datetime(2011, 12, 9, 9, 27), Decimal("2.08"), "16446"),  # noqa: DTZ001
)


def lines() -> list[Line]:
    """Every line of the file, in its order; exact duplicates are lines of their own."""
    return [
        Line(
            invoice,
            item,
            int(quantity),
            datetime.fromisoformat(at),
            Decimal(price),
            None if customer is None else customer.removesuffix(".0"),
        )
        for invoice, item, _, quantity, at, price, customer, _ in read(RETAIL).iter_rows()
    ]


def matches(log: Iterable[Line]) -> Iterator[tuple[Line, str | None]]:
    """Each cancelled line with the number of the invoice it takes goods back from, if any has
    them."""
    bought: dict[tuple[str, str], list[list[Any]]] = defaultdict(list)
    for line in log:
        if line.customer is None:
            if _is_cancelled(line):
                yield line, None
            continue
        pieces = bought[line.customer, line.item]
        if not _is_cancelled(line):
            pieces.append([line.invoice, line.quantity])
            continue
        found = next((one for one in reversed(pieces) if one[1] >= -line.quantity), None)
        if found is not None:
            found[1] += line.quantity
        yield line, None if found is None else found[0]


def events(log: list[Line]) -> list[Event]:
    """Invoices in the order of their first lines; of one cancellation a refund for each order.

    Where no order is known the refund names the cancelling invoice instead. Corrections of the
    stock, which have no customer and no price, are neither.
    """
    returned: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for line, order in matches(log):
        returned[line.invoice][order or line.invoice] -= line.amount
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for line in log:
        totals[line.invoice] += line.amount
    first = {line.invoice: line for line in reversed(log)}
    found = []
    for number in dict.fromkeys(line.invoice for line in log):
        line = first[number]
        at = line.at.replace(tzinfo=LONDON)
        if _is_cancelled(line):
            found += [
                Event("Order Refunded", f"{number}/{order}", at, line.customer, order, _pence(sum_))
                for order, sum_ in returned[number].items()
            ]
        elif line.quantity < 0:
            found.append(Event("Stock Corrected", number, at, None, number, None))
        else:
            total = _pence(totals[number])
            found.append(Event("Order Completed", number, at, line.customer, number, total))
    return found


def frame(log: Iterable[Event]) -> pl.DataFrame:
    """Public events. Who is not named has an `anonymousId` for that one visit."""
    rows = [
        {
            "type": "track",
            "event": one.name,
            "messageId": one.message_id,
            "userId": one.customer,
            "anonymousId": f"till-{one.message_id}" if one.customer is None else None,
            "timestamp": one.at.isoformat(),
            "properties.order_id": one.order_id,
            "properties.total": None if one.total is None else str(Decimal(one.total) / 100),
            "properties.currency": None if one.total is None else "GBP",
        }
        for one in log
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def _is_cancelled(line: Line) -> bool:
    return line.invoice.startswith("C")


def _pence(pounds: Decimal) -> int:
    """One item costs a tenth of a penny; half away from zero."""
    return int((pounds * 100).quantize(Decimal(1), ROUND_HALF_UP))
