"""The room as a Django app."""

from django.apps import AppConfig


class JourneysConfig(AppConfig):
    """See the package."""

    name = "banyan.growth.journeys"
    label = "journeys"
