"""From a link to a refund: what the advocate, the friend, the shop and its webhook see."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.rooms.pipeline.outbox.receivers import Receiver, receiver
from tests.story.company import Company, eventually

WALLET = "/customers/ann/wallet"


def test_a_friend_comes_buys_and_sends_it_back(company: Company) -> None:
    office, shop = company.office, company.shop
    with receiver() as hook:
        secret = _subscribed(company, hook)

        made = office.post("/links", {"program": "spring", "advocate": "ann", "code": "Ann-1"})
        assert made.status == 200
        assert (made.json["code"], made.json["url"]) == (
            "Ann-1",
            "https://refer.example.com/r/Ann-1",
        )

        ben = company.browser()
        landed = ben.open("/r/ann-1?channel=wechat")
        assert (landed.status, landed.body) == (302, b"")
        assert landed.headers["location"] == (
            "https://shop.example.com/welcome?referral_code=ANN-1&referral_channel=wechat"
        )
        assert landed.headers["cache-control"] == "no-store"
        visitor = ben.cookies["banyan_vid"]

        joined = shop.track("Signed Up", "ben", "ben-1", anonymousId=visitor)
        assert (joined.status, joined.json) == (200, {"success": True})
        eventually(lambda: _balances(company, "ben"), [("points", 0, 100)])
        bought = shop.track(
            "Order Completed", "ben", "ben-2", order_id="o1", total=50, currency="USD"
        )
        assert bought.json == {"success": True}
        eventually(lambda: _balances(company, "ann"), [("cash USD", 2000, 0)])

        events = _events(company, "ben")
        click_at, join_at, order_at = _click(company), events["ben-1"], events["ben-2"]
        _advocate_sees_the_referral(company, click_at, join_at, order_at)
        decision_id = f"spring/thanks/ann/{order_at['position']}"
        _the_decision_tells_why(company, decision_id, click_at, join_at, order_at)

        early = office.post(f"{WALLET}/spend", _spend(1500, "r1"))
        assert (early.status, early.code) == (409, "insufficient_balance")
        assert early.json["detail"] == "amount: 1500 cash USD asked for, 0 available; spend less"

        moved = office.post("/test_clock/advance", {"by": "14d"})
        assert (moved.status, moved.json["is_decided"]) == (200, True)
        assert _balances(company, "ann") == [("cash USD", 0, 2000)]
        spent = office.post(f"{WALLET}/spend", _spend(1500, "r1"))
        assert spent.status == 200
        assert spent.json["balance"] == {"unit": "cash USD", "pending": 0, "available": 500}
        # The shop never got the answer and asks again.
        assert office.post(f"{WALLET}/spend", _spend(1500, "r1")).json == spent.json
        other = office.post(f"{WALLET}/spend", _spend(400, "r1"))
        assert (other.status, other.code) == (409, "reference_reused")

        refused = shop.track("Order Refunded", "ben", "ben-3", order_id="o1")
        assert refused.json["success"] is False
        assert [error["code"] for error in refused.json["errors"]] == ["forbidden_event"]
        taken = office.track("Order Refunded", "ben", "ben-3", order_id="o1")
        assert taken.json == {"success": True}
        # Reversed also after it was spent: the wallet owes.
        eventually(lambda: _balances(company, "ann"), [("cash USD", 0, -1500)])

        refund_at = _events(company, "ben")["ben-3"]["position"]
        assert _statement(company) == [
            ("reversal", -2000, "available", f"{decision_id}/reversal/{refund_at}"),
            ("spend", -1500, "available", spent.json["transfer_id"]),
            ("available", 2000, "available", f"{decision_id}/available"),
            ("grant", 2000, "pending", f"{decision_id}/grant"),
        ]
        _the_webhook_was_told(hook, secret, decision_id, refund_at)
    office.send("DELETE", f"/webhooks/{_webhook(company, hook)['id']}")
    report = company.banyan("verify")
    assert (report.returncode, report.stderr) == (0, "")
    assert report.stdout.rstrip().endswith("transfers: no difference.")


def _subscribed(company: Company, hook: Receiver) -> str:
    made = company.office.post("/webhooks", {"url": hook.url, "topics": ["decision.*", "wallet.*"]})
    assert made.status == 200, made.body
    return str(made.json["secret"])


def _webhook(company: Company, hook: Receiver) -> dict[str, Any]:
    [row] = [w for w in company.office.get("/webhooks").json["data"] if w["url"] == hook.url]
    return dict(row)


def _advocate_sees_the_referral(
    company: Company, click: dict[str, Any], join: dict[str, Any], order: dict[str, Any]
) -> None:
    [referral] = company.office.get("/referrals?advocate=ann").json["data"]
    stages = referral.pop("stages")
    number = referral.pop("number")
    assert number > 0
    assert referral == {
        "program": "spring",
        "version": 1,
        "advocate": "ann",
        "friend": "ben",
        "kind": "click",
        "channel": "wechat",
        "script": None,
        "touch_position": click["position"],
        "touched_at": click["occurred_at"],
        "join_position": join["position"],
        "started_at": join["occurred_at"],
        "stage": "rewarded",
        "public_state": "closed",
    }
    assert [(stage["stage"], stage["position"]) for stage in stages] == [
        ("referred", click["position"]),
        ("invited", click["position"]),
        ("accepted", join["position"]),
        ("activated", join["position"]),
        ("purchased", order["position"]),
        ("rewarded", order["position"]),
    ]
    link = company.office.get("/links/ANN-1").json
    assert (link["advocate"], link["clicks"], link["referrals"]) == ("ann", 1, 1)


def _the_decision_tells_why(
    company: Company,
    decision_id: str,
    click: dict[str, Any],
    join: dict[str, Any],
    order: dict[str, Any],
) -> None:
    [decision] = company.office.get("/decisions?beneficiary=ann&program=spring").json["data"]
    available = _moment(order["occurred_at"]) + timedelta(days=14)
    why = decision.pop("why")
    assert _moment(decision.pop("available_at")) == available
    assert decision == {
        "decision_id": decision_id,
        "program": "spring",
        "version": 1,
        "reward": "thanks",
        "to": "advocate",
        "beneficiary": "ann",
        "advocate": "ann",
        "friend": "ben",
        "milestone": "bought",
        "ordinal": 1,
        "position": order["position"],
        "occurred_at": order["occurred_at"],
        "unit": "cash USD",
        "raw_amount": 2000,
        "amount": 2000,
        "outcome": "granted",
        "reason": None,
        "expires_at": None,
        "reversed_amount": 0,
        "ruling": None,
    }
    assert why == (
        f"Decision “{decision_id}” (program “spring”, version 1). “ben” came by a click on the "
        f"link of “ann” ({_at(click)}) and joined at {_at(join)}. The channel was “wechat”. "
        f"The event at {_at(order)} reached the milestone “bought”; for the reward “thanks” this "
        "was the 1st time of “ann” (the advocate). The milestone’s rule: the friend’s event “Order "
        "Completed” counts if the order total is at least 50. The first such event reaches the "
        "milestone, once. Only events within 60 days of joining count. The rule gives $20.00 in "
        "cash. Caps asked, in this order: at most 10 grants for each advocate in all (0 used "
        "before, 10 left); at most $1,000.00 in cash for the whole program in all ($0.00 in cash "
        "used before, $1,000.00 in cash left). All of it was granted. It is to become available on "
        f"{_said(available)}. (The hold is 14 days.) It does not expire. Times are those of UTC."
    )


def _the_webhook_was_told(hook: Receiver, secret: str, decision_id: str, refund_at: int) -> None:
    hook.wait_for(9, within_s=60)
    for headers, body in hook.got:
        Webhook(secret).verify(body, headers)
    headers, body = hook.got[0]
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body.replace(b"100", b"900"), headers)
    # At least once each, under an id that tells a repetition.
    told = {headers["webhook-id"]: json.loads(body) for headers, body in hook.got}
    assert all(message["id"] == webhook_id for webhook_id, message in told.items())
    assert Counter(message["type"] for message in told.values()) == {
        "decision.granted": 2,
        "wallet.granted": 2,
        "wallet.available": 2,
        "wallet.spent": 1,
        "decision.reversed": 1,
        "wallet.reversed": 1,
    }
    [back] = [message for message in told.values() if message["type"] == "decision.reversed"]
    assert back["specversion"] == "1.0"
    assert back["position"] == refund_at
    assert back["data"] | {"occurred_at": ""} == {
        "decision_id": decision_id,
        "position": refund_at,
        "occurred_at": "",
        "amount": 2000,
    }


def _balances(company: Company, user: str) -> list[tuple[str, int, int]]:
    rows = company.office.get(f"/customers/{user}/wallet").json["balances"]
    return [(row["unit"], row["pending"], row["available"]) for row in rows]


def _statement(company: Company) -> list[tuple[str, int, str, str]]:
    rows = company.office.get(f"{WALLET}/statement").json["data"]
    return [(row["what"], row["amount"], row["account"], row["transfer_id"]) for row in rows]


def _events(company: Company, user: str) -> dict[str, Any]:
    rows = company.office.get(f"/customers/{user}/events").json["data"]
    return {row["message_id"]: row for row in rows}


def _click(company: Company) -> dict[str, Any]:
    """Where the click stands: a visitor is no customer yet, so only the referral tells."""
    [row] = company.office.get("/referrals?advocate=ann").json["data"]
    return {"position": row["touch_position"], "occurred_at": row["touched_at"]}


def _spend(amount: int, reference: str) -> dict[str, object]:
    return {"unit": "cash USD", "amount": amount, "reference": reference}


def _at(event: dict[str, Any]) -> str:
    return f"position {event['position']}, {_said(_moment(event['occurred_at']))}"


def _said(moment: datetime) -> str:
    return f"{moment:%B} {moment.day}, {moment:%Y, %H:%M:%S}"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
