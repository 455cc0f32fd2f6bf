"""The room as a Django app."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """See the package."""

    name = "banyan.pipeline.outbox"
    label = "outbox"
