"""The room as a Django app."""

from django.apps import AppConfig


class ExperimentsConfig(AppConfig):
    """See the package."""

    name = "banyan.insight.experiments"
    label = "experiments"
