"""What advocates were granted, and the how manieth of all that a program granted them each was."""

from __future__ import annotations

from banyan.core.events.read import head
from banyan.core.referrals.granted import Granted, granted_after
from banyan.core.referrals.read import decisions
from tests.installation import Installation
from tests.rooms.core.referrals.test_waiting import RISKY, rule
from tests.rooms.pipeline.line import Line


def granted(after: int, *, upto: int, programs: tuple[str, ...] = ("spring",)) -> list[Granted]:
    return granted_after(after, upto=upto, programs=programs)


def test_an_advocates_rewards_are_counted_in_their_order(installation: Installation) -> None:
    line = Line()
    line.publish()
    line.story()
    line.work()
    first, second = (
        row.occurred_at for row in decisions(beneficiary="ann", order="asc") if row.to == "advocate"
    )
    one, other = Granted("spring", "ann", 1, first), Granted("spring", "ann", 2, second)
    assert granted(0, upto=head()) == [one, other]
    assert granted(5, upto=head()) == [other]
    assert granted(0, upto=5) == [one]
    assert granted(6, upto=head()) == []
    assert granted(0, upto=head(), programs=("autumn", "spring")) == [one, other]
    assert granted(0, upto=head(), programs=("autumn",)) == []
    assert granted(0, upto=head(), programs=()) == []


def test_what_was_held_is_granted_by_the_first_word_on_it(installation: Installation) -> None:
    line = Line()
    line.publish(RISKY)
    line.story()
    line.work()
    assert granted(0, upto=head()) == []
    held = [row.decision_id for row in decisions(beneficiary="ann") if row.waits_for_ruling]
    [waiting] = held
    place = head()
    rule(line, waiting, "Decision Released")
    assert granted(place, upto=head()) == [Granted("spring", "ann", 1, line.now)]
    place = head()
    rule(line, waiting, "Decision Released")
    assert granted(place, upto=head()) == []


def test_what_was_denied_stays_denied(installation: Installation) -> None:
    line = Line()
    line.publish(RISKY)
    line.story()
    line.work()
    [waiting] = [row.decision_id for row in decisions(beneficiary="ann") if row.waits_for_ruling]
    for word in ("Decision Denied", "Decision Released"):
        rule(line, waiting, word)
    assert granted(0, upto=head()) == []
