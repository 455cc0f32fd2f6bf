"""bench_events: rows of a form, or a real customer's past, as events for the test bench."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import polars as pl
from django.utils.translation import gettext as _

from banyan.core.events import read as log
from banyan.core.referrals.read import referrals_of, touches_lost_at
from banyan.doors.console.programs.review_words import as_field, moment
from banyan.engine.language.program import Program
from banyan.kernel.errors import Problem

MOST_ROWS = 30
MOST_EVENTS = 500
"""Of a real customer and whoever invited them."""

CREATED, CLICKED, TICKED = "Referral Link Created", "Referral Link Clicked", "Clock Ticked"
_USUAL = (CREATED, CLICKED, "Signed Up", "Order Completed", "Order Refunded")
TAGS = "tags"
"""A row that says which tags somebody has, in place of a code."""


class BadRow(Problem):
    """A row that says nothing which could have happened."""


@dataclass(frozen=True)
class Row:
    """One row as typed. `who` is a user ID, `browser` one not signed in yet."""

    what: str
    who: str = ""
    when: str = ""
    total: str = ""
    code: str = ""
    browser: str = ""
    order: str = ""
    more: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing but what and when stands in it."""
        return not any((self.who, self.total, self.code, self.browser, self.order, self.more))


def choices(program: Program) -> list[tuple[str, str]]:
    """What can happen: the usual events, and those that the program names."""
    words = {
        CREATED: _("makes a link with the code"),
        CLICKED: _("clicks on the link (a browser)"),
        "Signed Up": _("signs up"),
        "Order Completed": _("orders"),
        "Order Refunded": _("gets money back for an order"),
    }
    named = [one.on for one in program.milestones.values()]
    named += program.attribution.joins_on if program.attribution else ()
    every = dict.fromkeys([*_USUAL, *named])
    return [
        *((name, words.get(name, name)) for name in every),
        (TAGS, _("has the tags")),
        (TICKED, _("time passes")),
    ]


def example(program: Program, now: datetime) -> list[Row]:
    """A story that suits the program: somebody brings a friend, who orders, and time passes."""
    total = "100"
    days = [as_field(now - timedelta(days=n)) for n in (30, 29, 28, 27)]
    soon = as_field(now)
    milestone = next(iter(program.milestones.values()), None)
    event = milestone.on if milestone else "Order Completed"
    if program.is_self:
        return [Row(event, "ben", days[0], total, order="1"), Row(TICKED, when=soon)]
    # Whoever refers is a customer already, since programs often ask for that.
    return [
        Row("Order Completed", "ann", days[0], total, order="a1"),
        Row(CREATED, "ann", days[1], code="ANN1"),
        Row(CLICKED, when=days[2], code="ANN1", browser="phone-1"),
        Row("Signed Up", "ben", days[2], browser="phone-1"),
        Row(event, "ben", days[3], total, order="b1"),
        Row(TICKED, when=soon),
    ]


def bodies_of(rows: Sequence[Row], program: Program) -> list[str]:
    """Rows as events in the public format, in their order; empty ones are left out.

    Raises BadRow, BadMoment.
    """
    told = [one for one in rows if one.what == TICKED or not one.is_empty]
    if len(told) > MOST_ROWS:
        raise BadRow(_("At most {most} rows fit here.").format(most=MOST_ROWS))
    return [_body(number, row, program) for number, row in enumerate(told, start=1)]


def past_of(user_id: str, program: Program) -> list[str]:
    """What the log holds of a customer, of whoever invited them, and of the invitations that met
    them, as it stands there: without contacts and names. Raises BadRow for an unknown customer.
    """
    own = log.timeline(user_id, limit=MOST_EVENTS // 2)
    if own.is_empty():
        raise BadRow(_("The log holds no event of {customer}.").format(customer=user_id))
    frames = [own]
    for referral in referrals_of([user_id]):
        if referral.program != program.program:
            continue
        lost = touches_lost_at([referral.join_position])
        positions = {referral.touch_position, *(one.touch_position for one in lost)}
        frames += [log.at(position) for position in sorted(positions)[:20]]
        frames.append(log.said(CREATED, [referral.advocate]).tail(20))
        frames.append(log.timeline(referral.advocate, limit=MOST_EVENTS // 4))
    whole = pl.concat(frames).unique("position").sort("position")
    return whole["body"].tail(MOST_EVENTS).to_list()


def posted(data: Mapping[str, Sequence[str]]) -> list[Row]:
    """Rows of a form, whose fields come as lists of equal length."""
    names = ["what_happens", *list(asdict(Row("")))[1:]]
    columns = [data.get(name, []) for name in names]
    count = min(len(columns[0]), MOST_ROWS)
    return [
        Row(*(str(column[n]).strip()[:200] if n < len(column) else "" for column in columns))
        for n in range(count)
    ]


def _body(number: int, row: Row, program: Program) -> str:
    at = moment(row.when)
    if at is None:
        raise BadRow(_("Row {number}: say when it happens.").format(number=number))
    event: dict[str, object] = {"messageId": f"row-{number}", "timestamp": at.isoformat()}
    if row.who:
        event["userId"] = row.who
    if row.browser:
        event["anonymousId"] = row.browser
    if row.what == TICKED:
        return json.dumps(
            event | {"type": "track", "event": TICKED, "anonymousId": row.browser or "clock"}
        )
    if not row.who and not row.browser:
        raise BadRow(_("Row {number}: say who does it.").format(number=number))
    if row.what == TAGS:
        tags = [one.strip() for one in row.code.split(",") if one.strip()]
        return json.dumps(event | {"type": "identify", "traits": {"tags": tags}})
    return json.dumps(
        event
        | {"type": "track", "event": row.what, "properties": _properties(number, row, program)}
    )


def _properties(number: int, row: Row, program: Program) -> dict[str, object]:
    found: dict[str, object] = {}
    if row.code:
        found["code" if row.what in (CREATED, CLICKED) else "referral_code"] = row.code
    if row.what == CREATED:
        found["program"] = program.program
    if row.total:
        found |= {"total": row.total, "currency": program.currency}
    if row.order or row.what.startswith("Order "):
        found["order_id"] = row.order or f"order-{number}"
    for part in filter(None, (one.strip() for one in row.more.split(";"))):
        name, equals, value = part.partition("=")
        if not equals:
            raise BadRow(
                _("Row {number}: write further properties like plan=pro; seats=3.").format(
                    number=number
                )
            )
        found[name.strip()] = value.strip()
    return found
