"""messages: what people are told and what advocates pass on: texts, questions, places."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from banyan.doors.console.menu import Entry, Group
from banyan.doors.console.messages import failures, places, questions, scripts, texts

_EDIT = ("messages.edit",)

MENU = (
    Group(
        _("Messages"),
        (
            Entry(_("Texts of messages"), "mail", "texts", _EDIT),
            Entry(_("Scripts"), "chat", "scripts", _EDIT),
            Entry(_("Questions and pages"), "quiz", "questions", _EDIT),
            Entry(_("Touchpoints"), "pin_drop", "touchpoints", _EDIT),
            Entry(_("Not sent"), "mark_email_unread", "not_sent", _EDIT),
        ),
    ),
)


def urlpatterns() -> list[URLPattern | URLResolver]:
    """The part's addresses."""
    return [
        path("messages/texts/", texts.every, name="texts"),
        path("messages/texts/<slug:kind>/<slug:channel>/<slug:lang>/", texts.one, name="text"),
        path(
            "messages/texts/<slug:kind>/<slug:channel>/<slug:lang>/preview/",
            texts.preview,
            name="text_preview",
        ),
        path(
            "messages/texts/<slug:kind>/<slug:channel>/<slug:lang>/test/",
            texts.test,
            name="text_test",
        ),
        path("messages/scripts/", scripts.every, name="scripts"),
        path("messages/scripts/new/", scripts.new, name="script_new"),
        path("messages/scripts/<slug:key>/", scripts.one, name="script"),
        path("messages/questions/", questions.every, name="questions"),
        path("messages/questions/save/", questions.save, name="question_save"),
        path("messages/pages/save/", questions.present, name="page_save"),
        path("messages/touchpoints/", places.every, name="touchpoints"),
        path("messages/touchpoints/one/", places.one, name="touchpoint"),
        path("messages/not-sent/", failures.every, name="not_sent"),
    ]
