"""The room as a Django app."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """See the package."""

    name = "banyan.core.people"
    label = "people"
