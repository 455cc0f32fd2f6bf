"""The room as a Django app."""

from django.apps import AppConfig


class TasksConfig(AppConfig):
    """See the package."""

    name = "banyan.growth.tasks"
    label = "tasks"
