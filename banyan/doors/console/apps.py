"""The door as a Django app."""

from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig


class ConsoleConfig(AppConfig):
    """See the package."""

    name = "banyan.doors.console"
    label = "console"


class AdminConfig(SimpleAdminConfig):
    """Django's admin, whose site is ours."""

    default_site = "banyan.doors.console.site.Console"
