"""Addresses behind Django; the hot doors answer before it (`banyan.doors.edge`)."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
