"""The benchmark log: a fixed mix of events at any size, and the program that is replayed over it.

At six million events: 2.2 M clicks by some 2.0 M visitors, 0.2 M links, 0.9 M sign-ups, 2.58 M
orders, 141,900 refunds (5.5 %); 2 % of all events arrive up to a day late. Every kind grows in
proportion. The log runs from 2025-01-01 to 2027-01-01, so the program year of Los Angeles ends
inside it. Sign-ups carry the visitor's `anonymousId`, so clicks meet people; some 860,000 of them
become referrals, and about a tenth of the clicks that meet somebody are lost, each for a reason
that is given to it below.
"""

from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import numpy as np
import numpy.typing as npt

from banyan.growth.planning import eventlog
from banyan.growth.planning.eventlog import DAY_MS, HOUR_MS, Draft, EventLog
from banyan.growth.planning.links import Links

Ints = npt.NDArray[np.int64]

SIZE: Final = 6_000_000
CLICKS, VISITORS, LINKS, PEOPLE, ORDERS, REFUNDS = (
    2_200_000,
    2_000_000,
    200_000,
    900_000,
    2_580_000,
    141_900,
)
BUDGET: Final = 9_000_000  # dollars at SIZE; used up about half-way through the log

BEGINS: Final = 1_735_689_600_000  # 2025-01-01T00:00:00Z in ms
ENDS: Final = BEGINS + 730 * DAY_MS

CHANNELS: Final = ("messenger", "email", "poster")
LATE: Final = 0.02
INVITED: Final = 0.985  # share of people who come by a click, once there are links
INELIGIBLE: Final = 0.015  # share of links whose owner has never ordered
# Further clicks by people, as shares of the people: each meets its visitor and is lost.
SECOND, AFTERWARDS, OWN = 0.05, 0.05, 0.005


@dataclass(frozen=True)
class _People:
    """In order of sign-up. Times are ms; `ordered` is the first order, -1 for none."""

    joined: Ints
    ordered: Ints


def benchmark_log(events: int = SIZE, seed: int = 1) -> EventLog:
    """The log for a nominal number of events: 6,021,900 at 6,000,000, others in proportion.

    Memory: some 170 bytes an event while it is made, 50 kept; drawing frames adds little.
    """
    rng = np.random.default_rng(seed)
    draft = Draft()
    people, orders = _people_and_orders(events, rng)
    links = _links(events, people, rng)
    links.draft(draft)
    _draft_clicks(draft, events, people, links, rng)
    _draft_sign_ups(draft, people)
    _draft_orders(draft, events, *orders, rng)
    return EventLog(draft.arrange(rng, end=ENDS, late=LATE), channels=CHANNELS)


def benchmark_program(events: int = SIZE) -> str:
    """The program's text; its budget goes with the size of the log."""
    text = files(__package__).joinpath("benchmark.yaml").read_text(encoding="utf-8")
    return text.replace(f"{BUDGET}.00", f"{round(BUDGET * events / SIZE)}.00")


def _scaled(n: int, events: int) -> int:
    return round(n * events / SIZE)


def _people_and_orders(events: int, rng: np.random.Generator) -> tuple[_People, tuple[Ints, Ints]]:
    """People, and person and time of each order: 2.87 on average, the first soon after sign-up."""
    n = _scaled(PEOPLE, events)
    joined = _moments(rng, n)
    keenness = np.cumsum(rng.lognormal(sigma=1.1, size=n))
    buyer = np.searchsorted(keenness, rng.random(_scaled(ORDERS, events)) * keenness[-1])
    number = np.bincount(buyer, minlength=n)
    first = joined + _wait(rng, joined, median=DAY_MS, sigma=1.3)
    person = np.repeat(np.arange(n), number)
    is_first = np.diff(person, prepend=-1) != 0
    left = np.where(is_first, 0, ENDS - first[person])
    at = first[person] + (left * rng.random(len(person)) ** 1.5).astype(np.int64)
    return _People(joined=joined, ordered=np.where(number > 0, first, -1)), (person, at)


def _moments(rng: np.random.Generator, n: int) -> Ints:
    """Sorted times over the two years; the flow grows with the fourth root of time."""
    return BEGINS + ((ENDS - BEGINS) * np.sort(rng.random(n)) ** 0.8).astype(np.int64)


def _wait(rng: np.random.Generator, since: Ints, *, median: float, sigma: float) -> Ints:
    """Log-normal waits in ms; one that would pass the end is drawn from the time that is left."""
    wait = median * np.exp(sigma * rng.standard_normal(len(since)))
    left = (ENDS - since).astype(np.float64)
    return np.where(wait < left, wait, left * rng.random(len(since))).astype(np.int64)


def _links(events: int, people: _People, rng: np.random.Generator) -> Links:
    n = _scaled(LINKS, events)
    buys = people.ordered >= 0
    idle = np.flatnonzero(~buys)
    ineligible = min(round(n * INELIGIBLE), len(idle))
    owner = np.concatenate(
        [
            rng.choice(idle, ineligible, replace=False),
            rng.choice(np.flatnonzero(buys), n - ineligible, replace=False),
        ]
    )
    since = np.where(buys, people.ordered, people.joined)[owner]
    created = since + _wait(rng, since, median=2 * DAY_MS, sigma=1.2)
    return Links.made(rng, owner, created, spread=2.6)


def _draft_clicks(
    draft: Draft, events: int, people: _People, links: Links, rng: np.random.Generator
) -> None:
    visitor, at, link = (
        np.concatenate(c) for c in zip(*_people_click(people, links, rng), strict=True)
    )
    strangers = _strangers_click(
        links,
        first=len(people.joined),
        visitors=_scaled(VISITORS, events) - len(np.unique(visitor)),
        clicks=_scaled(CLICKS, events) - len(visitor),
        rng=rng,
    )
    visitor, at, link = (
        np.concatenate(c) for c in zip((visitor, at, link), strangers, strict=True)
    )
    draft.add(
        eventlog.CLICKED,
        at,
        visitor=visitor,
        owner=links.owner[link],
        channel=rng.integers(0, len(CHANNELS), len(at)),
        device=visitor,
        address=visitor,
        carried=eventlog.AS_CODE,
    )


def _people_click(
    people: _People, links: Links, rng: np.random.Generator
) -> list[tuple[Ints, Ints, Ints]]:
    """Visitor, time and link of the clicks by people: those that bring them, those that are lost.

    Of the former too some are lost: `outside_window` (more than 30 days before sign-up) or
    `advocate_not_eligible`.
    """
    n = len(people.joined)
    lead = 20 * HOUR_MS * np.exp(1.6 * rng.standard_normal(n))
    at = np.maximum(people.joined - lead, BEGINS).astype(np.int64)
    link = np.where(rng.random(n) < INVITED, links.picked(rng, at), -1)
    came = np.flatnonzero(link >= 0)
    return [
        (came, at[came], link[came]),
        _second_clicks(people, links, came, at, rng),
        _clicks_afterwards(people, links, rng),
        _own_clicks(people, links, rng),
    ]


def _second_clicks(
    people: _People, links: Links, came: Ints, at: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints]:
    """Between the first click and the sign-up: of the two, one is lost to the other touch."""
    who = rng.choice(came, round(len(came) * SECOND), replace=False)
    when = at[who] + ((people.joined[who] - at[who]) * rng.random(len(who))).astype(np.int64)
    return who, when, links.picked(rng, when)


def _clicks_afterwards(
    people: _People, links: Links, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints]:
    """By people who have signed up, met if they order again: `already_referred`, or `not_new`."""
    there = np.flatnonzero(people.joined >= links.created[0])
    who = rng.choice(there, round(len(there) * AFTERWARDS), replace=False)
    when = people.joined[who] + _wait(rng, people.joined[who], median=5 * DAY_MS, sigma=1.0)
    return who, when, links.picked(rng, when)


def _own_clicks(people: _People, links: Links, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """By advocates on their own link: `self_referral`, or `already_referred` if they are."""
    own = rng.choice(len(links.owner), round(len(people.joined) * OWN), replace=False)
    when = links.created[own] + _wait(rng, links.created[own], median=HOUR_MS, sigma=1.0)
    return links.owner[own], when, own


def _strangers_click(
    links: Links, *, first: int, visitors: int, clicks: int, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints]:
    """Clicks by visitors who never sign up, at least one each."""
    again = rng.integers(0, visitors, clicks - visitors)
    visitor = first + np.concatenate([np.arange(visitors), again])
    at = np.maximum(rng.permutation(_moments(rng, clicks)), links.created[0])
    return visitor, at, links.picked(rng, at)


def _draft_sign_ups(draft: Draft, people: _People) -> None:
    person = np.arange(len(people.joined))
    draft.add(
        eventlog.SIGNED_UP,
        people.joined,
        person=person,
        visitor=person,
        device=person,
        address=person,
    )


def _draft_orders(
    draft: Draft, events: int, person: Ints, at: Ints, rng: np.random.Generator
) -> None:
    """Orders with log-normal totals around 60.00; refunds of distinct orders, 30 % of a part."""
    minor = np.maximum(np.rint(6_000 * np.exp(0.6 * rng.standard_normal(len(at)))), 1)
    minor = minor.astype(np.int64)
    draft.add(
        eventlog.ORDERED,
        at,
        person=person,
        order=np.arange(len(at)),
        minor=minor,
        device=person,
        address=person,
    )
    order = np.sort(rng.choice(len(at), _scaled(REFUNDS, events), replace=False))
    fraction = np.where(rng.random(len(order)) < 0.3, 0.1 + 0.8 * rng.random(len(order)), 1.0)
    draft.add(
        eventlog.REFUNDED,
        at[order] + _wait(rng, at[order], median=6 * DAY_MS, sigma=0.8),
        person=person[order],
        order=order,
        minor=np.maximum(minor[order] * fraction, 1).astype(np.int64),
    )
