"""Addresses behind Django; the hot doors answer before it (`banyan.doors.edge`)."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("banyan.doors.api.urls")),
]

handler400 = "banyan.doors.api.problems.bad_request"
handler404 = "banyan.doors.api.problems.not_found"
handler500 = "banyan.doors.api.problems.server_error"
