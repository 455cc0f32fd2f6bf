"""The room as a Django app."""

from django.apps import AppConfig


class LeadsConfig(AppConfig):
    """See the package."""

    name = "banyan.growth.leads"
    label = "leads"
