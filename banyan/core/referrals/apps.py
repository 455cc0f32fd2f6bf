"""The room as a Django app."""

from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    """See the package."""

    name = "banyan.core.referrals"
    label = "referrals"
