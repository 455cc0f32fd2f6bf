"""The room as a Django app."""

from django.apps import AppConfig


class ComparingConfig(AppConfig):
    """See the package."""

    name = "banyan.pipeline.comparing"
    label = "comparing"
