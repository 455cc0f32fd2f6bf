"""The company of these pages, open."""

from __future__ import annotations

import pytest

from tests.installation import Installation
from tests.rooms.doors.console.customers.shop import Shop


@pytest.fixture
def shop(installation: Installation) -> Shop:
    """With Ms Wang and her friends."""
    made = Shop()
    made.open()
    return made
