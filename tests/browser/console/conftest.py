"""The screens of those who work here."""

from __future__ import annotations

from collections.abc import Mapping

import pytest


@pytest.fixture
def sizes() -> Mapping[str, tuple[int, int]]:
    """A desk, and the phone on which something is approved on the way."""
    return {"phone": (390, 844), "desktop": (1440, 900)}
