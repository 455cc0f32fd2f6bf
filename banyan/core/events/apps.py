"""The room as a Django app."""

from django.apps import AppConfig


class EventsConfig(AppConfig):
    """See the package."""

    name = "banyan.core.events"
    label = "events"
