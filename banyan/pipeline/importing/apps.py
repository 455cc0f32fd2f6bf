"""The room as a Django app."""

from django.apps import AppConfig


class ImportingConfig(AppConfig):
    """See the package."""

    name = "banyan.pipeline.importing"
    label = "importing"
