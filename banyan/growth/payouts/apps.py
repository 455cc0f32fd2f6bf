"""The room as a Django app."""

from django.apps import AppConfig


class PayoutsConfig(AppConfig):
    """See the package."""

    name = "banyan.growth.payouts"
    label = "payouts"
