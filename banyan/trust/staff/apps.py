"""The room as a Django app."""

from django.apps import AppConfig


class StaffConfig(AppConfig):
    """See the package."""

    name = "banyan.trust.staff"
    label = "staff"
