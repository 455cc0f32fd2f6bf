"""Addresses behind Django; the hot doors answer before it (`banyan.doors.edge`)."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/portal/", include("banyan.doors.portal.widget_urls")),
    path("console/", admin.site.urls),
    path("", include("banyan.doors.api.urls")),
    path("", include("banyan.doors.portal.urls")),
]

handler400 = "banyan.site.errors.bad_request"
handler403 = "banyan.site.errors.forbidden"
handler404 = "banyan.site.errors.not_found"
handler500 = "banyan.site.errors.server_error"
