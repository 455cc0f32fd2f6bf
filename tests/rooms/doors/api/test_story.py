"""A company's year over REST: publish, link, decide, rule, spend, return, move the clock."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from django.test import Client

from banyan.trust.audit.read import entries
from tests.installation import Installation
from tests.rooms.doors.api.calling import Reply, caller, working
from tests.rooms.doors.api.offers import CAREFUL, SPRING
from tests.rooms.pipeline.line import Line

CLOSE = {"is_refused": False, "reason": "Again"}


def test_from_a_draft_to_a_spend(installation: Installation) -> None:
    shop, line = caller(is_test=True), Line()
    with working():
        draft = shop.post("/programs", {"source": SPRING})
        assert (draft.status, draft.json["status"]) == (200, "draft")
        published = shop.post("/programs/spring/versions/1/publish", {})
        assert (published.status, published.json["status"]) == (200, "published")
        assert shop.get("/programs/spring").json["status"] == "live"

        link = shop.post("/links", {"program": "spring", "advocate": "ann", "code": "Ann"})
        assert link.status == 200
        assert link.json["code"] == "Ann"
        assert link.json["url"] == "http://localhost:8000/r/Ann"

    _ben_buys(line)
    [referral] = shop.get("/referrals?advocate=ann").json["data"]
    assert (referral["friend"], referral["kind"], referral["stage"]) == ("ben", "code", "rewarded")
    assert shop.get("/referrals/spring/ben").json == referral
    assert shop.get("/links/ann").json | {"created_at": ""} == {
        "code": "Ann",
        "url": "http://localhost:8000/r/Ann",
        "program": "spring",
        "advocate": "ann",
        "channel": "",
        "script": "",
        "created_at": "",
        "clicks": 0,
        "referrals": 1,
    }
    [decision] = shop.get("/decisions?beneficiary=ann&program=spring").json["data"]
    assert decision["decision_id"] == "spring/thanks/ann/3"
    assert (decision["amount"], decision["unit"]) == (2000, "cash USD")
    assert "“ben” gave the code of “ann”" in decision["why"]
    bare = shop.get("/decisions?beneficiary=ann&why=false").json["data"]
    assert bare == [decision | {"why": None}]
    assert shop.get("/decisions/spring%2Fthanks%2Fann%2F3").json == decision
    chinese = shop.get("/decisions/spring/thanks/ann/3", Accept_Language="zh-CN,zh;q=0.9")
    assert "“ben”" in chinese.json["why"]
    assert (
        chinese.json["why"] == shop.get("/decisions/spring/thanks/ann/3?lang=zh-hans").json["why"]
    )
    assert chinese.json["why"] != decision["why"]


def test_a_wallet_is_spent_from_and_returned_to(installation: Installation) -> None:
    shop, line = caller(is_test=True), Line()
    line.publish(SPRING)
    line.say("Referral Link Created", "ann", code="ANN", program="spring")
    _ben_buys(line)
    wallet = "/customers/ann/wallet"
    assert _balances(shop.get(wallet)) == [("cash USD", 2000, 0)]
    [waiting] = shop.get(f"{wallet}/pending").json["data"]
    assert (waiting["decision_id"], waiting["amount"]) == ("spring/thanks/ann/3", 2000)
    assert waiting["waits_for"] == "date"
    with working():
        early = shop.post(f"{wallet}/spend", _spend(500, "r1"))
        assert (early.status, early.code) == (409, "insufficient_balance")
        moved = shop.post("/test_clock/advance", {"by": "15d"})
        assert (moved.status, moved.json["is_decided"]) == (200, True)
        assert _balances(shop.get(wallet)) == [("cash USD", 0, 2000)]
        assert shop.get(f"{wallet}/pending").json["data"] == []

        first = shop.post(f"{wallet}/spend", _spend(500, "r1"))
        assert first.status == 200
        assert first.json["balance"] == {"unit": "cash USD", "pending": 0, "available": 1500}
        again = shop.post(f"{wallet}/spend", _spend(500, "r1"))
        assert again.json == first.json
        other = shop.post(f"{wallet}/spend", _spend(501, "r1"))
        assert (other.status, other.code) == (409, "reference_reused")
        too_much = shop.post(f"{wallet}/spend", _spend(1501, "r2"))
        assert (too_much.status, too_much.code) == (409, "insufficient_balance")
        nobody = shop.post("/customers/nobody/wallet/spend", _spend(1, "r1"))
        assert (nobody.status, nobody.code) == (409, "insufficient_balance")
        assert _balances(shop.get(wallet)) == [("cash USD", 0, 1500)]

        back = shop.post(f"{wallet}/return", {"reference": "r1"})
        assert back.json["balance"]["available"] == 2000
        twice = shop.post(f"{wallet}/return", {"reference": "r1"})
        assert (twice.status, twice.code) == (409, "nothing_to_return")
        unknown = shop.post(f"{wallet}/return", {"reference": "r9"})
        assert (unknown.status, unknown.code) == (409, "nothing_to_return")
    lines = shop.get(f"{wallet}/statement").json["data"]
    assert [(line["what"], line["amount"], line["account"]) for line in lines] == [
        ("return", 500, "available"),
        ("spend", -500, "available"),
        ("available", 2000, "available"),
        ("grant", 2000, "pending"),
    ]
    assert [line["decision_id"] for line in lines] == [None, None, *["spring/thanks/ann/3"] * 2]


def test_held_decisions_are_released_and_denied(installation: Installation) -> None:
    shop, line = caller(), Line()
    line.publish(CAREFUL)
    line.say("Referral Link Created", "ann", code="ANN", program="careful")
    _ben_buys(line)
    line.say("Signed Up", "cid", referral_code="ANN")
    line.say("Order Completed", "cid", order_id="o2", total=50, currency="USD")
    line.work()
    waiting = shop.get("/decisions?waiting=true").json["data"]
    ben, cid = sorted(row["decision_id"] for row in waiting)
    assert (ben, cid) == ("careful/thanks/ann/3", "careful/thanks/ann/5")
    with working():
        silent = shop.post(f"/decisions/{ben}/release", {"reason": ""})
        assert (silent.status, silent.code) == (422, "invalid")
        released = shop.post(f"/decisions/{ben}/release", {"reason": "Asked her."})
        assert (released.status, released.json["ruling"]) == (200, "released")
        denied = shop.post(f"/decisions/{cid}/deny", {"reason": "One person."})
        assert (denied.json["ruling"], denied.json["reversed_amount"]) == ("denied", 2000)
        late = shop.post(f"/decisions/{cid}/release", {"reason": "Changed my mind."})
        assert (late.status, late.code) == (409, "not_waiting")
        assert shop.post("/decisions/a/b/c/1/deny", {"reason": "?"}).code == "not_found"
    assert shop.get("/decisions?waiting=true").json["data"] == []
    said = shop.get("/audit?verb=decision.").json["data"]
    assert [(one["verb"], one["about"], one["reason"]) for one in said] == [
        ("decision.deny", f"decision:{cid}", "One person."),
        ("decision.release", f"decision:{ben}", "Asked her."),
    ]


def test_a_program_is_checked_paused_and_explained(installation: Installation) -> None:
    shop, page, line = caller(), caller("publishable"), Line()
    wrong = SPRING.replace("on: bought", "on: bougth")
    found = shop.post("/programs/check", {"source": wrong})
    assert (found.status, found.json["can_be_published"]) == (200, False)
    [flaw] = found.json["findings"]
    assert (flaw["pointer"], flaw["line"], flaw["severity"]) == ("/rewards/thanks/on", 11, "error")
    refused = shop.post("/programs", {"source": wrong})
    assert (refused.status, refused.code) == (422, "program_invalid")
    assert refused.json["findings"] == [flaw]
    assert shop.get("/programs").json["data"] == []

    line.publish(SPRING)
    taken = shop.post("/programs", {"source": SPRING})
    assert (taken.status, taken.code) == (409, "version_taken")
    rules = page.get("/programs/spring/rules?lang=zh-hans&format=html")
    assert (rules.status, rules.json["lang"], rules.json["text"][:1]) == (200, "zh-hans", "<")
    assert shop.post("/programs/spring/pause", {"reason": "Stock."}).json["status"] == "paused"
    late = shop.post("/links", {"program": "spring", "advocate": "ann"})
    assert (late.status, late.code) == (409, "wrong_status")
    assert shop.post("/programs/spring/pause", {}).code == "wrong_status"
    assert shop.post("/programs/spring/resume", {}).json["status"] == "live"
    changed = shop.send("PATCH", "/programs/spring", {"landing_url": "https://a.example/x"})
    assert changed.json["landing_url"] == "https://a.example/x"
    bad = shop.send("PATCH", "/programs/spring", {"landing_url": "javascript:alert(1)"})
    assert (bad.status, bad.json["errors"][0]["pointer"]) == (422, "/landing_url")
    link = shop.post("/links", {"program": "spring", "advocate": "ann", "code": "ANN"}).json
    assert page.get(f"/links/{link['code']}/landing").json == {
        "code": "ANN",
        "program": "spring",
        "status": "live",
        "landing_url": "https://a.example/x",
    }
    stolen = shop.post("/links", {"program": "spring", "advocate": "bob", "code": "ann"})
    assert (stolen.status, stolen.code) == (409, "code_taken")
    verbs = [one["verb"] for one in shop.get("/audit?about=program:spring").json["data"]]
    assert verbs == ["program.change", "program.resume", "program.pause"]


def test_a_customer_from_the_first_word_to_the_last(installation: Installation) -> None:
    shop = caller()
    with working():
        traits = {"email": "Ann@Example.com", "name": "Ann Lee", "tier": "gold"}
        made = shop.send("PUT", "/customers/ann", {"traits": traits, "anonymous_id": "web-1"})
        assert made.json == {"user_id": "ann", "position": 1, "is_decided": True}
        shop.send("PUT", "/customers/ann-old", {"traits": {"phone": "+1 555 0100"}})
        known = shop.get("/customers/ann").json
        assert known["traits"] == traits
        assert known["contacts"] == [{"kind": "email", "value": "Ann@Example.com"}]
        listed = {"user_id": "ann", "name": "A*** L***"}
        assert shop.post("/customers/find", {"email": "ann@example.com"}).json["data"] == [listed]
        assert shop.post("/customers/find", {"phone": "555"}).json["data"] == []
        assert [row["user_id"] for row in shop.get("/customers?search=ann").json["data"]] == [
            "ann",
            "ann-old",
        ]
        given = shop.post("/customers/ann/consents", {"purpose": "marketing", "channel": "web"})
        assert (given.json["is_given"], given.json["position"]) == (True, 3)
        assert shop.post("/customers/ann/consents", {"purpose": "?"}).code == "bad_consent"
        gone = shop.post("/customers/ann/consents/withdraw", {"purpose": "marketing"})
        assert (gone.json["is_given"], gone.json["position"]) == (False, 4)
        merged = shop.post("/customers/ann-old/merge", {"into": "ann", "reason": "Same person"})
        assert merged.json["merged_into"] == "ann"
        again = shop.post("/customers/ann-old/merge", {"into": "ann", "reason": "Same person"})
        assert (again.status, again.code) == (409, "cannot_merge")
        export = shop.post("/customers/ann/export", {"reason": "Asked"})
        assert b"Ann@Example.com" in export.body
        asked = shop.post("/privacy_requests", {"kind": "erase", "user_id": "ann"}).json
        assert (asked["state"], asked["due_at"] > asked["received_at"]) == ("open", True)
        wrong = shop.post("/customers/ann/erase", {"reason": "Asked", "request": 99})
        assert (wrong.status, wrong.code) == (409, "request_not_open")
        erase = {"reason": "Asked", "request": asked["number"]}
        erased = shop.post("/customers/ann/erase", erase)
        assert (erased.status, erased.json["user_ids"]) == (200, ["ann", "ann-old"])
        twice = shop.post("/customers/ann/erase", {"reason": "Asked"})
        assert (twice.status, twice.code) == (409, "already_erased")
    assert shop.get("/customers/ann").json["traits"] == {}
    assert shop.get("/customers/nobody").code == "no_such_customer"
    [done] = shop.get("/privacy_requests?user_id=ann").json["data"]
    assert (done["state"], done["outcome"]["profiles"]) == ("done", 2)
    closed = shop.post(f"/privacy_requests/{done['number']}/close", CLOSE)
    assert (closed.status, closed.code) == (409, "request_not_open")
    told = [one["verb"] for one in shop.get("/audit?about=customer:ann").json["data"]]
    assert told[:2] == ["customer.read", "customer.erased"]
    events = shop.get("/customers/ann/events").json["data"]
    assert [event["event"] for event in events][-1:] == [""]
    assert b"xample.com" in shop.get("/customers/ann/events").body
    assert b"Ann@" not in shop.get("/customers/ann/events").body


def _ben_buys(line: Line) -> None:
    """Now, so that the door's clock and the log's agree."""
    line.now = datetime.now(UTC)
    line.say("Signed Up", "ben", referral_code="ANN")
    line.say("Order Completed", "ben", order_id="o1", total=50, currency="USD")
    line.work()


def _balances(reply: Reply) -> list[tuple[str, int, int]]:
    return [(row["unit"], row["pending"], row["available"]) for row in reply.json["balances"]]


def _spend(amount: int, reference: str) -> dict[str, object]:
    return {"unit": "cash USD", "amount": amount, "reference": reference}


def test_a_link_for_a_message_signs_the_customer_in_once(installation: Installation) -> None:
    shop = caller()
    with working():
        shop.send("PUT", "/customers/ann", {"traits": {"name": "Ann Lee"}})
    address = "/customers/ann/sign_in_link"
    for leads_to in ("https://evil.example/", "//evil.example/", "/me//evil.example", "/v1/docs"):
        assert shop.post(address, {"leads_to": leads_to}).code == "invalid"
    assert shop.post(address, {"hours": 169}).code == "invalid"
    assert shop.post("/customers/nobody/sign_in_link", {}).code == "no_such_customer"
    made = shop.post(address, {"leads_to": "/me/rewards/", "hours": 1})
    path = made.json["url"].removeprefix(settings.BASE_URL)
    assert [row.about for row in entries(verb="customer.link_made")] == ["customer:ann"]
    browser = Client(SERVER_NAME="localhost")
    assert browser.get(path).status_code == 200
    let_in = browser.post(path)
    assert (let_in.status_code, let_in.headers["Location"]) == (302, "/me/rewards/")
    assert browser.get("/me/rewards/").status_code == 200
    assert Client(SERVER_NAME="localhost").post(path).status_code == 410
