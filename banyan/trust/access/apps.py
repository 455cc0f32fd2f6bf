"""The room as a Django app."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """See the package."""

    name = "banyan.trust.access"
    label = "access"
