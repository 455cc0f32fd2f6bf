"""The room as a Django app."""

from django.apps import AppConfig


class FeedbackConfig(AppConfig):
    """See the package."""

    name = "banyan.growth.feedback"
    label = "feedback"
