"""A person's events, and what of them is forgotten."""

from collections.abc import Mapping
from datetime import UTC, datetime

from banyan.core.events.acts import append
from banyan.core.events.incoming import Incoming
from banyan.core.events.intake import accept
from banyan.core.events.person import events_at, events_of, forget, forget_at
from banyan.core.events.read import after
from tests.installation import Installation

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def log(*events: Mapping[str, object]) -> None:
    accepted = [accept(each, now=NOW, source="test", role="secret") for each in events]
    append([each for each in accepted if isinstance(each, Incoming)])


def identify(user: str, visitor: str, name: str) -> dict[str, object]:
    ids = {"userId": user, "anonymousId": visitor}
    known = {key: value for key, value in ids.items() if value}
    return {"type": "identify", "traits": {"name": name}} | known


def sealed() -> list[int]:
    rows = after(0, 100)
    return rows.filter(rows["sealed"].is_not_null())["position"].to_list()


def a_shared_browser() -> None:
    log(
        identify("", "a1", "Ann"),
        identify("u1", "a1", "Ann"),
        identify("u2", "a1", "Bob"),
        identify("u1", "", "Ann"),
        identify("", "a2", "Cyd"),
        {"type": "track", "event": "Browsed", "userId": "u1"},
    )


def test_a_persons_events_are_those_of_the_ids(installation: Installation) -> None:
    a_shared_browser()
    assert [row["position"] for row in events_of(["u1"], ["a1"])] == [2, 4, 6, 1]
    assert [row["position"] for row in events_of(["u1", "u2"], [])] == [2, 3, 4, 6]
    assert list(events_of(["u9"], ["a9"])) == []
    [row] = events_at([2])
    assert (row["user_id"], row["kind"], row["received_at"]) == ("u1", "identify", NOW)
    assert [row["position"] for row in events_at([4, 1, 9])] == [1, 4]


def test_forgetting_empties_what_is_sealed_and_nothing_else(installation: Installation) -> None:
    a_shared_browser()
    before = after(0, 100)
    assert forget(["u1"], ["a1"]) == 3
    assert sealed() == [3, 5]
    assert after(0, 100).drop("sealed").equals(before.drop("sealed"))
    assert forget(["u1"], ["a1"]) == 0


def test_single_events_are_forgotten(installation: Installation) -> None:
    a_shared_browser()
    assert forget_at([]) == 0
    assert forget_at([3, 6, 9]) == 1
    assert sealed() == [1, 2, 4, 5]
