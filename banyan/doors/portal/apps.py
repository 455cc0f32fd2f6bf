"""The portal as Django knows it: its templates, styles and scripts."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The pages of advocates and friends; it keeps no tables."""

    name = "banyan.doors.portal"
    label = "portal"
