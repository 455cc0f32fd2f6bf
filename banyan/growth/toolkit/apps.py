"""The room as a Django app."""

from django.apps import AppConfig


class ToolkitConfig(AppConfig):
    """See the package."""

    name = "banyan.growth.toolkit"
    label = "toolkit"
