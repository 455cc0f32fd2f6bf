"""The Python client against real servers, and against a network that fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from banyan.trust.access.keys import make
from tests.installation import Installation
from tests.rooms.doors.edge.serving import serving

CLIENT = Path("clients/python")

sys.path.insert(0, str(CLIENT.resolve()))

from banyan_client import Balance, Banyan, Refusal, Unreachable, requests  # noqa: E402


def test_the_examples_run_as_they_stand(installation: Installation) -> None:
    _, secret = make("tester", "secret", is_test=True, now=datetime.now(UTC))
    with serving(installation) as site:
        published = installation.banyan("publish", "programs/meundies.yaml")
        assert published.returncode == 0, published.stderr
        url = f"http://localhost:{site.port}"
        told = _example("first_reward", url=url, secret=secret)
        assert told[1].endswith(": 2000 credit USD")
        assert "gave the code of" in told[2]
        assert told[-1] == "[Balance(unit='credit USD', pending=2000, available=0)]"
        advocate = told[0].split()[0]
        with Banyan(url, secret) as banyan:
            assert banyan.links.get(told[0].rpartition("/")[2]).referrals == 1
            banyan._requests.post("test_clock/advance", {"by": "15d"})
        told = _example("till", advocate, "credit USD", "500", "o-1", url=url, secret=secret)
        assert told == [
            "500 credit USD taken, 1500 left",
            "sent twice, taken once: True",
            "order cancelled, 2000 left",
        ]
        with Banyan(url, secret) as banyan:
            with pytest.raises(Refusal) as refused:
                banyan.wallets.spend(advocate, unit="credit USD", amount=2001, reference="o-2")
            assert (refused.value.status, refused.value.code) == (409, "insufficient_balance")
            whats = [line.what for line in banyan.wallets.statement(advocate)]
            assert whats == ["return", "spend", "available", "grant"]
            ends = datetime.now(UTC) + timedelta(days=400)
            card = {"unit": "credit USD", "amount": 300, "reference": "card-7"}
            made = banyan.wallets.top_up(advocate, **card, reason="Gift card.", expires_at=ends)
            assert made.balance == Balance("credit USD", pending=0, available=2300)
            assert banyan.wallets.top_up(advocate, **card) == made
            with pytest.raises(Refusal) as refused:
                banyan.wallets.top_up(advocate, unit="points", amount=300, reference="card-7")
            assert refused.value.code == "reference_reused"
            last = next(banyan.wallets.statement(advocate))
            assert (last.what, last.amount, last.reference) == ("topup", 300, "card-7")
            with pytest.raises(ValueError, match="time zone"):
                banyan.wallets.top_up(advocate, **card, expires_at=datetime(2030, 1, 1))  # noqa: DTZ001
            newest = list(banyan.decisions.list())
            oldest = list(banyan.decisions.list(order="asc"))
            assert oldest == newest[::-1]
            assert list(banyan.decisions.list(from_position=newest[0].position + 1)) == []
            [referral] = banyan.referrals.list(advocate=advocate, order="asc", from_position=1)
            assert (referral.advocate, referral.program) == (advocate, "meundies")
            with banyan.events() as events:
                events.track("Signed Up", user_id="eve")
                events.track("", user_id="eve")
            [refusal] = events.refused
            assert (refusal.event["event"], refusal.code) == ("", "no_event")


def _example(name: str, *arguments: str, url: str, secret: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", f"examples.{name}", *arguments],
        cwd=CLIENT,
        env=dict(os.environ) | {"BANYAN_URL": url, "BANYAN_SECRET": secret},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


class Network:
    """Answers what it was told to, in turn, and remembers what it was asked."""

    def __init__(self, *answers: httpx2.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, *, attempts: int = 3) -> Banyan:
        """A client of this network."""
        transport = httpx2.MockTransport(self)
        return Banyan("https://x.example", "sk", attempts=attempts, transport=transport)


LINK = {
    "code": "ANN",
    "url": "https://x.example/r/ANN",
    "program": "spring",
    "advocate": "ann",
    "clicks": 0,
    "referrals": 0,
}


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the client waited, each time; nobody waits really."""
    waited: list[float] = []
    monkeypatch.setattr(requests.time, "sleep", waited.append)
    return waited


def _problem(status: int, code: str, **headers: str) -> httpx2.Response:
    body: dict[str, Any] = {"detail": "No.", "code": code}
    body["errors"] = [{"in": "body", "pointer": "/code", "detail": "is taken"}]
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.Response(status, json=body, headers=given)


def test_a_write_is_sent_again_under_the_same_key(pauses: list[float]) -> None:
    network = Network(
        httpx2.ConnectError("broken"),
        _problem(503, "unavailable", Retry_After="2"),
        _problem(409, "idempotency_in_flight"),
        httpx2.Response(200, json=LINK),
    )
    made = network.client(attempts=4).links.make("spring", advocate="ann")
    assert made.url == "https://x.example/r/ANN"
    keys = {request.headers["Idempotency-Key"] for request in network.asked}
    assert (len(network.asked), len(keys)) == (4, 1)
    assert {request.content for request in network.asked} == {network.asked[0].content}
    assert 0.2 <= pauses[0] <= 0.25
    assert 2.0 <= pauses[1] <= 2.5
    assert 0.8 <= pauses[2] <= 1.0


def test_a_no_is_not_asked_again(pauses: list[float]) -> None:
    network = Network(_problem(409, "code_taken", X_Request_Id="shop-1"))
    with pytest.raises(Refusal, match=r"No\.") as refused:
        network.client().links.make("spring", advocate="ann", code="ANN")
    assert (refused.value.code, refused.value.request_id) == ("code_taken", "shop-1")
    [fault] = refused.value.faults
    assert (fault.place, fault.pointer, fault.detail) == ("body", "/code", "is taken")
    assert pauses == []


def test_who_never_answers_is_unreachable(pauses: list[float]) -> None:
    network = Network(*[httpx2.ReadError("gone")] * 3)
    with pytest.raises(Unreachable, match=r"x\.example: gone"):
        network.client().links.get("ANN")
    assert (len(network.asked), len(pauses)) == (3, 2)
    html = Network(*[httpx2.Response(502, text="<html>")] * 3)
    with pytest.raises(Refusal, match="HTTP status 502"):
        html.client().links.get("ANN")


def test_events_leave_in_batches_and_stay_when_they_cannot(pauses: list[float]) -> None:
    fine = {"success": True}
    network = Network(
        httpx2.Response(200, json=fine),
        *[httpx2.ConnectError("broken")] * 3,
        httpx2.Response(200, json=fine),
    )
    events = network.client().events()
    for number in range(501):
        events.track("Signed Up", user_id=str(number))
    assert len(json.loads(network.asked[0].content)["batch"]) == 500
    with pytest.raises(Unreachable):
        events.flush()
    events.flush()
    [last] = json.loads(network.asked[-1].content)["batch"]
    assert (last["userId"], last["type"]) == ("500", "track")
    assert last["messageId"] == json.loads(network.asked[1].content)["batch"][0]["messageId"]
    events.flush()
    assert len(network.asked) == 5
    with pytest.raises(ValueError, match="time zone"):
        events.track("Signed Up", user_id="x", timestamp=datetime(2026, 1, 1))  # noqa: DTZ001


def test_large_events_leave_before_the_batch_is_too_large() -> None:
    network = Network(*[httpx2.Response(200, json={"success": True})] * 3)
    with network.client().events() as events:
        for number in range(30):
            events.track("Seen", user_id=str(number), properties={"text": "x" * 20_000})
    sizes = [len(request.content) for request in network.asked]
    assert len(sizes) == 2
    assert max(sizes) < 500 * 1024


def test_a_list_is_read_to_its_end() -> None:
    pages = [
        {"data": [LINK, LINK], "next_cursor": "c1"},
        {"data": [LINK], "next_cursor": None},
    ]
    network = Network(*[httpx2.Response(200, json=page) for page in pages])
    assert len(list(network.client().links.of("ann"))) == 3
    assert [request.url.params.get("cursor") for request in network.asked] == [None, "c1"]
