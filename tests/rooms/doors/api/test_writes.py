"""Writes: done once under an idempotency key, and not at all in a rehearsal."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections

from banyan.core.events.read import head
from banyan.core.programs.read import links_of
from banyan.growth.journeys import acts
from banyan.growth.journeys.addresses import token_of
from banyan.growth.journeys.letter import Outcome
from banyan.trust.access import idempotency
from tests.installation import Installation
from tests.rooms.doors.api.calling import Caller, Reply, caller, working
from tests.rooms.doors.api.described import operations
from tests.rooms.doors.api.offers import CAREFUL, PROMPT, SPRING
from tests.rooms.growth.journeys.people import post, sent, tell
from tests.rooms.pipeline.line import Line

SOURCE = {"kind": "shopify", "secret": "s" * 16, "currency": "USD"}
ASKING = SPRING.replace("program: spring", "program: asking").replace(
    "[code, click]", "[code, invite]"
)
QUESTION = {"questions": {"en": "Islands?"}, "answers": {"en": "Yes."}}
PROOF = {"kind": "video", "titles": {"en": "A film"}, "url": "https://shop.example/film"}
TEMPLATE = "/templates/friend_joined/sms/en"
HOOK = {"url": "https://shop.example/hook", "topics": ["decision.*"]}


class Story:
    """An installation in which each write has something to work on."""

    def __init__(self) -> None:
        self.shop = caller(is_test=True)
        line = Line()
        line.publish(PROMPT)
        line.publish(CAREFUL)
        line.publish(ASKING)
        line.say("identify", "ann", traits={"email": "ann@example.com"})
        line.say("identify", "ann-old", traits={"email": "ann@example.org"})
        for code, program, friend in (("ANN", "spring", "ben"), ("CARE", "careful", "cid")):
            line.say("Referral Link Created", "ann", code=code, program=program)
            line.say("Signed Up", friend, referral_code=code)
            line.say("Order Completed", friend, order_id=friend, total=50, currency="USD")
        line.say("Wallet Spent", "ann", unit="cash USD", amount=100, reference="old")
        line.say("Consent Given", "ann", purpose="program.spring")
        line.work()
        self.shop.post("/programs", {"source": SPRING.replace("version: 1", "version: 2")})
        self.hook = self.shop.post("/webhooks", HOOK).json["id"]
        self.delivery = self.shop.post(f"/webhooks/{self.hook}/test").json["id"]
        asked = self.shop.post("/privacy_requests", {"kind": "access", "user_id": "ann"})
        self.request = asked.json["number"]
        disputed = {"user_id": "ann", "about": "spring/ben", "text": "He bought twice."}
        self.dispute = self.shop.post("/disputes", disputed).json["number"]
        self.source = self.shop.post("/sources", SOURCE).json["id"]
        self.notice = self._failed()
        ann = token_of("email", "ann@example.com")
        acts.stop_contact(ann, "email", "bounced", now=datetime.now(UTC))
        self.shop.send("PUT", "/programs/spring/faq/old", QUESTION)
        self.shop.send("PUT", "/programs/spring/proof/old", PROOF)
        [self.held] = [
            row["decision_id"] for row in self.shop.get("/decisions?waiting=true").json["data"]
        ]

    def writes(self) -> Iterator[tuple[str, str, str, Any]]:
        """(operation, method, address, body) of every write, each such that it succeeds."""
        why = {"reason": "Because."}
        spend = {"unit": "cash USD", "amount": 100, "reference": "new"}
        hook, delivery = f"/webhooks/{self.hook}", self.delivery
        span = {"since": "2026-01-01", "until": "2027-01-01"}
        draft = {"source": SPRING.replace("version: 1", "version: 3")}
        yield "save_draft", "POST", "/programs", draft
        yield "check_program", "POST", "/programs/check", draft
        yield "change_program", "PATCH", "/programs/spring", {"landing_url": "https://a.example"}
        yield "publish_version", "POST", "/programs/spring/versions/2/publish", {}
        yield "create_link", "POST", "/links", {"program": "spring", "advocate": "dan"}
        ann = {"email": "ann@example.com"}
        yield "send_capture_code", "POST", "/referrals/capture/code", ann
        told = {"program": "asking", "advocate": ann | {"user_id": "ann"}}
        told |= {"friend": {"phone": "+1 555 0177"}, "channel": "phone"}
        told |= {"staff": "desk 3", "evidence": "On the line."}
        yield "capture_referral", "POST", "/referrals/capture", told
        yield "pause_program", "POST", "/programs/careful/pause", why
        yield "resume_program", "POST", "/programs/careful/resume", why
        yield "close_program", "POST", "/programs/careful/close", why
        yield "release_decision", "POST", f"/decisions/{self.held}/release", why
        yield "deny_decision", "POST", f"/decisions/{self.held}/deny", why
        about = {"user_id": "ann", "about": "careful/cid", "text": "He did buy."}
        yield "raise_dispute", "POST", "/disputes", about
        yield "accept_dispute", "POST", f"/disputes/{self.dispute}/accept", None
        solved = {"outcome": "upheld", "text": "He sent it back."}
        yield "answer_dispute", "POST", f"/disputes/{self.dispute}/answer", solved
        yield from self._told()
        yield from self._shown()
        yield "spend_from_wallet", "POST", "/customers/ann/wallet/spend", spend
        topup = spend | {"reason": "A gift card."}
        yield "top_up_wallet", "POST", "/customers/ann/wallet/topup", topup
        yield "return_spend", "POST", "/customers/ann/wallet/return", {"reference": "old"}
        yield "find_customers", "POST", "/customers/find", {"email": "ann@example.com"}
        yield "give_consent", "POST", "/customers/ann/consents", {"purpose": "marketing"}
        yield "withdraw_consent", "POST", "/customers/ann/consents/withdraw", {}
        yield "merge_customer", "POST", "/customers/ann-old/merge", {"into": "ann", **why}
        yield "export_customer", "POST", "/customers/ann/export", why
        yield "make_sign_in_link", "POST", "/customers/ann/sign_in_link", {}
        yield "erase_customer", "POST", "/customers/ann/erase", why
        yield "identify_customer", "PUT", "/customers/eve", {"traits": {"name": "Eve"}}
        asked = {"kind": "access", "user_id": "ann"}
        yield "open_privacy_request", "POST", "/privacy_requests", asked
        close = f"/privacy_requests/{self.request}/close"
        yield "close_privacy_request", "POST", close, {"is_refused": False, **why}
        yield "erase_contact", "POST", "/contacts/erase", {"phone": "+1 555 0100", **why}
        yield "create_webhook", "POST", "/webhooks", HOOK
        yield "change_webhook", "PATCH", hook, {"is_active": False}
        yield "rotate_webhook_secret", "POST", f"{hook}/rotate_secret", None
        yield "test_webhook", "POST", f"{hook}/test", None
        yield "replay_delivery", "POST", f"{hook}/deliveries/{delivery}/replay", None
        yield "replay_span", "POST", f"{hook}/replay", span
        yield "delete_webhook", "DELETE", hook, None
        source = f"/sources/{self.source}"
        yield "create_source", "POST", "/sources", SOURCE
        yield "change_source_secret", "POST", f"{source}/change_secret", {"secret": "s" * 32}
        yield "revoke_source", "POST", f"{source}/revoke", None
        yield "advance_clock", "POST", "/test_clock/advance", {"by": "1d"}

    def _told(self) -> Iterator[tuple[str, str, str, Any]]:
        """Of these, what people are told."""
        text = {"text": "{greeting} your friend[ {friend}] is here."}
        yield "preview_template", "POST", f"{TEMPLATE}/preview", text
        yield "save_template", "PUT", TEMPLATE, text
        yield "revert_template", "POST", f"{TEMPLATE}/revert", {"version": 0}
        yield "test_template", "POST", f"{TEMPLATE}/test", {"to": "+1 555 0199"}
        yield "retry_notice", "POST", f"/notices/{self.notice}/retry", None
        yield "allow_contact", "POST", "/notice_contacts/allow", {"email": "ann@example.com"}
        wish = {"sms": False}
        yield "change_notice_preferences", "PATCH", "/customers/ann/notice_preferences", wish
        yield "mark_inbox_read", "POST", "/customers/ann/inbox/read", {}

    def _shown(self) -> Iterator[tuple[str, str, str, Any]]:
        """Of these, how programs show themselves and what is passed on."""
        spring, brand = "/programs/spring", {"brand": "Green Leaf"}
        yield "save_installation_presentation", "PUT", "/presentation", brand
        yield "save_presentation", "PUT", f"{spring}/presentation", brand
        yield "save_faq", "PUT", f"{spring}/faq/islands", QUESTION
        yield "remove_faq", "DELETE", f"{spring}/faq/old", None
        yield "save_calls", "PUT", f"{spring}/calls", {"place": "nowhere"}
        yield "save_proof", "PUT", f"{spring}/proof/film", PROOF
        yield "remove_proof", "DELETE", f"{spring}/proof/old", None
        script = {"kind": "benefit", "channel": "wechat", "texts": {"en": "Look: {link}"}}
        yield "save_script", "PUT", "/scripts/chat-benefit", script
        yield "share_link", "POST", "/links/ann/share", {"channel": "wechat"}

    def _failed(self) -> int:
        """A notice in ann's inbox that could not be sent by any other way."""
        with post() as letters:
            letters.outcomes = [Outcome("failed", "the server said 553")]
            number = tell()
            sent()
        return number


@pytest.fixture
def story(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Story:
    """See there. No name is looked up."""
    monkeypatch.setattr("banyan.pipeline.outbox.acts.checked_url", lambda url: url)
    return Story()


def test_a_rehearsal_answers_and_changes_nothing(story: Story) -> None:
    rehearsed = set()
    before = _everything()
    for name, method, address, body in story.writes():
        if name == "resume_program":
            continue  # only a paused one can be; see the next test
        reply = story.shop.send(method, f"{address}?dry_run=true", body, Idempotency_Key="once")
        assert (reply.status, reply.headers["Dry-Run"]) == (200, "true"), (name, reply.body)
        assert _everything() == before, name
        rehearsed.add(name)
    every = {operation.name for operation in operations() if operation.writes}
    assert every - rehearsed == {"resume_program"}


def test_a_rehearsal_refuses_what_would_be_refused(story: Story) -> None:
    before, shop = _everything(), story.shop
    spend = {"unit": "cash USD", "amount": 10**9, "reference": "new"}
    other = {"unit": "cash USD", "amount": 99, "reference": "old"}
    for address, body, code in (
        ("/programs/spring/resume", {}, "wrong_status"),
        ("/programs/spring/versions/1/publish", {}, "version_taken"),
        ("/customers/ann/wallet/spend", spend, "insufficient_balance"),
        ("/customers/ann/wallet/spend", other, "reference_reused"),
        ("/customers/ann/wallet/return", {"reference": "new"}, "nothing_to_return"),
        ("/customers/nobody/erase", {"reason": "?"}, "no_such_customer"),
        ("/links", {"program": "spring", "advocate": "eve", "code": "ann"}, "code_taken"),
        ("/test_clock/advance", {"to": "2020-01-01"}, "clock_goes_back"),
        ("/decisions/spring/thanks/ann/5/release", {"reason": "?"}, "not_waiting"),
    ):
        reply = shop.post(f"{address}?dry_run=true", body)
        assert reply.code == code, address
    assert _everything() == before
    assert shop.post("/links?dry_run=yes", {}).json["errors"][0]["pointer"] == "/dry_run"


def test_the_same_key_gets_the_same_reply_and_nothing_is_done_twice(story: Story) -> None:
    with working():
        for name, method, address, body in story.writes():
            if name in ("deny_decision", "delete_webhook"):
                continue  # their objects are ruled on, or needed, by now
            first = story.shop.send(method, address, body, Idempotency_Key=name)
            assert first.status == 200, (name, first.body)
            assert "Idempotent-Replayed" not in first.headers
            position = head()
            again = story.shop.send(method, address, body, Idempotency_Key=name)
            assert (again.status, again.body) == (200, first.body), name
            assert again.headers["Idempotent-Replayed"] == "true"
            assert again.headers["Content-Type"] == first.headers["Content-Type"]
            assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]
            assert head() == position, name


def test_a_refusal_is_replayed_too(story: Story) -> None:
    with working():
        spend = {"unit": "cash USD", "amount": 10**9, "reference": "new"}
        wallet = "/customers/ann/wallet/spend"
        first = story.shop.post(wallet, spend, Idempotency_Key="k")
        again = story.shop.post(wallet, spend, Idempotency_Key="k")
    assert (first.code, again.body) == ("insufficient_balance", first.body)
    assert again.headers["Content-Type"] == "application/problem+json"
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_key_stands_for_one_request_of_one_caller(installation: Installation) -> None:
    Line().publish(SPRING)
    shop, other = caller(), caller()
    ann, bob = ({"program": "spring", "advocate": name} for name in ("ann", "bob"))
    first = shop.post("/links", ann, Idempotency_Key="k")
    assert first.status == 200
    for reply in (
        shop.post("/links", bob, Idempotency_Key="k"),
        shop.post("/links?lang=en", ann, Idempotency_Key="k"),
        shop.post("/programs/spring/pause", {}, Idempotency_Key="k"),
    ):
        assert (reply.status, reply.code) == (422, "idempotency_reused")
    assert links_of("bob") == []
    assert other.post("/links", bob, Idempotency_Key="k").status == 200
    assert len(links_of("bob")) == 1
    for wrong in ("", "a b", "é", "x" * 256):
        assert shop.post("/links", ann, Idempotency_Key=wrong).code == "invalid"


def test_of_sixteen_at_once_one_does_it(installation: Installation) -> None:
    Line().publish(SPRING)
    shop = caller()
    for number in range(4):
        body = {"program": "spring", "advocate": f"ann-{number}", "code": f"ANN-{number}"}
        replies = _at_once(16, shop, body, f"k-{number}")
        done = [reply for reply in replies if reply.status == 200]
        waiting = [reply for reply in replies if reply.status == 409]
        assert len(done) + len(waiting) == 16
        assert {reply.code for reply in waiting} <= {"idempotency_in_flight"}
        assert len({reply.body for reply in done}) == 1
        assert sum("Idempotent-Replayed" not in reply.headers for reply in done) == 1
        assert len(links_of(f"ann-{number}")) == 1
    assert head() == 4


def test_sixteen_tills_cannot_spend_more_than_there_is(story: Story) -> None:
    def spend(number: int) -> Reply:
        try:
            body = {"unit": "cash USD", "amount": 200, "reference": f"till-{number}"}
            return story.shop.post("/customers/ann/wallet/spend", body)
        finally:
            connections.close_all()

    with working(), ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(spend, range(16)))
    codes = sorted(reply.code if reply.status == 409 else "spent" for reply in replies)
    assert codes == ["insufficient_balance"] * 7 + ["spent"] * 9
    [cash] = story.shop.get("/customers/ann/wallet").json["balances"]
    assert cash["available"] == 2000 - 100 - 9 * 200


def test_a_request_that_died_is_taken_over_by_one(installation: Installation) -> None:
    Line().publish(SPRING)
    shop = caller()
    key = _key_of(shop)
    body = {"program": "spring", "advocate": "ann"}
    shop.post("/links", body, Idempotency_Key="k")
    with connection.cursor() as cursor:  # as if it had never answered
        cursor.execute("UPDATE access_reply SET status = NULL, body_sealed = NULL")
    assert shop.post("/links", body, Idempotency_Key="k").code == "idempotency_in_flight"
    with connection.cursor() as cursor:
        cursor.execute("SELECT fingerprint FROM access_reply")
        [[fingerprint]] = cursor.fetchall()
    later = datetime.now(UTC) + idempotency.DEAD_AFTER + timedelta(seconds=1)
    held = idempotency.claim(key, "k", fingerprint, now=later)
    assert isinstance(held, idempotency.Claim)
    with pytest.raises(idempotency.InFlight):
        idempotency.claim(key, "k", fingerprint, now=later)
    idempotency.give_up(held)
    assert shop.post("/links", body, Idempotency_Key="k").status == 200


def test_a_command_repeated_after_a_lost_reply_is_the_same_command(story: Story) -> None:
    wallet, shop = "/customers/ann/wallet/spend", story.shop
    spend = {"unit": "cash USD", "amount": 100, "reference": "new"}
    with working():
        first = shop.post(wallet, spend, Idempotency_Key="k")
        with connection.cursor() as cursor:  # the process died before it kept its reply
            cursor.execute("UPDATE access_reply SET status = NULL, body_sealed = NULL, claim = ''")
        position = head()
        again = shop.post(wallet, spend, Idempotency_Key="k")
        assert (again.status, again.json) == (200, first.json)
        assert head() == position


def test_a_key_of_the_day_before_stands_for_another_spend(story: Story) -> None:
    wallet, shop = "/customers/ann/wallet/spend", story.shop
    spend = {"unit": "cash USD", "amount": 100, "reference": "new"}
    with working():
        assert shop.post(wallet, spend, Idempotency_Key="k").status == 200
        with connection.cursor() as cursor:
            cursor.execute("UPDATE access_reply SET begun_at = '2026-01-01 00:00:00+00:00'")
        other = shop.post(wallet, spend | {"reference": "newer"}, Idempotency_Key="k")
        assert (other.status, other.json["reference"]) == (200, "newer")
        assert other.json["balance"]["available"] == 2000 - 100 - 100 - 100


@pytest.mark.parametrize("what", ["spend", "topup"])
def test_what_the_worker_has_not_decided_is_asked_again(
    story: Story, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr("banyan.doors.api.commands.PATIENCE_S", 0.05)
    wallet, shop = f"/customers/ann/wallet/{what}", story.shop
    spend = {"unit": "cash USD", "amount": 100, "reference": "new"}
    before = head()
    first = shop.post(wallet, spend, Idempotency_Key="k")
    assert (first.status, first.code) == (503, "not_decided_yet")
    assert first.headers["Retry-After"] == "2"
    Line().work()
    again = shop.post(wallet, spend, Idempotency_Key="k")
    assert (again.status, again.json["amount"]) == (200, 100)
    assert head() == before + 1


def _at_once(count: int, shop: Caller, body: object, key: str) -> list[Reply]:
    ready = Barrier(count)

    def asked(_: int) -> Reply:
        try:
            ready.wait()
            return shop.post("/links", body, Idempotency_Key=key)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(asked, range(count)))


def _key_of(shop: Caller) -> int:
    from banyan.trust.access import keys

    found = keys.find(shop.secret)
    assert found is not None
    return found.id


def _everything() -> dict[str, list[Any]]:
    """Every row of every table."""
    found = {}
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            cursor.execute(f'SELECT * FROM "{table}"')
            found[table] = sorted(map(repr, cursor.fetchall()))
    return found
