"""A program that its budget paused: what callers of the API are told, and what they are not."""

from __future__ import annotations

from decimal import Decimal
from threading import Event
from typing import Any

from banyan.core.events import clock
from banyan.pipeline.approving.budget import budget, set_budget
from banyan.pipeline.approving.spending import look
from banyan.trust.audit.read import entries
from tests.installation import Installation
from tests.rooms.doors.api.calling import caller
from tests.rooms.pipeline.line import PROGRAM, Line


def test_a_pause_by_the_budget_tells_nothing_and_ends_with_a_reason(
    installation: Installation,
) -> None:
    shop, line = caller(), Line()
    line.now = clock.now()
    line.publish(PROGRAM)
    line.say("Referral Link Created", "ann", code="ANN", program="spring")
    line.say("Signed Up", "ben", referral_code="ANN")
    line.say("Order Completed", "ben", order_id="o1", total=100, currency="USD")
    line.work()
    options: dict[str, Any] = {"days": 30, "smallest": 0, "grace_days": 7, "now": line.now}
    set_budget("user:7", "spring", percent=Decimal(20), action="stop", **options)
    look(line.now, Event())
    shown = shop.get("/programs/spring")
    late = shop.post("/links", {"program": "spring", "advocate": "bob"})
    assert (shown.json["status"], late.status, late.code) == ("paused", 409, "wrong_status")
    assert late.json["detail"] == "program: 'spring' is paused and takes no new links"
    # Neither the share nor the sums, nor that there is a budget.
    for reply in (shown, late):
        assert not any(word in str(reply.json).lower() for word in ("budget", "20.00", "2000"))
    silent = shop.post("/programs/spring/resume", {})
    assert (silent.status, silent.code) == (409, "wrong_status")
    assert shop.get("/programs/spring").json["status"] == "paused"
    assert shop.post("/programs/spring/resume", {"reason": "Agreed."}).json["status"] == "live"
    look(clock.now(), Event())
    assert shop.get("/programs/spring").json["status"] == "live"
    row = budget("spring")
    assert row is not None
    assert row.state == "over"
    verbs = [one.verb for one in entries(limit=10) if one.about == "program:spring"]
    assert verbs == ["program.resume", "program.paused", "program.budget_set"]
