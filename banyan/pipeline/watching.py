"""watching: what arises for the staff: new referrals to follow up, stuck ones, moments to ask,
advocates to thank, disputes to answer, verdicts to give, payouts that are due, preparations of
programs that are late.

Each look goes on from where the last one ended, and opens nothing twice, so it may be cut off
anywhere. All of it begins with the first look: what an installation did before it, or imports of
its past, is nobody's task any more, and nobody is reminded of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event
from zoneinfo import ZoneInfo

import polars as pl
from django.conf import settings

from banyan.core.events.read import after, said
from banyan.core.programs.force import Running, running
from banyan.core.referrals.granted import Granted, granted_after
from banyan.core.referrals.missing import missing_each
from banyan.core.referrals.read import referrals_of
from banyan.core.referrals.stages import Stage
from banyan.core.referrals.still import Still, joined_after, moved, still
from banyan.growth.feedback.read import all_due
from banyan.growth.journeys.acts import Happening, announce
from banyan.growth.journeys.facts import Facts, Lacking
from banyan.growth.journeys.reached import fates
from banyan.growth.payouts import rules as payout_rules
from banyan.growth.planning import preparations
from banyan.growth.tasks import acts, marks, read
from banyan.growth.tasks.asking import Asked, may_ask
from banyan.growth.tasks.read import TaskRow
from banyan.growth.tasks.rules import Ask, FollowUp, Stuck, Thanks, rule, rules
from banyan.pipeline import alarms, verdicts, wait
from banyan.trust.staff.read import member

FRESH = timedelta(days=7)
"""Older joins and moments are past helping."""
STUCK_SINCE = timedelta(days=90)
"""Who has stood still for longer has left."""
MOST = 1_000
"""Of each kind at one look; the next one goes on."""
MOST_EVENTS = 1_000_000
"""Of the log at one look for rewards: more than come in the minute until the next."""

_ROLES = {"sales": "sales", "support": "support", "legal": "legal", "finance": "finance"}
"""Whose inbox a department's is; that of all others is growth's."""
_FOLLOW_UPS = "follow_ups"
_REMINDER = "offer_waits"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_WATCHED: tuple[Stage, ...] = ("accepted", "activated")


@dataclass(frozen=True)
class _Moment:
    customer: str
    program: str
    what: str
    at: datetime


def look(now: datetime, stop: Event) -> str:
    """Everything once; a sentence how it went."""
    known = running(now)
    programs = {slug: one for slug, one in known.items() if one.is_open}
    counts = {
        "follow-ups": _follow_ups(programs, now),
        "stuck referrals": sum(_stuck(one, now) for one in programs.values()),
        "moments to ask": _moments(programs, now),
        "thanks": _thanks(sorted(known), now),
        "disputes": _disputes(now),
        "verdicts": verdicts.look(now),
        "late preparations": _preparations(now),
    }
    if not stop.is_set():
        _note_reminders(now)
        _raise(now)
        _lapsed(now)
    return ", ".join(f"{count:,} {what}" for what, count in counts.items()) + " became tasks."


def payouts_due(now: datetime, _stop: Event) -> str:
    """Once a day: ask for batches that are due by the operator's calendar."""
    today = now.astimezone(ZoneInfo(settings.OPERATOR_TIME_ZONE)).date()
    due = [one.unit for one in payout_rules.rules() if payout_rules.is_due(one, today)]
    for unit in due:
        acts.open_task(
            "payout", f"due:{unit}:{today}", owner_role="finance", due_at=now + timedelta(days=1),
            now=now,
        )  # fmt: skip
    return f"{len(due):,} batches of payouts are due today."


def _follow_ups(programs: Mapping[str, Running], now: datetime) -> int:
    upto = wait.cursor_position()
    rows = joined_after(marks.place("follow_up", else_=upto), upto=upto, limit=MOST)
    asked = rules(FollowUp, sorted({program for _, program, _, _, _ in rows}))
    count = 0
    for _position, program, _advocate, friend, at in rows:
        wanted = asked[program]
        if wanted.is_on and program in programs and at > now - FRESH:
            acts.open_task(
                "follow_up",
                f"referral:{program}/{friend}",
                owner_role=wanted.role,
                due_at=at + timedelta(hours=wanted.hours),
                program=program,
                customer=friend,
                now=now,
            )
            count += 1
    marks.put("follow_up", rows[-1][0] if len(rows) == MOST else upto)
    return count


def _stuck(one: Running, now: datetime) -> int:
    wanted = rule(Stuck, one.program.slug)
    if not wanted.is_on:
        return 0
    days = {"accepted": wanted.accepted_days, "activated": wanted.activated_days}
    return sum(
        _stuck_in(one.program.slug, stage, timedelta(days=days[stage]), wanted, now)
        for stage in _WATCHED
    )


def _stuck_in(program: str, stage: Stage, patience: timedelta, wanted: Stuck, now: datetime) -> int:
    """Who came to the stage between the last look's patience and this one's."""
    mark, until = f"stuck:{program}:{stage}", now - patience
    since = _EPOCH + marks.place(mark, else_=_us(until)) * _MICROSECOND
    since = max(since, now - STUCK_SINCE)
    rows = still(program, stage, since=since, until=until, limit=MOST)
    known = read.known_of("stuck", [_about(row) for row in rows])
    fresh = [row for row in rows if _about(row) not in known]
    announce(_reminders(program, fresh, now), now=now)
    for row in fresh:
        acts.open_task(
            "stuck",
            _about(row),
            owner_role=wanted.second_role,
            due_at=now + timedelta(hours=wanted.first_hours),
            program=program,
            customer=row.friend,
            now=now,
        )
    marks.put(mark, _us(rows[-1].since if len(rows) == MOST else max(until, since)))
    return len(fresh)


def _about(row: Still) -> str:
    return f"referral:{row.program}/{row.friend}@{row.stage}"


def _us(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _reminders(program: str, rows: Sequence[Still], now: datetime) -> list[Happening]:
    """Level 1: the friend is reminded, within what they allow."""
    friends = [row.friend for row in rows]
    found = {one.friend: one for one in referrals_of(friends) if one.program == program}
    lacks = missing_each([(program, friend) for friend in friends], to="friend", now=now)
    return [
        Happening(
            row.friend,
            _REMINDER,
            _key(program, row.friend, row.stage),
            program,
            Facts(
                version=found[row.friend].version,
                advocate=row.advocate,
                lacking=Lacking.of(lacks.get((program, row.friend))),
            ),
        )
        for row in rows
    ]


def _key(program: str, friend: str, stage: Stage) -> str:
    return f"{program}/{friend}/{stage}"


def _reminder(task: TaskRow) -> Happening:
    """What the friend of a stuck referral was told, as far as it is needed to find it."""
    program, friend, stage = stuck_of(task.about)
    return Happening(friend, _REMINDER, _key(program, friend, stage))


def _note_reminders(now: datetime) -> None:
    """Whether a friend was reminded is noted once it is known: what was announced may find no
    channel that they allow, or fail."""
    tasks = read.unreminded(limit=MOST)
    for task, fate in zip(tasks, fates(_reminder(task) for task in tasks), strict=True):
        if fate == "reached":
            acts.reminded(task.number, now=now)
        elif fate == "unreached":
            acts.unreached(task.number, now=now)


def _raise(now: datetime) -> None:
    """What moved on is solved by itself; what did not rises, level by level."""
    for task, program, has_moved in _all_stuck():
        if has_moved:
            acts.close("system", task.number, outcome="done", note="", now=now)
            continue
        if task.due_at > now or task.level == 3:
            continue
        wanted = rule(Stuck, program)
        is_second = task.level == 1
        hours = wanted.second_hours if is_second else wanted.third_hours
        acts.lift(
            task.number,
            role=wanted.second_role if is_second else wanted.third_role,
            due_at=now + timedelta(hours=hours),
            now=now,
            is_raised=True,
        )


def _all_stuck() -> Iterator[tuple[TaskRow, str, bool]]:
    """Every open task about a stuck referral, its program, and whether the friend moved on."""
    groups: dict[tuple[str, Stage], list[tuple[TaskRow, str]]] = {}
    for task in read.all_open(["stuck"]):
        program, friend, stage = stuck_of(task.about)
        groups.setdefault((program, stage), []).append((task, friend))
    for (program, stage), members in groups.items():
        gone = moved(program, [friend for _, friend in members], beyond=stage)
        for task, friend in members:
            yield task, program, friend in gone


def stuck_of(about: str) -> tuple[str, str, Stage]:
    """Program, friend and stage of a stuck referral's task."""
    name, _, stage = about.removeprefix("referral:").rpartition("@")
    program, _, friend = name.partition("/")
    found: Stage = "accepted" if stage == "accepted" else "activated"
    return program, friend, found


def _lapsed(now: datetime) -> None:
    """New referrals that nobody spoke to in time: the manager is told, and there is an alarm."""
    late = [task for task in read.all_open(["follow_up"]) if task.is_late(now)]
    waiting = [task for task in late if task.taken_at is None]
    told = read.known_of("exception", [_lapse(task.number) for task in waiting])
    for task in waiting:
        if _lapse(task.number) in told:
            continue
        wanted = rule(FollowUp, task.program)
        acts.open_task(
            "exception",
            _lapse(task.number),
            owner_role=wanted.manager_role,
            due_at=now + timedelta(hours=wanted.hours),
            program=task.program,
            customer=task.customer,
            now=now,
        )
        acts.lift(task.number, role=wanted.manager_role, due_at=now, now=now, is_raised=False)
    _tell_managers([task.program for task in waiting], now)


def _tell_managers(programs: Sequence[str], now: datetime) -> None:
    """An alarm for each manager's role: of these programs, one a lapsed task, its own alone."""
    wanted = rules(FollowUp, sorted(set(programs)))
    lapsed = Counter(wanted[program].manager_role for program in programs)
    for role, count in lapsed.items():
        alarms.raise_alarm(
            f"{_FOLLOW_UPS}:{role}",
            f"{count:,} new referrals were not followed up in time; see the tasks.",
            now=now,
            role=role,
        )
    for one in alarms.raised():
        kind, _, role = one.kind.partition(":")
        if kind == _FOLLOW_UPS and role not in lapsed:
            alarms.close(one.kind, now=now)


def _lapse(number: int) -> str:
    return f"task:{number}"


def _disputes(now: datetime) -> int:
    """Disputes stand in the inbox until they are solved; taken up, they are due later."""
    waiting = {f"dispute:{one.number}": one for one in all_due()}
    for task in read.all_open(["dispute"]):
        one = waiting.pop(task.about, None)
        if one is None:
            acts.settle("dispute", task.about, now=now)
        elif task.due_at == one.accept_by < one.due_by and one.due_by > now:
            acts.put_off("system", task.number, due_at=one.due_by, now=now)
    for about, one in waiting.items():
        acts.open_task(
            "dispute",
            about,
            owner_role="support",
            due_at=one.due_by,
            program=one.program,
            customer=one.user_id,
            now=now,
        )
    return len(waiting)


def _preparations(now: datetime) -> int:
    """What a department did not do by its day stands in the inbox, once for that day, until it is
    done, put off or taken off the list."""
    today = now.astimezone(ZoneInfo(settings.OPERATOR_TIME_ZONE)).date()
    late = {
        f"preparation:{one.program}/{one.id}@{one.due_on}": one for one in preparations.late(today)
    }
    for task in read.all_open(["exception"]):
        if task.about.startswith("preparation:") and task.about not in late:
            acts.close("system", task.number, outcome="done", note="", now=now)
    fresh = late.keys() - read.known_of("exception", list(late))
    for about in sorted(fresh):
        one = late[about]
        acts.open_task(
            "exception",
            about,
            owner_role=_ROLES.get(one.department, "growth"),
            owner=one.owner if _takes_tasks(one.owner) else "",
            due_at=now + timedelta(days=1),
            program=one.program,
            now=now,
        )
    return len(fresh)


def _takes_tasks(owner: str) -> bool:
    """Whether somebody still has an inbox."""
    found = member(int(owner.removeprefix("user:"))) if owner else None
    return found is not None and found.is_active and found.may("tasks.handle")


def _moments(programs: Mapping[str, Running], now: datetime) -> int:
    wanted = {slug: rule(Ask, slug) for slug in programs}
    wanted = {slug: one for slug, one in wanted.items() if one.is_on}
    upto = wait.cursor_position()
    place = marks.place("ask", else_=upto)
    if not wanted:
        marks.put("ask", upto)
        return 0
    events = after(place, 20_000).filter(pl.col("position") <= upto)
    count = _occasions(wanted, now)
    for moment in _found(events, wanted, programs, now):
        count += _ask(moment, wanted[moment.program], programs[moment.program], now)
    marks.put("ask", events["position"][-1] if events.height else upto)
    return count


def _found(
    events: pl.DataFrame, wanted: Mapping[str, Ask], programs: Mapping[str, Running], now: datetime
) -> Iterator[_Moment]:
    """Moments at which somebody is happy, in the order of the log."""
    rows = events.filter((pl.col("user_id") != "") & (pl.col("occurred_at") > now - FRESH))
    orders = rows.filter(pl.col("name") == "Order Completed")
    earlier = _number_of_orders(orders)
    advocates = {
        (one.program, one.friend): one.advocate
        for one in referrals_of(orders["user_id"].unique().to_list())
    }
    for user_id, position, at in orders.select("user_id", "position", "occurred_at").iter_rows():
        nth = earlier[user_id, position]
        for slug, one in wanted.items():
            what = "first_order" if nth == 1 else "repeat_order"
            if what in one.moments:
                yield _Moment(user_id, slug, what, at)
            advocate = advocates.get((slug, user_id))
            if advocate and nth == 1 and "friend_bought" in one.moments:
                yield _Moment(advocate, slug, "friend_bought", at)
    for slug, one in wanted.items():
        if "product" in one.moments:
            reached = rows.filter(pl.col("name") == one.product_event)
            for user_id, at in reached.select("user_id", "occurred_at").iter_rows():
                yield _Moment(user_id, slug, "product", at)
    scores = rows.filter(pl.col("name") == "NPS Answered").select(
        "user_id",
        "occurred_at",
        score=pl.col("body")
        .str.json_path_match("$.properties.score")
        .cast(pl.Float64, strict=False),
    )
    for user_id, at, score in scores.iter_rows():
        for slug, one in wanted.items():
            if "good_score" in one.moments and score is not None and score >= one.good_score:
                yield _Moment(user_id, slug, "good_score", at)


def _number_of_orders(orders: pl.DataFrame) -> dict[tuple[str, int], int]:
    """Of each order which of its customer's it was."""
    users = orders["user_id"].unique().to_list()
    if not users:
        return {}
    every = said("Order Completed", users).select("user_id", "position").sort("position")
    counted = every.with_columns(nth=pl.int_range(1, pl.len() + 1).over("user_id"))
    return {(user, position): nth for user, position, nth in counted.iter_rows()}


def _ask(moment: _Moment, wanted: Ask, program: Running, now: datetime) -> bool:
    """Ask the staff to ask, unless this person was asked lately or often."""
    if may_ask(moment.customer, wanted, now=now) is not Asked.YES:
        return False
    is_high = (
        bool(wanted.high_spend)
        and _spent(moment.customer, program.terms.currency, now) >= wanted.high_spend
    )
    acts.open_task(
        "consult" if is_high else "ask",
        f"customer:{moment.customer}",
        owner_role=wanted.role,
        due_at=now + timedelta(hours=wanted.hours),
        program=moment.program,
        customer=moment.customer,
        note=moment.what,
        now=now,
    )
    return True


def _spent(user_id: str, currency: str, now: datetime) -> float:
    """What a customer spent in 365 days, in major units of a currency."""
    rows = said("Order Completed", [user_id]).filter(
        pl.col("occurred_at") > now - timedelta(days=365)
    )
    paid = rows.select(
        total=pl.col("body")
        .str.json_path_match("$.properties.total")
        .cast(pl.Float64, strict=False),
        currency=pl.col("body").str.json_path_match("$.properties.currency").fill_null(currency),
    ).filter(pl.col("currency") == currency)
    return float(paid["total"].sum())


def _thanks(programs: list[str], now: datetime) -> int:
    """An advocate is thanked for the reward that the rule of its program names, once; also after
    the program has closed its doors."""
    decided = wait.cursor_position()
    place = marks.place("thanks", else_=decided)
    wanted = {slug: one for slug, one in rules(Thanks, programs).items() if one.is_on}
    upto = min(decided, place + MOST_EVENTS) if wanted else decided
    count = 0
    for one in granted_after(place, upto=upto, programs=list(wanted)):
        its = wanted[one.program]
        if one.nth == its.rewards and one.at > now - FRESH:
            count += _thank(one, its, now)
    marks.put("thanks", upto)
    return count


def _thank(one: Granted, wanted: Thanks, now: datetime) -> bool:
    """Whether it was not asked for before, as where the rule's number was changed since."""
    about = f"thanks:{one.program}/{one.advocate}"
    if read.task_about("thanks", about) is not None:
        return False
    acts.open_task(
        "thanks",
        about,
        owner_role=wanted.role,
        due_at=one.at + timedelta(hours=wanted.hours),
        program=one.program,
        customer=one.advocate,
        now=now,
    )
    return True


def _occasions(wanted: Mapping[str, Ask], now: datetime) -> int:
    """On the yearly day of a program: one task to ask those whom one knows best."""
    today = now.astimezone(ZoneInfo(settings.OPERATOR_TIME_ZONE)).date()
    count = 0
    for slug, one in wanted.items():
        about = f"occasion:{slug}:{today}"
        is_today = "day" in one.moments and one.day == f"{today:%m-%d}"
        if is_today and read.task_about("ask", about) is None:
            acts.open_task(
                "ask", about, owner_role=one.role, due_at=now + timedelta(hours=one.hours),
                program=slug, note="day", now=now,
            )  # fmt: skip
            count += 1
    return count
