"""A customer's data from every room at once, and out of every room at once."""

from __future__ import annotations

from datetime import timedelta

from banyan.core.events import clock
from banyan.core.events.acts import append_one
from banyan.growth.feedback.models import Dispute
from banyan.growth.journeys.acts import notify, set_preferences
from banyan.growth.journeys.models import Notice
from banyan.pipeline import farewell, takeout
from banyan.pipeline.worker import Worker
from tests.installation import Installation


def known(user_id: str) -> None:
    """A customer with a name and an address."""
    traits = {"name": "Ann Lee", "email": f"{user_id}@example.com"}
    append_one("test", {"type": "identify", "userId": user_id, "traits": traits}, now=clock.now())
    while Worker().advance():
        pass


def test_notices_and_preferences_stand_beside_the_books(installation: Installation) -> None:
    now = clock.now()
    known("ann")
    known("bob")
    set_preferences("ann", channels={"sms": False}, now=now)
    notify("ann", "thanks_advocate", values={}, key="thanks-1", now=now)
    notify("bob", "thanks_advocate", values={}, key="thanks-2", now=now)
    told = takeout.export("test", "ann", reason="asked", now=now)
    assert [one["kind"] for one in told["notices"]] == ["thanks_advocate"]
    assert (told["preferences"]["is_sms_on"], told["preferences"]["is_email_on"]) == (False, True)
    assert (told["nominations"], told["disputes"]) == ([], [])
    assert told["customers"][0]["customer"]["traits"]["name"] == "Ann Lee"


def test_after_the_farewell_only_ids_and_books_are_left(installation: Installation) -> None:
    now = clock.now()
    known("ann")
    known("bob")
    notify("ann", "thanks_advocate", values={}, key="thanks-1", now=now)
    notify("bob", "thanks_advocate", values={}, key="thanks-2", now=now)
    farewell.erase("test", "ann", reason="asked", now=now + timedelta(seconds=1))
    while Worker().advance():
        pass
    told = takeout.export("test", "ann", reason="asked", now=now + timedelta(seconds=2))
    assert told["notices"] == []
    assert "Ann Lee" not in str(told)
    assert Notice.objects.filter(user_id="bob", is_listed=True).count() == 1
    assert Dispute.objects.count() == 0
