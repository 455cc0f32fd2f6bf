"""widget_urls: the widget's data below `/v1/portal/`, before the addresses that take keys."""

from django.urls import URLPattern, path

from banyan.doors.portal import widget

urlpatterns: list[URLPattern] = [
    path("programs/<slug:slug>", widget.show),
    path("programs/<slug:slug>/join", widget.join),
    path("programs/<slug:slug>/shared", widget.shared),
]
