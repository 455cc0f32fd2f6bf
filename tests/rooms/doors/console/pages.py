"""What stands on a page of the console."""

from __future__ import annotations

import re
from typing import Any


def said(reply: Any) -> str:
    """The text of a page, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", reply.content.decode()))
