"""What the hot doors ask the rooms, and what they remember."""

import asyncio
from types import SimpleNamespace

import pytest

from banyan.core.programs.read import Landing
from banyan.doors.edge import desk as desks
from banyan.doors.edge.desk import LANDING_S, UNKNOWN_S, Desk
from tests.installation import Installation

ANN = Landing("ANN", "spring", "ann", "https://shop.example.com/", "live")


def test_codes_are_asked_for_again_when_the_answer_is_old(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Robots that try codes cost no look into the database each time; a code made meanwhile leads
    where it should a second later."""
    clock, links, asked = SimpleNamespace(now=0.0), {"ANN": ANN}, list[str]()
    monkeypatch.setattr(desks, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(desks.programs, "link", lambda code: asked.append(code) or links.get(code))

    async def story() -> None:
        desk = Desk(asyncio.get_running_loop())
        try:
            for code, found in (("ANN", ANN), ("BEN", None), ("ANN", ANN), ("BEN", None)):
                assert await desk.landing(code) == found
            assert asked == ["ANN", "BEN"]
            links["BEN"] = ANN
            clock.now = UNKNOWN_S
            assert (await desk.landing("BEN"), await desk.landing("ANN")) == (ANN, ANN)
            assert asked == ["ANN", "BEN", "BEN"]
            clock.now = LANDING_S
            assert await desk.landing("ANN") == ANN
            assert asked == ["ANN", "BEN", "BEN", "ANN"]
        finally:
            desk.close()

    asyncio.run(story())
