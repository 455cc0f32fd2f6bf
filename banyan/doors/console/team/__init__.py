"""team: who works here, what they may do and did; the settings of the installation."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from banyan.doors.console.menu import Entry, Group
from banyan.doors.console.team import (
    account,
    audit,
    entering,
    keys,
    people,
    privacy,
    shops,
    webhooks,
)

MENU = (
    Group(
        _("Installation"),
        (
            Entry(_("People"), "group", "staff", ("staff.manage",)),
            Entry(_("Audit log"), "history", "audit", ("audit.read",)),
            Entry(
                _("Privacy requests"),
                "shield_person",
                "privacy",
                ("customers.privacy",),
                privacy.open_requests,
            ),
            Entry(_("Keys"), "key", "keys", ("settings.edit",)),
            Entry(_("Webhooks"), "webhook", "webhooks", ("settings.edit",)),
            Entry(_("Shops"), "storefront", "shops", ("settings.edit",)),
        ),
    ),
)


def urlpatterns() -> list[URLPattern | URLResolver]:
    """The part's addresses; those of signing in are open to everybody."""
    return [
        path("code/", entering.code, name="code"),
        path("second-step/", entering.set_up_factor, name="set_up_factor"),
        path("forgotten/", entering.forgotten, name="forgotten"),
        path("password/<str:token>/", entering.choose_password, name="choose_password"),
        path("account/", account.account, name="account"),
        path("account/do/", account.change, name="account_do"),
        path("staff/", people.staff, name="staff"),
        path("staff/invite/", people.invite, name="invite"),
        path("staff/roles/", people.roles, name="roles"),
        path("staff/sessions/", people.all_sessions, name="sessions"),
        path("staff/<int:user_id>/", people.one, name="staff_member"),
        path("staff/<int:user_id>/do/", people.change, name="staff_do"),
        path("audit/", audit.log, name="audit"),
        path("audit/log.csv", audit.as_csv, name="audit_csv"),
        path("privacy/", privacy.requests, name="privacy"),
        path("privacy/<int:number>/do/", privacy.answer, name="privacy_do"),
        path("privacy/<int:number>/data.json", privacy.data, name="privacy_data"),
        path("keys/", keys.keys, name="keys"),
        path("keys/do/", keys.change, name="keys_do"),
        path("webhooks/", webhooks.webhooks, name="webhooks"),
        path("webhooks/<str:key>/", webhooks.one, name="webhook"),
        path("webhooks/<str:key>/do/", webhooks.change, name="webhook_do"),
        path("shops/", shops.shops, name="shops"),
        path("shops/do/", shops.change, name="shops_do"),
    ]
