"""Topping up wallets over REST: once a reference, spent like what was earned."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from banyan.core.events.read import after, head
from banyan.core.ledger.read import balance, ordered
from banyan.pipeline.verify import run
from banyan.trust.audit.read import entries
from tests.installation import Installation
from tests.rooms.doors.api.calling import Reply, caller, working
from tests.rooms.doors.api.offers import PROMPT
from tests.rooms.pipeline.line import Line

WALLET = "/customers/ann/wallet"


def _topup(amount: int, reference: str, **more: Any) -> dict[str, Any]:
    return {"unit": "cash USD", "amount": amount, "reference": reference, **more}


def _available(reply: Reply) -> int:
    assert reply.status == 200, reply.body
    return int(reply.json["balance"]["available"])


def test_a_wallet_is_topped_up_once_a_reference(installation: Installation) -> None:
    shop = caller()
    with working():
        first = shop.post(f"{WALLET}/topup", _topup(500, "card-7", reason="Gift card."))
        assert first.status == 200, first.body
        assert first.json["transfer_id"] == "topup/1"
        assert (first.json["amount"], first.json["unit"]) == (500, "cash USD")
        assert first.json["balance"] == {"unit": "cash USD", "pending": 0, "available": 500}
        assert shop.post(f"{WALLET}/topup", _topup(500, "card-7")).json == first.json
        assert head() == 1
        for other in (_topup(501, "card-7"), _topup(500, "card-7") | {"unit": "points"}):
            refused = shop.post(f"{WALLET}/topup", other)
            assert (refused.status, refused.code) == (409, "reference_reused")
        assert "stands for 500 cash USD topped up at position 1" in refused.json["detail"]
        # Another customer's references are their own, and so are those of spends.
        assert _available(shop.post("/customers/ben/wallet/topup", _topup(9, "card-7"))) == 9
        assert _available(shop.post(f"{WALLET}/spend", _topup(120, "card-7"))) == 380
        assert _available(shop.post(f"{WALLET}/return", {"reference": "card-7"})) == 500
        assert shop.post(f"{WALLET}/return", {"reference": "card-7"}).code == "nothing_to_return"
    lines = shop.get(f"{WALLET}/statement").json["data"]
    assert [(row["what"], row["amount"], row["reference"]) for row in lines] == [
        ("return", 120, "card-7"),
        ("spend", -120, "card-7"),
        ("topup", 500, "card-7"),
    ]
    assert {row["decision_id"] for row in lines} == {None}
    said = json.loads(after(0, 1)["body"][0])
    assert said["event"] == "Wallet Credited"
    assert said["properties"] == {
        "unit": "cash USD",
        "amount": 500,
        "reference": "card-7",
        "reason": "Gift card.",
        "actor": "key:1",
    }
    [_, entry] = entries(verb="wallet.topup")
    assert (entry.about, entry.reason, entry.after) == (
        "customer:ann",
        "Gift card.",
        {"position": 1},
    )
    assert run().differences == ()


def test_what_is_put_in_is_spent_beside_what_was_earned(installation: Installation) -> None:
    """ann earned 20.00, and no program is needed for what comes from outside."""
    shop, line = caller(), Line()
    with working():
        assert _available(shop.post(f"{WALLET}/topup", _topup(50, "before"))) == 50
    line.publish(PROMPT)
    line.say("Referral Link Created", "ann", code="ANN", program="spring")
    line.say("Signed Up", "ben", referral_code="ANN")
    line.say("Order Completed", "ben", order_id="ben", total=50, currency="USD")
    line.work()
    with working():
        assert _available(shop.post(f"{WALLET}/topup", _topup(500, "card-7"))) == 2550
        too_much = shop.post(f"{WALLET}/spend", _topup(2551, "order-1"))
        assert too_much.code == "insufficient_balance"
        assert _available(shop.post(f"{WALLET}/spend", _topup(2550, "order-1"))) == 0
    assert balance("topup:ann", "cash USD") == -550
    assert run().differences == ()


def test_what_is_left_of_it_lapses(installation: Installation) -> None:
    shop, line = caller(is_test=True), Line()
    soon = datetime.now(UTC) + timedelta(days=3)
    with working():
        card = _topup(500, "card-7", expires_at=soon.isoformat())
        assert _available(shop.post(f"{WALLET}/topup", card)) == 500
        assert _available(shop.post(f"{WALLET}/topup", _topup(200, "card-8"))) == 700
        assert _available(shop.post(f"{WALLET}/spend", _topup(100, "order-1"))) == 600
        assert shop.post("/test_clock/advance", {"by": "4d"}).json["is_decided"] is True
    line.work()
    assert shop.get(WALLET).json["balances"] == [
        {"unit": "cash USD", "pending": 0, "available": 200}
    ]
    last = shop.get(f"{WALLET}/statement").json["data"][0]
    assert (last["what"], last["amount"], last["reference"]) == ("expiry", -400, None)
    assert (last["transfer_id"], last["decision_id"]) == ("topup/1/expiry", None)
    assert run().differences == ()


def test_a_rehearsal_tells_what_would_be_there(installation: Installation) -> None:
    shop = caller()
    told = shop.post(f"{WALLET}/topup?dry_run=true", _topup(500, "card-7")).json
    assert (told["transfer_id"], told["balance"]["available"]) == (None, 500)
    assert (head(), entries()[0].verb) == (0, "key.create")


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"amount": 0}, "/amount"),
        ({"amount": -5}, "/amount"),
        ({"amount": 10**12 + 1}, "/amount"),
        ({"amount": 1.5}, "/amount"),
        ({"reference": ""}, "/reference"),
        ({"reference": "r" * 256}, "/reference"),
        ({"unit": "cash"}, "/unit"),
        ({"unit": "cash usd"}, "/unit"),
        ({"unit": "credit XXY"}, "/unit"),
        ({"unit": "point"}, "/unit"),
        ({"unit": "coupon:"}, "/unit"),
        ({"expires_at": "soon"}, "/expires_at"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"reason": 7}, "/reason"),
        ({"more": 1}, "/more"),
    ],
)
def test_a_slip_of_the_pen_is_refused(
    installation: Installation, wrong: dict[str, Any], pointer: str
) -> None:
    reply = caller().post(f"{WALLET}/topup", _topup(5, "r") | wrong)
    assert (reply.status, reply.code) == (422, "invalid")
    assert [fault["pointer"] for fault in reply.json["errors"]] == [pointer]
    assert head() == 0


@pytest.mark.parametrize("unit", ["points", "coupon:SPRING", "badge:gold", "credit JPY"])
def test_units_that_programs_give_are_taken(installation: Installation, unit: str) -> None:
    reply = caller().post(f"{WALLET}/topup?dry_run=true", _topup(5, "r") | {"unit": unit})
    assert (reply.status, reply.json["balance"]["unit"]) == (200, unit)


def test_who_may_spend_may_not_make_money(installation: Installation) -> None:
    till = caller(scopes=["wallets:read", "wallets:write"])
    assert till.post(f"{WALLET}/topup", _topup(5, "r")).code == "missing_scope"
    cards = caller(scopes=["wallets:credit"])
    assert cards.post(f"{WALLET}/topup?dry_run=true", _topup(5, "r")).status == 200
    assert cards.post(f"{WALLET}/spend", _topup(5, "r")).code == "missing_scope"
    assert ordered("ann", "topup", "r") is None
