"""The room as a Django app."""

from django.apps import AppConfig


class MetricsConfig(AppConfig):
    """See the package."""

    name = "banyan.insight.metrics"
    label = "metrics"
