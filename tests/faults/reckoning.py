"""reckoning: after a run, what was promised to clients against what stands in the database."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db import connection

from banyan.core.events.read import head
from banyan.core.referrals.read import decision
from banyan.pipeline.alarms import raised
from banyan.pipeline.verify import run as verified
from tests.faults.client import Answer, Memory
from tests.faults.plan import Spend, TopUp


def faults(memory: Memory) -> list[str]:
    """Every promise that was broken, a sentence each; the worker has decided everything."""
    return [
        *memory.surprises,
        *_of_log(memory),
        *_of_clicks(memory),
        *_of_links(memory),
        *_of_moves("spend", memory.spends),
        *_of_moves("topup", memory.topups),
        *_of_returns(memory),
        *_of_rulings(memory),
        *_of_wallets(),
        *_of_counters(),
        *(f"verify: {one}" for one in verified().differences),
        *(f"alarm {one.kind}: {one.sentence}" for one in raised()),
    ]


def _of_log(memory: Memory) -> Iterator[str]:
    """Acknowledged once, all the rest at most once, nothing that was never sent; no gap."""
    positions = [row[0] for row in _rows("SELECT position FROM events_event ORDER BY position")]
    if positions != list(range(1, head() + 1)):
        yield f"positions are not 1 to {head()}: {len(positions)} of them, last {positions[-1:]}"
    stands = Counter(row[0] for row in _rows("SELECT message_id FROM events_event"))
    yield from (f"{i} was acknowledged, and is not there" for i in memory.acknowledged - {*stands})
    yield from (f"{i} stands {n} times" for i, n in stands.items() if n != 1)
    told = {i for i in stands if i.startswith("m-")}
    yield from (f"{i} stands and was never sent" for i in told - {*memory.sent})


def _of_clicks(memory: Memory) -> Iterator[str]:
    stands = Counter(row[0] for row in _rows(f"SELECT anonymous_id FROM {_CLICKS}"))
    for visitor, tried in memory.clicks_tried.items():
        if not memory.clicks[visitor] <= stands[visitor] <= tried:
            yield (
                f"visitor {visitor}: {tried} clicks sent, {memory.clicks[visitor]} answered, "
                f"{stands[visitor]} in the log"
            )


def _of_links(memory: Memory) -> Iterator[str]:
    rows = _rows("SELECT user_id, body FROM events_event WHERE name = 'Referral Link Created'")
    logged = Counter((_property(body, "code"), user) for user, body in rows)
    owners = dict(_rows("SELECT code, advocate FROM programs_link"))
    for code, advocate in memory.links.items():
        if owners.get(code) != advocate or logged[code, advocate] != 1:
            yield f"code {code} of {advocate}: {logged[code, advocate]} events, {owners.get(code)}"


def _of_moves(
    step: str, asked: Mapping[tuple[str, str], Sequence[tuple[Spend | TopUp, list[Answer]]]]
) -> Iterator[str]:
    """What was answered 200 was moved once and as asked; no reference moved anything twice."""
    moved = defaultdict(list)
    for user, body, transfer, unit, amount in _moves(step):
        moved[user, _property(body, "reference")].append((transfer, unit, amount))
    for who, moves in moved.items():
        if len(moves) != 1:
            yield f"{who} has {len(moves)} times {step}: {moves}"
        if who not in asked:
            yield f"{who} has a {step} that nobody asked for"
    for who, orders in asked.items():
        for order, answers in orders:
            yes = [answer for answer in answers if answer.status == 200]
            for answer in yes:
                promised = (answer.body["transfer_id"], order.unit, order.amount)
                if moved.get(who) != [promised]:
                    yield f"{who} was promised {promised}, and has {moved.get(who)}"
            # With one client whose every try was answered, a refusal is final.
            is_sure = len(orders) == 1 and all(answer.status for answer in answers)
            if is_sure and answers[-1].code == "insufficient_balance" and who in moved:
                yield f"{who} was refused, and has {moved[who]}"


def _of_returns(memory: Memory) -> Iterator[str]:
    back = Counter((user, _property(body, "reference")) for user, body, *_ in _moves("return"))
    yield from (f"{who} was returned {n} times" for who, n in back.items() if n != 1)
    for who, answers in memory.returns.items():
        if any(answer.status == 200 for answer in answers) and back[who] != 1:
            yield f"{who}: a return was promised, {back[who]} made"


def _of_rulings(memory: Memory) -> Iterator[str]:
    wanted = {"release": "released", "deny": "denied"}
    for decision_id, rulings in memory.rulings.items():
        row = decision(decision_id)
        assert row is not None
        promised = {wanted[verb] for verb, answer in rulings if answer.status == 200}
        if promised and promised != {row.ruling}:
            yield f"decision {decision_id}: {promised} was promised, it is {row.ruling}"


def _of_wallets() -> Iterator[str]:
    """No spend took more than was there; balances are the sums of what moved."""
    held: Counter[tuple[str, str]] = Counter()
    rows = _rows(
        "SELECT transfer_id, source, target, unit, amount FROM ledger_transfer "
        "ORDER BY position, place"
    )
    for transfer, source, target, unit, amount in rows:
        held[source, unit] -= amount
        held[target, unit] += amount
        if transfer.startswith("spend/") and held[source, unit] < 0:
            yield f"{transfer} left {held[source, unit]} {unit} in {source}"
    kept = {(a, u): n for a, u, n in _rows("SELECT account, unit, amount FROM ledger_balance")}
    for account in held.keys() | kept.keys():
        if held[account] != kept.get(account, 0):
            yield f"balance {account} is {kept.get(account)}, its transfers give {held[account]}"


def _of_counters() -> Iterator[str]:
    """A link counts each click once, whatever was decided twice on the way."""
    clicked: Counter[str] = Counter()
    late: Counter[str] = Counter()
    made: set[str] = set()
    rows = _rows(
        "SELECT name, body FROM events_event WHERE name IN "
        "('Referral Link Created', 'Referral Link Clicked') ORDER BY position"
    )
    for name, body in rows:
        code = _property(body, "code").strip().upper()
        if name == "Referral Link Created":
            made.add(code)
        else:
            clicked[code] += 1
            late[code] += code in made
    joined = Counter(row[0] for row in _rows("SELECT advocate FROM referrals_referral"))
    referred: Counter[str] = Counter()
    for key, advocate, clicks, referrals in _rows(
        "SELECT key, advocate, clicks, referrals FROM programs_link"
    ):
        referred[advocate] += referrals
        # A click ahead of its link in the log is counted only when its link was known by then.
        if not late[key] <= clicks <= clicked[key]:
            yield f"link {key} counts {clicks} clicks, the log has {late[key]} to {clicked[key]}"
    if referred != joined:
        yield f"links count {referred - joined} too many and {joined - referred} too few referrals"


def _moves(step: str) -> list[Any]:
    """(user, body of the event, transfer, unit, amount) of every `spend`, `topup` or `return`."""
    return _rows(
        "SELECT e.user_id, e.body, t.transfer_id, t.unit, t.amount FROM ledger_transfer t "
        f"JOIN events_event e ON e.position = t.position WHERE t.transfer_id LIKE '{step}/%%'"
    )


def _rows(sql: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [])
        return cursor.fetchall()


def _property(body: str, name: str) -> str:
    return str(json.loads(body)["properties"][name])


_CLICKS = "events_event WHERE name = 'Referral Link Clicked'"
