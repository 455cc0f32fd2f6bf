"""The room as a Django app."""

from django.apps import AppConfig


class ScheduleConfig(AppConfig):
    """See the package."""

    name = "banyan.pipeline.schedule"
    label = "schedule"
