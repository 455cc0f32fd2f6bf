"""The door as a Django app."""

from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig
from django.urls import register_converter

from banyan.doors.console.ids import Id


class ConsoleConfig(AppConfig):
    """See the package."""

    name = "banyan.doors.console"
    label = "console"

    def ready(self) -> None:
        """Before any address is read."""
        register_converter(Id, "id")


class AdminConfig(SimpleAdminConfig):
    """Django's admin, whose site is ours."""

    default_site = "banyan.doors.console.site.Console"
