"""urls: where the pages of advocates and friends stand; each part brings its own."""

from django.urls import URLPattern, URLResolver

app_name = "portal"

urlpatterns: list[URLPattern | URLResolver] = []
