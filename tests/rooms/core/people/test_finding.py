"""Customers are found by part of a name, though names lie encrypted."""

from __future__ import annotations

import pytest

from banyan.core.people import finding
from banyan.trust.privacy.acts import erase_customer
from tests.installation import Installation
from tests.rooms.pipeline.line import Line


def test_a_part_of_a_name_in_either_order_finds(installation: Installation) -> None:
    line = Line()
    line.say("identify", "u-1", traits={"name": "王 小明"})
    line.say("identify", "u-2", traits={"firstName": "Mary", "lastName": "Wang"})
    line.say("identify", "u-3", traits={"email": "wang@example.com"})
    line.work()
    assert finding.by_name("王小") == ["u-1"]
    assert finding.by_name("wang mary") == ["u-2"]
    assert finding.by_name("WANG") == ["u-2"]
    assert finding.by_name(" ") == []
    assert finding.by_name("nobody") == []


def test_erased_ones_are_not_found_and_only_the_newest_are_looked_through(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line()
    line.say("identify", "u-1", traits={"name": "Ann One"})
    line.say("identify", "u-2", traits={"name": "Ann Two"})
    line.work()
    assert finding.by_name("ann") == ["u-2", "u-1"]
    monkeypatch.setattr(finding, "LOOKED_THROUGH", 1)
    assert finding.by_name("ann") == ["u-2"]
    erase_customer("tester", "u-2", reason="asked", now=line.now)
    assert finding.by_name("ann") == ["u-1"]
