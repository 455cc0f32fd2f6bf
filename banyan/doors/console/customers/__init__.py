"""customers: everything about a customer, a referral, a chain, a decision; segments."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver
from django.utils.translation import gettext_lazy as _

from banyan.doors.console.customers.addresses import ADDRESSES
from banyan.doors.console.menu import Entry, Group

MENU = (
    Group(
        _("Customers"),
        (
            Entry(_("Customers"), "person_search", "customers", ("customers.read",)),
            Entry(_("Chains"), "account_tree", "chains", ("referrals.read",)),
            Entry(_("Segments"), "group_work", "segments", ("customers.read",)),
            Entry(_("Core circle"), "volunteer_activism", "circle", ("customers.read",)),
            Entry(_("Registry of sources"), "contacts", "sources", ("referrals.edit",)),
        ),
    ),
)


def urlpatterns() -> list[URLPattern | URLResolver]:
    """The part's addresses."""
    return ADDRESSES
