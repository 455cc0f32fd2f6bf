"""public_urls: where the pages for everybody stand, and the widget's script."""

from django.urls import URLPattern, URLResolver, path

from banyan.doors.portal import public, widget

urlpatterns: list[URLPattern | URLResolver] = [
    path("", public.programs_page, name="programs"),
    path("widget.js", widget.script, name="widget"),
    path("programs/<slug:slug>/", public.program_page, name="program"),
    path("programs/<slug:slug>/rules/", public.rules, name="rules"),
    path("programs/<slug:slug>/rules/<int:number>/", public.rules, name="rules-version"),
]
