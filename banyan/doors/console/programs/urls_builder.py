"""urls_builder: addresses and tabs of building programs."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from banyan.doors.console.programs import (
    builder,
    builder_list,
    builder_market,
    presets,
    rules,
)
from banyan.doors.console.programs.frame import Tab

TABS = (
    Tab(_("Overview"), "program"),
    Tab(_("Rules"), "program_rules"),
    Tab(_("Market"), "program_market"),
)

_RULES = "<str:kind>.<str:form>"

urlpatterns: list[URLPattern | URLResolver] = [
    path("programs/", builder_list.listing, name="programs"),
    path("programs/calendar/", builder_list.calendar, name="programs_calendar"),
    path("programs/new/", presets.new, name="program_new"),
    path("programs/begin/", presets.begin, name="program_begin"),
    path("programs/schema.json", builder.schema, name="program_schema"),
    path("programs/drafts/<int:draft_id>/", builder.draft, name="draft"),
    path("programs/drafts/<int:draft_id>/save/", builder.save, name="draft_save"),
    path("programs/drafts/<int:draft_id>/check/", builder.check, name="draft_check"),
    path("programs/drafts/<int:draft_id>/tick/", builder.tick, name="draft_tick"),
    path("programs/drafts/<int:draft_id>/hand-over/", builder.hand_over, name="draft_hand_over"),
    path("programs/drafts/<int:draft_id>/discard/", builder.discard, name="draft_discard"),
    path("programs/drafts/<int:draft_id>/rules/" + _RULES, rules.draft_file, name="draft_file"),
    path("programs/p/<slug:slug>/", builder_list.overview, name="program"),
    path("programs/p/<slug:slug>/landing/", builder_list.set_landing, name="program_landing"),
    path("programs/p/<slug:slug>/call/", builder_list.set_call, name="program_call"),
    path("programs/p/<slug:slug>/rules/", rules.program_rules, name="program_rules"),
    path(
        "programs/p/<slug:slug>/rules/<int:number>/" + _RULES,
        rules.version_file,
        name="version_file",
    ),
    path("programs/p/<slug:slug>/market/", builder_market.market, name="program_market"),
    path("programs/p/<slug:slug>/market/rival/", builder_market.note_rival, name="rival_note"),
    path(
        "programs/p/<slug:slug>/market/rival/<int:rival_id>/",
        builder_market.answer_rival,
        name="rival_answer",
    ),
    path("programs/p/<slug:slug>/market/poll/", builder_market.ask_customers, name="poll_ask"),
    path(
        "programs/p/<slug:slug>/market/poll/<int:poll_id>/end/",
        builder_market.end_poll,
        name="poll_end",
    ),
    path("programs/p/<slug:slug>/market/wish/", builder_market.keep_wish, name="wish_keep"),
    path(
        "programs/p/<slug:slug>/market/wish/<int:wish_id>/forget/",
        builder_market.forget_wish,
        name="wish_forget",
    ),
]
