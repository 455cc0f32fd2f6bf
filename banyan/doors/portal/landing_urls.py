"""landing_urls: where friends arrive, and where advocates name them."""

from django.urls import URLPattern, path

from banyan.doors.portal import confirm, landing, nominate, register

urlpatterns: list[URLPattern] = [
    path("i/", landing.arrive, name="arrive"),
    path("i/<str:code>/join", register.join, name="join"),
    path("i/<str:code>/code", register.code, name="join-code"),
    path("i/<str:code>/take", register.take, name="take"),
    path("i/<str:code>/welcome", register.welcome, name="welcome"),
    path("i/<str:code>/decline", landing.decline, name="decline"),
    path("i/<str:code>/declined", landing.declined, name="declined"),
    path("i/<str:code>", landing.landing, name="landing"),
    path("c/<str:link>", confirm.confirm, name="confirm"),
    path("me/p/<slug:slug>/nominate", nominate.nominate, name="nominate"),
]
