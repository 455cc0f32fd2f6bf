"""What a whole server writes while people pass through it: everything but them."""

import base64
import json
import time

from banyan.core.events import clock
from banyan.core.events import read as log
from banyan.pipeline.wait import cursor_position
from banyan.trust.access.keys import make
from tests.installation import Installation
from tests.rooms.doors.edge.serving import Site, serving, stop
from tests.rooms.pipeline.line import Line

PEOPLE = [
    "zhang.san@example.com",
    "+8613800138000",
    "13800138000",
    "Zhang San",
    "203.0.113.77",
    "2001:db8::77",
    "customer-4711",
    "visitor-0815",
]


def test_a_storys_logs_name_nobody_and_no_secret(installation: Installation) -> None:
    keys = {
        role: make("test", role, is_test=False, now=clock.now())[1] for role in ("write", "secret")
    }
    Line().publish()
    variables = {"BANYAN_LOG_LEVEL": "debug", "BANYAN_BEHIND_PROXY": "1"}
    with serving(installation, variables=variables) as site:
        site.keys = keys
        _pass_through(site)
        end = time.monotonic() + 30
        while cursor_position() < log.head():
            assert time.monotonic() < end
            time.sleep(0.05)
        written = stop(site)
    assert log.head() >= 5
    lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    assert [line for line in written.splitlines() if not line.startswith("{")] == []
    assert all({"event", "level", "logger", "timestamp"} <= set(line) for line in lines)
    assert {line["event"] for line in lines} >= {"leading", "request"}
    assert [line["level"] for line in lines if line["level"] in ("error", "critical")] == []
    secrets = [secret[:-4] for secret in keys.values()]
    found = [text for text in (*PEOPLE, *secrets) if text in written]
    assert found == []


def _pass_through(site: Site) -> None:
    e_mail, phone, number, name, ip, ip6, user, visitor = PEOPLE
    person = {"email": e_mail, "phone": phone, "name": name, "mobile": number}
    assert site.send("/v1/identify", {"userId": user, "traits": person}).status == 200
    order = {
        "event": "Order Completed",
        "userId": user,
        "anonymousId": visitor,
        "context": {"ip": ip6},
        "properties": {"order_id": "1", "total": 20, "shipping": person},
    }
    assert site.send("/v1/track", order).status == 200
    invited = {"event": "Referral Submitted", "userId": user, "properties": {"email": e_mail}}
    assert site.send("/v1/track", invited).status == 200
    many = {"batch": [{"type": "track", **order, "messageId": str(n)} for n in range(3)]}
    assert site.send("/v1/batch", many).status == 200
    # What is refused, not understood, not there or not allowed is written about too.
    assert site.call("POST", "/v1/batch", b'{"email":"' + e_mail.encode()).status in (400, 401)
    assert site.send("/v1/track", {"event": 7, "userId": user, "traits": person}).status == 200
    wrong = base64.b64encode(f"{keys_like(site)}:".encode()).decode()
    refused = site.call("POST", "/v1/track", "{}", {"Authorization": f"Basic {wrong}"})
    assert refused.status == 401
    bearer = {
        "Authorization": f"Bearer {site.keys['secret']}",
        "Content-Type": "application/json",
        "X-Forwarded-For": ip,
    }
    for path in (
        f"/r/NOBODY?email={e_mail}",
        f"/v1/customers/{e_mail}/wallet",
        f"/v1/decisions?beneficiary={number}",
        f"/v1/no-such-thing?phone={number}",
        "/readyz",
        "/metrics",
    ):
        assert site.call("GET", path, headers=bearer).status < 500
    spend = {"unit": name, "amount": -1, "reference": e_mail}
    spent = site.call("POST", f"/v1/customers/{user}/wallet/spend", json.dumps(spend), bearer)
    assert spent.status in (400, 422)


def keys_like(site: Site) -> str:
    """A key that nobody has, alike the real one, so that a log of it would be found too."""
    return site.keys["write"][:-4] + "0000"
