"""The Chromium that tests look through: without a window where there is such a build, since it
starts sooner and draws the same pages."""

from __future__ import annotations

import shutil

_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = next((path for name in _NAMES if (path := shutil.which(name))), None)
"""Its path; None where none is installed."""
