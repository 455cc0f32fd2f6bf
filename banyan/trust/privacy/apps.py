"""The room as a Django app."""

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """See the package."""

    name = "banyan.trust.privacy"
    label = "privacy"
