"""Seeded diffusion of invitations through a population of customers: event logs of any size.

Customers sign up, order, and invite; friends who accept become customers and invite in turn,
generation by generation, until the time is over or the market is used up. Everything is drawn in
bulk from one generator, so a seed gives the same log.

An advocate of segment s sends a k-th invitation (k = 1, 2, …) with probability r_k, where r_1 = 1
and r_(k+1) = r_k · sends_again · fatigue^(k-1); it is accepted with probability (1 - known) · c ·
accepts_s · fatigue^(k-1), c being the mean `opens` of the channels. The mean number of accepted
invitations per customer, given unlimited time, is therefore

    K = Σ_s share_s · invites_s · Σ_k r_k · (1 - known) · c · accepts_s · fatigue^(k-1)

and below 1 / first_order (the share of friends who become customers) the diffusion dies out.
"""

import math
from dataclasses import dataclass, fields, replace
from datetime import date

import numpy as np
import numpy.typing as npt

from banyan.growth.planning import eventlog
from banyan.growth.planning.eventlog import DAY_MS, HOUR_MS, Draft, EventLog
from banyan.growth.planning.settings import Settings

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

LINK, CODE, FORM = range(3)


@dataclass(frozen=True)
class Summary:
    """What a simulation came to.

    `k_decided` counts every accepted invitation of the customers in the log, also those accepted
    after its end, and may be held against `k_expected`; `k_error` is its standard error.
    `k_observed` counts what the log shows.
    """

    seed: int
    first_day: date
    days: int
    events: dict[str, int]
    people: int
    customers: int
    generations: list[int]
    invitations: int
    accepted: int
    k_expected: float
    k_decided: float
    k_error: float
    k_observed: float


@dataclass(frozen=True)
class Simulation:
    """A simulated log with its summary."""

    log: EventLog
    summary: Summary


@dataclass(frozen=True)
class _People:
    """A generation: columns over its people, numbered from `first`; times in ms, -1 is none."""

    first: int
    segment: Ints
    joined: Ints
    ordered: Ints
    advocate: Ints
    way: Ints
    device: Ints
    address: Ints

    @property
    def numbers(self) -> Ints:
        return np.arange(self.first, self.first + len(self.joined))


@dataclass(frozen=True)
class _Invitations:
    """Invitations sent by a generation, those of an advocate together and in order of time."""

    advocate: Ints
    way: Ints
    channel: Ints
    sent: Ints
    opened: Ints
    accepted: Flags
    joined: Ints
    friend: Ints
    known: Flags


def simulate(settings: Settings) -> Simulation:
    """Makes a log. Memory: some 200 bytes an event while it is made, 50 once it is."""
    rng = np.random.default_rng(settings.seed)
    season = _Season(settings)
    people = [_first_people(settings, season, rng)]
    sent = []
    while len(people[-1].joined):
        invitations = _invite(settings, people[-1], rng)
        room = settings.market - people[-1].first - len(people[-1].joined)
        invitations, friends = _join(settings, people[-1], invitations, room, rng)
        sent.append(invitations)
        people.append(friends)
    everybody, invitations = _all_people(people), _all_invitations(sent)
    draft = Draft()
    _draft_invitations(draft, settings, everybody, invitations, rng)
    _draft_people(draft, settings, everybody, rng)
    _draft_orders(draft, settings, season, everybody, rng)
    columns = draft.arrange(
        rng,
        end=settings.ends,
        late=settings.late,
        late_hours=settings.late_hours,
        duplicates=settings.duplicates,
    )
    log = EventLog(
        columns,
        currency=settings.currency,
        channels=[c.name for c in settings.channels],
        tiers=[s.name for s in settings.segments],
    )
    generations = [len(p.joined) for p in people[:-1]]
    return Simulation(log, _summary(settings, log, generations, everybody, invitations))


def expected_k(settings: Settings) -> float:
    """K: the mean number of accepted invitations per customer, given unlimited time."""
    steps = np.arange(settings.most_invitations)
    willing = float((_reach(settings) * settings.fatigue**steps).sum())
    opens = sum(c.share * c.opens for c in settings.channels)
    return sum(
        s.share * s.invites * (1 - settings.known) * opens * s.accepts * willing
        for s in settings.segments
    )


def _reach(settings: Settings) -> Floats:
    """r_k: the share of advocates who send at least k invitations, k = 1, 2, …"""
    steps = np.arange(settings.most_invitations - 1)
    again = settings.sends_again * settings.fatigue**steps
    return np.concatenate([[1.0], np.cumprod(again)])


class _Season:
    """Time measured in mean days: slow where little happens, fast at the peaks.

    A Poisson process of constant rate in these days has the wanted swing over year, week and day.
    """

    def __init__(self, settings: Settings) -> None:
        hours = np.arange(settings.days * 24)
        day = hours // 24
        year_day = (day + settings.start.timetuple().tm_yday) % 365.25
        weekend = (day + settings.start.weekday()) % 7 >= 5
        turn = 2 * math.pi
        rate = 1 + settings.yearly * np.cos(turn * (year_day - settings.peak_day) / 365.25)
        rate *= np.where(weekend, 1 + settings.weekly, 1 - settings.weekly * 2 / 5)
        rate *= 1 + settings.daily * np.cos(turn * (hours % 24 + 0.5 - settings.peak_hour) / 24)
        self._clock = settings.begins + np.arange(len(hours) + 1) * float(HOUR_MS)
        self._days = np.concatenate([[0.0], np.cumsum(rate) / 24])
        self.end = float(self._days[-1])

    def days(self, times: Ints | list[float]) -> Floats:
        """Mean days from the start to each time (ms)."""
        days: Floats = np.interp(times, self._clock, self._days)
        return days

    def times(self, days: Floats) -> Ints:
        """The inverse: ms since the epoch."""
        moments: Floats = np.interp(days, self._days, self._clock)
        return moments.astype(np.int64)


def _delay(
    rng: np.random.Generator, median_ms: npt.ArrayLike, sigma: npt.ArrayLike, n: int
) -> Floats:
    """Log-normal times in ms, at most a hundred years: sums stay far from the integers' end."""
    drawn = np.exp(np.log(median_ms) + np.asarray(sigma) * rng.standard_normal(n))
    return np.minimum(drawn, 36_500.0 * DAY_MS)


def _first_people(settings: Settings, season: _Season, rng: np.random.Generator) -> _People:
    n = min(settings.customers, settings.market)
    last = season.days([settings.begins + settings.arrival_days * DAY_MS])
    joined = np.sort(season.times(rng.random(n) * last))
    nobody = np.full(n, -1)
    return _people(settings, 0, joined, nobody, nobody, rng)


def _people(
    settings: Settings,
    first: int,
    joined: Ints,
    advocate: Ints,
    way: Ints,
    rng: np.random.Generator,
) -> _People:
    n = len(joined)
    own = np.arange(first, first + n)
    wait = _delay(rng, settings.first_order_hours * HOUR_MS, settings.first_order_sigma, n)
    ordered = joined + wait.astype(np.int64)
    orders = (rng.random(n) < settings.first_order) & (ordered < settings.ends)
    invited = advocate >= 0
    return _People(
        first=first,
        segment=_drawn_index(rng, [s.share for s in settings.segments], n),
        joined=joined,
        ordered=np.where(orders, ordered, -1),
        advocate=advocate,
        way=way,
        device=np.where(invited & (rng.random(n) < settings.shared_devices), advocate, own),
        address=np.where(invited & (rng.random(n) < settings.shared_ips), advocate, own),
    )


def _drawn_index(rng: np.random.Generator, shares: list[float], n: int) -> Ints:
    bounds = np.cumsum(shares)[:-1]
    return np.searchsorted(bounds, rng.random(n), side="right")


def _invite(settings: Settings, people: _People, rng: np.random.Generator) -> _Invitations:
    """All invitations of a generation's customers, also after the end, and what becomes of them."""
    advocates = _advocates(settings, people, rng)
    at = advocates - people.first
    number = np.searchsorted(-_reach(settings), -rng.random(len(at)))
    rows = np.repeat(at, number)
    step = np.arange(len(rows)) - np.repeat(np.cumsum(number) - number, number)
    tired = settings.fatigue**step
    gap = _delay(
        rng, settings.invites_after_days * DAY_MS / tired, settings.invites_sigma, len(rows)
    )
    sent = people.ordered[rows] + _running(gap, step).astype(np.int64)
    channel = _drawn_index(rng, [c.share for c in settings.channels], len(rows))
    opens = np.array([c.opens for c in settings.channels])[channel]
    median = np.array([c.hours for c in settings.channels])[channel] * HOUR_MS
    sigma = np.array([c.sigma for c in settings.channels])[channel]
    opened = sent + _delay(rng, median, sigma, len(rows)).astype(np.int64)
    opened = np.where(rng.random(len(rows)) < opens, opened, -1)
    known = rng.random(len(rows)) < settings.known
    accepts = np.array([s.accepts for s in settings.segments])[people.segment[rows]] * tired
    wait = _delay(rng, settings.joins_after_hours * HOUR_MS, settings.joins_sigma, len(rows))
    ways = [1 - settings.by_code - settings.by_form, settings.by_code, settings.by_form]
    return _Invitations(
        advocate=people.numbers[rows],
        way=_drawn_index(rng, ways, len(rows)),
        channel=channel,
        sent=sent,
        opened=opened,
        accepted=(opened >= 0) & ~known & (rng.random(len(rows)) < accepts),
        joined=opened + wait.astype(np.int64),
        friend=np.full(len(rows), -1),
        known=known,
    )


def _advocates(settings: Settings, people: _People, rng: np.random.Generator) -> Ints:
    invites = np.array([s.invites for s in settings.segments])[people.segment]
    willing = rng.random(len(invites)) < invites
    return people.numbers[willing & (people.ordered >= 0)]


def _running(gap: Floats, step: Ints) -> Floats:
    """Sum of an advocate's gaps up to each step; `step` counts from 0 for each advocate."""
    total = np.cumsum(gap)
    start = np.flatnonzero(step == 0)
    before = (total - gap)[start]
    return total - np.repeat(before, np.diff(np.append(start, len(gap))))


def _join(
    settings: Settings,
    people: _People,
    invitations: _Invitations,
    room: int,
    rng: np.random.Generator,
) -> tuple[_Invitations, _People]:
    """The next generation: who accepts before the end, the earliest if the market is too small."""
    first = people.first + len(people.joined)
    joining = np.flatnonzero(invitations.accepted & (invitations.joined < settings.ends))
    joining = joining[np.argsort(invitations.joined[joining], kind="stable")][:room]
    friend = invitations.friend.copy()
    friend[joining] = np.arange(first, first + len(joining))
    friends = _people(
        settings,
        first,
        invitations.joined[joining],
        invitations.advocate[joining],
        invitations.way[joining],
        rng,
    )
    return replace(invitations, friend=friend), friends


def _all_people(parts: list[_People]) -> _People:
    columns = [f.name for f in fields(_People) if f.name != "first"]
    return _People(first=0, **{c: np.concatenate([getattr(p, c) for p in parts]) for c in columns})


def _all_invitations(parts: list[_Invitations]) -> _Invitations:
    columns = [f.name for f in fields(_Invitations)]
    return _Invitations(**{c: np.concatenate([getattr(p, c) for p in parts]) for c in columns})


def _draft_invitations(
    draft: Draft,
    settings: Settings,
    people: _People,
    invitations: _Invitations,
    rng: np.random.Generator,
) -> None:
    reached = _reached(people, invitations, rng)
    by_code = invitations.way != FORM
    owners, first = np.unique(invitations.advocate[by_code], return_index=True)
    draft.add(
        eventlog.LINK_CREATED,
        invitations.sent[by_code][first],
        person=owners,
        owner=owners,
        carried=eventlog.AS_CODE,
    )
    draft.add(
        eventlog.SHARED,
        invitations.sent[by_code],
        person=invitations.advocate[by_code],
        owner=invitations.advocate[by_code],
        channel=invitations.channel[by_code],
        carried=eventlog.AS_CODE,
    )
    draft.add(
        eventlog.SUBMITTED,
        invitations.sent[~by_code],
        person=invitations.advocate[~by_code],
        mailbox=reached[~by_code],
        channel=invitations.channel[~by_code],
    )
    clicked = (invitations.way == LINK) & (invitations.opened >= 0)
    _draft_clicks(draft, people, invitations, np.flatnonzero(clicked), invitations.opened, reached)
    _draft_strangers(draft, settings, people, invitations, rng)


def _reached(people: _People, invitations: _Invitations, rng: np.random.Generator) -> Ints:
    """Number of the person or stranger reached by each invitation; strangers follow the people."""
    n = len(invitations.sent)
    by_time = np.argsort(people.joined, kind="stable")
    # The advocate was there, so somebody was.
    before = np.searchsorted(people.joined[by_time], invitations.sent, side="right")
    customer = by_time[(rng.random(n) * before).astype(np.int64)]
    stranger = len(people.joined) + np.arange(n)
    reached = np.where(invitations.known, customer, stranger)
    return np.where(invitations.friend >= 0, invitations.friend, reached)


def _draft_clicks(
    draft: Draft,
    people: _People,
    invitations: _Invitations,
    rows: Ints,
    at: Ints,
    visitor: Ints,
) -> None:
    """Clicks at `at[rows]` by `visitor[rows]`; strangers too have a device and an address."""
    who = visitor[rows]
    person = np.minimum(who, len(people.joined) - 1)
    is_person = who < len(people.joined)
    draft.add(
        eventlog.CLICKED,
        at[rows],
        visitor=who,
        owner=invitations.advocate[rows],
        channel=invitations.channel[rows],
        device=np.where(is_person, people.device[person], who),
        address=np.where(is_person, people.address[person], who),
        carried=eventlog.AS_CODE,
    )


def _draft_strangers(
    draft: Draft,
    settings: Settings,
    people: _People,
    invitations: _Invitations,
    rng: np.random.Generator,
) -> None:
    clicks = rng.poisson(settings.strangers, len(invitations.sent))
    clicks[invitations.way != LINK] = 0
    rows = np.repeat(np.arange(len(clicks)), clicks)
    hours = np.array([c.hours for c in settings.channels])[invitations.channel[rows]]
    sigma = np.array([c.sigma for c in settings.channels])[invitations.channel[rows]]
    wait = _delay(rng, hours * HOUR_MS, sigma, len(rows)).astype(np.int64)
    stranger = len(people.joined) + len(clicks) + np.arange(len(rows))
    draft.add(
        eventlog.CLICKED,
        invitations.sent[rows] + wait,
        visitor=stranger,
        owner=invitations.advocate[rows],
        channel=invitations.channel[rows],
        device=stranger,
        address=stranger,
        carried=eventlog.AS_CODE,
    )


def _types_at_sign_up(people: _People) -> Flags:
    """Of those invited by a code, half type it at sign-up, and all who never order; the others at
    checkout."""
    typed: Flags = (people.way == CODE) & ((people.numbers % 2 == 0) | (people.ordered < 0))
    return typed


def _draft_people(
    draft: Draft, settings: Settings, people: _People, rng: np.random.Generator
) -> None:
    shown = (rng.random(len(people.joined)) < settings.identified) | (people.way == FORM)
    numbers = people.numbers
    draft.add(
        eventlog.IDENTIFIED,
        people.joined[shown],
        person=numbers[shown],
        visitor=numbers[shown],
        mailbox=numbers[shown],
        tier=people.segment[shown],
        device=people.device[shown],
        address=people.address[shown],
    )
    typed = _types_at_sign_up(people)
    draft.add(
        eventlog.SIGNED_UP,
        people.joined,
        person=numbers,
        visitor=numbers,
        owner=np.where(typed, people.advocate, -1),
        device=people.device,
        address=people.address,
        carried=np.where(typed, eventlog.AS_REFERRAL_CODE, -1),
    )


def _draft_orders(
    draft: Draft,
    settings: Settings,
    season: _Season,
    people: _People,
    rng: np.random.Generator,
) -> None:
    customers = np.flatnonzero(people.ordered >= 0)
    again, later = _repeats(settings, season, people, customers, rng)
    person = np.concatenate([customers, again])
    at = np.concatenate([people.ordered[customers], later])
    is_first = np.arange(len(person)) < len(customers)
    coupon = is_first & (people.way[person] == CODE) & ~_types_at_sign_up(people)[person]
    minor = _totals(settings, people.segment[person], rng)
    draft.add(
        eventlog.ORDERED,
        at,
        person=person,
        order=np.arange(len(person)),
        minor=minor,
        owner=np.where(coupon, people.advocate[person], -1),
        device=people.device[person],
        address=people.address[person],
        carried=np.where(coupon, eventlog.AS_COUPON, -1),
    )
    _draft_refunds(draft, settings, person, at, minor, rng)


def _repeats(
    settings: Settings,
    season: _Season,
    people: _People,
    customers: Ints,
    rng: np.random.Generator,
) -> tuple[Ints, Ints]:
    """Who orders again, and when (ms): a Poisson process in the season's days after the first."""
    monthly = np.array([s.orders_per_month for s in settings.segments])[people.segment[customers]]
    evenness = settings.evenness
    own = monthly / 30 * rng.gamma(evenness, 1 / evenness, len(customers))
    since = season.days(people.ordered[customers])
    number = rng.poisson(own * (season.end - since))
    rows = np.repeat(np.arange(len(customers)), number)
    later = since[rows] + rng.random(len(rows)) * (season.end - since[rows])
    return customers[rows], season.times(later)


def _totals(settings: Settings, segment: Ints, rng: np.random.Generator) -> Ints:
    """Log-normal totals in minor units, from 0.01 to 10^11, far below what an event may hold."""
    median = np.array([s.basket for s in settings.segments])[segment] * 100
    sigma = np.array([s.basket_sigma for s in settings.segments])[segment]
    drawn = np.exp(np.log(median) + sigma * rng.standard_normal(len(segment)))
    minor: Floats = np.clip(np.rint(drawn), 1, 10.0**13)
    return minor.astype(np.int64)


def _draft_refunds(
    draft: Draft,
    settings: Settings,
    person: Ints,
    at: Ints,
    minor: Ints,
    rng: np.random.Generator,
) -> None:
    rows = np.flatnonzero(rng.random(len(at)) < settings.refunds)
    wait = _delay(rng, settings.refund_days * DAY_MS, settings.refund_sigma, len(rows))
    is_part = rng.random(len(rows)) < settings.partial
    part = np.maximum(minor[rows] * (0.1 + 0.8 * rng.random(len(rows))), 1).astype(np.int64)
    # A full refund names its total or, as often, leaves it out: both mean all.
    whole = np.where(rng.random(len(rows)) < 0.5, minor[rows], -1)
    draft.add(
        eventlog.REFUNDED,
        at[rows] + wait.astype(np.int64),
        person=person[rows],
        order=rows,
        minor=np.where(is_part, part, whole),
    )


def _summary(
    settings: Settings,
    log: EventLog,
    generations: list[int],
    people: _People,
    invitations: _Invitations,
) -> Summary:
    customers = people.ordered >= 0
    accepted = invitations.advocate[invitations.accepted]
    each = np.bincount(accepted, minlength=len(customers))[customers]
    n = max(len(each), 1)
    seen = int((invitations.friend >= 0).sum())
    return Summary(
        seed=settings.seed,
        first_day=settings.start,
        days=settings.days,
        events=log.counts(),
        people=len(customers),
        customers=len(each),
        generations=generations,
        invitations=int((invitations.sent < settings.ends).sum()),
        accepted=seen,
        k_expected=expected_k(settings),
        k_decided=float(each.sum()) / n,
        k_error=float(np.sqrt(((each - each.sum() / n) ** 2).sum())) / n,
        k_observed=seen / n,
    )
