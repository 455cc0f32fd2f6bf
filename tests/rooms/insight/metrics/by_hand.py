"""The figures of an installation, reckoned from what it exports: its log and the published tables.

Shares no code with the room: other reading of events, other joins, another order of work.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from banyan.pipeline.exporting.contents import CONTENTS
from banyan.pipeline.wait import cursor_position

DIGITS = {"USD": 2, "JPY": 0, "CNY": 2}
USELESS = {"number_too_large", "bad_timestamp", "no_id", "bad_type", "no_event", "bad_json"}
FIRST_STAGES = ("Signed Up", "Account Created", "Order Completed")

Row = dict[str, Any]


class Books:
    """An installation's exported tables as plain rows, events with what figures need of them."""

    def __init__(self, zone: str, currencies: dict[str, str]) -> None:
        self.zone = ZoneInfo(zone)
        self.currencies = currencies
        upto = cursor_position()
        frames = {name: list(one.frames(upto)) for name, one in CONTENTS.items() if name in _ASKED}
        self.tables = {
            name: pl.concat(parts).to_dicts() if parts else [] for name, parts in frames.items()
        }
        codes = {row["position"]: row["code"] for row in self.tables["rejects"]}
        self.events = [
            _event(position, row)
            for position, row in enumerate(self.tables["events"], start=1)
            if codes.get(position) not in USELESS
            and not (
                row["event"] == "Referral Link Clicked" and codes.get(position) == "unknown_code"
            )
        ]
        self.friends = {(r["program"], r["friend"]): r for r in self.tables["referrals"]}

    def day(self, at: datetime) -> str:
        """The operator's day."""
        return at.astimezone(self.zone).date().isoformat()

    def named(self, *names: str) -> list[Row]:
        """Events of these names, in order."""
        return [one for one in self.events if one["event"] in names]

    def days(self) -> dict[tuple[str, ...], tuple[int, int]]:
        """(day, program, measure, item, unit) -> (count, amount), as the board reads them."""
        found: dict[tuple[str, ...], list[int]] = {}
        for key, amount in [
            *self._referrals(),
            *self._touches(),
            *self._orders(),
            *self._rewards(),
            *self._answers(),
        ]:
            sums = found.setdefault(key, [0, 0])
            sums[0] += 1
            sums[1] += amount
        return {key: (n, amount) for key, (n, amount) in found.items()}

    def stages(self) -> dict[tuple[str, str], dict[str, datetime]]:
        """When each referral reached which stage."""
        reached: dict[tuple[str, str], dict[str, datetime]] = {}
        for (program, friend), row in self.friends.items():
            mine = [
                e
                for e in self.events
                if e["user"] == friend and e["position"] >= row["join_position"]
            ]
            accepted = [
                e["at"]
                for e in self.named("Referral Accepted")
                if e["user"] == friend
                and row["touch_position"] <= e["position"] <= row["join_position"]
                and e["properties"].get("program") in (None, program)
            ]
            orders = [e["at"] for e in mine if e["event"] == "Order Completed"]
            active = [e["at"] for e in mine if e["event"] in FIRST_STAGES]
            decided = [
                d
                for d in self.tables["decisions"]
                if (d["program"], d["friend"]) == (program, friend)
            ]
            rewarded = [
                d["occurred_at"]
                for d in decided
                if d["outcome"] == "granted" and d["milestone"] != "joined"
            ]
            lost = [
                (e["position"], e["at"])
                for e in mine
                if e["event"] == "Referral Declined"
                and e["properties"].get("program") in (None, program)
            ] + [
                (d["position"], d["occurred_at"])
                for d in decided
                if d["outcome"] == "rejected" and (d["reason"] or "").startswith("risk:")
            ]
            told = {
                "accepted": [*accepted, row["started_at"]][:1],
                "activated": active[:1],
                "purchased": orders[:1],
                "repurchased": orders[1:2],
                "rewarded": rewarded[:1],
                "lost": [min(lost)[1]] if lost else [],
            }
            reached[program, friend] = {name: at[0] for name, at in told.items() if at}
        return reached

    def depth(self, program: str, friend: str) -> int:
        """How many advocates stand above a friend."""
        row = self.friends[program, friend]
        above = self.friends.get((program, row["advocate"]))
        if above is None or above["join_position"] >= row["join_position"]:
            return 1
        return self.depth(program, row["advocate"]) + 1

    def line_above(self, program: str, friend: str) -> list[tuple[str, str]]:
        """The referrals that a friend's hangs on, the nearest first."""
        row = self.friends[program, friend]
        above = self.friends.get((program, row["advocate"]))
        if above is None or above["join_position"] >= row["join_position"]:
            return []
        key = (program, row["advocate"])
        return [key, *self.line_above(*key)]

    def top(self, program: str, friend: str) -> str:
        """Who is at the head of a friend's chain."""
        highest = [(program, friend), *self.line_above(program, friend)][-1]
        return str(self.friends[highest]["advocate"])

    def below(self) -> dict[tuple[str, str], int]:
        """How many levels hang on each referral."""
        found = dict.fromkeys(self.friends, 0)
        for key in self.friends:
            for height, above in enumerate(self.line_above(*key), start=1):
                found[above] = max(found[above], height)
        return found

    def chains(self) -> dict[tuple[str, str], tuple[int, int, int, int]]:
        """(program, top) -> members, depth, width, paid."""
        members: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for key in self.friends:
            members.setdefault((key[0], self.top(*key)), []).append(key)
        paid = self._paid()
        told = {}
        for chain, keys in members.items():
            levels = Counter(self.depth(*key) for key in keys)
            whole = sum(paid.get(key, 0) for key in keys)
            told[chain] = (len(keys), max(levels), max(levels.values()), whole)
        return told

    def levels(self) -> dict[tuple[str, int], tuple[int, int, int, int, int]]:
        """(program, level) -> members, those who go on, what hangs on them, people who brought
        their first friend there, chains that end there."""
        found: dict[tuple[str, int], list[int]] = {}
        brought = set()
        below = self.below()
        for key, row in sorted(self.friends.items(), key=lambda one: one[1]["join_position"]):
            sums = found.setdefault((key[0], self.depth(*key)), [0] * 5)
            sums[0] += 1
            sums[1] += below[key] > 0
            sums[2] += below[key]
            sums[3] += (key[0], row["advocate"]) not in brought
            brought.add((key[0], row["advocate"]))
        for (program, _), (_, depth, *_) in self.chains().items():
            found[program, depth][4] += 1
        return {key: (a, b, c, d, e) for key, (a, b, c, d, e) in found.items()}

    def _paid(self) -> dict[tuple[str, str], int]:
        """By referral, what was granted in money less what was taken back."""
        released = {
            e["properties"]["decision_id"]: e["position"] for e in self.named("Decision Released")
        }
        back: Counter[str] = Counter()
        for row in self.tables["reversals"]:
            back[row["decision_id"]] += row["amount"]
        found: Counter[tuple[str, str]] = Counter()
        for d in self.tables["decisions"]:
            stands = d["outcome"] == "granted" or (
                d["outcome"] == "held" and released.get(d["decision_id"], 0) > d["position"]
            )
            currency = self.currencies[d["program"]]
            if stands and d["unit"] in (f"cash {currency}", f"credit {currency}"):
                found[d["program"], d["friend"]] += d["amount"] - back[d["decision_id"]]
        return found

    def money_of_friends(self) -> dict[tuple[str, str], tuple[int, int, int, int]]:
        """(program, friend) -> orders, revenue, refunded, cost in the program's currency."""
        found = {key: [0, 0, 0, 0] for key in self.friends}
        for event, amount, currency in self._totals("Order Completed"):
            for key in self._brought(event):
                if currency in ("", self.currencies[key[0]]):
                    found[key][0] += 1
                    found[key][1] += amount
        for event, amount, currency in self._totals("Order Refunded"):
            for key in self._brought(event):
                if currency in ("", self.currencies[key[0]]):
                    found[key][2] += amount
        friend_of = {d["decision_id"]: d["friend"] for d in self.tables["decisions"]}
        for row in self.tables["transfers"]:
            friend = friend_of.get(row["decision_id"])
            if friend is None or row["unit"].split(" ")[0] not in ("cash", "credit"):
                continue
            key = (row["decision_id"].split("/")[0], friend)
            step = row["transfer_id"].removeprefix(row["decision_id"])
            if step == "/grant":
                found[key][3] += row["amount"]
            elif step != "/available":
                found[key][3] -= row["amount"]
        return {key: (a, b, c, d) for key, (a, b, c, d) in found.items()}

    def _brought(self, event: Row) -> list[tuple[str, str]]:
        return [
            key
            for key, row in self.friends.items()
            if key[1] == event["user"] and row["join_position"] <= event["position"]
        ]

    def _totals(self, name: str) -> list[tuple[Row, int, str]]:
        """Events of orders or refunds with their minor units and currency."""
        told = []
        for event in self.named(name):
            total, currency = _number(event["properties"].get("total")), _currency(event)
            if total is None and name == "Order Refunded":
                order = next(
                    (
                        e
                        for e in self.named("Order Completed")
                        if event["user"]
                        and e["user"] == event["user"]
                        and e["position"] < event["position"]
                        and e["properties"].get("order_id") == event["properties"].get("order_id")
                    ),
                    None,
                )
                if order is not None:
                    total = _number(order["properties"].get("total"))
                    currency = currency or _currency(order)
            step = Decimal(1).scaleb(-DIGITS.get(currency, 2))
            rounded = (total or Decimal(0)).quantize(step, ROUND_HALF_UP)
            told.append((event, int(rounded / step), currency))
        return told

    def _referrals(self) -> list[tuple[tuple[str, ...], int]]:
        found = []
        for (program, friend), row in self.friends.items():
            day = self.day(row["started_at"])
            found.append(((day, program, "joined", "", ""), self.depth(program, friend)))
            beside = [
                lost
                for lost in self.tables["touches_lost"]
                if (lost["program"], lost["advocate"], lost["join_position"])
                == (program, row["advocate"], row["join_position"])
                and lost["kind"] != "code"
            ]
            if row["kind"] == "code" and not beside:
                found.append(((self.day(row["touched_at"]), program, "initiated", "", ""), 0))
        for (program, _), reached in self.stages().items():
            found += [((self.day(at), program, stage, "", ""), 0) for stage, at in reached.items()]
        return found

    def _touches(self) -> list[tuple[tuple[str, ...], int]]:
        links = {row["code"].strip().upper(): row for row in self.tables["links"]}
        found, seen = [], set()
        for event in self.named("Referral Link Clicked"):
            said = event["properties"]
            code = (said.get("code") or "").strip().upper()
            program = said.get("program") or (links[code]["program"] if code in links else "")
            day = self.day(event["at"])
            found.append(((day, program or "", "clicks", "", ""), 0))
            target = (event["visitor"], code or f"by {said.get('advocate')}")
            if target not in seen:
                seen.add(target)
                found.append(((day, program or "", "initiated", "", ""), 0))
        for name, measures in (
            ("Referral Submitted", ("invites", "initiated")),
            ("Referral Shared", ("shares",)),
        ):
            for event in self.named(name):
                if event["user"]:
                    program = event["properties"].get("program") or ""
                    day = self.day(event["at"])
                    found += [((day, program, measure, "", ""), 0) for measure in measures]
        return found

    def _orders(self) -> list[tuple[tuple[str, ...], int]]:
        found, bought = [], set()
        for name, own, shop in (
            ("Order Completed", "friend_orders", "shop_orders"),
            ("Order Refunded", "friend_refunds", "shop_refunds"),
        ):
            for event, amount, currency in self._totals(name):
                if name == "Order Completed" and not event["user"]:
                    continue
                day, brought = self.day(event["at"]), self._brought(event)
                found.append(((day, "", shop, "", currency), amount))
                if brought:
                    found.append(((day, "", f"{shop}_referred", "", currency), amount))
                for program, _ in brought:
                    unit = currency or self.currencies[program]
                    found.append(((day, program, own, "", unit), amount))
                if name == "Order Completed" and event["user"] not in bought:
                    bought.add(event["user"])
                    new = ["shop_new", "shop_new_referred"] if brought else ["shop_new"]
                    found += [((day, "", measure, "", currency), 0) for measure in new]
        return found

    def _rewards(self) -> list[tuple[tuple[str, ...], int]]:
        found = []
        for d in self.tables["decisions"]:
            found.append(((self.day(d["occurred_at"]), d["program"], "decided", "", ""), 0))
            if d["outcome"] != "granted":
                key = (self.day(d["occurred_at"]), d["program"], d["outcome"], d["reward"])
                found.append(((*key, d["unit"]), d["amount"]))
        for row in self.tables["transfers"]:
            program, reward = "", ""
            if row["decision_id"]:
                program, reward = row["decision_id"].split("/")[:2]
            measure = _moved(row)
            key = (self.day(row["occurred_at"]), program, measure, reward, row["unit"])
            found.append((key, row["amount"]))
        return found

    def _answers(self) -> list[tuple[tuple[str, ...], int]]:
        found = []
        for event in self.named("NPS Answered"):
            score = int(event["properties"]["score"])
            group = "promoters" if score > 8 else "passives" if score > 6 else "detractors"
            found.append(((self.day(event["at"]), "", f"nps_{group}", "", ""), 0))
        return found


_ASKED = (
    "events",
    "referrals",
    "touches_lost",
    "decisions",
    "reversals",
    "transfers",
    "rejects",
    "links",
)


def _event(position: int, row: Row) -> Row:
    properties = json.loads(str(row["properties"] or "{}"), parse_float=Decimal)
    return {
        "position": position,
        "event": row["event"],
        "user": row["userId"] or "",
        "visitor": row["anonymousId"] or row["userId"],
        "at": datetime.fromisoformat(str(row["timestamp"]).replace("Z", "+00:00")),
        "properties": {name: value for name, value in properties.items() if value is not None},
    }


def _number(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _currency(event: Row) -> str:
    code = str(event["properties"].get("currency") or "")
    return code if code in DIGITS else ""


def _moved(row: Row) -> str:
    name = str(row["transfer_id"])
    if name.startswith("spend/"):
        return "spent"
    if name.startswith("return/"):
        return "returned"
    if name.endswith("/grant"):
        return "granted"
    if name.endswith("/available"):
        return "available"
    if name.endswith("/expiry"):
        return "expired"
    if "/reversal/" in name:
        return "taken_pending" if str(row["source"]).endswith(":pending") else "taken"
    return "credited"
