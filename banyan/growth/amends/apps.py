"""The room as a Django app."""

from django.apps import AppConfig


class AmendsConfig(AppConfig):
    """See the package."""

    name = "banyan.growth.amends"
    label = "amends"
