"""urls: where the pages of advocates and friends stand; each part brings its own."""

from django.urls import URLPattern, URLResolver

from banyan.doors.portal import (
    landing_urls,
    me_urls,
    optout_urls,
    pictures_urls,
    public_urls,
)

app_name = "portal"

urlpatterns: list[URLPattern | URLResolver] = [
    *landing_urls.urlpatterns,
    *me_urls.urlpatterns,
    *optout_urls.urlpatterns,
    *pictures_urls.urlpatterns,
    *public_urls.urlpatterns,
]
