"""The room as a Django app."""

from django.apps import AppConfig


class ApprovingConfig(AppConfig):
    """See the package."""

    name = "banyan.pipeline.approving"
    label = "approving"
