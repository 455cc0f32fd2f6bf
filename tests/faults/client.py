"""client: sends a plan's requests, tries again as a good client does, remembers every answer."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any

from tests.faults.plan import Action, Click, Events, Link, Return, Rule, Spend, Tick, TopUp
from tests.faults.processes import PATIENCE_S

PAUSE_S = 0.1
LONGEST_REPLY_S = 20.0
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass(frozen=True)
class Answer:
    """An answer; `status` 0 stands for none: refused, broken off, or not waited for."""

    status: int
    body: Any = None

    @property
    def code(self) -> str:
        """Of a problem; empty for anything else."""
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""


@dataclass
class Memory:
    """What was sent and what was answered, for the reckoning after a run."""

    sent: Counter[str] = field(default_factory=Counter)
    """Requests that named a messageId."""
    acknowledged: set[str] = field(default_factory=set)
    clicks: Counter[str] = field(default_factory=Counter)
    """Clicks that were answered, by visitor."""
    clicks_tried: Counter[str] = field(default_factory=Counter)
    links: dict[str, str] = field(default_factory=dict)
    spends: dict[tuple[str, str], list[tuple[Spend, list[Answer]]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """By user and reference: each client's order and all answers to it."""
    topups: dict[tuple[str, str], list[tuple[TopUp, list[Answer]]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    returns: dict[tuple[str, str], list[Answer]] = field(default_factory=lambda: defaultdict(list))
    rulings: dict[str, list[tuple[str, Answer]]] = field(default_factory=lambda: defaultdict(list))
    refused: int = 0
    """Answers 503: the product said that it could not, and kept nothing back."""
    surprises: list[str] = field(default_factory=list)
    """Answers that no client should ever get."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def paid(self) -> int:
        """References whose spend was answered 200."""
        return sum(
            any(answer.status == 200 for _, answers in orders for answer in answers)
            for orders in self.spends.values()
        )

    def __str__(self) -> str:
        asked = len(self.spends)
        return (
            f"{len(self.acknowledged)} of {len(self.sent)} events acknowledged, "
            f"{sum(self.clicks.values())} clicks answered, {self.paid} of {asked} spends paid, "
            f"{len(self.topups)} wallets topped up, "
            f"{sum(map(len, self.rulings.values()))} rulings, {self.refused} answers 503"
        )


class Stalled(AssertionError):
    """A request that was not answered for as long as anybody may wait."""


class Client:
    """One sender. Many may share a memory."""

    def __init__(self, port: int, keys: dict[str, str], memory: Memory) -> None:
        self._port = port
        self._keys = keys
        self._memory = memory

    def do(self, action: Action) -> None:
        """Carry out one action of a plan. Raises Stalled."""
        match action:
            case Events():
                self._tell(action)
            case Click():
                self._click(action)
            case Link():
                self._link(action)
            case Spend():
                self._spend(action)
            case TopUp():
                self._top_up(action)
            case Return():
                self._return(action)
            case Rule():
                self._rule(action)
            case Tick():
                self._tick(action)

    def _tell(self, action: Events) -> None:
        single = len(action.events) == 1
        path = f"/v1/{action.events[0]['type']}" if single else "/v1/batch"
        body: Any = action.events[0] if single else {"batch": list(action.events)}
        ids = [event["messageId"] for event in action.events]
        with self._memory.lock:
            self._memory.sent.update(ids)
        headers = self._authorized("write") if _is_for_anybody(action) else {}
        if action.loses_reply:
            self._hang_up("POST", path, body, headers)
        tries = 1 if action.gives_up else None
        answer = self._answered("POST", path, body, headers, tries=tries)[-1]
        if answer.status == 200 and answer.body == {"success": True}:
            with self._memory.lock:
                self._memory.acknowledged.update(ids)
        elif answer.status not in (0, 503):
            self._surprise(f"events answered {answer}")

    def _click(self, action: Click) -> None:
        headers = {"Cookie": f"banyan_vid={action.visitor}", "User-Agent": BROWSER}
        answers = self._answered("GET", f"/r/{action.code}", headers=headers)
        with self._memory.lock:
            self._memory.clicks_tried[action.visitor] += len(answers)
            self._memory.clicks[action.visitor] += answers[-1].status == 302
        if answers[-1].status != 302:
            self._surprise(f"a click answered {answers[-1]}")

    def _link(self, action: Link) -> None:
        body = {"program": "grove", "advocate": action.advocate, "code": action.code}
        answer = self._answered("POST", "/v1/links", body)[-1]
        if answer.status != 200 or answer.body["code"] != action.code:
            self._surprise(f"a link answered {answer}")
            return
        with self._memory.lock:
            self._memory.links[action.code] = action.advocate

    def _spend(self, action: Spend) -> None:
        path = f"/v1/customers/{action.user}/wallet/spend"
        body = {"unit": action.unit, "amount": action.amount, "reference": action.reference}
        headers = {"Idempotency-Key": f"k-{action.reference}"} if action.is_keyed else {}
        answers = []
        if action.loses_reply:
            self._hang_up("POST", path, body, headers)
            answers.append(Answer(0))
        answers += self._answered("POST", path, body, headers)
        with self._memory.lock:
            self._memory.spends[action.user, action.reference].append((action, answers))
        known = {"insufficient_balance", "reference_reused", "idempotency_in_flight"}
        self._expect("a spend", answers[-1], known)

    def _top_up(self, action: TopUp) -> None:
        path = f"/v1/customers/{action.user}/wallet/topup"
        body = {"unit": action.unit, "amount": action.amount, "reference": action.reference}
        answers = []
        if action.loses_reply:
            self._hang_up("POST", path, body, {})
            answers.append(Answer(0))
        answers += self._answered("POST", path, body)
        with self._memory.lock:
            self._memory.topups[action.user, action.reference].append((action, answers))
        self._expect("a top-up", answers[-1], {"not_decided_yet"})

    def _return(self, action: Return) -> None:
        path = f"/v1/customers/{action.user}/wallet/return"
        answers = self._answered("POST", path, {"reference": action.reference})
        with self._memory.lock:
            self._memory.returns[action.user, action.reference] += answers
        self._expect("a return", answers[-1], {"nothing_to_return"})

    def _rule(self, action: Rule) -> None:
        path = f"/v1/decisions?waiting=true&beneficiary={action.advocate}&limit=1"
        waiting = self._answered("GET", path)[-1]
        if waiting.status != 200:
            self._surprise(f"a list of decisions answered {waiting}")
            return
        for row in waiting.body["data"]:
            path = f"/v1/decisions/{row['decision_id']}/{action.verb}"
            answer = self._answered("POST", path, {"reason": "Looked at."})[-1]
            with self._memory.lock:
                self._memory.rulings[row["decision_id"]].append((action.verb, answer))
            self._expect("a ruling", answer, {"not_waiting"})

    def _tick(self, action: Tick) -> None:
        answer = self._answered("POST", "/v1/test_clock/advance", {"by": action.by})[-1]
        self._expect("a move of the clock", answer, set())

    def _expect(self, what: str, answer: Answer, codes: set[str]) -> None:
        if answer.status != 200 and (answer.status != 409 or answer.code not in codes):
            self._surprise(f"{what} answered {answer}")

    def _surprise(self, sentence: str) -> None:
        with self._memory.lock:
            self._memory.surprises.append(sentence)

    def _answered(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        *,
        tries: int | None = None,
    ) -> list[Answer]:
        """Send until there is an answer that stands, or for as many tries; all answers."""
        end = time.monotonic() + PATIENCE_S
        answers: list[Answer] = []
        in_flight = 0
        while True:
            answer = self._once(method, path, body, headers or {})
            answers.append(answer)
            if answer.status == 503:
                with self._memory.lock:
                    self._memory.refused += 1
            # A request that died with its process holds its key for two minutes.
            in_flight += answer.code == "idempotency_in_flight"
            is_open = answer.status in (0, 503) or (
                answer.code == "idempotency_in_flight" and in_flight < 10
            )
            if not is_open or len(answers) == tries:
                return answers
            if time.monotonic() > end:
                raise Stalled(f"{method} {path}: {answer} after {len(answers)} tries")
            time.sleep(PAUSE_S)

    def _once(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        link = HTTPConnection("127.0.0.1", self._port, timeout=LONGEST_REPLY_S)
        try:
            self._send(link, method, path, body, headers)
            reply = link.getresponse()
            text = reply.read()
            is_json = "json" in (reply.getheader("Content-Type") or "")
            return Answer(reply.status, json.loads(text) if is_json else text)
        except (OSError, HTTPException):
            return Answer(0)
        finally:
            link.close()

    def _hang_up(self, method: str, path: str, body: Any, headers: dict[str, str]) -> None:
        """Send a request whole and close the connection, as if the network had broken."""
        link = HTTPConnection("127.0.0.1", self._port, timeout=LONGEST_REPLY_S)
        try:
            self._send(link, method, path, body, headers)
        except OSError:
            return
        finally:
            link.close()

    def _send(
        self, link: HTTPConnection, method: str, path: str, body: Any, headers: dict[str, str]
    ) -> None:
        given = self._authorized("secret") | headers
        data = None if body is None else json.dumps(body)
        if data is not None:
            given["Content-Type"] = "application/json"
        link.request(method, path, data, given)

    def _authorized(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._keys[role]}"}


def _is_for_anybody(action: Events) -> bool:
    """Whether a write key may send it: refunds need a secret one."""
    return all(event.get("event") != "Order Refunded" for event in action.events)
