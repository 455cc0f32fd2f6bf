"""What came of each version: the figures say what a count of all decisions says."""

from __future__ import annotations

from banyan.core.events.acts import append_one
from banyan.core.referrals.models import Decision, Waiting
from banyan.pipeline.approving.read import Tally, tallies
from tests.installation import Installation
from tests.rooms.pipeline.line import PROGRAM, Line

RISKY = PROGRAM + 'risk:\n  - {id: any, when: "friends_total > 0", then: hold}\n'


def test_a_version_has_what_was_decided_under_it(installation: Installation) -> None:
    line = Line()
    line.publish()
    assert tallies("spring") == {}
    line.story()
    line.work()
    assert tallies("spring") == {1: Tally(2, 4, (("cash USD", 4000), ("points", 200)))}
    assert tallies("winter") == {}


def test_what_is_released_is_granted_and_still_one_decision(installation: Installation) -> None:
    line = Line()
    line.publish(RISKY)
    line.story()
    line.work()
    assert tallies("spring") == {1: Tally(2, Decision.objects.count(), ())}
    first = Decision.objects.filter(decision_id__in=Waiting.objects.values("decision_id"))[0]
    said = {"decision_id": first.decision_id, "reason": "looked at"}
    event = {"type": "track", "event": "Decision Released", "anonymousId": "user:1"}
    append_one("user:1", event | {"properties": said}, now=line.now)
    line.work()
    granted = ((first.unit, first.amount),)
    assert tallies("spring") == {1: Tally(2, Decision.objects.count(), granted)}
