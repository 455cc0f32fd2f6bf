"""The room as a Django app."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """See the package."""

    name = "banyan.trust.audit"
    label = "audit"
