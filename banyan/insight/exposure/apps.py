"""The room as a Django app."""

from django.apps import AppConfig


class ExposureConfig(AppConfig):
    """See the package."""

    name = "banyan.insight.exposure"
    label = "exposure"
