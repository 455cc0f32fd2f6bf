"""The room as a Django app."""

from django.apps import AppConfig


class ProgramsConfig(AppConfig):
    """See the package."""

    name = "banyan.core.programs"
    label = "programs"
