"""optout_urls: where readers of messages say that they want no more."""

from django.urls import path

from banyan.doors.portal import optout

urlpatterns = [path("n/<str:link>", optout.optout_page, name="optout")]
