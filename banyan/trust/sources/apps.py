"""The room as a Django app."""

from django.apps import AppConfig


class SourcesConfig(AppConfig):
    """See the package."""

    name = "banyan.trust.sources"
    label = "sources"
