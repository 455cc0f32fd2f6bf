"""The room as a Django app."""

from django.apps import AppConfig


class PlanningConfig(AppConfig):
    """See the package."""

    name = "banyan.growth.planning"
    label = "planning"
