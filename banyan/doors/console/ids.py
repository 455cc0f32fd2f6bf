"""ids: in addresses, whatever somebody calls a customer or a decision."""

from __future__ import annotations

from django.urls.converters import StringConverter


class Id(StringConverter):
    """Any text with a letter at least: with slashes, as `path` takes them, and with line breaks."""

    regex = "(?s:.+)"
