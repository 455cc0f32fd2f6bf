"""The room as a Django app."""

from django.apps import AppConfig


class SegmentsConfig(AppConfig):
    """See the package."""

    name = "banyan.insight.segments"
    label = "segments"
